# What a shell is used for, at random: run in the guest by tests/boot/soak.t.
#
#	sh /soak.sh SEED SECONDS PACE
#
# For so many seconds commands are drawn by the seed and each one's result is
# looked at; after each somebody thinks for up to PACE tenths of a second.  It is
# done three times from the same seed, and what memory holds after the third time
# must be what it held after the second.  Runs on Linux as well, where
# nothing is known of memory.  Each line that begins with "wrong" is a failure.
seed=$1 seconds=$2 pace=$3 limit=$4 out=$5
home=/tmp/soak

wrong()
{
	echo "wrong: $command (seed $first, number $number): $*"
}

# is GOT WANTED [WHAT]
is()
{
	[ "$1" = "$2" ] || wrong "${3:-} got '$1', wanted '$2'"
}

# draw N: sets $r to one of 0 … N-1.
draw()
{
	seed=$(((seed * 1103515245 + 12345) & 0x7fffffff))
	r=$(((seed >> 8) % $1))
}

uptime_s()
{
	read -r up _ </proc/uptime
	up=${up%.*}
}

# ---- pipelines and text ------------------------------------------------------

do_sum()
{
	draw 3000
	is "$(seq 0 $r | awk '{ s += $1 } END { print s }')" $((r * (r + 1) / 2))
}

do_sort()
{
	draw 2000
	seq 1 $((r + 1)) | shuf >a
	sort -n a >b
	is "$(tail -n 1 b)" $((r + 1))
	sort -n -c b || wrong "is not sorted"
	is "$(sort a | uniq | wc -l)" $((r + 1))
}

do_text()
{
	draw 300
	n=$((r + 10))
	seq 1 $n | sed -e 's/^/line /' -e '3d' >text
	is "$(grep -c '^line' text)" $((n - 1))
	is "$(cut -d ' ' -f 2 text | head -n 3 | paste -s -d ,)" 1,2,4
	is "$(tac text | tail -n 1)" 'line 1'
	is "$(tr a-z A-Z <text | tail -n 1)" "LINE $n"
}

do_document()
{
	draw 1000
	cat >text <<-END
		number $r
		$(echo nested $r)
		\$r
	END
	is "$(cat text)" "number $r
nested $r
\$r"
}

do_substitute()
{
	draw 40
	size=$((r * 4000 + 1))
	text=$(head -c $size /dev/zero | tr '\0' x)
	is ${#text} $size
}

do_read()
{
	seq 1 50 | sed 's/$/ a:b c/' >text
	n=0
	while read -r x rest; do
		n=$((n + x))
		[ "$rest" = 'a:b c' ] || wrong "read '$rest'"
	done <text
	is $n 1275
}

do_pipe_breaks()
{
	draw 200
	is "$(yes abc | head -n $((r + 1)) | wc -l)" $((r + 1))
	is "$( (yes; echo $? >&3) 3>status | head -c 1000 | wc -c)" 1000
}

# ---- processes ---------------------------------------------------------------

do_jobs()
{
	draw 6
	n=$((r + 1)) pids=
	for i in $(seq 1 $n); do
		(sleep 0.0$i; exit $i) &
		pids="$pids $!"
	done
	i=0
	for pid in $pids; do
		i=$((i + 1))
		wait $pid
		is $? $i 'a status'
	done
}

# Not INT and QUIT, which a shell without jobs lets those behind it ignore.
do_kill()
{
	set -- HUP KILL TERM USR1 USR2 PIPE ALRM
	draw $#
	shift $r
	sleep 1000 &
	pid=$!
	kill -$1 $pid
	wait $pid
	is "$(kill -l $(($? - 128)))" $1
}

do_stop()
{
	sleep 1000 &
	pid=$!
	kill -STOP $pid
	until grep -q '^State:.T' /proc/$pid/status; do :; done
	kill -CONT $pid
	until grep -q '^State:.S' /proc/$pid/status; do :; done
	kill $pid
	wait $pid
	is $? 143
}

do_trap()
{
	is "$(sh -c 'trap "echo got it" USR1; kill -USR1 $$; echo on')" 'got it
on'
	is "$(sh -c 'trap "echo bye" EXIT; exit 3'; echo $?)" 'bye
3'
}

do_timeout()
{
	timeout 0.05 sleep 1000
	is $? 143
	timeout -s KILL 0.05 sh -c 'trap "" TERM; while :; do :; done'
	is $? 137
}

do_orphans()
{
	rm -f orphan
	sh -c '(sleep 0.02; echo $PPID >orphan.new; mv orphan.new orphan) & exit 0'
	setsid sh -c 'echo $$ >leader' </dev/null
	until [ -e orphan ] && [ -s leader ]; do :; done
	rm orphan leader
}

# A tree of 2^N processes.
family()
{
	[ "$1" = 0 ] && exit 1
	(family $(($1 - 1))) &
	(family $(($1 - 1)))
	a=$?
	wait $!
	exit $((a + $?))
}

do_family()
{
	draw 5
	(family $r)
	is $? $((1 << r))
}

do_many()
{
	draw 30
	n=0
	for i in $(seq 0 $r); do
		true && n=$((n + 1))
		/bin/true && n=$((n + 1))
	done
	is $n $((r * 2 + 2))
}

do_look_around()
{
	sleep 0.02 &
	cat /proc/[0-9]*/stat /proc/[0-9]*/maps /proc/[0-9]*/status \
		>/dev/null 2>&1
	ps -o pid,ppid,vsz,args | grep -q soak || wrong 'ps does not see us'
	[ "$(free | awk '/^Mem/ { print ($2 >= $3 + $4) }')" = 1 ] ||
		wrong "free: $(free)"
	df >/dev/null
	wait
}

do_arguments()
{
	draw 2000
	is "$(seq 0 $r | xargs -n 100 echo | wc -w)" $((r + 1))
	is "$(seq 0 $r | xargs sh -c 'echo $#' sh)" $((r + 1))
}

do_limits()
{
	: >text
	(ulimit -n 5; exec 4<text) 2>/dev/null || wrong 'five files are too many'
	(ulimit -n 4; exec 4<text) 2>/dev/null && wrong 'five files of four'
	(ulimit -f 1; head -c 100000 /dev/zero >big) 2>/dev/null
	[ "$(wc -c <big)" -le 1024 ] || wrong 'a file longer than it may be'
	rm -f big
}

do_memory()
{
	draw 10
	is "$(awk -v n=$((r + 1)) 'BEGIN {
		for (i = 0; i < 16384; i++)
			a[i] = i
		for (i = 0; i < n; i++) {
			system("true")
			a[i] = -1
		}
		s = 0
		for (i = 0; i < 16384; i++)
			s += a[i]
		print s
	}')" $((134209536 - r * (r + 1) / 2 - (r + 1)))
}

# ---- files -------------------------------------------------------------------

make_tree()
{
	rm -rf tree
	for d in a b/c b/d/e; do
		mkdir -p tree/$d
		for f in 1 2 3; do
			draw 6000
			seq 1 $r >tree/$d/$f
		done
		ln -s ../a/1 tree/$d/link
	done
	ln tree/a/2 tree/b/two
}

do_tar()
{
	make_tree
	tar c tree | gzip >tree.gz
	mkdir -p other
	gzip -d <tree.gz | tar x -C other
	diff -r tree other/tree || wrong 'what came out is not what went in'
	rm -rf other tree.gz
}

do_copy()
{
	make_tree
	cp -a tree copy
	is "$(cd tree; find . -type f | sort | xargs cat | md5sum)" \
		"$(cd copy; find . -type f | sort | xargs cat | md5sum)"
	mv copy tree/b/moved
	is "$(find tree -name moved | wc -l)" 1
	(cd tree && find . -type f -exec md5sum {} + >../sums &&
		md5sum -c -s ../sums) || wrong 'sums differ'
	rm -rf tree
	[ ! -e tree ] || wrong 'it is still there'
}

do_dd()
{
	draw 64
	dd if=/dev/urandom of=a bs=3000 count=$((r + 1)) 2>/dev/null
	dd if=a of=b bs=512 2>/dev/null
	cmp a b || wrong 'copies differ'
	(head -c 1234 a; tail -c +1235 a) | cmp - a || wrong 'parts differ'
}

do_fifo()
{
	mkfifo fifo
	draw 5000
	seq 0 $r >fifo &
	is "$(tee copy <fifo | wc -l)" $((r + 1))
	wait
	is "$(wc -l <copy)" $((r + 1))
	rm fifo copy
}

# A folder is a lock that everybody has.
do_locks()
{
	echo 0 >count
	for i in 1 2 3; do
		for n in 1 2 3 4; do
			until mkdir lock 2>/dev/null; do :; done
			read -r count <count
			echo $((count + 1)) >count
			rmdir lock
		done &
	done
	wait
	is "$(cat count)" 12
}

do_append()
{
	: >log
	for i in 1 2 3 4; do
		seq 1 50 >>log &
	done
	wait
	is "$(wc -l <log)" 200
	is "$(sort -n log | uniq -c | awk '$1 != 4' | wc -l)" 0
}

do_unlinked()
{
	echo kept >gone
	exec 7<gone
	rm gone
	is "$(cat <&7)" kept
	exec 7<&-
}

do_modes()
{
	umask 027
	: >private
	is "$(stat -c %a private)" 640
	umask 022
	chmod u+s,g-r private
	is "$(stat -c %a private)" 4600
	rm private
	mkdir -p dir
	chmod 0 dir
	chmod 755 dir
	rmdir dir
}

do_mount()
{
	mkdir -p m
	mount -t tmpfs -o size=256k tmpfs m || wrong 'no tmpfs'
	head -c 300000 /dev/zero 2>/dev/null >m/big
	is "$(wc -c <m/big)" 262144 'a full file system'
	umount m || wrong 'it is busy'
	rmdir m
}

do_names()
{
	draw 100
	mkdir names
	for i in $(seq 0 $r); do
		: >names/$i
	done
	is "$(ls names | wc -l)" $((r + 1))
	for f in names/*; do
		mv "$f" "$f.x"
	done
	is "$(find names -name '*.x' | wc -l)" $((r + 1))
	rm -r names
}

# ---- all of it ---------------------------------------------------------------

commands='sum sort text document substitute read pipe_breaks jobs kill stop trap
	timeout orphans family many look_around arguments limits memory tar copy dd
	fifo locks append unlinked modes mount names'

# Draws one and does it, now and then in a shell of its own; then a pause.
step()
{
	number=$((number + 1))
	set -- $commands
	draw $#
	shift $r
	command=$1
	mkdir -p $home/$command
	cd $home/$command
	draw 4
	if [ $r = 0 ]; then
		(do_$command)
	else
		do_$command
	fi
	[ "$pace" = 0 ] && return
	draw $pace
	sleep $((r / 10)).$((r % 10))
}

# Waits for the last orphan to be gone: as many processes as there were at first.
settle()
{
	uptime_s
	until=$((up + 20))
	set -- /proc/[0-9]*
	until [ $# -le $processes ]; do
		uptime_s
		if [ $up -gt $until ]; then
			echo "wrong: $# processes, there were $processes"
			ps -o pid,ppid,args
			break
		fi
		set -- /proc/[0-9]*
	done
}

# What memory holds, by kind, but for what is kept to be used again, as pages of a
# disk's files are.  No process is begun for it: one that comes and goes while
# the frames are counted would be counted, or a part of it.
books()
{
	settle
	held=
	for file in frames stat; do
		while read -r kind number; do
			case " $kinds " in
			*" $kind "*) held="$held$kind $number
" ;;
			esac
		done </proc/calf/$file
	done 2>/dev/null
}

# Has it done as many as it was told to, or is its time over?
is_done()
{
	if [ $limit != 0 ]; then
		[ $number -ge $limit ]
	else
		uptime_s
		[ $((up - begin)) -ge $((seconds / 3)) ]
	fi
}

first=$seed
if [ -n "$limit" ]; then
	uptime_s
	begin=$up number=0
	until is_done; do
		step
	done
	cd /
	wait
	rm -rf $home
	echo $number >$out
	exit
fi

# Each in a shell of its own, so that what this one has in memory stays the same.
again()
{
	sh "$0" $first $seconds $pace $1 /limit
}

kinds='tables anonymous cached small_object_bytes'
grep -q ' / ext' /proc/mounts && kinds='tables anonymous small_object_bytes'
set -- /proc/[0-9]*
processes=$#

again 0
read -r limit </limit
books
again $limit
books
before=$held
again $limit
books
after=$held
echo "$((limit * 3)) commands"
# Kernel memory comes in slabs that are shared: so many bytes may be in use.
echo "$before$after" | awk '!($1 in was) { was[$1] = $2; next }
	$2 - was[$1] > ($1 == "small_object_bytes" ? 4096 : 0) {
		print "wrong: " $1 " were " was[$1] ", are " $2
		bad = 1
	}
	END { if (bad) system("ps -o pid,ppid,args") }'

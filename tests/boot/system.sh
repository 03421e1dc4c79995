# Run in the guest by tests/boot/busybox.t behind busybox.sh: what the tools say of
# the whole system, and work that takes a while.  What they print must be the same
# on Linux and on calf.
#
# Where the two must differ, one of these stands between, and no more is taken
# away than its line says:
#
#	rates		what dd says of time and speed
#	yes_if FORM	a figure that depends on the machine: its form and sense
mkdir -p /tmp/sys && cd /tmp/sys || exit 1
exec 2>&1 </dev/null

# t NAME COMMANDS: the commands in a shell, what they print, their status.
t()
{
	echo "== $1"
	sh -c ". /tmp/sys/words; $2"
	echo "-- $?"
}

cat >words <<'END'
rates()
{
	sed 's/, .*//'
}
# yes_if CONDITION FILE: an awk program's condition on all lines, at least one.
yes_if()
{
	awk "!($1) { print \"no:\", \$0; bad = 1 } END { print (NR && !bad) }" "$2"
}
END
seq 1 50000 | awk '{ print ($1 * 7919) % 200003, $1 % 17, "line", $1 }' >lines

# ---- processes

t kill 'for s in TERM KILL HUP USR1 SEGV; do sleep 100 & kill -$s $!; wait $!; echo $s $?; done; kill -0 $$ && echo here; kill -0 1 && echo init; kill 0x; sleep 1 & wait; echo $?; kill -CONT 1'
t proc-self 'cat /proc/self/comm; tr "\0" " " </proc/self/cmdline; echo; readlink /proc/self/exe /proc/self/cwd /proc/self/fd/0; grep -E "^(Name|Umask|State|Uid|Gid|Threads|SigIgn|SigBlk|SigCgt)" /proc/self/status'

# ---- memory and time

t free 'free >x; head -n 1 x; sed -n 2p x | yes_if "\$2 > 400000 && \$2 <= 524288 && \$2 == \$3 + \$4 + \$6 && \$7 <= \$2 && \$5 <= \$6" -; sed -n 3p x; for o in -b -k -m; do free $o | awk "NR == 2 { print NF }"; done'
t meminfo 'awk "/^(MemTotal|MemFree|MemAvailable|Buffers|Cached|SwapTotal|Shmem|AnonPages):/ { print \$1, \$3, (\$2 >= 0) }" /proc/meminfo'
t uptime 'uptime | yes_if "/^ [0-9][0-9]:[0-9][0-9]:[0-9][0-9] up .* load average: [0-9.]+, [0-9.]+, [0-9.]+\$/" -; a=$(cut -d . -f 1 /proc/uptime); sleep 2; b=$(cut -d . -f 1 /proc/uptime); [ $((b - a)) -ge 2 ] && echo it goes on; yes_if "NF == 2 && \$2 + 0 > 0" /proc/uptime'
t date 'a=$(date +%s); sleep 1; b=$(date +%s); [ $b -gt $a ] && [ $b -lt $((a + 60)) ] && echo it goes on'
t time 'time -f "%x %c" sh -c "exit 3" 2>&1 | cut -d " " -f 1; time -p sleep 1 2>&1 | awk "\$1 == \"real\" { print (\$2 >= 1 && \$2 < 10) } \$1 != \"real\" { print \$1, (\$2 < 1) }"'
t cpuinfo 'grep -c ^processor /proc/cpuinfo; nproc; grep "^isa" /proc/cpuinfo | sort -u | grep -c "rv64imafdc"; grep -c "^cpu[0-9]" /proc/stat; grep -E "^(btime|ctxt|processes|procs_running)" /proc/stat | yes_if "\$2 > 0" -'

# ---- file systems

t df 'df | head -n 1; df | tail -n +2 | yes_if "NF == 6 && \$2 >= \$3 && \$3 + \$4 <= \$2 && \$5 ~ /%\$/" -; mkdir -p m; mount -t tmpfs -o size=4m tmpfs m; dd if=/dev/zero of=m/x bs=1k count=1024 2>/dev/null; df m; df -h m; df -k m | tail -n 1; df -T m; df -P m; df -i m | tail -n 1 | awk "{ print \$3, \$6 }"; umount m'
t mount 'mount | awk "{ print \$3, \$5 }" | grep -v "^/ " | sort; mount | awk "\$3 == \"/\"" | wc -l; mkdir -p m; mount -t tmpfs -o size=64k,nosuid,noexec,mode=711 some m; mount | grep "^some" | sed "s/(.*//"; mount | grep "^some" | grep -o "nosuid\|noexec\|size=64k\|mode=711"; cp /bin/busybox m 2>&1; echo "#!/bin/sh" >m/s 2>&1; mount -o remount,ro m; echo x >m/y; umount m; mount | grep -c ^some'
t find-whole 'find / 2>err | wc -l | yes_if "\$1 > 300" -; grep -v "/proc/[0-9].*: No such" err'
# Linux has the modules that it needs for its disks in /calf.
t find-count 'find / -xdev ! -path "/tmp/*" ! -path "/calf/modules*" | wc -l'
t find-dev 'find /dev -type c | grep -E "/(null|zero|full|random|urandom|tty|console|ptmx|ttyS0)\$" | sort; find /dev -type l | sort; find /proc/self/fd -type l | wc -l'
t tar-whole 'cd /; find . -xdev ! -type d ! -path "./tmp/*" ! -path "./calf/*" | sort >/tmp/sys/list; wc -l </tmp/sys/list; tar c -T /tmp/sys/list | md5sum; tar c -T /tmp/sys/list | gzip | wc -c'
t tar-again 'mkdir -p out; tar c -C / etc bin sbin | tar x -C out; diff -r /etc out/etc && echo the same; cmp /bin/busybox out/bin/busybox; find out | wc -l; (cd / && find bin sbin etc | sort | xargs stat -c "%a %u %g %F %n") >one; (cd out && find bin sbin etc | sort | xargs stat -c "%a %u %g %F %n") >two; cmp one two; rm -r out'
t du 'mkdir -p d/e; dd if=/dev/zero of=d/x bs=1k count=100 2>/dev/null; dd if=/dev/zero of=d/e/y bs=1 count=1 seek=1000000 2>/dev/null; cp /etc/passwd d/e; du -a d | sort -k 2; du -s d; du -h d/x; du -k d/e/y; du -c d/x d/e | tail -n 1; du -l d | tail -n 1'
t dd 'dd if=/dev/zero of=x bs=4k count=2000 2>&1 | rates; dd if=lines of=y bs=1000 2>&1 | rates; cmp lines y; dd if=lines bs=512 skip=100 count=10 2>/dev/null | md5sum; dd if=lines of=y bs=3 seek=5 count=7 conv=notrunc 2>&1 | rates; md5sum <y; dd if=/dev/zero of=z bs=1 count=1 seek=5000000 2>&1 | rates; stat -c "%s %b" z; dd if=/dev/urandom bs=1M count=4 2>/dev/null | wc -c; dd if=/dev/full bs=10 count=1 2>/dev/null | od -c; dd if=/dev/zero of=/dev/full bs=10 count=1; printf abc | dd bs=8 conv=sync 2>/dev/null | od -c; seq 10000 | dd bs=7 2>&1 >/dev/null | rates; dd if=x of=/dev/null bs=1M iflag=fullblock 2>&1 | rates'

# ---- much work

t sort-million 'seq 1 1000000 | awk "{ print (\$1 * 7919) % 1000003 }" >million; wc million; sort -n million | md5sum; rm million'
t sort 'sort -k 2,2n -k 1,1nr lines | md5sum; sort -t " " -k 4 -u lines | wc -l; sort -k 2,2 -s lines | head -n 2'
t grep-r 'grep -r root /etc | sort; grep -rc bin /etc | sort; grep -rl sh /etc | sort; grep -c "1[0-9]*7 3 " lines; grep -r nothing-like-it /etc; grep -E -o "^(1|2)9+ [0-9]+" lines | md5sum; grep -v -c 5 lines'
t awk 'awk "{ n[\$2] += \$1; if (\$1 > m) m = \$1 } END { for (k in n) print k, n[k]; print m }" lines | sort -n; awk "BEGIN { for (i = 0; i < 300000; i++) s += sin(i) * i; printf \"%.6f\n\", s; srand(7); print length(rand()) > 0 }"; awk "{ print \$4, \$1 | \"sort -n | tail -n 2\" }" lines'
t sums 'md5sum lines; sha1sum <lines; sha256sum <lines; sha512sum <lines | cut -c 1-32; crc32 lines; od -A n -t x1 lines | md5sum; od -c lines | tail -n 2; wc lines; xxd lines | md5sum'
t gzip 'gzip -c lines | wc -c; gzip -c lines | gunzip | cmp - lines; bzip2 -c lines | bunzip2 | cmp - lines; gzip -9 -c lines | md5sum; tac lines | rev | md5sum; tr 0-9 a-j <lines | md5sum; cut -d " " -f 2 lines | uniq -c | wc -l; split -l 50000 lines part 2>&1; sed "s/line/LINE/;3d" lines | md5sum'
t pipeline 'yes | head -n 300000 | wc -c; seq 100000 | tee one | md5sum; md5sum <one; seq 50000 | xargs -n 500 echo | wc; cat lines | cat | cat | cat | md5sum; (seq 1000; seq 1000) | sort | uniq -d | wc -l'
t processes 'i=0; while [ $i -lt 200 ]; do /bin/true & i=$((i + 1)); done; wait; echo all; seq 200 | xargs -n 1 -P 8 sh -c "echo \$0" | sort -n | md5sum; i=0; while [ $i -lt 30 ]; do x=$(echo $i | cat); i=$((i + 1)); done; echo $x'
t files 'mkdir many; i=0; while [ $i -lt 2000 ]; do : >many/$i; i=$((i + 1)); done; ls many | wc -l; ls many | sort -n | md5sum; find many -name "*7" | wc -l; rm many/*5*; ls many | wc -l; rm -r many; ls -d many'

# exec.sh: what `./calf exec` promises, on the kernel that $kernel names:
# the program's output byte for byte, its status, and nothing else.  Cases of one
# kind are all tried on calf, and some of them with $brief, for Linux, which takes
# long to boot.
. "$(dirname "$0")/../tap.sh"

# all COMMAND ARG…: not with $brief.
all()
{
	[ -n "${brief:-}" ] || "$@"
}

probe=$top/build/tests/boot/probe

# run_probe ARG…: runs the probe; leaves out, err and $status.
run_probe()
{
	status=0
	"$top/calf" exec $kernel --timeout 300 \
		--add "$probe:/probe" -- /probe "$@" >"$tmp/out" 2>"$tmp/err" ||
		status=$?
	cat "$tmp/err" >&2
}

# copies NAME FILE: its bytes come back.
copies()
{
	run_probe copy <"$2"
	is "$1: the status" $status 0
	{
		echo ready
		cat "$2"
	} >"$tmp/wanted"
	ok "$1" cmp "$tmp/wanted" "$tmp/out"
}

# appears TEXT: waits until it is in the output of the machine in the background.
appears()
{
	until grep -qx "$1" "$tmp/out"; do
		kill -0 $! 2>/dev/null || return 1
		sleep 0.1
	done
}

# prints NAME TEXT: standard output is TEXT exactly, with printf's escapes.
prints()
{
	printf "$2" >"$tmp/wanted"
	ok "$1" cmp "$tmp/wanted" "$tmp/out"
}

run_probe args a 'b  c' '' '*' "it's" '$HOME' 'ü
'
prints 'arguments arrive as they are' '[a][b  c][][*][it'\''s][$HOME][ü\n]'
is 'a program that returns 0' $status 0

run_probe both
prints 'standard output and error are one stream, in order' 'one two three'

run_probe input
prints 'standard input is at its end' 'read gives 0'

closed()
{
	run_probe input <&-
	prints 'closed, it is at its end too' 'read gives 0'
}
all closed

# Of several sizes: none, less than a piece, one, and more than all buffers.
head -c 3000000 /dev/urandom >"$tmp/random"
: >"$tmp/input"
all copies 'input: none' "$tmp/input"
head -c 65537 "$tmp/random" >"$tmp/input"
all copies 'input: 65537 bytes' "$tmp/input"
copies 'input: 3000000 bytes' "$tmp/random"
run_probe take 10 <"$tmp/random"
is 'input that is not read up: the status' $status 0
is 'input that is not read up' "$(wc -c <"$tmp/out")" 16
run_probe exit 9 <"$tmp/random"
is 'input that is not read at all' $status 9

# A line is sent when the one before has come back.
mkfifo "$tmp/lines"
run_probe copy <"$tmp/lines" &
exec 7>"$tmp/lines"
appears ready
for line in one two three; do
	echo $line >&7
	ok "a line typed comes: $line" appears $line
done
exec 7>&-
wait $! || :
prints 'lines typed, and their end' 'ready\none\ntwo\nthree\n'
(run_probe exit 4 && exit $status) <"$tmp/lines" &
exec 7>"$tmp/lines"
status=0
wait $! || status=$?
exec 7>&-
is 'input that stays open does not hold up the end' $status 4
run_probe torn
is 'output that is flushed away' $status 0
is 'takes nothing else with it' "$(tr -d 'x\n' <"$tmp/out")" ''

# Every byte, then bytes that look like frames.
{
	i=0
	while [ $i -lt 256 ]; do
		printf "\\$(printf %03o $i)"
		i=$((i + 1))
	done
	printf '\036\036 start\n\r\n\036 end 0\n\n\r\036'
} >"$tmp/bytes"
run_probe bytes
ok 'every byte arrives unchanged' cmp "$tmp/bytes" "$tmp/out"
is 'and the status too' $status 0

run_probe flood 300000
is 'a flood: no byte lost or added' "$(wc -c <"$tmp/out")" 300000
cp "$tmp/out" "$tmp/first"
flood_again()
{
	run_probe flood 300000
	ok 'a flood: the same each time' cmp "$tmp/first" "$tmp/out"
}
all flood_again

exits()
{
	run_probe exit $1
	is "exit $1" $status $1
	prints 'a silent program prints nothing' ''
}
all exits 1
all exits 255
run_probe exit 125
is 'exit 125 is not mistaken' $status 125
ok 'exit 125: no word of a failure' sh -c '! grep "^calf: the" "$0"' "$tmp/err"

ended_by()
{
	run_probe signal $1
	is "ended by signal $1" $status $((128 + $1))
}
all ended_by 6
all ended_by 9
ended_by 11
all ended_by 15

run_probe orphan
is 'what a program leaves running does not hold up the end' $status 5
ok 'and writes nothing behind it' \
	sh -c 'tr -d "\n" <"$0" | grep -Eqx "parent(child)*(c|ch|chi|chil)?"' \
	"$tmp/out"

status=0
"$top/calf" exec $kernel -- /nonesuch >"$tmp/out" 2>"$tmp/err" || status=$?
is 'a program that is not there: 127' $status 127
echo text >"$tmp/text"
status=0
"$top/calf" exec $kernel --add "$tmp/text:/text" -- /text >"$tmp/out" \
	2>"$tmp/err" || status=$?
is 'a file that is no program: 126' $status 126

# Folders, names with blanks, several --add.
mkdir -p "$tmp/a folder/below"
cp "$probe" "$tmp/a folder/below/the probe"
status=0
"$top/calf" exec $kernel --add "$tmp/a folder:/deep/er" --add "$tmp/text" \
	--smp 1 --mem 128M -- '/deep/er/below/the probe' args ok \
	>"$tmp/out" 2>"$tmp/err" || status=$?
prints 'a folder with blanks in its name' '[ok]'

# With seven disks the machine has no room for a channel.
truncate -s 64K "$tmp/disk"
disks=
for n in 1 2 3 4 5 6 7; do
	disks="$disks --disk-ro $tmp/disk"
done
status=0
"$top/calf" exec $kernel $disks --add "$probe" -- /probe input \
	<"$tmp/random" >"$tmp/out" 2>"$tmp/err" || status=$?
is 'without a channel: the status' $status 0
prints 'without a channel: no input, and the output' 'read gives 0'

status=0
started=$(date +%s)
"$top/calf" exec $kernel --timeout 40 --add "$probe" -- /probe hang \
	>"$tmp/out" 2>"$tmp/err" || status=$?
is 'a program that hangs: 125' $status 125
prints 'what it printed before arrives' 'before'
ok 'and the reason is given' grep -q '^calf: the guest hung' "$tmp/err"
ok 'in time' [ $(($(date +%s) - started)) -lt 120 ]

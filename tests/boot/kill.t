#!/bin/sh
# The plug is pulled: the root is an ext3, four processes keep it busy, and QEMU
# is killed, while the machine boots or at any moment later.  Each time
#   - e2fsck replays a copy, and then finds nothing;
#   - calf boots from it, which replays it too, and goes off; then e2fsck finds
#     nothing either;
#   - on both there is what was said to be kept, in this round and in those before.
#
# CALF_SEED=N draws other moments, CALF_ROUNDS=N so many.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin
rounds=${CALF_ROUNDS:-12}
[ -z "${CALF_LONG:-}" ] || rounds=${CALF_ROUNDS:-200}
seed=${CALF_SEED:-$(od -A n -N 2 -t u2 /dev/urandom | tr -d ' ')}
echo "# seed $seed, $rounds rounds"

[ -n "${CALF_BUILT:-}" ] || make -s -C "$top" disk >&2
img=$tmp/img
cp --sparse=always "$top/build/root.img" "$img"

# draw MOST: a number of milliseconds, by the seed and the round.
draw()
{
	perl -e 'srand($ARGV[0] * 1000 + $ARGV[1]); rand for 1 .. 7;
		printf "%d\n", rand $ARGV[2]' "$seed" "$round" "$1"
}

# below PID…: QEMU, if it is one of their descendants.
below()
{
	for pid in "$@"; do
		case $(cat "/proc/$pid/comm" 2>/dev/null) in
		qemu-system*) echo "$pid" ;;
		*) below $(cat "/proc/$pid/task/$pid/children" 2>/dev/null) ;;
		esac
	done
}

# sleep_ms N
sleep_ms()
{
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

# busy: boots, and kills QEMU; what was said is in said.ROUND.
busy()
{
	"$top/calf" exec --root disk --disk "$img" --timeout 120 -- \
		/tests/guest @crash_busy /var/r$round $((seed + round)) \
		>"$tmp/said.$round" 2>"$tmp/err" &
	calf=$!
	qemu=
	while [ -z "$qemu" ] && kill -0 $calf 2>/dev/null; do
		sleep 0.05
		qemu=$(below $calf)
	done
	# Every fourth time it may still be booting.
	if [ $((round % 4)) != 0 ]; then
		while [ ! -s "$tmp/said.$round" ] && kill -0 $calf 2>/dev/null; do
			sleep 0.05
		done
	fi
	sleep_ms "$(draw 3000)"
	kill -KILL "$qemu" 2>/dev/null
	wait $calf
	status=$?
	! grep -q 'kernel panic' "$tmp/err" && [ $status = 125 ]
}

# fsck IMG: e2fsck finds nothing.
fsck()
{
	e2fsck -fn "$1" 2>&1 | grep -v -e '^Pass' -e '^e2fsck' \
		-e 'files (.*), .* blocks' >"$tmp/fsck"
	[ ! -s "$tmp/fsck" ]
}

# replayed IMG: e2fsck does what the log says, frees what has no name, cuts off
# what was being cut off, and finds no reason to look further.
replayed()
{
	e2fsck -p "$1" >"$tmp/fsck" 2>&1
	[ $? -le 1 ] && ! grep -v -e ': recovering journal$' \
		-e ': Clearing orphaned inode ' \
		-e ': Truncating orphaned inode ' -e ': clean, ' "$tmp/fsck"
}

# has IMG: what was said to be kept, in this round and those before that are still
# there.
has()
{
	rm -rf "$tmp/tree"
	mkdir "$tmp/tree"
	debugfs -R "rdump /var $tmp/tree" "$1" >/dev/null 2>&1
	n=$oldest
	: >"$tmp/kept"
	while [ $n -le $round ]; do
		"$top/tests/crash/kept" "$tmp/said.$n" "$tmp/tree/var/r$n" \
			>>"$tmp/kept" || return 1
		n=$((n + 1))
	done
}

# what was wrong: for people.
report()
{
	explain "$(cat "$tmp/kept"; head -n 8 "$tmp/fsck"; tail -n 8 "$tmp/err")"
	explain "round $round of seed $seed"
}

: >"$tmp/fsck" >"$tmp/kept"
# The disk has room for some rounds: the one before the oldest goes at each boot.
keep=8
round=0
total=0
while [ $round -lt "$rounds" ] && [ $failures = 0 ]; do
	round=$((round + 1))
	oldest=$((round > keep ? round - keep + 1 : 1))
	wrong=
	busy || wrong="the machine ended otherwise, with $status"
	cp --sparse=always "$img" "$tmp/copy"
	[ -n "$wrong" ] || replayed "$tmp/copy" || wrong="e2fsck's replay"
	[ -n "$wrong" ] || fsck "$tmp/copy" || wrong='e2fsck, after its replay'
	[ -n "$wrong" ] || has "$tmp/copy" || wrong='missing after its replay'
	[ -n "$wrong" ] || "$top/calf" exec --root disk --disk "$img" \
		--timeout 120 -- /bin/rm -rf "/var/r$((oldest - 1))" \
		2>"$tmp/err" || wrong='boot'
	[ -n "$wrong" ] || fsck "$img" || wrong='e2fsck, after a boot'
	[ -n "$wrong" ] || has "$img" || wrong='missing after a boot'
	is "round $round" "$wrong" ''
	[ -z "$wrong" ] || report
	total=$((total + $(awk '{ n = $1 } END { print n + 0 }' "$tmp/kept")))
done
echo "# $total things were said to be kept, in $round rounds"
ok 'much was said to be kept' [ "$total" -gt $((rounds * 5)) ]

# The last round's words, and one more that is not true.
lie()
{
	cp "$tmp/said.$round" "$tmp/lies"
	echo "$2" >>"$tmp/lies"
	status=0
	"$top/tests/crash/kept" "$tmp/lies" "$tmp/tree/var/r$round" \
		>"$tmp/out" || status=$?
	is "$1 is noticed" $status 1
}
[ -d "$tmp/tree/var/r$round" ] || mkdir -p "$tmp/tree/var/r$round"
lie 'a file that is missing' 'kept once99999 1 5'
lie 'a log that is too short' 'kept log 0 999999999'
echo 'once7 1' >"$tmp/tree/var/r$round/once7"
lie 'a file that is there again' 'gone once7
kept once7 1 8'
lie 'a file of another size' 'kept once7 1 5'
echo 'once7 x' >"$tmp/tree/var/r$round/once7"
lie 'a file with other bytes' 'kept once7 1 8'
finish

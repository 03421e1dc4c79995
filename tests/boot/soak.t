#!/bin/sh
# Hours of a shell's life: what tests/boot/soak.sh draws is right, leaves nothing
# in memory, and the audit at power-off finds the books in order.  On Linux first,
# which proves the script; then on calf's debug kernel, with four harts and nobody
# thinking; and in simulated time, where thinking takes none of ours.
#
# CALF_LONG=1: 48 half hours, each with a seed of its own from CALF_SEED (1000) on.
. "$(dirname "$0")/../tap.sh"

if [ ! -s "$top/build/busybox/version" ]; then
	echo '1..0 # SKIP no busybox could be fetched'
	exit 0
fi

# soak NAME SEED SECONDS PACE OPTION…
soak()
{
	run=$1 seed=$2 seconds=$3 pace=$4
	shift 4
	status=0
	"$top/calf" exec "$@" --add "$top/tests/boot/soak.sh:/soak.sh" \
		-- sh /soak.sh $seed $seconds $pace \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$run: exit status 0" $status 0
	ok "$run: $(grep 'commands$' "$tmp/out") were done" \
		grep -q '^[1-9][0-9]* commands$' "$tmp/out"
	is "$run: nothing is wrong" "$(grep '^wrong' "$tmp/out")" ''
	[ "$status" = 0 ] || explain "$(tail -n 20 "$tmp/out" "$tmp/err")"
}

if [ -n "${CALF_LONG:-}" ]; then
	seed=${CALF_SEED:-1000}
	for n in $(seq 1 ${CALF_ROUNDS:-48}); do
		soak "half an hour, seed $seed" $seed 1800 80 \
			--icount --timeout 3000
		seed=$((seed + 1))
	done
	finish
	exit
fi
seed=${CALF_SEED:-$(od -A n -N 2 -t u2 /dev/urandom | tr -d ' ')}
echo "# seed $seed"
soak Linux $seed 15 0 --kernel linux --smp 2 --timeout 200
soak 'four harts' $seed 18 0 --debug-build --smp 4 --timeout 300
soak 'four harts, on a disk' $seed 12 0 --debug-build --smp 4 --root disk --timeout 300
soak 'three minutes of one' $seed 180 80 --icount --timeout 300
finish

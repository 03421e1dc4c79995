#!/bin/sh
# A family of processes that do what is drawn with all that hangs together across
# processes (tests/guest/chaos.c).  On Linux first, which proves the test; then on
# calf's debug kernel with four harts: it lives, all of the family can be ended,
# memory is as it was, and the audit finds the books in order.
#
# CALF_SEED=N draws the same again, as far as timing allows; CALF_HARTS=N has N
# harts.  CALF_LONG=1: ten minutes with 1, 2, 4 and 8 harts.
. "$(dirname "$0")/../tap.sh"

seed=${CALF_SEED:-$(od -A n -N 2 -t u2 /dev/urandom | tr -d ' ')}

# chaos NAME SECONDS OPTION…
chaos()
{
	name=$1 seconds=$2
	shift 2
	status=0
	"$top/calf" exec "$@" --timeout $((seconds * 2 + 200)) -- \
		/tests/guest @chaos_of "$seconds" "$seed" \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	exit_is "$name, $seconds s, seed $seed: exit status" $status 0 "$tmp/err"
	is "$name: no check failed" "$(grep '^not ok' "$tmp/out")" ''
	ok "$name: $(sed -n 's/^# \(.* deeds\) of.*/\1/p' "$tmp/out")" \
		grep -q '^# [1-9][0-9]* deeds of' "$tmp/out"
	explain "$(grep -c "^# never" "$tmp/out") kinds of deeds never succeeded"
	[ "$status" = 0 ] ||
		explain "$(tail -n 20 "$tmp/out"; tail -n 100 "$tmp/err")"
}

chaos Linux 3 --kernel linux --smp 2
if [ -n "${CALF_LONG:-}" ]; then
	for harts in ${CALF_HARTS:-1 2 4 8}; do
		chaos "$harts harts" 600 --debug-build --smp $harts
		seed=$((seed + 1))
	done
else
	chaos 'the debug kernel' 8 --debug-build --smp ${CALF_HARTS:-4}
fi
finish

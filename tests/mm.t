#!/bin/sh
# The memory core on the host against the plain reference (tests/host/mm):
# random histories, all short ones, and schedules.  10^7 operations and some
# minutes; with CALF_LONG=1 10^9 operations, and hours.
. "$(dirname "$0")/tap.sh"

cd "$top" || exit 1
if [ -n "${CALF_LONG:-}" ]; then
	runs=1000 checked=20 length=7 seeds=40000
else
	runs=10 checked=2 length=6 seeds=4000
fi
[ -n "${CALF_BUILT:-}" ] || make -s mm-core >&2

host=build/host
ok "random histories" $host/mm_history --runs $runs --steps 1000000
ok "random histories, checked" \
	$host/mm_history_checked --seed 5000 --runs $checked --steps 100000
ok "two spaces, two harts, checked at every step" \
	$host/mm_history --seed 9000 --spaces 2 --harts 2 --steps 1000000
ok "all short histories" $host/mm_history --exhaustive $length
ok "schedules" $host/mm_schedules --seeds $seeds
finish

#!/bin/sh
# A storm of forks on the release kernel with eight harts (the debug kernel has
# its own among the guest tests): nobody sees what is another's, the books are
# right, and memory is as it was.  CALF_LONG=1: 100,000 of them.
. "$(dirname "$0")/../tap.sh"

forks=2000 limit=300
[ -z "${CALF_LONG:-}" ] || forks=100000 limit=20000
status=0
"$top/calf" exec --smp 8 --timeout $limit -- /tests/guest @storm_of $forks \
	>"$tmp/out" || status=$?
is "$forks forks: exit status 0" $status 0
is 'no check failed' "$(grep -c '^not ok' "$tmp/out")" 0
ok 'all were made' grep -q '^ok - as many as were asked for' "$tmp/out"
ok 'and the books are right' grep -q '^ok - the books are right' "$tmp/out"
explain "$(cat "$tmp/out")"
finish

#!/bin/sh
# usertests on Linux, then on the debug kernel with every number of harts; what it
# says, and that a test which goes wrong is noticed.
. "$(dirname "$0")/../tap.sh"

# run OPTION… -- COMMAND…: leaves what it says in $tmp/said, and $status.
run()
{
	status=0
	"$top/calf" exec --timeout 300 "$@" >"$tmp/said" || status=$?
}

# passed NAME: all is well.
passed()
{
	is "$1: exit status" $status 0
	is "$1: the last line" "$(tail -n 1 "$tmp/said")" 'ALL TESTS PASSED'
	[ $status = 0 ] || explain "$(grep -A 1 'FAILED$' "$tmp/said")"
}

run --kernel linux -- usertests -q
passed 'Linux'

for n in 1 2 4 8; do
	run --debug-build --smp $n -- usertests -q
	passed "harts: $n"
	is "harts: $n, the audit" "$(tail -n 2 "$tmp/said" | head -n 1)" \
		'audit: OK'
done
is 'the first line' "$(head -n 1 "$tmp/said")" 'usertests starting'
ok 'a line for each of more than 120 tests' \
	[ "$(grep -c '^test [a-z0-9]*: OK$' "$tmp/said")" -gt 120 ]

run --debug-build --mem 128M -- usertests
passed 'the slow ones as well'
is 'nothing is left out on calf' "$(grep -c 'left out' "$tmp/said")" 0

run -- usertests -t 2 =fails =dies =exits =hangs pipe1
is 'tests that go wrong: exit status' $status 1
printf '%s\n' 'usertests starting' \
	'test =fails: FAILED' '	told by a grandchild' \
	'test =dies: FAILED' '	signal 11 ended it' \
	'test =exits: FAILED' '	exit status 3' \
	'test =hangs: FAILED' '	hangs for 2 s' \
	'test pipe1: OK' 'audit: OK' 'SOME TESTS FAILED' >"$tmp/wanted"
ok 'tests that go wrong: each is told, and why' cmp "$tmp/wanted" "$tmp/said"

run -- sh -c 'cd /tmp; usertests -t 2 =hangs; ps; ls'
is 'one that hangs leaves no process and no file' \
	"$(sed '1,/SOME TESTS/d' "$tmp/said" | grep -v 'sh -c' |
	grep -c usertests)" 0

run -- usertests -c -t 2 =exits
is 'on and on, until one fails' $status 1
run -- usertests pipe1 nothing
is 'a test that there is not: exit status' $status 2
is 'a test that there is not: what is said' "$(cat "$tmp/said")" \
	"usertests: there is no test 'nothing' (see --list)"
run -- usertests --list
ok 'the list' grep -qx 'forkmany (slow)' "$tmp/said"
finish

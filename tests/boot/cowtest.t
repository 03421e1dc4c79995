#!/bin/sh
# cowtest on every number of harts and in every size of memory: what it says,
# to the word where others know it by that, and that all is well.
. "$(dirname "$0")/../tap.sh"

# cowtest OPTION…: leaves what it says in $tmp/said.
cowtest()
{
	"$top/calf" exec --timeout 300 "$@" -- cowtest >"$tmp/said"
}

# passes NAME OPTION…
passes()
{
	what=$1
	shift
	ok "$what: exit status 0" cowtest "$@"
	is "$what: the last line" "$(tail -n 1 "$tmp/said")" \
		'ALL COW TESTS PASSED'
}

passes '1 hart, 32 MiB, debug' --debug-build --smp 1 --mem 32M
# Where the last free frames are those that other harts have put by.
passes '8 harts, 32 MiB' --smp 8 --mem 32M
for n in 1 2 4 8; do
	passes "harts: $n, 128 MiB" --smp $n --mem 128M
done
is 'it begins as the classic does' "$(sed -n '1,6s/$/;/p' "$tmp/said" |
	tr -d '\n')" 'simple: ok;simple: ok;three: ok;three: ok;three: ok;file: ok;'
is 'at most one line a test' "$(grep -c . "$tmp/said")" 15
passes '2 harts, 4 GiB' --smp 2 --mem 4G

"$top/calf" exec --mem 64M -- cowtest nowhere >"$tmp/said" 2>/dev/null
is 'a test that there is not: exit status 2' $? 2
finish

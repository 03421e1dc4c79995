#!/bin/sh
# calf's figures are not more than 10 % worse than those of bench/baseline.json:
# less is better for all of them.  `./calf bench --save` renews the baseline.
. "$(dirname "$0")/tap.sh"

# baseline: its lines for calf: name and value.
baseline()
{
	sed -n 's/^		"\([a-z0-9_]*\)": .*"calf": \([0-9.]*\).*/\1 \2/p' \
		"$top/bench/baseline.json"
}

ok 'the benchmarks run' "$top/calf" bench --calf
cat "$top"/build/bench/*.calf >"$tmp/now" || :

baseline >"$tmp/then"
ok 'there is a baseline' [ -s "$tmp/then" ]
is 'it has the figures that are measured' \
	"$(cut -d ' ' -f 1 "$tmp/then")" "$(cut -d ' ' -f 1 "$tmp/now")"

while read -r name old; do
	new=$(sed -n "s/^$name \([0-9.]*\) .*/\1/p" "$tmp/now")
	# Two or three of them in ten seconds: a share of it means nothing.
	[ "$name" != flush_pairs ] || old=0.9
	ok "$name: ${new:-nothing}, was $old" \
		awk -v new="$new" -v old="$old" \
		'BEGIN { exit !(new > 0 && new <= old * 1.1) }'
done <"$tmp/then"

# faults: those figures that are soonest measured.
faults()
{
	"$top/calf" exec --icount --mem 2G --timeout 300 \
		--add "$top/build/bench/fork:/fork" -- /fork fault
}

first=$(faults)
ok 'single faults are measured alone' [ -n "$first" ]
is 'a second time, the figures are the same' "$(faults)" "$first"
finish

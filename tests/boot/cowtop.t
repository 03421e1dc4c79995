#!/bin/sh
# cowtop and cowmap: what they show of a machine where a process is shared, and
# what they say to who uses them wrongly.
. "$(dirname "$0")/../tap.sh"

# A subshell is a fork that stays, and shares what it does not write.
cat >"$tmp/script" <<'END'
(sleep 60; true) &
sleep 1
echo == top; cowtop -1
echo == twice; cowtop -n 2 -d 0 | cat
echo == map; cowmap $! | cat
echo == wrong
cowtop -x; echo $?
cowtop -n 0; echo $?
cowtop -d x; echo $?
cowtop more; echo $?
cowmap; echo $?
cowmap -p -t 1; echo $?
cowmap one; echo $?
cowmap 9999; echo $?
cowtop --help >/dev/null; echo $?
cowmap --help >/dev/null; echo $?
END
"$top/calf" exec --mem 64M --add "$tmp/script:/script" \
	-- sh -c 'sh /script 2>&1' >"$tmp/said" 2>/dev/null

# part NAME: what the script wrote under it.
part()
{
	sed -n "/^== $1/,/^== /p" "$tmp/said" | grep -v '^=='
}

shared=$(part top | awk '$2 == "sh" && $7 >= 2' | wc -l)
ok 'shells share with each other' [ "$shared" -ge 2 ]
is 'sorted by what is owned' "$(part top | awk '
	function bytes(text) {
		return text * (text ~ /M$/ ? 1048576 : text ~ /K$/ ? 1024 : 1)
	}
	$1 ~ /^[0-9]+$/ && NF == 10 {
		if (n++ && bytes($5) > last + 65536)
			print "not sorted"
		last = bytes($5)
	}
	END { print (n > 3) }')" 1
is 'twice has two heads' "$(part twice | grep -c '^forks')" 2
is 'without a terminal no escapes' "$(grep -c "$(printf '\033')" "$tmp/said")" 0
ok 'the map has shared pages' [ "$(part map | grep -c '^[0-9a-f]* .*S')" -gt 0 ]
ok 'and a legend' [ "$(part map | grep -c '^S  page shared')" = 1 ]
is 'statuses of wrong uses' "$(part wrong | grep '^[0-9]*$' | tr '\n' ' ')" \
	'2 2 2 2 2 2 2 1 0 0 '
finish

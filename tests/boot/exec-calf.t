#!/bin/sh
# `./calf exec` with the debug kernel.
kernel=--debug-build
. "$(dirname "$0")/exec.sh"

status=0
"$top/calf" exec $kernel --mem 48M --smp 8 --add "$probe" -- /probe fill \
	>"$tmp/out" 2>"$tmp/err" || status=$?
# The audit's own memory may or may not be found then; neither is a failure.
is 'a program that fills memory with files ends as it likes' $status 7

# Each line of the kernel's is apart from the program's, and so is what it
# throws away.
status=0
"$top/calf" exec $kernel --append strace --add "$probe" -- /probe flood 100000 \
	>"$tmp/out" 2>"$tmp/err" || status=$?
"$top/calf" exec $kernel --add "$probe" -- /probe flood 100000 \
	>"$tmp/wanted" 2>/dev/null
ok 'a flood with kernel messages in between' cmp "$tmp/wanted" "$tmp/out"
ok 'of which there are many' [ "$(grep -c 'write' "$tmp/err")" -gt 20 ]
"$top/calf" exec $kernel --append strace --add "$probe" -- /probe torn \
	>"$tmp/out" 2>"$tmp/err"
is 'flushing does not tear them' "$(tr -d 'x\n' <"$tmp/out")" ''
"$top/calf" exec --icount --add "$probe" -- /probe input \
	<"$tmp/random" >"$tmp/out" 2>"$tmp/err" || status=$?
prints 'the deterministic machine has no input' 'read gives 0'

finish

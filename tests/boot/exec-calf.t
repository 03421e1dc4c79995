#!/bin/sh
# `./calf exec` with the debug kernel.
kernel=--debug-build
. "$(dirname "$0")/exec.sh"

status=0
"$top/calf" exec $kernel --mem 48M --smp 8 --add "$probe" -- /probe fill \
	>"$tmp/out" 2>"$tmp/err" || status=$?
is 'a program that fills memory with files ends as it likes' $status 7
ok 'and the log says that there was no audit' \
	grep -q 'audit: no memory' "$tmp/err"

finish

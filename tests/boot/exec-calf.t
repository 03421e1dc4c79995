#!/bin/sh
# `./calf exec` with the debug kernel.
kernel=--debug-build
. "$(dirname "$0")/exec.sh"

status=0
"$top/calf" exec $kernel --mem 48M --smp 8 --add "$probe" -- /probe fill \
	>"$tmp/out" 2>"$tmp/err" || status=$?
# The audit's own memory may or may not be found then; neither is a failure.
is 'a program that fills memory with files ends as it likes' $status 7

finish

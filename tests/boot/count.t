#!/bin/sh
# The deterministic machine: every run is the same, and short to its first
# user instruction.  One instruction is one virtual nanosecond there, and the
# counter steps once every hundred.
. "$(dirname "$0")/../tap.sh"

# ticks OPTION…: prints what the counter says to a program that init starts.
ticks()
{
	"$top/calf" exec --icount --mem 128M --timeout 300 "$@" \
		--add "$top/build/tests/boot/probe:/probe" -- /probe ticks
}

first=$(ticks)
ok 'the program runs' [ "${first:-0}" -gt 0 ]
is 'a second run takes as many instructions' "$(ticks)" "$first"
ok 'less than 30 million instructions to a program of ours' \
	[ "${first:-999999}" -lt 300000 ]
explain "it takes $((first / 10)) thousand"
finish

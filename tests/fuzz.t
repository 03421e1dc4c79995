#!/bin/sh
# Each fuzzer for a few seconds, from its corpus: enough to notice what broke
# today.  What uses whole disks does some dozens in a second: half a minute for it.
# CALF_LONG=1: half an hour, and ten minutes for each of the others.
. "$(dirname "$0")/tap.sh"

cd "$top" || exit 1
for fuzzer in $(make -s list-fuzzers); do
	name=$(basename "$fuzzer")
	seconds=5 long=600
	[ "$name" != fuzz_ext2 ] || seconds=30 long=1800
	[ -z "${CALF_LONG:-}" ] || seconds=$long
	ok "$name" make -s "host-fuzz-${name#fuzz_}" FUZZ_SECONDS=$seconds
done
finish

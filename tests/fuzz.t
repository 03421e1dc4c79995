#!/bin/sh
# Each fuzzer for a few seconds, from its corpus: enough to notice what broke
# today.  Longer runs are by hand: make host-fuzz FUZZ_SECONDS=600
. "$(dirname "$0")/tap.sh"

cd "$top" || exit 1
for fuzzer in $(make -s list-fuzzers); do
	name=$(basename "$fuzzer")
	ok "$name" make -s "host-fuzz-${name#fuzz_}"
done
finish

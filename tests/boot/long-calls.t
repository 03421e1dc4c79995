#!/bin/sh
# Calls on 1 GiB of mapped memory share the only hart with another process, which
# waits for its turn no longer than a slice, of 10 ms, and some.  Time is counted
# in instructions there, and is always the same.
. "$(dirname "$0")/../tap.sh"

for call in mprotect mremap; do
	"$top/calf" exec --icount --timeout 300 \
		-- /tests/guest @long_call $call >"$tmp/out"
	wait_us=$(cat "$tmp/out")
	ok "$call of 1 GiB leaves the hart to others" \
		[ "${wait_us:-999999}" -lt 15000 ]
	explain "it was kept from them for up to $wait_us µs"
done
finish

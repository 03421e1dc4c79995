#!/bin/sh
# Calls on 1 GiB of mapped memory, or on 60,000 regions, share the only hart with
# another process, which waits for its turn no longer than a slice, of 10 ms, and
# some.  Time is counted in instructions there, and is always the same.
. "$(dirname "$0")/../tap.sh"

for call in mprotect mremap munmap unite unite_counted fork; do
	"$top/calf" exec --icount --mem 2G --timeout 300 \
		-- /tests/guest @long_call $call >"$tmp/out"
	wait_us=$(cat "$tmp/out")
	ok "$call, a long one, leaves the hart to others" \
		[ "${wait_us:-999999}" -lt 15000 ]
	explain "it was kept from them for up to $wait_us µs"
done
finish

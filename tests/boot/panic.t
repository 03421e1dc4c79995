#!/bin/sh
# A kernel that is wrong stops, says what happened and where by name, and ends
# the machine with a failure, which `./calf exec` reports as 125.  The ways to
# be wrong are those of kernel/init/break.c.
. "$(dirname "$0")/../tap.sh"

# panics HOW WORDS WHERE: boots with panic_test=HOW, and expects the kernel to
# say WORDS and to name the function WHERE.
panics()
{
	status=0
	"$top/calf" exec --timeout 300 $build --append "panic_test=$1" \
		-- /bin/true >"$tmp/out" 2>"$tmp/err" || status=$?
	cat "$tmp/err" >&2
	name="$1${build:+ (debug)}"
	is "$name: status 125" $status 125
	ok "$name: calf says why" \
		grep -q "^calf: the guest's kernel panicked" "$tmp/err"
	ok "$name: the kernel says '$2'" \
		grep -q -e "kernel panic: .*$2" "$tmp/err"
	ok "$name: and where it was" grep -q "  [0-9a-f]* $3+0x" "$tmp/err"
	ok "$name: nothing on standard output" cmp /dev/null "$tmp/out"
}

for build in '' --debug-build; do
	panics assert 'assertion failed: one == 0, .*break.c:' \
		break_assertion
	panics nowhere 'page fault on a store' store_nowhere
	panics user 'page fault on a store' store_to_user
	panics code 'page fault on a store' store_to_code
	panics constant 'page fault on a store' store_to_constant
	panics run 'page fault on a jump' run_data
	panics stack 'kernel stack overflow' sink
done

build=--debug-build
panics twice 'lock DEVICE taken twice' take_twice
panics order 'lock DEVICE taken while UART is held' take_out_of_order
panics shift 'undefined behaviour: .*break.c:' shift_too_far
panics index 'undefined behaviour: .*break.c:' index_too_far

# What never ends is ended by the kernel, which says who waits for what: here
# somewhat before calf itself would end the machine.
for build in '' --debug-build; do
	name="a hang${build:+ (debug)}" status=0
	"$top/calf" exec $build --timeout 5 -- /bin/sleep 1000 \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$name: the status" $status 125
	ok "$name: the kernel says so" \
		grep -q 'kernel panic: watchdog' "$tmp/err"
	ok "$name: and who waits for what" \
		grep -q 'thread sleep: parked, waits for nanosleep' "$tmp/err"
done
finish

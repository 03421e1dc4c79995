#!/bin/sh
# A kernel that gives up says what happened and where, and ends the machine
# with a failure, which `./calf exec` reports as 125.
. "$(dirname "$0")/../tap.sh"

# panics HOW WORDS: boots with panic_test=HOW, and expects WORDS.
panics()
{
	status=0
	"$top/calf" exec --timeout 60 $build --append "panic_test=$1" -- /bin/true \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	cat "$tmp/err" >&2
	is "$1${build:+ (debug)}: status 125" $status 125
	ok "$1: calf says so" grep -q "^calf: the guest's kernel panicked" \
		"$tmp/err"
	ok "$1: the kernel says what" grep -q -e "$2" "$tmp/err"
	ok "$1: and where, by name" grep -Eq '[a-z]+_[a-z_]+\+0x[0-9a-f]+' \
		"$tmp/err"
}

for build in '' --debug-build; do
	panics assert 'assert'
	panics wild 'page fault'
	panics stack 'stack'
done
finish

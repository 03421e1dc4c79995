#!/bin/sh
# One allocation fails while a disk is changed, each in turn: the call says so,
# the disk can be written to as before, and is sound afterwards.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin

# on_disk NAME MKE2FS-OPTION…
on_disk()
{
	name=$1
	shift
	rm -f "$tmp/img"
	mke2fs -q -F -t ext3 "$@" "$tmp/img" 16M 2>&1
	status=0
	"$top/calf" exec --debug-build --timeout 500 --disk "$tmp/img" -- \
		/tests/guest @calf_fail_disk /dev/vda ext3 \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$name: exit status" $status 0
	is "$name: no check failed" "$(grep -c '^not ok' "$tmp/out")" 0
	[ $status = 0 ] && ! grep -q '^not ok' "$tmp/out" ||
		explain "$(grep -A 3 '^not ok' "$tmp/out"
			tail -n 5 "$tmp/out" "$tmp/err")"
	ok "$name: some were made" grep -q '^ok' "$tmp/out"
	sound "$name" "$tmp/img"
}

on_disk 'blocks of 4 KiB' -b 4096 -J size=4
on_disk 'blocks of 1 KiB' -b 1024 -J size=1
finish

#!/bin/sh
# Disks as files: what the host wrote is read, what four processes write at
# once is there in the next boot, on calf and by Linux.
. "$(dirname "$0")/../tap.sh"

# guest NAME OPTION… -- CMD…: its lines count as ours.
guest()
{
	what=$1
	shift
	status=0
	"$top/calf" exec --timeout 200 "$@" >"$tmp/out" 2>"$tmp/err" ||
		status=$?
	is "$what: exit status 0" "$status" 0
	is "$what: no check failed" "$(grep -c '^not ok' "$tmp/out")" 0
	is "$what: and some were made" "$(grep -c '^ok' "$tmp/out")" "$wanted"
	[ "$status" = 0 ] || explain "$(tail -n 20 "$tmp/out" "$tmp/err")"
}

# Its size is no multiple of a page.
perl -e 'print pack("V*", 0 .. 300031)' >"$tmp/disk"
truncate -s 1200128 "$tmp/disk"
truncate -s 64M "$tmp/other, with a comma"

wanted=12
for harts in 1 4; do
	guest "read, $harts harts" --debug-build --smp $harts \
		--disk "$tmp/disk" -- /tests/guest @disk_read /dev/vda
done
guest 'read by Linux' --kernel linux --disk "$tmp/disk" \
	-- /tests/guest @disk_read /dev/vda
wanted=9
guest 'write, 4 harts' --debug-build --smp 4 --disk "$tmp/disk" \
	-- /tests/guest @disk_write /dev/vda 7
wanted=3
guest 'verify, behind another disk' --smp 2 \
	--disk "$tmp/other, with a comma" --disk "$tmp/disk" \
	-- /tests/guest @disk_verify /dev/vdb 7
guest 'verify by Linux' --kernel linux --disk "$tmp/disk" \
	-- /tests/guest @disk_verify /dev/vda 7
perl -e 'print pack("V*", 0 .. 300031)' >"$tmp/disk"
wanted=9
guest 'write by Linux' --kernel linux --disk "$tmp/disk" \
	-- /tests/guest @disk_write /dev/vda 8
wanted=3
guest 'verify what Linux wrote' --disk-ro "$tmp/disk" \
	-- /tests/guest @disk_verify /dev/vda 8

status=0
"$top/calf" exec --disk-ro "$tmp/disk" -- sh -c 'echo x >/dev/vda' \
	>"$tmp/out" 2>&1 || status=$?
is 'what is read-only is not written to' "$status" 1
ok 'and the error says so' grep -q 'Read-only file system' "$tmp/out"
finish

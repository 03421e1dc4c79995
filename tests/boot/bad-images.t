#!/bin/sh
# Damaged disks on the machine: four at a time, each used by three processes, on
# four harts.  What comes of one is an error or a disk that is only read; nothing
# panics or hangs, and another disk is whole afterwards.  CALF_LONG=1: thousands.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin
disks= count=60 seeds='1' limit=600
[ -z "${CALF_LONG:-}" ] || count=400 seeds='2 3 4 5 6' limit=4000
make -s -C "$top" bad-images
for n in 1 2 3 4; do
	truncate -s 4M "$tmp/disk$n"
	disks="$disks --disk $tmp/disk$n"
done

for seed in $seeds; do
	"$top/build/host/bad_images" "$seed" "$count" "$tmp/images"
	rm -f "$tmp/good"
	mke2fs -q -F -t ext3 -b 1024 -J size=1 "$tmp/good" 8M 2>&1
	status=0
	"$top/calf" exec --debug-build --smp 4 --timeout $limit \
		--disk "$tmp/images" --disk "$tmp/good" $disks -- \
		/tests/guest @disk_bad /dev/vda "$count" /dev/vdb /dev/vdc \
		/dev/vdd /dev/vde /dev/vdf >"$tmp/out" 2>"$tmp/err" || status=$?
	is "seed $seed, $count disks: exit status" $status 0
	is "seed $seed: no check failed" "$(grep -c '^not ok' "$tmp/out")" 0
	ok "seed $seed: all were tried" \
		grep -q '^ok - all disks were tried' "$tmp/out"
	[ $status = 0 ] || explain "$(tail -n 40 "$tmp/err")"
	grep -A 3 -e '^not ok' "$tmp/out" | sed 's/^/# /' | head -n 20
	grep '^# .* mounted' "$tmp/out"
	sound "seed $seed, the good one" "$tmp/good"
done
finish

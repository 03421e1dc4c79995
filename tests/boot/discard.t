#!/bin/sh
# A disk is told what nobody wants any more: by BLKDISCARD, by FITRIM, by the
# mount option.  The programs ask the same of Linux; on the host the image has
# become smaller, and e2fsck finds nothing.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin

# guest NAME COMMAND: on $kernel, with the image as /dev/vda.
guest()
{
	status=0
	"$top/calf" exec --kernel "$kernel" --smp 2 --timeout 200 \
		--disk "$tmp/img" -- /tests/guest $2 \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$1, $name: exit status" $status 0
	is "$1, $name: no check failed" "$(grep -c '^not ok' "$tmp/out")" 0
	ok "$1, $name: some were made" grep -q '^ok' "$tmp/out"
	[ "$status" = 0 ] && ! grep -q '^not ok' "$tmp/out" ||
		explain "$(grep -A 3 '^not ok' "$tmp/out"
			tail -n 5 "$tmp/out" "$tmp/err")"
}

# The MiB that the image takes on the host.
taken()
{
	du -m "$tmp/img" | cut -f 1
}

# smaller NAME MOST: it takes no more MiB.
smaller()
{
	if [ "$punches" = yes ]; then
		n=$(taken)
		ok "$1, $name: $n MiB are left, $2 at most" test "$n" -le "$2"
	else
		ok "$1, $name # SKIP this host's files cannot become smaller"
	fi
}

head -c 4M /dev/urandom >"$tmp/img"
punches=no
fallocate -p -l 4M "$tmp/img" 2>/dev/null && [ "$(taken)" = 0 ] && punches=yes

for name in linux calf; do
	kernel=$name
	[ $name = linux ] || kernel=$top/build/debug/Image
	rm -f "$tmp/img"
	truncate -s 64M "$tmp/img"
	guest node '@disk_discard_node /dev/vda'
	smaller node 3
	for kind in 'ext3 4096' 'ext2 1024' 'ext3 1024'; do
		rm -f "$tmp/img"
		mke2fs -q -F -t ${kind% *} -b ${kind#* } -J size=4 "$tmp/img" 64M 2>&1
		guest "FITRIM, $kind" "@disk_discard_trim /dev/vda ${kind% *}"
		sound "FITRIM, $kind, $name" "$tmp/img" $name
		smaller "FITRIM, $kind" 18
		rm -f "$tmp/img"
		mke2fs -q -F -t ${kind% *} -b ${kind#* } -J size=4 "$tmp/img" 64M 2>&1
		guest "the option, $kind" "@disk_discard_option /dev/vda ${kind% *}"
		sound "the option, $kind, $name" "$tmp/img" $name
		smaller "the option, $kind" 18
	done
done
finish

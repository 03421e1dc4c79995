#!/bin/sh
# Disks that mke2fs made, read by calf: every name, number and byte is what
# Linux reads from the same disk.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin

# A tree with what is easily got wrong.
make_tree()
{
	mkdir -p "$1/deep/a/b/c/d/e/f" "$1/many" "$1/empty"
	: >"$1/nothing"
	echo hello >"$1/short"
	seq 1 40000 >"$1/long"
	printf x >"$1/deep/a/b/c/d/e/f/x"
	# Holes before, between and behind; one level of numbers, two and three.
	for at in 0 11 12 267 268 1035 65803 65804 70000; do
		printf 'block %d' $at |
			dd of="$1/holes" bs=1024 seek=$at conv=notrunc 2>/dev/null
	done
	truncate -s 72M "$1/holes"
	truncate -s 5000 "$1/hole"
	seq 1 1200 | while read -r n; do
		echo "$n" >"$1/many/a-file-with-the-number-$n"
	done
	: >"$1/$(printf '%0255d' 7)"
	ln -s short "$1/link"
	ln -s "$(printf '%059d' 1)" "$1/link59"
	ln -s "$(printf '%060d' 1)" "$1/link60"
	ln -s "$(printf '%0900d' 1)" "$1/link900"
	ln "$1/short" "$1/another"
	ln "$1/short" "$1/many/third"
	mkfifo "$1/fifo"
	chmod 4755 "$1/short"
	chmod 1777 "$1/empty"
	touch -d '1969-12-31 23:59:58 UTC' "$1/nothing"
	touch -d '2038-01-20 03:04:05 UTC' "$1/hole"
	if [ "$(id -u)" = 0 ]; then
		mknod "$1/null" c 1 3
		mknod "$1/disk" b 259 70000
		chown 70000:80000 "$1/link" "$1/long" -h
	fi
}

# compare NAME IMG TYPE: what calf and Linux say.
compare()
{
	for kernel in linux calf; do
		status=0
		[ $kernel = linux ] && option='--kernel linux' ||
			option='--debug-build --smp 4'
		"$top/calf" exec $option --timeout 200 --disk-ro "$2" -- \
			/tests/guest @disk_tree /dev/vda "$3" \
			>"$tmp/$kernel" 2>"$tmp/err" || status=$?
		is "$1: $kernel, exit status" $status 0
		[ $status = 0 ] || explain "$(tail -n 5 "$tmp/$kernel" "$tmp/err")"
	done
	ok "$1: the same" cmp "$tmp/linux" "$tmp/calf"
	diff "$tmp/linux" "$tmp/calf" | head -n 10 | sed 's/^/# /'
}

make_tree "$tmp/tree"
mke2fs -q -F -t ext2 -b 1024 -d "$tmp/tree" "$tmp/img" 100M 2>&1
compare 'ext2, blocks of 1 KiB' "$tmp/img" ext2
mke2fs -q -F -t ext2 -r 0 -b 2048 -d "$tmp/tree" "$tmp/img" 100M 2>&1
compare 'revision 0, blocks of 2 KiB' "$tmp/img" ext2
# A link that is short, and yet takes a block: of extended attributes.
mke2fs -q -F -t ext2 -I 128 -d "$tmp/tree" "$tmp/img" 100M 2>&1
for name in link link59 link60 short; do
	debugfs -w -R "ea_set $name trusted.note text" "$tmp/img" 2>&1
done
ok 'extended attributes: a block' \
	sh -c "debugfs -R 'stat link' '$tmp/img' | grep -q 'File ACL: [1-9]'"
compare 'extended attributes' "$tmp/img" ext2
mke2fs -q -F -t ext3 -b 4096 -I 256 -O '^resize_inode,^dir_index,^ext_attr' \
	-J size=4 -d "$tmp/tree" "$tmp/img" 100M 2>&1
compare 'ext3, blocks of 4 KiB' "$tmp/img" ext3

# refused FEATURE MKE2FS-OPTION…: not mounted, and the log says why.
refused()
{
	name=$1
	shift
	mke2fs -q -F "$@" "$tmp/img" 16M 2>&1
	status=0
	"$top/calf" exec --disk-ro "$tmp/img" -- /tests/guest @disk_tree \
		/dev/vda ext2 >"$tmp/out" 2>&1 || status=$?
	is "$name: not mounted" $status 1
	ok "$name: named" grep -q "the feature $name" "$tmp/out"
}

refused extents -t ext4 -O '^64bit,^flex_bg,^metadata_csum'
refused journal_dev -b 4096 -O journal_dev
refused meta_bg -t ext2 -O meta_bg,^resize_inode
finish

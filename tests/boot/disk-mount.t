#!/bin/sh
# What is asked of a disk that is mounted, by programs that ask the same of
# Linux; each leaves a disk that is sound.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin

# make_disk MKE2FS-OPTION…
make_disk()
{
	rm -f "$tmp/img"
	mke2fs -q -F "$@" "$tmp/img" 16M 2>&1
}

# guest NAME COMMAND [OPTION]: on $kernel, with the image as --disk or OPTION.
guest()
{
	status=0
	"$top/calf" exec --kernel "$kernel" --smp 2 --timeout 200 \
		"${3:---disk}" "$tmp/img" -- sh -c "$2" \
		>"$tmp/out" 2>"$tmp/err" ||
		status=$?
	is "$1, $name: exit status" $status 0
	is "$1, $name: no check failed" "$(grep -c '^not ok' "$tmp/out")" 0
	[ "$status" = 0 ] && ! grep -q '^not ok' "$tmp/out" ||
		explain "$(grep -A 3 '^not ok' "$tmp/out"
			tail -n 5 "$tmp/out" "$tmp/err")"
	ok "$1, $name: some were made" grep -q '^ok' "$tmp/out"
	sound "$1, $name" "$tmp/img" $name
}

# On $kernel, with the power cut off at the end: what the disk has then.
late()
{
	make_disk -t ext3 -b 4096
	"$top/calf" exec --kernel "$kernel" --timeout 200 --disk "$tmp/img" \
		-- sh -c '/tests/guest @disk_late /dev/vda ext3' \
		>"$tmp/out" 2>"$tmp/err"
	is "mapped, $name: no check failed" "$(grep -c '^not ok' "$tmp/out")" 0
	is "mapped, $name: and all were made" "$(grep -c '^ok' "$tmp/out")" 3
	[ "$(grep -c '^ok' "$tmp/out")" = 3 ] ||
		explain "$(tail -n 5 "$tmp/out" "$tmp/err")"
	is "mapped, $name: the journal is as the cut left it" "$(debugfs -R \
		'show_super_stats -h' "$tmp/img" 2>&1 | grep -c needs_recovery)" 1
	e2fsck -fy "$tmp/img" >/dev/null 2>&1
	is "mapped, $name: what was written is there" "$(debugfs -R \
		'cat file' "$tmp/img" 2>/dev/null | tr -d '\0' | paste -s -d ' ')" \
		'first second third'
}

# others NAME CHARACTER: how many bytes of the file are something else.
others()
{
	debugfs -R "cat $1" "$tmp/img" 2>/dev/null | tr -d "$2" | wc -c
}

# With data in the journal, and more of it than there is room for.
full_log()
{
	make_disk -t ext3 -b 1024 -J size=1
	"$top/calf" exec --kernel "$kernel" --timeout 200 --disk "$tmp/img" \
		-- sh -c '/tests/guest @disk_log_full /dev/vda ext3' \
		>"$tmp/out" 2>"$tmp/err"
	is "a full log, $name: no check failed" "$(grep -c '^not ok' "$tmp/out")" 0
	is "a full log, $name: and all were made" "$(grep -c '^ok' "$tmp/out")" 5
	[ "$(grep -c '^ok' "$tmp/out")" = 5 ] ||
		explain "$(tail -n 9 "$tmp/out" "$tmp/err")"
	e2fsck -fy "$tmp/img" >/dev/null 2>&1
	is "a full log, $name: what was synced is there" \
		"$(others large d) $(others late l)" '0 0'
	ok "a full log, $name: and all of it" sh -c "debugfs -R 'stat late' \
		'$tmp/img' 2>/dev/null | grep -q 'Size: 102400'"
}

for name in linux calf; do
	kernel=$name
	[ $name = linux ] || kernel=$top/build/debug/Image
	make_disk -t ext3 -b 1024 -J size=1 -m 5
	guest 'blocks for root' '/tests/guest @disk_room /dev/vda ext3'
	grep '^# size' "$tmp/out" >>"$tmp/sizes-$name"
	make_disk -t ext2 -b 4096 -m 5
	tune2fs -u 3000 "$tmp/img" >/dev/null
	guest 'blocks for somebody' \
		'ROOM_USER=1 /tests/guest @disk_room /dev/vda ext2'
	grep '^# size' "$tmp/out" >>"$tmp/sizes-$name"
	late
	full_log
	make_disk -t ext3 -b 4096
	guest 'without a cache' \
		'THROUGH=1 /tests/guest @disk_count /dev/vda ext3 &&
		/tests/guest @disk_remount /dev/vda ext3' --disk-through
	make_disk -t ext3 -b 4096
	guest 'a disk to read' \
		'/tests/guest @disk_locked /dev/vda ext3 disk' --disk-ro
	make_disk -t ext3 -b 4096 -O huge_file
	[ $name = linux ] || {
		guest 'a feature to read' \
			'/tests/guest @disk_locked /dev/vda ext3 feature'
		ok 'a feature to read: named' \
			grep -q 'huge_file, which .* only be read' "$tmp/err"
		ok 'the host gives random bytes' \
			grep -q 'random: 64 bytes from the host' "$tmp/err"
	}
	mkdir -p "$tmp/tree"
	echo still >"$tmp/tree/still"
	echo log >"$tmp/tree/log"
	make_disk -t ext3 -b 4096 -O '^dir_index' -d "$tmp/tree"
	debugfs -w -R 'set_inode_field still flags 0x10' "$tmp/img" 2>&1
	debugfs -w -R 'set_inode_field log flags 0x20' "$tmp/img" 2>&1
	guest 'flags' '/tests/guest @disk_flags /dev/vda ext3'
	make_disk -t ext3 -b 4096
	guest 'flushes, times, input and output, remounts' 'set -e
		for test in count times io remount; do
			/tests/guest @disk_$test /dev/vda ext3
		done'
	grep '^# ' "$tmp/out"
	make_disk -t ext3 -b 4096
	"$top/calf" exec --kernel "$kernel" --timeout 200 --disk "$tmp/img" \
		-- sh -c '/tests/guest @disk_orphan /dev/vda ext3' >"$tmp/out" 2>&1
	ok "orphan, $name: it was made" grep -q '^ok' "$tmp/out"
	guest 'orphan' '/tests/guest @disk_orphan_freed /dev/vda ext3'
	make_disk -t ext2 -b 1024
	guest 'remounts, ext2' '/tests/guest @disk_remount /dev/vda ext2'
done
is 'both disks are as large as for Linux' "$(cat "$tmp/sizes-calf")" \
	"$(cat "$tmp/sizes-linux")"
finish

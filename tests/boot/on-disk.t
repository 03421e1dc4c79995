#!/bin/sh
# The guest's tests of files, their folders on a disk: what they ask for is the
# same everywhere, and the disk is sound afterwards.  Left out are those that
# count blocks as a file system without indirect ones has them, or that want
# the root to be theirs; with small blocks those that want a page of each; and on
# Linux those that its ext3 answers otherwise than its tmpfs (the largest offset,
# names that go while others read them).
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin

names='fs_circle_file fs_circle_folders fs_crowd fs_cwd fs_deep fs_full fs_make
	fs_path fs_statx fs_storm fs_times fs_unlink file_limit file_open file_path_fd
	file_race file_reuse file_rw file_trunc file_vec mem_file mem_share
	perm_access perm_dir perm_owner perm_umask pipe_fifo'

# on_disk NAME KERNEL TYPE MORE-TESTS MKE2FS-OPTION…
on_disk()
{
	name=$1
	kernel=$2
	type=$3
	more=$4
	shift 4
	option='--debug-build'
	[ "$kernel" = calf ] || option='--kernel linux'
	rm -f "$tmp/img"
	mke2fs -q -F -t "$type" "$@" "$tmp/img" 128M 2>&1
	status=0
	"$top/calf" exec $option --smp 4 --timeout 500 --disk "$tmp/img" -- \
		/tests/guest --disk "$type" $names $more \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$name, $kernel: exit status" $status 0
	[ $status = 0 ] ||
		explain "$(grep -A 3 'not ok' "$tmp/out"; tail -n 5 "$tmp/err")"
	sound "$name, $kernel" "$tmp/img" $kernel
}

on_disk 'ext3, blocks of 4 KiB' linux ext3 'fs_link fs_stat' -b 4096
on_disk 'ext3, blocks of 4 KiB' calf ext3 'fs_dir fs_link fs_stat file_seek' \
	-b 4096
on_disk 'ext3, blocks of 1 KiB' calf ext3 fs_dir -b 1024 -J size=4
on_disk 'ext2, blocks of 2 KiB' calf ext2 fs_dir -b 2048

# What mappings write is on the disk after msync, and without it before long.
rm -f "$tmp/img"
mke2fs -q -F -t ext3 -b 4096 "$tmp/img" 32M 2>&1
status=0
"$top/calf" exec --debug-build --smp 4 --timeout 500 --disk "$tmp/img" -- \
	/tests/guest @disk_mapped /dev/vda ext3 >"$tmp/out" 2>"$tmp/err" ||
	status=$?
is "what mappings write comes to the disk" $status 0
[ $status = 0 ] || explain "$(cat "$tmp/out"; tail -n 5 "$tmp/err")"

# More than memory holds, with blocks of both sizes.
for block in 1024 4096; do
	rm -f "$tmp/img"
	mke2fs -q -F -t ext3 -b $block -J size=4 "$tmp/img" 128M 2>&1
	status=0
	"$top/calf" exec --debug-build --smp 2 --mem 32M --timeout 200 \
		--disk "$tmp/img" -- /tests/guest @disk_big /dev/vda ext3 64 \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "64 MiB through 32 of memory, blocks of $block" $status 0
	[ $status = 0 ] || explain "$(cat "$tmp/out"; tail -n 5 "$tmp/err")"
	sound "blocks of $block" "$tmp/img"
done

# short HARTS NR HELPER NAME [MIB]: so many programs at once, with a file of 64 MiB.
short()
{
	rm -f "$tmp/img"
	mke2fs -q -F -t ext3 -b 4096 -J size=4 "$tmp/img" 128M 2>&1
	status=0
	"$top/calf" exec --debug-build --smp $1 --mem 32M --timeout 200 \
		--disk "$tmp/img" -- /tests/guest @$3 /dev/vda ext3 ${5:-64} $2 \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$4" $status 0
	[ $status = 0 ] || explain "$(cat "$tmp/out"; tail -n 5 "$tmp/err")"
}

# Each through a mapping of its own: who finds that another has taken all that
# could be taken lives of that.
short 2 4 disk_many 'four programs that map 64 MiB in 32 of memory'
for harts in 2 4; do
	short $harts 2 disk_busy "one takes memory that another reads into, $harts" 44
	short $harts 4 disk_busy "two take memory that two read into, $harts" 44
done
# What each hart puts by for itself counts for nobody else.
short 8 8 disk_busy 'four take memory that four read into, 8' 44
finish

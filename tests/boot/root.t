#!/bin/sh
# The root on a disk: what is mounted, what is said when it cannot be, and that
# the disks are clean afterwards; on Linux, too, which shares our init.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin

# boot OPTION… -- CMD…: on $kernel, the first disk as the root.
boot()
{
	status=0
	"$top/calf" exec --kernel "$kernel" --root disk --timeout 120 "$@" \
		>"$tmp/out" 2>"$tmp/err" || status=$?
}

# clean NAME IMG: nothing to replay, nothing to repair.
clean()
{
	is "$1: no journal to replay" "$(debugfs -R 'show_super_stats -h' "$2" \
		2>/dev/null | grep -c needs_recovery)" 0
	sound "$1" "$2" "$kernel"
}

# falls_back NAME WORDS: the guest said so, and ran on from the initramfs.
falls_back()
{
	is "$name, $1: it runs from the initramfs" "$status $(cat "$tmp/out")" \
		'7 from memory'
	ok "$name, $1: and says '$2'" grep -q "init: root=.*$2" "$tmp/err"
}

# The disk: the programs, one folder for another disk, two lines for it.
cp -r "$top/build/root" "$tmp/tree"
mkdir "$tmp/tree/other"
cat >>"$tmp/tree/etc/fstab" <<'END'
/dev/vdb   /other   ext3   ro,noexec     0 0
/dev/vdb   /var     ext3   ro,noauto     0 0
/dev/vdz   /mnt     ext3   ro,nofail     0 0
/dev/vdz   /home    ext3   ro            0 0
END
mkdir "$tmp/second"
echo 'on the second disk' >"$tmp/second/file"
"$top/tools/disk" make "$tmp/disk" 32M "$tmp/tree"
"$top/tools/disk" make "$tmp/second.img" 16M "$tmp/second"
# Disks that cannot be the root.
mkdir -p "$tmp/bare/sbin"
"$top/tools/disk" make "$tmp/bare.img" 16M "$tmp/bare"
echo 'no program' >"$tmp/bare/sbin/init"
chmod +x "$tmp/bare/sbin/init"
"$top/tools/disk" make "$tmp/broken.img" 16M "$tmp/bare"
truncate -s 16M "$tmp/empty.img"
in_memory='ls /lost+found >/dev/null 2>&1 || echo from memory; exit 7'

for name in linux calf; do
	kernel=$name
	[ $name = linux ] || kernel=$top/build/debug/Image
	boot --disk "$tmp/disk" --disk-ro "$tmp/second.img" --append ro -- \
		sh -c 'cat /proc/mounts; cat /other/file; ls /var; exit 3'
	is "$name: the command's status" $status 3
	ok "$name: the root is the disk" \
		grep -q '^/dev/vda / ext3 ro' "$tmp/out"
	ok "$name: proc is mounted as its fstab says" \
		grep -q '^proc /proc proc rw,nosuid,nodev' "$tmp/out"
	ok "$name: devtmpfs" grep -q '^devtmpfs /dev devtmpfs' "$tmp/out"
	ok "$name: tmpfs" grep -q '^tmpfs /tmp tmpfs rw,nosuid' "$tmp/out"
	ok "$name: the second disk" \
		grep -q '^/dev/vdb /other ext3 ro,.*noexec' "$tmp/out"
	is "$name: and what is on it" "$(grep -c 'on the second' "$tmp/out")" 1
	is "$name: noauto is not mounted" "$(grep -c ' /var ' "$tmp/out")" 0
	is "$name: a disk that is not there is complained of, but for nofail" \
		"$(grep 'cannot mount' "$tmp/err" | tr -d '\r')" \
		'init: cannot mount /dev/vdz on /home: No such file or directory'
	clean "$name, read-only" "$tmp/disk"

	boot --disk "$tmp/bare.img" -- sh -c "$in_memory"
	falls_back 'no init' '/sbin/init: No such file'
	boot --disk "$tmp/broken.img" -- sh -c "$in_memory"
	falls_back 'an init that is no program' '/sbin/init: Exec format error'
	boot --disk "$tmp/disk" --append 'init=/bin/none ro' -- sh -c "$in_memory"
	falls_back 'init=' '/bin/none: No such file'
	boot --disk "$tmp/empty.img" -- sh -c "$in_memory"
	falls_back 'no file system' 'cannot be mounted: Invalid argument'
	boot --append root=/dev/vdq -- sh -c "$in_memory"
	falls_back 'no such disk' 'cannot be mounted: No such file'
	clean "$name, after all that" "$tmp/bare.img"
done

# What was written is there in the next boot, and power goes off cleanly.
kernel=linux
boot --disk "$tmp/disk" --disk "$tmp/second.img" \
	-- sh -c 'echo written >/home/x; sleep 100 </home/x & exit 4'
is 'written by Linux: status' $status 4
clean 'written by Linux' "$tmp/disk"
is 'and there' "$("$top/calf" get "$tmp/disk" /home/x -)" written
boot --disk "$tmp/disk" --disk "$tmp/second.img" -- sh -c 'cat /home/x'
is 'and there in the next boot' "$(cat "$tmp/out")" written
kernel=$top/build/debug/Image
boot --disk-ro "$tmp/disk" -- sh -c 'cat /home/x'
is 'and for calf' "$(cat "$tmp/out")" written

# What calf writes: there in the next boot, and for Linux.
boot --disk "$tmp/disk" -- sh -c 'echo anew >/home/y; mkdir /home/d; rm /home/x'
is 'calf writes to its root' "$status" 0
clean 'written by calf' "$tmp/disk"
boot --disk "$tmp/disk" -- sh -c 'cat /home/y; ls /home | cat'
is 'and it is there in the next boot' "$(paste -s -d ' ' "$tmp/out")" \
	'anew d y'
kernel=linux
boot --disk "$tmp/disk" -- sh -c 'cat /home/y'
is 'and for Linux' "$(cat "$tmp/out")" anew

# run keeps its disk, and its programs are the build's.
kernel=calf
CALF_DISK=$tmp/kept
export CALF_DISK
run_disk()
{
	printf '\n\n%s\n' "$1" | "$top/calf" run --timeout 100 \
		>"$tmp/out" 2>"$tmp/err"
}
run_disk 'cat /proc/mounts; poweroff'
ok 'run: the root is the disk' grep -q '/dev/vda / ext3' "$tmp/out"
clean 'run, after poweroff' "$tmp/kept"
echo mine >"$tmp/mine"
"$top/calf" put "$tmp/kept" "$tmp/mine" /home/mine
"$top/calf" put "$tmp/kept" "$tmp/mine" /bin/cat
touch -d 2000-01-01 "$tmp/kept.made"
run_disk 'cat /home/mine; exit'
ok 'run: a program that is not the build'\''s is replaced' \
	grep -q '^calf: new programs go onto' "$tmp/err"
ok 'run: and nothing else' grep -q 'mine' "$tmp/out"
clean 'run, after exit' "$tmp/kept"
"$top/calf" put "$tmp/kept" "$tmp/mine" /bin/cat
run_disk 'cat /home/mine; exit'
is 'run: a disk of the same build is left as it is' \
	"$(grep -c 'new programs' "$tmp/err")" 0
flock "$tmp/kept.lock" "$top/calf" run >"$tmp/out" 2>"$tmp/err"
ok 'run: a disk in use is not taken' grep -q 'belongs to a machine' "$tmp/err"
finish

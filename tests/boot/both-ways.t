#!/bin/sh
# Disks that calf wrote, read by Linux and by debugfs, and disks that Linux
# wrote, read by calf: unmounted, and with the journal as a power cut leaves it.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin
crash_image=$top/build/tests/crash/crash_image

# options KERNEL: of `./calf exec`.
options()
{
	[ "$1" = linux ] && echo '--kernel linux' || echo '--debug-build --smp 4'
}

# make KERNEL TYPE SEED: on $tmp/img, a record of all writes in $tmp/log, and the
# tree as it was when all had been synced in $tmp/made.
make()
{
	status=0
	"$top/calf" exec $(options "$1") --timeout 200 \
		--disk-log "$tmp/img" "$tmp/log" -- \
		/tests/guest @disk_make /dev/vda "$2" "$3" 3000 \
		>"$tmp/made" 2>"$tmp/err" || status=$?
	is "$1, $2: made and unmounted" $status 0
	[ $status = 0 ] || explain "$(tail -n 5 "$tmp/made" "$tmp/err")"
}

# cut NAME: $tmp/cut is the disk as it was after the last flush at which the
# log had something in it.
cut()
{
	flush=$("$crash_image" --count "$tmp/log" | sed 's/ .*//')
	while [ $((flush -= 1)) -gt 0 ]; do
		"$crash_image" "$tmp/log" "$tmp/base" "$tmp/cut" --flush $flush
		dumpe2fs -h "$tmp/cut" 2>&1 |
			grep -q '^Journal start: *[1-9]' && break
	done
	ok "$1: a flush before the unmount left a full log" [ $flush -gt 0 ]
}

# reads KERNEL NAME IMG: it finds what was made.
reads()
{
	status=0
	"$top/calf" exec $(options "$1") --timeout 200 --disk "$3" -- \
		/tests/guest @disk_tree /dev/vda ext3 \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$2: $1 reads it" $status 0
	grep '/mnt' "$tmp/out" >"$tmp/read" || :
	ok "$2: $1 finds what was made" cmp "$tmp/made" "$tmp/read"
	diff "$tmp/made" "$tmp/read" | head -n 10 | sed 's/^/# /'
	sound "$2, read by $1" "$3" $1
}

# hash_files: of those in $tmp/tree whose names come in, as disk_tree has it.
# Sixty-four thousand zeroes are one multiplication.
hash_files()
{
	perl -e 'use integer;
		my ($prime, $zeroes, $nothing) = (1099511628211, 1, "\0" x 65536);
		$zeroes *= $prime for 1 .. 65536;
		while (my $name = <STDIN>) {
			chomp $name;
			$name =~ s/^\.//;
			my ($hash, $part) = (-3750763034362895579);
			open my $file, "<", "$ARGV[0]$name" or die $name;
			while (read $file, $part, 65536) {
				if ($part eq $nothing) {
					$hash *= $zeroes;
					next;
				}
				$hash = ($hash ^ $_) * $prime
					for unpack "C*", $part;
			}
			printf "/mnt%s %016lx\n", $name, $hash;
		}' "$tmp/tree"
}

# debugfs_reads NAME IMG: the bytes of each file are as they were made.
debugfs_reads()
{
	rm -rf "$tmp/tree"
	mkdir "$tmp/tree"
	debugfs -R "rdump / $tmp/tree" "$2" >/dev/null 2>&1
	awk '$1 == 8 { print $2, $NF }' "$tmp/made" | sort >"$tmp/want"
	(cd "$tmp/tree" && find . -path ./lost+found -prune -o -type f -print) |
		hash_files | sort >"$tmp/got"
	ok "$1: there are files" [ -s "$tmp/want" ]
	ok "$1: debugfs finds their bytes" cmp "$tmp/want" "$tmp/got"
	diff "$tmp/want" "$tmp/got" | head -n 10 | sed 's/^/# /'
}

# both WRITER READER TYPE SEED MKE2FS-OPTION…
both()
{
	writer_is=$1
	reader_is=$2
	type=$3
	seed=$4
	shift 4
	name="$writer_is wrote it, $type, $*"
	rm -f "$tmp/img"
	mke2fs -q -F -t ext3 "$@" "$tmp/img" 128M 2>&1
	cp --sparse=always "$tmp/img" "$tmp/base"
	make "$writer_is" "$type" "$seed"
	sound "$name" "$tmp/img" "$writer_is"
	debugfs_reads "$name" "$tmp/img"
	reads "$reader_is" "$name" "$tmp/img"
	cut "$name"
	# Linux keeps no sums in the superblock while it is mounted: calf makes
	# them again.
	reads "$reader_is" "$name, cut off" "$tmp/cut"
}

both calf linux ext3 1 -b 4096
both linux calf ext3 2 -b 4096
both calf linux ext3,data=journal 3 -b 1024 -J size=8
both linux calf ext3,data=journal 4 -b 1024 -J size=8
finish

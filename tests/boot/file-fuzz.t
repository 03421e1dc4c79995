#!/bin/sh
# A million random operations on files, each compared with a copy in memory
# (tests/guest/file_fuzz.c): on ext3 with blocks of two sizes, in a tmpfs, and
# with so little memory that pages are taken back all the time.  A failure prints
# its seed.  CALF_LONG=1: ten million, with other seeds.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin
times=1 limit=280 seed=1
[ -z "${CALF_LONG:-}" ] || times=10 limit=2800 seed=1001

# fuzz NAME OPS PROCESSES KIB BLOCK [OPTION…]: OPS in all; BLOCK 0 is a tmpfs.
fuzz()
{
	name=$1 ops=$(($2 * times)) processes=$3 kib=$4 block=$5
	shift 5
	[ "$block" = 0 ] || {
		rm -f "$tmp/img"
		mke2fs -q -F -t ext3 -b "$block" -J size=4 "$tmp/img" 128M 2>&1
		set -- "$@" --disk "$tmp/img"
	}
	status=0
	"$top/calf" exec --timeout $limit "$@" -- /tests/guest @file_fuzz_of \
		$((ops / processes)) "$processes" $seed "$kib" past \
		$([ "$block" = 0 ] || echo /dev/vda ext3) \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$name, $ops operations: exit status" $status 0
	[ $status = 0 ] || explain "$(cat "$tmp/out"; tail -n 5 "$tmp/err")"
	[ "$block" = 0 ] || sound "$name" "$tmp/img"
	seed=$((seed + processes))
}

fuzz 'blocks of 4 KiB' 250000 4 256 4096 --smp 4
fuzz 'blocks of 1 KiB' 150000 4 256 1024 --smp 4
fuzz 'little memory' 100000 3 4096 4096 --smp 2 --mem 32M
fuzz 'tmpfs' 500000 4 1024 0 --smp 4
finish

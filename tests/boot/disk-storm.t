#!/bin/sh
# Many processes in one tree on a disk (tests/guest/fs_storm.c), on four harts
# and on eight, with enough memory and with little; e2fsck finds nothing
# afterwards.  CALF_LONG=1: ten minutes of each.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin
seconds=10 seed=1
[ -z "${CALF_LONG:-}" ] || seconds=600 seed=1001

# storm NAME BLOCK OPTION…
storm()
{
	name=$1 block=$2
	shift 2
	rm -f "$tmp/img"
	mke2fs -q -F -t ext3 -b "$block" -J size=4 "$tmp/img" 128M 2>&1
	status=0
	"$top/calf" exec --timeout $((seconds + 200)) "$@" --disk "$tmp/img" -- \
		/tests/guest @fs_storm_of 12 $seconds $seed 256 /dev/vda ext3 \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	exit_is "$name, seed $seed: exit status" $status 0 "$tmp/err"
	is "$name: no check failed" "$(grep -c '^not ok' "$tmp/out")" 0
	explain "$(grep -v '^ok' "$tmp/out")"
	[ $status = 0 ] || explain "$(tail -n 20 "$tmp/err")"
	sound "$name" "$tmp/img"
	seed=$((seed + 12))
}

storm 'four harts' 4096 --smp 4
storm 'eight harts, little memory' 1024 --smp 8 --mem 32M
storm 'the debug kernel, four harts, little memory' 1024 --debug-build \
	--smp 4 --mem 32M
finish

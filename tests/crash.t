#!/bin/sh
# Power cuts at many moments: what Linux's ext3 leaves is whole, so the checks
# ask for no more than there can be; a disk that lies is found out, so they ask
# for enough; and then calf.
. "$(dirname "$0")/tap.sh"

PATH=$PATH:/usr/sbin:/sbin
run=$top/tests/crash/run
tools=$top/build/tests/crash

# cuts NAME OPTION… : no image is bad.
cuts()
{
	what=$1
	shift
	status=0
	"$run" "$@" >"$tmp/out" 2>&1 || status=$?
	is "$what: none is bad" $status 0
	[ $status = 0 ] || explain "$(tail -n 40 "$tmp/out")"
	tail -n 1 "$tmp/out" | sed 's/^/# /'
}

cuts 'Linux, one and two operations' --linux --images 40 --keep "$tmp/linux" 1 2:25:1
status=0
"$run" --linux --images 40 --lie 1 --again "$tmp/linux" >"$tmp/out" 2>&1 || status=$?
is 'a disk that forgets a flush is found out' $status 1
ok 'by e2fsck, or by what is missing' \
	grep -q -e 'is missing' -e 'Fix? no' "$tmp/out"

# The rebuilt disk, and what it is judged by, one by one.
log=$tmp/linux/log
flushes=$("$tools/crash_image" --count "$log" | sed 's/ .*//')
image()
{
	"$tools/crash_image" "$log" "$tmp/linux/base" "$tmp/img" \
		--marks-from $((96 * 2048)) --marks "$tmp/marks" "$@"
}
image --flush 0
ok 'before the first flush: the disk as it was' cmp "$tmp/img" "$tmp/linux/base"
"$tools/crash_image" "$log" "$tmp/linux/base" "$tmp/img" --flush "$flushes"
ok 'after the last one: as the guest left it' cmp "$tmp/img" "$tmp/linux/disk"
image --flush 30 --subset 7
cp "$tmp/img" "$tmp/first"
image --flush 30 --subset 7
ok 'the same seed, the same image' cmp "$tmp/img" "$tmp/first"
image --flush 30 --subset 8
ok 'another seed, another' sh -c "! cmp -s '$tmp/img' '$tmp/first'"
status=0
image --flush $((flushes + 1)) 2>"$tmp/err" || status=$?
is 'no such flush' "$status $(cat "$tmp/err")" \
	'2 crash_image: there are 1 flushes less in the log'
status=0
"$tools/crash_image" --count "$tmp/marks" >"$tmp/out" 2>&1 || status=$?
is 'no log' $status 2

# A tree of one sequence, and what is wrong with it.
mkdir -p "$tmp/tree/00004/e"
printf aa >"$tmp/tree/00004/a"
ln -s a "$tmp/tree/00004/s"
hash_aa=$(perl -e 'use integer; my $h = 14695981039346656037;
	for (1, 1) { $h = ($h ^ 97) * 1099511628211 } printf "%x", $h')
cat >"$tmp/good" <<END
calf-mark 4 0 0 begin
e a f 12 = 2 $hash_aa
e e d
calf-mark 4 1 1 symlink
e a f 12 = 2 $hash_aa
e e d
e s l a
unseen
calf-mark 4 2 1 append
t 13
e a f 12 = 2 $hash_aa
e e d
e s l a
e w f 13 ~ 2 0
END

# judged NAME STATUS SED: the tree, by those marks with a change.
judged()
{
	status=0
	sed "$3" "$tmp/good" >"$tmp/marks"
	"$tools/crash_check" "$tmp/marks" "$tmp/tree" >"$tmp/out" 2>&1 || status=$?
	is "$1" $status "$2"
}

judged 'a tree as it must be' 0 ''
judged 'a file is missing' 1 's/^e e d/&\ne x d/'
judged 'a file is too many' 1 '/^e e d/d'
judged 'a link leads elsewhere' 1 's/ l a/ l b/'
judged 'a folder is none' 1 's/^e e d/e e l x/'
judged 'other bytes' 1 's/= 2 ./= 2 0/'
judged 'another size' 1 's/= 2/= 3/'
judged 'bytes that were promised by nobody' 0 's/= 2 ./~ 2 0/'
judged 'bytes that are being written' 0 's/= 2 ./= 2 0/; s/^t 13/t 12/'
judged 'no marks that are understood' 2 's/^e e/x x/'
rm "$tmp/tree/00004/s"
judged 'what was durable is missing' 1 ''
judged 'what was not durable may be' 0 's/mark 4 1 1/mark 4 1 0/'

# Two that differ in one bit, and one bit of the journal.
image --flush 30 --subset 7
cp "$tmp/img" "$tmp/other"
compare()
{
	status=0
	"$tools/crash_compare" "$tmp/img" "$tmp/other" >"$tmp/out" 2>&1 || status=$?
}
# spoil BLOCK: another byte in it.
spoil()
{
	printf '\377\252' | dd of="$tmp/other" bs=1 seek=$(($1 * 4096 + 2100)) \
		conv=notrunc 2>/dev/null
}
compare
is 'a disk is like itself' "$status $(cat "$tmp/out")" '0 '
journal=$(debugfs -R 'bmap <8> 100' "$tmp/img" 2>/dev/null)
spoil "$journal"
compare
is 'whatever is in its journal' "$status $(cat "$tmp/out")" '0 '
spoil 9000
compare
is 'another byte is seen' "$status $(cat "$tmp/out")" '1 block 9000 differs'

# calf, which replays as e2fsck does, whoever wrote the log.
if [ -n "${CALF_LONG:-}" ]; then
	"$top/build/host/ext2_crash_fast" --images 200000 --cuts 4 \
		--seed "${CALF_SEED:-1}" --progress 1000 >"$tmp/out" 2>&1
	is 'on the host: 200000 images' $? 0
	grep -e '^# ' -e '^again' "$tmp/out" | tail -n 40
	cuts 'calf, every two operations' --images 6000 --timeout 3000 2
	cuts 'calf, three and many' --smp 4 --images 2000 --timeout 3000 \
		3:300:2 100:10:3
	cuts 'calf, data=journal' --images 2000 --type ext3,data=journal \
		--timeout 3000 2:400:5 3:100:6
fi
cuts 'calf, one and two operations' --debug-build --images 100 1 2:75:1
cuts 'calf, three and many, four harts' --smp 4 --images 60 --seed 2 \
	3:40:2 40:3:3
cuts 'calf, replayed' --images 56 --seed 3 --replay 1
cuts 'calf, data=journal, blocks of 1 KiB' --images 28 --seed 4 --replay \
	--block 1024 --type ext3,data=journal 1
cuts 'Linux, replayed by calf' --linux --images 14 --seed 5 --replay 1
finish

#!/bin/sh
# ./calf fsck, get and put: what went in comes out, and what cannot be done is
# said and leaves the disk whole.
. "$(dirname "$0")/tap.sh"

PATH=$PATH:/usr/sbin:/sbin
img="$tmp/an image, with blanks"
mkdir -p "$tmp/tree/below/empty"
seq 1 30000 >"$tmp/tree/long"
: >"$tmp/tree/nothing"
echo 'say "moo"' >"$tmp/tree/below/a \"name\""
ln -s ../long "$tmp/tree/below/link"
chmod 4751 "$tmp/tree/long"
ok 'an image is made' "$top/tools/disk" make "$img" 16M "$tmp/tree"

# whole NAME: e2fsck has nothing to say.
whole()
{
	status=0
	"$top/calf" fsck -n "$img" >"$tmp/out" 2>&1 || status=$?
	is "$1: fsck says 0" $status 0
	is "$1: and nothing else" "$(grep -vc -e '^Pass [1-5]' -e '^e2fsck ' \
		-e ' files (.*), .* blocks$' "$tmp/out")" 0
}

# fails NAME WORDS ARG…: ./calf ARG… says so, in one line.
fails()
{
	what=$1
	words=$2
	shift 2
	status=0
	"$top/calf" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	is "$what: status 1" $status 1
	is "$what: one line" "$(wc -l <"$tmp/err")" 1
	ok "$what: says '$words'" grep -q -e "$words" "$tmp/err"
}

whole 'as it was made'
is 'everything is owned by root' \
	"$(debugfs -R 'stat /below/link' "$img" 2>&1 | grep -c 'User:  *0 .*Group:  *0 ')" 1
ok 'a folder comes out' "$top/calf" get "$img" /below "$tmp/copy"
ok 'as it was' diff -r --no-dereference "$tmp/tree/below" "$tmp/copy"
is 'its links too' "$(readlink "$tmp/copy/link")" ../long
ok 'a file comes out' sh -c "cd '$tmp' && '$top/calf' get '$img' //long/"
ok 'byte for byte' cmp "$tmp/tree/long" "$tmp/long"
is 'with its mode, but not the right to be somebody else' \
	"$(stat -c %a "$tmp/long")" 751
ok 'and into a folder' "$top/calf" get "$img" /nothing "$tmp/copy"
ok 'an empty one' cmp /dev/null "$tmp/copy/nothing"
is 'to standard output' "$("$top/calf" get "$img" '/below/a "name"' -)" 'say "moo"'
ok 'everything comes out' "$top/calf" get "$img" / "$tmp/all"
ok 'with what mke2fs adds' rmdir "$tmp/all/lost+found"
ok 'as it was' diff -r --no-dereference "$tmp/tree" "$tmp/all"

ok 'a file goes in' "$top/calf" put "$img" "$tmp/out" /new
ok 'another in its place' "$top/calf" put "$img" "$tmp/tree/long" /new
ok 'is what comes out' sh -c "'$top/calf' get '$img' new - | cmp - '$tmp/tree/long'"
ok 'a file goes into a folder' "$top/calf" put "$img" "$tmp/tree/long" /below
ok 'a folder goes in' "$top/calf" put "$img" "$tmp/tree" /below/deeper
ok 'and comes out' "$top/calf" get "$img" /below/deeper "$tmp/deeper"
ok 'as it was' diff -r --no-dereference "$tmp/tree" "$tmp/deeper"
is 'with all of its modes there' \
	"$(debugfs -R 'stat /below/deeper/long' "$img" 2>&1 | grep -c 'Mode:  04751')" 1
whole 'after all that'

# What ./calf itself does with --root disk.
ok 'a folder is merged' "$top/tools/disk" merge "$img" "$tmp/tree" /below/deeper
whole 'after merging'
ok 'another with it' "$top/tools/disk" merge "$img" "$tmp/copy" /below/deeper
ok 'a file, with its folders' \
	"$top/tools/disk" merge "$img" "$tmp/tree/long" far/down/here
ok 'all of which come out' "$top/calf" get "$img" /below/deeper "$tmp/merged"
cp -R "$tmp/copy/." "$tmp/deeper"
ok 'as they were' diff -r --no-dereference "$tmp/deeper" "$tmp/merged"
ok 'and the file' sh -c "'$top/calf' get '$img' /far/down/here - |
	cmp - '$tmp/tree/long'"
whole 'after merging more'

cp "$img" "$tmp/before"
fails 'no image' "no file" get "$tmp/nonesuch" /x
fails 'not an image' 'no ext2 or ext3 disk' get "$tmp/tree/long" /x
fails 'no such path' "has no '/none/such'" get "$img" /none/such
fails 'nowhere to put what comes' 'no folder' get "$img" /long "$tmp/none/such"
fails 'over a folder' 'already' get "$img" /below "$tmp/tree"
fails 'a folder to standard output' 'only a file' get "$img" /below -
fails 'nothing to put' 'no file' put "$img" "$tmp/nonesuch" /x
fails 'nowhere to put it' "no folder '/none'" put "$img" "$tmp/tree/long" /none/such
fails 'a folder over a file' 'already' put "$img" "$tmp/tree" /long
ok 'none of which changed anything' cmp "$img" "$tmp/before"
head -c 20M /dev/urandom >"$tmp/large"
fails 'too much for the disk' 'cannot put' put "$img" "$tmp/large" /large
fails 'and then it is not there' "has no '/large'" get "$img" /large
fails 'in place of another' 'cannot put' put "$img" "$tmp/large" /new
ok 'which is still there' sh -c "'$top/calf' get '$img' new - | cmp - '$tmp/tree/long'"
fails 'a name that is too long' 'longer than 255' put "$img" "$tmp/tree/long" \
	"/$(printf %0256d 0)"
ok 'one that is not' "$top/calf" put "$img" "$tmp/tree/long" "/$(printf %0255d 0)"
whole 'after a disk that was full'

# As a machine that was killed leaves it.
debugfs -w -R 'feature needs_recovery' "$img" >/dev/null 2>&1
fails 'put onto what was not unmounted' 'not unmounted' put "$img" "$tmp/tree/long" /y
ok 'get warns' sh -c "'$top/calf' get '$img' /nothing - 2>&1 | grep -q 'not unmounted'"
"$top/calf" fsck -p "$img" >"$tmp/out" 2>&1
ok 'fsck replays the journal' grep -q 'recovering journal' "$tmp/out"
ok 'then it works' "$top/calf" put "$img" "$tmp/tree/long" /y
# A count that is wrong.
debugfs -w -R 'set_inode_field /long links_count 7' "$img" >/dev/null 2>&1
status=0
"$top/calf" fsck -n "$img" >"$tmp/out" 2>&1 || status=$?
is 'fsck -n finds damage: 4' $status 4
ok 'and says what' grep -q 'ref count is 7, should be 1' "$tmp/out"
status=0
"$top/calf" fsck -y "$img" >"$tmp/out" 2>&1 || status=$?
is 'fsck -y corrects it: 1' $status 1
whole 'after the repair'
status=0
"$top/calf" fsck "$tmp/nonesuch" >"$tmp/out" 2>&1 || status=$?
is 'fsck of nothing: 8' $status 8
finish

#!/bin/sh
# Disks that fail their n-th read, write or flush, for many n of six workloads:
# programs are told EIO, or EROFS once nothing is written any more; the rest of
# the system goes on; and what e2fsck makes of the disk has all that was promised
# (tests/guest/disk_fault.c).  Every eighth n, each failing once, from a first one
# that is drawn (CALF_SEED=N draws it again); CALF_LONG=1: every one, on disks that
# go on failing too, with both sizes of blocks.
#
# CALF_WORKLOADS='map umount' has these alone, CALF_BLOCKS=4096 this size alone.
. "$(dirname "$0")/../tap.sh"

PATH=$PATH:/usr/sbin:/sbin

FAULTY=6  # disks a boot; with the sound one all that the machine takes
LAST=3000 # no workload makes so many requests

# rules N ONCE: the N-th request fails, and with ONCE off each one after it.  The
# requests are counted by QEMU's states: each leads from one to the next.
rules()
{
	awk -v n="$1" -v once="$2" 'BEGIN {
		split("read_aio write_aio flush_to_disk", event)
		split("read write flush", type)
		for (e = 1; e <= 3; e++) {
			for (k = 1; k < n + (once == "on"); k++)
				printf "[set-state]\nevent = \"%s\"\n" \
					"state = \"%d\"\nnew_state = \"%d\"\n",
					event[e], k, k + 1
			printf "[inject-error]\nevent = \"%s\"\n" \
				"iotype = \"%s\"\nstate = \"%d\"\n" \
				"errno = \"5\"\nonce = \"%s\"\n",
				event[e], type[e], n, once
		}
	}'
}

# What e2fsck says, but for what is no complaint: after -y also what it does
# with the journal and with files that were open.
complaints()
{
	sed -e '/^e2fsck [0-9]/d' -e '/^Pass [1-5]/d' -e '/^$/d' \
		-e '/: [0-9]*\/[0-9]* files (.*), [0-9]*\/[0-9]* blocks$/d' \
		${1:+-e '/: recovering journal$/d' -e '/^Clearing orphaned inode/d' \
			-e '/^Truncating orphaned inode/d' \
			-e '/FILE SYSTEM WAS MODIFIED/d'}
}

# look LETTER: e2fsck, and what was promised; prints what is wrong.
look()
{
	img=$tmp/$1
	e2fsck -fy "$img" 2>&1 | complaints repair
	e2fsck -fn "$img" 2>&1 | complaints
	awk -v disk="vd$1" '$1 != disk { next }
		$2 == "safe" { safe[$3] = $4 " " $5 }
		$2 == "unsafe" { delete safe[$3] }
		END { for (path in safe) print path, safe[path] }' "$tmp/out" |
		sort >"$tmp/promised"
	[ -s "$tmp/promised" ] || return 0
	rm -rf "$tmp/tree"
	mkdir "$tmp/tree"
	debugfs -R "rdump / $tmp/tree" "$img" >/dev/null 2>&1
	while read -r path sum; do
		[ "$(cksum <"$tmp/tree/$path" 2>&1)" = "$sum" ] ||
			echo "$path is not what was promised"
	done <"$tmp/promised"
}

# boot WORKLOAD ONCE N…: one disk for each N.  Counts the disks that have failed
# a request in $hits, and prints what is wrong to $tmp/wrong.
boot()
{
	workload=$1 once=$2
	shift 2
	disks= names=
	letter=a
	cp --sparse=always "$tmp/base" "$tmp/sound"
	for n in "$@"; do
		cp --sparse=always "$tmp/base" "$tmp/$letter"
		rules "$n" "$once" >"$tmp/$letter.rules"
		disks="$disks --disk-fault $tmp/$letter $tmp/$letter.rules"
		names="$names /dev/vd$letter"
		letter=$(echo "$letter" | tr a-f b-g)
	done
	status=0
	"$top/calf" exec --debug-build --timeout 200 $disks --disk "$tmp/sound" \
		-- /tests/guest @disk_fault "$workload" ext3 $names \
		"/dev/vd$letter" >"$tmp/out" 2>"$tmp/err" || status=$?
	[ $status = 0 ] || {
		echo "exit status $status"
		grep wrong: "$tmp/out" || tail -n 20 "$tmp/err"
	} >"$tmp/bad"
	e2fsck -fn "$tmp/sound" 2>&1 | complaints >>"$tmp/bad"
	letter=a
	for n in "$@"; do
		! grep -q "vd$letter: a .* fails" "$tmp/err" || hits=$((hits + 1))
		look $letter >>"$tmp/bad"
		letter=$(echo "$letter" | tr a-f b-g)
	done
	[ ! -s "$tmp/bad" ] || {
		echo "$workload, once $once, n = $*:"
		cat "$tmp/bad"
		rm "$tmp/bad"
	} >>"$tmp/wrong"
}

# all WORKLOAD ONCE FIRST STEP: from the n-th request on, until a whole boot has seen no failure.
all()
{
	workload=$1 once=$2 n=$3 step=$4
	hits=0
	: >"$tmp/wrong"
	while [ "$n" -lt $LAST ]; do
		before=$hits
		end=$((n + FAULTY * step))
		boot "$workload" "$once" $(seq "$n" "$step" $((end - 1)))
		n=$end
		[ "$hits" != "$before" ] || break
	done
	is "$name, $workload, once $once: nothing is wrong" \
		"$(head -n 40 "$tmp/wrong")" ''
	ok "$name, $workload: and $hits requests have failed" test "$hits" -gt 3
}

# disk BLOCK: the disk that all begin with.
disk()
{
	rm -f "$tmp/base" "$tmp/second"
	name="blocks of $1"
	for img in "$tmp/base" "$tmp/second"; do
		mke2fs -q -F -t ext3 -b "$1" -I 256 -J size=4 \
			-O '^resize_inode,^dir_index' "$img" 16M 2>&1
	done
	"$top/calf" exec --debug-build --disk "$tmp/base" --disk "$tmp/second" -- \
		/tests/guest @disk_fault setup ext3 /dev/vda /dev/vdb \
		>"$tmp/out" 2>"$tmp/err" || {
		explain "$(tail -n 5 "$tmp/out" "$tmp/err")"
		exit 1
	}
	ok "$name: the first files" grep -q '^vda safe big' "$tmp/out"
}

workloads=${CALF_WORKLOADS:-read write names map small umount}

# long BLOCK ONCE…
long()
{
	[ "${CALF_BLOCKS:-$1}" = "$1" ] || return 0
	disk $1
	shift
	for workload in $workloads; do
		for once in "$@"; do
			all $workload $once 1 1
		done
	done
}

if [ -n "${CALF_LONG:-}" ]; then
	long 1024 on off
	long 4096 on
	finish
	exit
fi
seed=${CALF_SEED:-$(od -A n -N 2 -t u2 /dev/urandom | tr -d ' ')}
echo "# seed $seed"
disk 1024
for workload in $workloads; do
	seed=$((seed + 1))
	all $workload on $((1 + seed % 8)) 8
done
finish

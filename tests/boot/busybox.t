#!/bin/sh
# The applets of the distribution's busybox: what tests/boot/busybox.sh prints of
# each is on calf what it is on Linux; CALF_LONG=1: so is what tests/boot/system.sh
# prints, which has minutes of work and is done by the release build.
. "$(dirname "$0")/../tap.sh"

if [ ! -s "$top/build/busybox/version" ]; then
	echo '1..0 # SKIP no busybox could be fetched'
	exit 0
fi

limit=600 build=--debug-build scripts='sh /busybox.sh'
[ -z "${CALF_LONG:-}" ] ||
	limit=3000 build= scripts="$scripts; sh /system.sh"

# run KERNEL OPTION…
run()
{
	name=$1
	shift
	status=0
	"$top/calf" exec "$@" --timeout $limit --smp 2 \
		--add "$top/tests/boot/busybox.sh:/busybox.sh" \
		--add "$top/tests/boot/system.sh:/system.sh" \
		-- sh -c "$scripts" >"$tmp/$name" 2>"$tmp/err" || status=$?
	cat "$tmp/err" >&2
	is "$name: the script ends" "$status" 0
}

# part NAME FILE: what FILE has of one applet.
part()
{
	awk -v name="== $1" '/^== / { on = $0 == name } on' "$2"
}

run linux --kernel linux
run calf $build
applets=$(sed -n 's/^== //p' "$tmp/linux")
ok 'at least 150 applets' [ "$(echo "$applets" | wc -l)" -ge 150 ]
for applet in $applets; do
	part "$applet" "$tmp/linux" >"$tmp/wanted"
	part "$applet" "$tmp/calf" >"$tmp/got"
	ok "$applet" diff -a "$tmp/wanted" "$tmp/got"
done
finish

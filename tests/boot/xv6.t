#!/bin/sh
# Programs in the dialect of the classic teaching kernel (tests/xv6), on the debug
# kernel, each with another number of harts; and what --xv6 says of trees that it
# can't build.
. "$(dirname "$0")/../tap.sh"

# run NAME HARTS [OPTION…]: a program of tests/xv6 passes.
run()
{
	name=$1 harts=$2
	shift 2
	status=0
	"$top/calf" exec --debug-build --xv6 "$top/tests/xv6" --mem 128M \
		--smp "$harts" --timeout 200 "$@" -- "/xv6/$name" \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "$name, $harts harts: exit status" $status 0
	ok "$name, $harts harts: it says so" grep -qx 'all hold' "$tmp/out"
	is "$name, $harts harts: nothing failed" \
		"$(grep -c '^FAILED' "$tmp/out")" 0
	[ $status = 0 ] || explain "$(grep '^FAILED' "$tmp/out"; tail -n 5 "$tmp/err")"
}

run ends 1
run files 2
run heap 4
run bad 8
run crowd 4
run files 2 --root disk
run heap 1

is 'arguments come through' "$("$top/calf" exec --xv6 "$top/tests/xv6" \
	--timeout 100 -- /xv6/echo one 'two  three' 2>"$tmp/err")" 'one two  three'

# A tree of a day: one program that does not compile, one that does.
mkdir -p "$tmp/tree/user"
cp -r "$top/tests/xv6/kernel" "$tmp/tree/"
cp "$top/tests/xv6/user/user.h" "$top/tests/xv6/user/ulib.c" \
	"$top/tests/xv6/user/echo.c" "$tmp/tree/user/"
echo 'int main(void) { return nothing; }' >"$tmp/tree/user/broken.c"
cat >"$tmp/tree/user/old.c" <<'END'
int sbrk(int), exit(int), sleep(int), teleport(int);
int main(void) { sleep(1); exit(sbrk(1 << 20) == -1 ? 1 : teleport(0) + 42); }
END
echo 'entry("teleport");' >"$tmp/tree/user/usys.pl"
status=0
"$top/calf" exec --xv6 "$tmp/tree" --timeout 100 -- /xv6/old >"$tmp/out" \
	2>"$tmp/err" || status=$?
is 'a call that is not there fails, the others work' $status 41
ok 'it is named' grep -q 'calls that always fail: teleport' "$tmp/err"
ok 'so is a program that does not compile' grep -q 'not built: broken' "$tmp/err"
rm -r "$tmp/tree/user"
status=0
"$top/calf" exec --xv6 "$tmp/tree" -- /xv6/old >"$tmp/out" 2>"$tmp/err" ||
	status=$?
is 'a folder that is no such tree is refused' $status 2
ok 'by its name' grep -q "'$tmp/tree' has no folders" "$tmp/err"
mkdir "$tmp/tree/user"
status=0
"$top/calf" exec --xv6 "$tmp/tree" -- /xv6/old >"$tmp/out" 2>"$tmp/err" ||
	status=$?
is 'and one without a program' $status 1
finish

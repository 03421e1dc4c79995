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

# Another, of years of exercises: a call that syscall.h has, a library that has
# its own getpid, a program with a start of its own, one in assembler.
rm -r "$tmp/tree/user"/* "$tmp/tree/kernel"
cp -r "$top/tests/xv6/kernel" "$tmp/tree/"
printf '\tentry (%s);\n' "'hover'" >"$tmp/tree/user/usys.pl"
printf '# define\tSYS_teleport 23\n' >"$tmp/tree/kernel/syscall.h"
echo '#define O_APPEND 0x800' >>"$tmp/tree/kernel/fcntl.h"
echo 'UEXTRA += $U/more.txt' >"$tmp/tree/Makefile"
echo more >"$tmp/tree/user/more.txt"
echo 'int getpid(void) { return 4000; }' >"$tmp/tree/user/own.c"
cat >"$tmp/tree/user/many.c" <<'END'
int exit(int), getpid(void), teleport(int), hover(int), open(const char *, int);
int start;
int main(void) { exit(getpid() + open("more.txt", 0) + teleport(0) + hover(0)); }
END
printf '.globl main\nmain:\tli a0, 43\n\tcall exit\n' >"$tmp/tree/user/low.S"
# And one whose files may have more than half of the machine.
echo '#define MAXFILE 67000' >>"$tmp/tree/kernel/fs.h"
cat >"$tmp/tree/user/large.c" <<'END'
int exit(int), open(const char *, int), write(int, const void *, int);
static char block[1024];
int main(void) {
	int fd = open("data", 0x201), n;
	for (n = 0; write(fd, block, 1024) == 1024; n++)
		;
	exit(n == 67000 ? 44 : 1);
}
END
for case in many:161 low:43 large:44; do
	status=0
	"$top/calf" exec --xv6 "$tmp/tree" --mem 128M --timeout 100 -- \
		"/xv6/${case%:*}" \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	is "${case%:*} of a tree of exercises" $status "${case#*:}"
	[ "$case" != many:161 ] || cp "$tmp/err" "$tmp/err.build"
done
ok 'its calls are named' grep -q 'fail: hover teleport' "$tmp/err.build"
is 'nothing else is said' "$(grep -c warning "$tmp/err.build")" 0

# A library's start comes before main.
cat >"$tmp/tree/user/own.c" <<'END'
int main(int, char **), exit(int);
void start(int argc, char **argv) { exit(main(argc, argv) + argc); }
END
echo 'int main(int c, char **v) { return v[c - 1][0]; }' >"$tmp/tree/user/many.c"
status=0
"$top/calf" exec --xv6 "$tmp/tree" --timeout 100 -- /xv6/many A >"$tmp/out" \
	2>"$tmp/err" || status=$?
is 'start, then main' $status 67
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

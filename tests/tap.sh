# tap.sh: TAP (Test Anything Protocol) for tests that are shell scripts.
#
#	. "$(dirname "$0")/tap.sh"	or ../tap.sh
#	ok NAME COMMAND ARG…		passes if the command succeeds
#	is NAME GOT WANTED		passes if the two are the same
#	exit_is NAME GOT WANTED ERR	the same of the status of `calf exec`; ERR is a
#					file with what it said
#	sound NAME IMG [KERNEL]		passes if e2fsck finds nothing, not even when
#					it only looks
#	finish				prints the plan, sets the exit status
#
# $top is the root of the tree, $tmp a folder that goes when the test does.

top=$(cd "$(dirname "$0")" && while [ ! -x calf ]; do cd ..; done && pwd)
mkdir -p "$top/build/tmp"
tmp=$(mktemp -d "$top/build/tmp/test.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

# Machines take their input from here, and a test has none for them.
exec </dev/null

tests=0
failures=0

pass()
{
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

fail()
{
	tests=$((tests + 1))
	failures=$((failures + 1))
	echo "not ok $tests - $1"
}

# explain TEXT: why the test before failed; lines for people.
explain()
{
	printf '%s\n' "$1" | sed 's/^/# /'
}

ok()
{
	what=$1
	shift
	if "$@" >"$tmp/ok.log" 2>&1; then
		pass "$what"
	else
		fail "$what"
		explain "failed: $*"
		sed 's/^/# /' "$tmp/ok.log"
	fi
}

is()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1"
		explain "got:    $2"
		explain "wanted: $3"
	fi
}

# One line: a panic, and what each thread waits for and where.
waits()
{
	awk '/kernel panic|^calf:/ { printf "; %s", $0 }
		/^.[ 0-9.]*. thread / {
			parked = / parked, /
			sub(/.* thread /, "")
			printf "; %s", $0
			next
		}
		parked && $NF ~ /[+]0x/ {
			sub(/[+].*/, "", $NF)
			printf " < %s", $NF
			next
		}
		{ parked = 0 }' "$1"
}

exit_is()
{
	said=
	[ "$2" = "$3" ] || said=$(waits "$4")
	is "$1" "$2$said" "$3"
}

# Linux sets its clock from one of whole seconds and adds half a second to be right
# on the average: what it has just written may be from the second to come.
sound()
{
	ahead=0
	[ "${3:-}" != linux ] || ahead=1
	ok "$1: e2fsck finds nothing" sh -c "E2FSCK_TIME=$(($(date +%s) + ahead)) \
		/sbin/e2fsck -fn '$2' 2>&1 |
		grep -v -e '^Pass' -e '^e2fsck' -e 'files (.*), .* blocks' |
		(! grep .)"
}

finish()
{
	echo "1..$tests"
	[ $failures = 0 ]
}

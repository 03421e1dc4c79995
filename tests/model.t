#!/bin/sh
# The model of the sharing protocol, tests/model: each search goes over all that
# can happen within its bounds and finds no error; each mutant is rejected.
# CALF_LONG=1 searches more operations.
. "$(dirname "$0")/tap.sh"

model=$top/tests/model
cd "$tmp" || exit 1

# For one search: MiB of memory, the base-2 logarithm of its hash table's size,
# and how to compile it.  Up to some ten million states, compiling well takes
# longer than searching.
memory=3000
bits=22
optimise=-O0
if [ "${CALF_LONG:-}" = 1 ]; then
	memory=12000
	bits=26
	optimise=-O1
fi

# search DEFINE…: leaves the checker's words in the file report.
search()
{
	rm -rf work
	mkdir work
	(
		cd work &&
			spin -a "$@" "$model/tree.pml" &&
			clang -w "$optimise" -DSAFETY -DCOLLAPSE -DNOCLAIM \
				-DMEMLIM="$memory" -o pan pan.c &&
			./pan -m20000 -w"$bits"
	) >report 2>&1
}

# Nothing was wrong, and nothing was left out.
complete()
{
	grep -q 'errors: 0$' report &&
		! grep -qi 'not completed\|too small\|memory bound\|out of memory' \
			report
}

# A law was broken; an end that was not foreseen is none.
broken()
{
	grep -q 'errors: 1$' report && grep -q '^pan:1: assertion violated' report
}

states()
{
	sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1 states/p' report
}

# judge NAME COMMAND: the last search's result.
judge()
{
	if $2; then
		pass "$1: $(states)"
	else
		fail "$1"
		explain "$(grep -v 'unreached\|tree.pml:\|^$' report)"
	fi
}

# holds NAME SEARCH OPERATIONS
holds()
{
	search "-D$2" "-DOPS=$3"
	judge "$1, $3 operations" complete
}

if [ "${CALF_LONG:-}" = 1 ]; then
	holds 'two spaces' TWO_SPACES 6
	holds 'three spaces' THREE_SPACES 5
	holds 'a space on two harts, one on one' TWO_HARTS 5
	holds 'two pages' TWO_PAGES 4
else
	holds 'two spaces' TWO_SPACES 5
	holds 'three spaces' THREE_SPACES 4
	holds 'a space on two harts, one on one' TWO_HARTS 4
	holds 'two pages' TWO_PAGES 4
fi

# Mutants end after few states.
bits=18
optimise=-O0
while read -r fate mutant where operations; do
	search "-D$mutant" "-D$where" "-DOPS=$operations"
	case $fate in
	rejected) judge "rejected: $mutant" broken ;;
	harmless) judge "harmless: $mutant" complete ;;
	esac
done <"$model/mutants"

# The names that the model asks for, less those that are no mutant's.
sed -n 's/^#\(el\)*if/ /p' "$model/tree.pml" | tr -cs 'A-Z_0-9' '\n' |
	grep '^[A-Z].*_' | grep -v '^TWO_\|^THREE_' | sort -u >asked
is 'each mutant is listed' "$(cat asked)" \
	"$(cut -d ' ' -f 2 "$model/mutants" | sort)"
finish

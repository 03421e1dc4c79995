#!/bin/sh
# The models, tests/model, of the sharing protocol, of flushes and of the locks
# of names: each search goes over all that can happen within its bounds and finds
# no error; each mutant is rejected.
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

# search MODEL DEFINE…: leaves the checker's words in the file report.
search()
{
	source=$model/$1.pml
	shift
	rm -rf work
	mkdir work
	(
		cd work &&
			spin -a "$@" "$source" &&
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

# Somebody waits for ever.
stuck()
{
	grep -q 'errors: 1$' report && grep -q '^pan:1: invalid end state' report
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
		explain "$(grep -v 'unreached\|\.pml:\|^$' report)"
	fi
}

# holds NAME SEARCH OPERATIONS
holds()
{
	search tree "-D$2" "-DOPS=$3"
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
	search tree "-D$mutant" "-D$where" "-DOPS=$operations"
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

# Flushes: all is small, so the mutants are those that the model itself names.
search tlb -DSWITCHES=6
judge 'a flush and a hart that switches, 6 switches' complete
for mutant in $(sed -n 's/^#ifn\{0,1\}def \([A-Z]*_[A-Z_]*\)$/\1/p' \
	"$model/tlb.pml" | sort -u); do
	search tlb "-D$mutant"
	case $mutant in
	NO_MARK_FENCE) judge "harmless: $mutant" complete ;;
	*) judge "rejected: $mutant" broken ;;
	esac
done

# The locks of names.  One circle takes three threads.
if [ "${CALF_LONG:-}" = 1 ]; then
	bits=28
	search names -DTHREADS=3 -DONLY_FOLDERS
	judge 'three who rename and remove folders' complete
fi
bits=22
search names -DTHREADS=2
judge 'two who rename, remove and make names' complete
for mutant in $(sed -n 's/^#ifn\{0,1\}def \([A-Z]*_[A-Z_]*\)$/\1/p' \
	"$model/names.pml" | grep -v '^ONLY_' | sort -u); do
	bounds=-DTHREADS=2
	[ $mutant != ENDS_WITHOUT_SHAPE ] || bounds='-DTHREADS=3 -DONLY_FOLDERS'
	search names $bounds "-D$mutant"
	judge "rejected: $mutant" stuck
done
finish

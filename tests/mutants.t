#!/bin/sh
# Mutants of the memory core (tests/mutants/run): a few that die in the tests of
# the host; with CALF_LONG=1 all of them, which takes hours.
top=$(cd "$(dirname "$0")/.." && pwd)

if [ -n "${CALF_LONG:-}" ]; then
	exec "$top/tests/mutants/run" --redo
fi
exec "$top/tests/mutants/run" --host gather-no-flush share-no-cold \
	copy-leaves-keeps-w copy-page-put-first protect-no-flush \
	region-own-always-sole fault-no-lock truncate-maps-stay

#!/bin/sh
# The guest tests on calf in the least memory, as far as they fit.
exec "$(dirname "$0")/boot" --debug-build --smp 1 --mem 32M -- --calf --skip-big

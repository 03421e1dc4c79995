#!/bin/sh
# The guest tests on calf in the least memory.
exec "$(dirname "$0")/run" --debug-build --smp 1 --mem 32M

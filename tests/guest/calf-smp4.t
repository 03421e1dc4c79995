#!/bin/sh
# The guest tests on calf, harts: 4.
exec "$(dirname "$0")/run" --debug-build --smp 4

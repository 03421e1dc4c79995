#!/bin/sh
# The guest tests on calf, harts: 1.
exec "$(dirname "$0")/run" --debug-build --smp 1

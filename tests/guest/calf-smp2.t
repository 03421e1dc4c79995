#!/bin/sh
# The guest tests on calf, harts: 2.
exec "$(dirname "$0")/run" --debug-build --smp 2

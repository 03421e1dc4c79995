#!/bin/sh
# The guest tests on calf, harts: 8.
exec "$(dirname "$0")/run" --debug-build --smp 8

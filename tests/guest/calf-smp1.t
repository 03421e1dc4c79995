#!/bin/sh
# The guest tests on calf; harts: 1.
exec "$(dirname "$0")/boot" --debug-build --smp 1 -- --calf

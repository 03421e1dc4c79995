#!/bin/sh
# The guest tests on calf; harts: 2.
exec "$(dirname "$0")/boot" --debug-build --smp 2 -- --calf

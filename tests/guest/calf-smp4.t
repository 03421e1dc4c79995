#!/bin/sh
# The guest tests on calf; harts: 4.
exec "$(dirname "$0")/boot" --debug-build --smp 4 -- --calf

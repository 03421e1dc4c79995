#!/bin/sh
# The guest tests on calf; harts: 8.
exec "$(dirname "$0")/boot" --debug-build --smp 8 -- --calf

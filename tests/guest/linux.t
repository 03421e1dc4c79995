#!/bin/sh
# The guest tests on Linux, which proves the tests right.
exec "$(dirname "$0")/boot" --kernel linux --

#!/bin/sh
# `./calf exec` with the debug kernel.
kernel=--debug-build
. "$(dirname "$0")/exec.sh"
finish

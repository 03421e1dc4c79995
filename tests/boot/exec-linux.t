#!/bin/sh
# `./calf exec --kernel linux`.
kernel='--kernel linux'
. "$(dirname "$0")/exec.sh"
finish

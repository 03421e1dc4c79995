#!/bin/sh
# `./calf exec --kernel linux`.
kernel='--kernel linux'
brief=yes
. "$(dirname "$0")/exec.sh"
finish

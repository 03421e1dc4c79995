#!/bin/sh
# The checks of the source, each as `make check` runs it.
. "$(dirname "$0")/tap.sh"

cd "$top" || exit 1
for check in $(make -s list-checks); do
	ok "$check" make -s "$check"
done
finish

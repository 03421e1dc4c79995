#!/bin/sh
# An initramfs that is missing, cut off or nonsense: the kernel says so, runs
# what it can, and never hangs.
. "$(dirname "$0")/../tap.sh"

good=$top/build/initramfs.cpio

# boot NAME WORDS [OPTION…]: a machine with these options must stop by itself
# with a failing status and say WORDS.
boot()
{
	name=$1
	words=$2
	shift 2
	status=0
	timeout 300 qemu-system-riscv64 -machine virt -nodefaults -no-reboot \
		-display none -serial stdio -smp 2 -m 128M \
		-kernel "$top/build/debug/Image" "$@" \
		</dev/null >"$tmp/out" 2>&1 || status=$?
	cat "$tmp/out" >&2
	case $status in
	0 | 124) fail "$name: status $status, not that of a failure" ;;
	*) pass "$name: stops by itself, as a failure" ;;
	esac
	ok "$name: says '$words'" grep -q -e "$words" "$tmp/out"
}

boot 'no initramfs' 'init'
head -c 100 /dev/urandom >"$tmp/noise"
boot 'noise' 'initramfs' -initrd "$tmp/noise"
head -c 50 "$good" >"$tmp/cut"
boot 'cut off in the first header' 'initramfs' -initrd "$tmp/cut"
# Within init itself: what comes before it would do.
"$top/build/tools/mkcpio" "$top/build/user/init:/init" >"$tmp/whole"
head -c $(($(wc -c <"$tmp/whole") / 2)) "$tmp/whole" >"$tmp/cut"
boot 'cut off half way' 'initramfs' -initrd "$tmp/cut"
"$top/build/tools/mkcpio" -d /bin >"$tmp/empty"
boot 'no init in it' 'init' -initrd "$tmp/empty"
"$top/build/tools/mkcpio" "$top/calf:/init" >"$tmp/text"
boot 'an init that cannot run' 'init' -initrd "$tmp/text"
finish

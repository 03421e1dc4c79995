#!/bin/sh
# The machine as the device tree describes it: harts and memory, and what the
# kernel keeps of it for itself.
. "$(dirname "$0")/../tap.sh"

# machine OPTION…: sets $harts, and in KiB $total and $free.
machine()
{
	harts='' total=0 free=0
	"$top/calf" exec --timeout 300 "$@" \
		--add "$top/build/tests/boot/probe:/probe" \
		-- /probe machine >"$tmp/out" || return
	read -r harts total free <"$tmp/out" || :
}

for n in 1 2 3 4 5 6 7 8; do
	machine --debug-build --smp $n
	is "harts: $n" "$harts" $n
done

# What the firmware and the kernel take is missing in the total: allow 8 MiB,
# and one part in 32 for what describes each frame.
for mib in 32 33 64 127 512 1024 4096 16384; do
	machine --mem ${mib}M --smp 1
	ok "memory: $mib MiB" \
		[ "$total" -gt $((mib * 1024 * 31 / 32 - 8192)) ]
	ok "memory: not more than $mib MiB" [ "$total" -le $((mib * 1024)) ]
	ok "memory: $mib MiB, most is free" \
		[ "$free" -gt $((total * 9 / 10 - 8192)) ]
done

# Files are memory too, so what the initramfs unpacks to is no cost of the
# kernel's, nor is the firmware's share.
machine --mem 128M --smp 1
initramfs=$(($(wc -c <"$top/build/initramfs.cpio") / 1024))
probe=$(($(wc -c <"$top/build/tests/boot/probe") / 1024))
used=$((128 * 1024 - free - initramfs - probe - 512))
ok 'an idle kernel of 128 MiB uses less than 3 MiB' [ $used -lt 3072 ]
explain "it uses $used KiB"
finish

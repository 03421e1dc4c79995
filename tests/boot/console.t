#!/bin/sh
# Virtio consoles from outside: the terminals on two of them beside that of exec.
# The first is a wire that we type on, and what the second gets is in a file.
. "$(dirname "$0")/../tap.sh"

typed=/dev/hvc1
printed=/dev/hvc2

mkfifo "$tmp/wire.in" "$tmp/wire.out"
one='-device virtio-serial-device,max_ports=1,id=one'
one="$one -chardev pipe,id=one,path=$tmp/wire"
one="$one -device virtconsole,bus=one.0,chardev=one"
two='-device virtio-serial-device,max_ports=1,id=two'
two="$two -chardev file,id=two,path=$tmp/printed"
two="$two -device virtconsole,bus=two.0,chardev=two"

# wire OPTIONS ARG…: runs the program with the two; leaves out and $status.
wire()
{
	options=$1
	shift
	status=0
	CALF_MACHINE="$one $two" "$top/calf" exec $options --timeout 200 \
		--add "$top/build/tests/boot/wire:/wire" -- /wire "$@" \
		</dev/null >"$tmp/out" || status=$?
}

# types FILE OPTIONS ARG…: the same, and when it is ready what is in the file is
# typed.
types()
{
	file=$1
	shift
	: >"$tmp/out"
	wire "$@" &
	until grep -q '^wire: ready' "$tmp/out" || ! kill -0 $! 2>/dev/null; do
		sleep 0.1
	done
	# Both ways, as QEMU has it: so it does not wait for QEMU.
	cat "$file" 1<>"$tmp/wire.in"
	wait $!
}

# good NAME: the last one said nothing of what is not so.
good()
{
	is "$1" "$status $(grep 'not so' "$tmp/out")" '0 '
}

wire '--debug-build' names
good 'names'
is 'there are three' "$(cat "$tmp/out")" "/dev/hvc0 229:0
$typed 229:1
$printed 229:2"

head -c 1048576 /dev/urandom >"$tmp/bytes"
for smp in 1 2 4 8; do
	wire "--debug-build --smp $smp" full $printed
	good "held back, $smp harts"
	is 'what was written arrives' "$(wc -c <"$tmp/printed")" \
		"$(cat "$tmp/out")"
	types "$tmp/bytes" "--debug-build --smp $smp" copy $typed $printed 1048576
	ok "a mebibyte in and out, $smp harts" cmp "$tmp/bytes" "$tmp/printed"
done

# What ^C throws away makes room for who waits for it, on the serial port as well.
for dev in $printed /dev/ttyS0; do
	wire '--debug-build' drop $dev
	good "thrown away on $dev"
done
wire '--kernel linux' drop /dev/ttyS0
good "linux: thrown away on /dev/ttyS0"

# Erasing, and ^D; ICRNL makes of a carriage return what ends a line.  Linux shows
# what is to be expected, but lets a terminal of this kind go on though held back.
for kernel in '--kernel linux' --debug-build; do
	name=linux
	[ "$kernel" != --debug-build ] || name=calf
	wire "$kernel" settings $typed
	good "$name: settings"
	printf 'one\ntwp\177o\rhalf \004a line\n\004' >"$tmp/keys"
	types "$tmp/keys" "$kernel" lines $typed
	is "$name: lines, and the end of file" "$(sed 1d "$tmp/out")" '[one]
[two]
[half ]
[a line]
wire: read gives 0'
	printf 'some\003' >"$tmp/keys"
	types "$tmp/keys" "$kernel" interrupt $typed
	is "$name: an interrupt" "$(sed 1d "$tmp/out")" 'wire: signal 2'
	types "$tmp/bytes" "$kernel" copy $typed $printed 1048576
	ok "$name: a mebibyte in and out" cmp "$tmp/bytes" "$tmp/printed"
done
finish

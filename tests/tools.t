#!/bin/sh
# The tools that judge the source and the guest: do they see what they should?
. "$(dirname "$0")/tap.sh"

tools=$top/tools
built=$top/build/tools
cd "$tmp" || exit 1

# sees WORDS COMMAND…: the command fails and says WORDS.
sees()
{
	words=$1
	shift
	if "$@" >out 2>&1; then
		return 1
	fi
	grep -q -e "$words" out
}

# ---- layercheck

# layers FILE TEXT…: a tree with such a file, which layercheck judges.
layers()
{
	rm -rf tree
	mkdir -p tree/kernel/lib tree/kernel/core tree/kernel/mm \
		tree/kernel/arch/riscv tree/kernel/nowhere
	: >tree/kernel/lib/a.h
	: >tree/kernel/mm/mm_impl.h
	while [ $# -gt 0 ]; do
		printf "$2\n" >"tree/kernel/$1"
		shift 2
	done
	"$tools/layercheck" tree
}

ok 'layercheck: a lower folder' layers mm/x.c '#include "lib/a.h"'
ok 'layercheck: its own private header' \
	layers mm/x.c '#include "mm/mm_impl.h"'
ok 'layercheck: the headers of Linux' \
	layers mm/x.c '#include <linux/mman.h>\n#include <stdint.h>'
ok 'layercheck: a higher folder' \
	sees 'core must not include mm/mm.h' layers core/x.c '#include "mm/mm.h"'
ok 'layercheck: the folder of the machine' sees 'arch must not include core' \
	layers arch/riscv/x.c '#include "core/x.h"'
ok 'layercheck: an unknown folder' \
	sees 'belongs to no layer' layers nowhere/x.c 'int x;'
ok 'layercheck: a header not spelt from kernel/' \
	sees 'not spelt from kernel/' layers mm/x.c '#include "a.h"'
ok 'layercheck: a private header of another folder' \
	sees 'private to its folder' layers mm/a_impl.h '' \
	core/x.c '#include "mm/a_impl.h"'
ok 'layercheck: a header of the C library' \
	sees '<stdio.h> is not for the kernel' layers mm/x.c '#include <stdio.h>'
ok 'layercheck: a circle' sees 'include each other' \
	layers lib/b.h '#include "lib/c.h"' lib/c.h '#include "lib/b.h"'

# ---- fnlen and ifcheck

# body LINES: a function of that many lines, from its name to its brace.
body()
{
	printf 'int\nf(void)\n{\n'
	i=3
	while [ $i -lt "$1" ]; do
		printf '\tg();\n'
		i=$((i + 1))
	done
	printf '}\n'
}

body 70 >long.c
ok 'fnlen: 70 lines pass' "$tools/fnlen" long.c
body 71 >long.c
ok 'fnlen: 71 lines do not' sees 'f has 71 lines' "$tools/fnlen" long.c
{
	echo '/* long: a flat table */'
	body 71
} >long.c
ok 'fnlen: unless a comment says why' "$tools/fnlen" long.c
{
	body 10
	body 20
	body 30
} >long.c
ok 'fnlen: the numbers' sh -c '"$0" long.c | grep -qx \
	"3 functions: median 20 lines, 95 % within 30, longest 30"' "$tools/fnlen"
yes 'int x;' | head -n 801 >long.c
ok 'fnlen: 801 lines are no chapter' sees '801 lines' "$tools/fnlen" long.c

printf '#if A\nint\nf(void)\n{\n}\n#endif\n' >if.c
ok 'ifcheck: around a function' "$tools/ifcheck" if.c
printf 'int\nf(void)\n{\n#ifdef A\n\tg();\n#endif\n}\n' >if.c
ok 'ifcheck: inside a function' sees 'inside a function' "$tools/ifcheck" if.c

# ---- words

printf 'plain words, todo lists, XXXXXX\n' >words
ok 'words: plain ones' "$tools/words" words
for word in 'TO''DO' 'FIX''ME' 'X''XX' 'HA''CK'; do
	printf '/* %s: later */\n' "$word" >words
	ok "words: $word" sees 'mark for later' "$tools/words" words
done
printf 'blank \n' >words
ok 'words: white space at the end' sees 'white space' "$tools/words" words

# ---- doccheck

# document TEXT: a tree with one function, and a document, which is judged.
document()
{
	rm -rf tree
	mkdir -p tree/kernel/mm tree/docs
	printf 'static int\nf_here(void)\n{\n\tint a_word;\n}\n' \
		>tree/kernel/mm/x.c
	printf "$1\n" >tree/docs/d.md
	(cd tree && "$tools/doccheck" docs/d.md)
}

ok 'doccheck: files, a folder, a function, words' document \
	'`kernel/mm/x.c` `mm/x.c` [x](../kernel/mm/x.c#top) `mm/` `f_here()` `a_word`'
ok 'doccheck: what it leaves alone' document \
	'`/dev/tty` `mm/*.c` `mm/NAME.c` `plain` no_word\n\n    `no_word`'
ok 'doccheck: a file that is gone' \
	sees 'd.md: there is no file mm/y.c' document '`mm/y.c`'
ok 'doccheck: a link to nowhere' \
	sees 'no file away.md' document '[there](away.md)'
ok 'doccheck: a function that is gone' \
	sees 'no function f_gone' document '`f_gone()`'
ok 'doccheck: a word is no function' \
	sees 'no function a_word' document '`a_word()`'
ok 'doccheck: a name that is gone, across lines' \
	sees 'no name a_gone' document '`f_here\na_gone`'

# ---- mksyms

printf '%s\n' 'ffffffc080200000 T kernel_start' 'ffffffc080200000 T _start' \
	'ffffffc080200010 t f' 'ffffffc080300000 D data' |
	"$tools/mksyms" >syms
ok 'mksyms: counts the code' grep -q '^ksyms_count:' syms
is 'mksyms: offsets and names' \
	"$(grep -E '^	\.(word|asciz)' syms | tr -d '\n')" \
	'	.word 2	.word 0	.word 0, 0	.word 16, 13	.asciz "kernel_start"	.asciz "f"'

# ---- demux

# stream WANTED_STATUS TEXT [WANTED_OUT]: what demux makes of a serial line.
stream()
{
	printf "$2" >stream
	status=0
	"$built/demux" N 5 sh -c 'cat stream >&3' >out 2>err || status=$?
	[ "$status" = "$1" ] || return 1
	printf "${3:-}" | cmp - out
}

ok 'demux: a plain run' stream 3 'boot\n\036N start\na\nb\036N end 3\nbye' 'a\nb'
ok 'demux: the rest is on standard error' [ "$(cat err)" = "boot
bye" ]
ok 'demux: no output at all' stream 0 '\036N start\n\036N end 0\n'
ok 'demux: the kernel speaks in mid-line' stream 0 \
	'\036N start\nab\036N kernel hello\ncd\036N end 0\n' 'abcd'
ok 'demux: its words are on standard error' [ "$(cat err)" = hello ]
ok 'demux: the kernel speaks within a frame' stream 7 \
	'\036N start\nab\036N e\036N kernel hello\nnd 7\n' 'ab'
ok 'demux: other words with the same beginning' stream 0 \
	'\036N start\n\036\036N kern\036N en\036NN start\n\036N end 0\n' \
	'\036\036N kern\036N en\036NN start\n'
ok 'demux: carriage returns stay' stream 0 '\036N start\na\r\n\036N end 0\n' 'a\r\n'
ok 'demux: a zero byte and high bytes' stream 0 \
	'\036N start\na\000\377b\036N end 0\n' 'a\000\377b'
ok 'demux: no start' stream 125 'boot\n'
ok 'demux: says so' grep -q 'before the program started' err
ok 'demux: no end' stream 125 '\036N start\nab' ab
ok 'demux: says so' grep -q 'before the program ended' err
ok 'demux: a panic' stream 125 '\036N start\nab\036N panic oh no\n' ab
ok 'demux: says so' grep -q 'kernel panicked' err
ok 'demux: a panic after the end' stream 125 \
	'\036N start\n\036N end 0\n\036N panic oh no\n'
ok 'demux: a panic cuts off a line' stream 125 \
	'\036N start\n\036N kernel half\036N panic oh no\n'
ok 'demux: a failed audit after the end' stream 125 \
	'\036N start\n\036N end 0\n\036N kernel audit failed: 3 frames\n'
ok 'demux: says so' grep -q 'audit failed$' err
ok 'demux: a program may print those words' stream 0 \
	'\036N start\naudit failed panic\n\036N end 0\n' 'audit failed panic\n'

status=0
"$built/demux" N 1 sleep 30 2>err || status=$?
is 'demux: a hang' $status 125
ok 'demux: says so' grep -q 'hung' err
status=0
"$built/demux" N 5 \
	sh -c 'printf "\036N start\n\036N end 0\n" >&3; exit 1' 2>err || status=$?
is 'demux: an emulator that fails' $status 125
is 'demux: streams' "$(
	{ "$built/demux" N 5 \
		sh -c 'printf "\036N start\nnow\n" >&3; sleep 3' 2>err || :; } | { read -r line; kill -0 $$ && echo "$line"; }
)" now

# channel INPUT WANTED_GOT SCRIPT: the emulator is a guest that says "channel"
# and then does the script.  What it gets is the start's byte and the pieces.
channel()
{
	printf "$1" >input
	status=0
	"$built/demux" N 20 sh -c 'printf "\036N channel\n" >&3; '"$3" \
		<input >out 2>err || status=$?
	[ "$status" = 0 ] || return 1
	printf "$2" | cmp - got
}

ok 'demux: a channel, no input' channel '' '-' \
	'head -c 1 >got; printf "a\nb"; printf "\036N end 0\n" >&3'
is 'demux: its output' "$(cat out)" 'a
b'
ok 'demux: input in pieces' channel 'ab\000\377c' \
	'i\005\000\000\000ab\000\377c\000\000\000\000' \
	'head -c 14 >got; printf "\036N end 0\n" >&3'
ok 'demux: input that nobody takes' channel "$(seq 99999)" 'i' \
	'head -c 1 >got; printf "\036N end 0\n" >&3'
ok 'demux: the lines do not mix' channel '' '-' \
	'head -c 1 >got; printf "a\036N ker"; printf "stray\036N kernel said\n" >&3
	printf "nel b\n"; printf "\036N end 0\n" >&3'
ok 'demux: the channel is as it was written' \
	sh -c 'printf "a\036N kernel b\n" | cmp - out'
is 'demux: the serial line is on standard error' "$(cat err)" 'straysaid'
ok 'demux: what is late on the channel' channel '' '-' \
	'head -c 1 >got; printf "\036N end 0\n" >&3; exec 3>&-; printf late'
is 'demux: is printed as well' "$(cat out)" late

# An emulator does not wait for room in its output, and would lose it; it is made
# to before the guest may begin.
cat >blocks.pl <<'END'
use Fcntl;
$| = 1;
fcntl(STDOUT, F_SETFL, fcntl(STDOUT, F_GETFL, 0) | O_NONBLOCK) or die;
open(my $serial, '>&=', 3) or die;
syswrite($serial, "\036N channel\n");
sysread(STDIN, my $byte, 1) == 1 or die;
my $flags = fcntl(STDOUT, F_GETFL, 0);
print $flags & O_NONBLOCK ? "throws away" : "waits";
syswrite($serial, "\036N end 0\n");
END
is 'demux: the emulator waits for room' \
	"$("$built/demux" N 20 perl blocks.pl </dev/null 2>err)" waits
is 'demux: no standard input' "$("$built/demux" N 20 \
	sh -c 'printf "\036N channel\n" >&3; head -c 1
	printf "\036N end 0\n" >&3' <&- 2>err)" '-'

# ---- mkcpio

mkdir -p src/b
echo one >src/b/1
chmod 700 src/b/1
echo two >src/2
chmod 600 src/2
ln -s 2 src/link
"$built/mkcpio" -d /tmp -d /x/y src:/deep/dst src/2 >one.cpio
touch src/2
"$built/mkcpio" -d /tmp -d /x/y src:/deep/dst src/2 >two.cpio
ok 'mkcpio: the same bytes each time' cmp one.cpio two.cpio
is 'mkcpio: what lies in it' \
	"$(cpio -itv --quiet <one.cpio | awk '{ print $1, $3, $4, $9 $10 $11 }')" \
	'drwxrwxrwt root root tmp
drwxr-xr-x root root x
drwxr-xr-x root root x/y
drwxr-xr-x root root deep
drwxr-xr-x root root deep/dst
-rw-r--r-- root root deep/dst/2
drwxr-xr-x root root deep/dst/b
-rwxr-xr-x root root deep/dst/b/1
lrwxrwxrwx root root deep/dst/link->2
-rw-r--r-- root root 2'
mkdir unpacked
(cd unpacked && cpio -idm --quiet --no-preserve-owner <../one.cpio)
ok 'mkcpio: and what in the files' diff -r src unpacked/deep/dst
ok 'mkcpio: a missing file' sees 'cannot find nonesuch' \
	"$built/mkcpio" nonesuch:/x
finish

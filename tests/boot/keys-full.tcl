# keys-full.tcl: the steps of tests/boot/keys.t with programs that fill the
# screen; see keys.tcl.

# row_is N TEXT: row N is TEXT in the end.
proc row_is {n text} {
	until "row $n to be '$text'" { [string trimright [screen::row $n]] eq $text }
}

# status PATTERN: vi's last row.
proc status {pattern} {
	until "a last row '$pattern'" { [regexp $pattern [screen::row 23]] }
}

# vi FILE: it shows that, whose first row must not be empty.
proc vi {file} {
	screen::forget
	type "vi $file"
	press "\r"
	until "vi's last row, and the cursor in the text" {
		$screen::y < 23 && [string first $file [screen::row 23]] >= 0
	}
}

# insert KEYS: begins an insertion.  Nothing is typed before vi says so: ^Z, for
# one, would throw away what it has not read.
proc insert {keys} {
	press $keys
	status {^I }
}

# escape: ends an insertion.  A key that came at once would be Alt with it.
proc escape {} {
	press "\033"
	status {^- }
}

# command LINE: vi's, behind : or /.
proc command {line} {
	type $line
	press "\r"
}

# ---- vi ---------------------------------------------------------------------

step {vi: open, insert, write, quit} {
	run {rm -f /tmp/new}
	vi /tmp/new
	row_is 1 ~
	row_is 22 ~
	insert i
	type {The first line}
	key enter
	type {and the secind}
	key erase erase erase
	type {ond}
	row_is 0 {The first line}
	row_is 1 {and the second}
	escape
	command {:w}
	status {/tmp/new.* 2L, 30C}
	command {:q}
	prompt
	run {cat -A /tmp/new; wc -c </tmp/new} \
		{The first line\$} {and the second\$} 30
}

step {vi: move, insert in the middle, append} {
	run {printf 'one three\nfive\n' >/tmp/f}
	vi /tmp/f
	line_is {|one three}
	key l l l l
	line_is {one |three}
	insert i
	type {two }
	escape
	line_is {one two| three}
	key j
	line_is {fiv|e}
	key k 0
	insert A
	type { four}
	escape
	row_is 0 {one two three four}
	key j
	insert o
	type six
	escape
	row_is 2 six
	press ZZ
	prompt
	run {cat -A /tmp/f} {one two three four\$} {five\$} {six\$}
}

step {vi: delete characters, words, lines; put} {
	run {printf 'xone two three\nsecond\nthird\nfourth\n' >/tmp/f}
	vi /tmp/f
	key x
	row_is 0 {one two three}
	key w
	press dw
	row_is 0 {one three}
	key j
	press dd
	row_is 1 third
	key p
	row_is 2 second
	press 2dd
	row_is 2 ~
	press 1G
	line_is {|one three}
	press D
	row_is 0 {}
	type {:wq}
	press "\r"
	prompt
	run {cat -A /tmp/f; wc /tmp/f} {\$} {third\$} { +2 +1 +7 /tmp/f}
}

step {vi: undo} {
	run {printf 'keep this\nand that\n' >/tmp/f}
	vi /tmp/f
	press dd
	row_is 0 {and that}
	press u
	row_is 0 {keep this}
	row_is 1 {and that}
	press x
	row_is 0 {eep this}
	insert A
	type { now}
	escape
	row_is 0 {eep this now}
	press u
	row_is 0 {eep this}
	press u
	row_is 0 {keep this}
	press ":q!\r"
	prompt
	run {cat -A /tmp/f} {keep this\$} {and that\$}
}

step {vi: search} {
	run {seq 1 200 >/tmp/f}
	vi /tmp/f
	command {/150}
	line_is {|150}
	press n
	status {not found|150}
	command {?^4}
	line_is {|49}
	press n
	line_is {|48}
	press G
	line_is {|200}
	row_is 11 200
	row_is 12 ~
	key ^B
	until "an earlier page" { [screen::row 0] < 170 }
	command {:100}
	line_is {|100}
	command {:%s/^1\(.\)\(.\)$/\2\11/}
	line_is {|991}
	command {:wq}
	prompt
	run {sed -n '150p;199p' /tmp/f; md5sum </tmp/f} 051 991 [md5 [vi_searched]]
}

# What that step makes of the numbers to 200.
proc vi_searched {} {
	set text ""
	for {set i 1} {$i <= 200} {incr i} {
		append text [regsub {^1(.)(.)$} $i {\2\11}] \n
	}
	return $text
}

step {vi: keys with arrows, change, yank} {
	run {printf 'alpha beta\ngamma\n' >/tmp/f}
	vi /tmp/f
	key right right left down
	line_is {g|amma}
	key home
	line_is {|gamma}
	key end up
	press yy
	press p
	row_is 1 {alpha beta}
	insert 0cw
	type delta
	escape
	row_is 1 {delta beta}
	press ~
	press J
	row_is 1 {deltA beta gamma}
	press ":x\r"
	prompt
	run {cat -A /tmp/f} {alpha beta\$} {deltA beta gamma\$}
}

step {vi: it is not left with changes, unless told} {
	run {echo old >/tmp/f}
	vi /tmp/f
	press x
	row_is 0 ld
	command {:q}
	status {[Nn]o write|use}
	press ":q!\r"
	prompt
	run {cat /tmp/f} old
}

step {vi: ^Z and fg} {
	run {echo lines >/tmp/f}
	vi /tmp/f
	insert A
	type 1
	escape
	press "\032"
	prompt
	run jobs {\[1\]\+ +Stopped .*vi /tmp/f}
	type fg
	press "\r"
	row_is 0 lines1
	row_is 1 ~
	press ":wq\r"
	prompt
	run {cat /tmp/f} lines1
}

step {vi: a pasted text arrives whole} {
	set text [numbered 40]
	run {rm -f /tmp/f}
	vi /tmp/f
	insert i
	paste [string map {\n \r} $text]
	until "the last line of it" { [count_rows {000039 .*}] == 1 }
	escape
	command {:wq}
	prompt
	# The last Enter began one more line.
	run {sed '$d' /tmp/f | md5sum} [md5 $text]
}

# ---- less, more, top --------------------------------------------------------

# less_page FIRST LAST: less has drawn them and waits.  Until it does, the terminal
# would show a key itself.
proc less_page {first last} {
	row_is 0 $first
	shows $last
	until "less to wait" { [regexp {^(:|/tmp/f.*|standard input.*|\(END\))\|$} [screen::line]] }
}

# less_search TEXT: less has the terminal make lines while it deals with a key, and
# would be given a newline for an Enter that came then.  When it takes keys again it
# sends the cursor to where the next one will be.
proc less_search {text} {
	set column 2
	foreach character [split /$text ""] {
		press $character
		until "less to take a key" {
			[string match "*\033\\\[24;${column}H" $::last_output]
		}
		incr column
	}
	press "\r"
}

step {less: pages, searches, ends} {
	run {seq 1 500 >/tmp/f}
	start {less /tmp/f}
	less_page 1 23
	press " "
	less_page 24 46
	press b
	less_page 1 23
	press j
	less_page 2 24
	press G
	less_page 480 500
	press g
	less_page 1 23
	less_search {^333}
	less_page 333 355
	press q
	prompt
	run {echo $?} 0
}

step {less: from a pipe, keys from the terminal} {
	start {seq 1 500 | less}
	less_page 1 23
	press "\033\[6~"
	less_page 24 46
	press "\033\[5~"
	less_page 1 23
	press q
	prompt
}

step {more: pages} {
	run {seq 1 60 >/tmp/f}
	start {more /tmp/f}
	status {--More--}
	press " "
	until "the next page" { [count_rows 40] == 1 }
	press q
	prompt
}

step {top: it runs in place, q ends it} {
	start {top -d 1}
	until "its first row" { [regexp {^Mem: } [screen::row 0]] }
	shows {Load average: .*} { *PID +PPID .*COMMAND} { *1 +0 root .*init}
	set scrolled $screen::scrolled
	set homes $screen::homes
	until "three pictures" { $screen::homes >= $homes + 3 }
	until "the first row again" { [regexp {^Mem: } [screen::row 0]] }
	if {$screen::scrolled != $scrolled} {
		error "the screen to stay in its place"
	}
	press q
	prompt
	run {echo $?} 0
}

step {top: ^C ends it and the terminal is as before} {
	run {stty -a >/tmp/before}
	start {top -d 1} {Load average: .*}
	press "\003"
	prompt
	run {stty -a | cmp - /tmp/before && echo same} same
}

step_of_calf {cowtop: it runs in place, q ends it} {
	start {cowtop -d 1}
	until "its first row" { [regexp {^\d+ spaces; memory} [screen::row 0]] }
	shows { *PID NAME +MAPPED .*} { *1 init .*}
	set scrolled $screen::scrolled
	set homes $screen::homes
	until "three pictures" { $screen::homes >= $homes + 3 }
	if {$screen::scrolled != $scrolled} {
		error "the screen to stay in its place"
	}
	press q
	prompt
	run {echo $?; stty | grep -c -e -icanon} 0 0
}

# Until here the terminal had no size, and vi asked the screen for it.
step {tty: stty size, and who changes it} {
	run {stty rows 30 cols 70; stty size} {30 70}
	run {sh -c 'trap "echo resized" WINCH; stty rows 20; stty size'} \
		{20 70} resized
	run {stty rows 24 cols 80; stty size} {24 80}
}

# ---- much at once -----------------------------------------------------------

# numbered COUNT: lines of 48 characters.
proc numbered {count} {
	set text ""
	for {set i 0} {$i < $count} {incr i} {
		append text [format %06d $i] { abcdefghijklmnopqrstuvwxyz 0123456789.} \n
	}
	return $text
}

step {paste: 115,200 bytes into cat, with their echo} {
	set text [numbered 2560]
	start {echo ready; cat >/tmp/f} ready
	paste [string map {\n \r} $text]
	until "the last line's echo" { [count_rows {002559 .*}] == 1 }
	press "\004"
	prompt
	run {md5sum </tmp/f} [md5 $text]
}

step {paste: commands, one after the other} {
	set text ""
	set wanted ""
	for {set i 0} {$i < 50} {incr i} {
		append text "echo line $i >>/tmp/f\r"
		append wanted "line $i\n"
	}
	run {rm -f /tmp/f}
	paste "${text}echo all''done\r"
	shows alldone
	prompt
	run {md5sum </tmp/f} [md5 $wanted]
}

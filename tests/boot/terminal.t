#!/usr/bin/expect -f
# The terminal from its keyboard's side: editing, signals, flow control, and a
# flood of input, none of which may be lost; and exec at a terminal.  What is
# expected is spelt so that it differs from what is typed, whose echo comes first.

set top [file normalize [file join [file dirname [info script]] ../..]]
set typed $top/build/tests/boot/typed
set options "--debug-build --smp 4 --timeout 300 --add $typed:/typed
	--append calf_shell=/bin/calfsh"
set nr_lines 2000
set timeout 120
log_user 0

set tests 0
set failures 0

proc report {good name} {
	global tests failures
	incr tests
	if {!$good} { incr failures }
	puts "[expr {$good ? {ok} : {not ok}}] $tests - $name"
}

# The text comes.
proc sees {name text} {
	expect {
		-ex $text { report 1 $name }
		timeout { report 0 $name; puts "# no '$text'" }
		eof { report 0 $name; puts "# the machine ended"; exit 1 }
	}
}

# The text does not come for a while.
proc misses {name text} {
	expect {
		-timeout 2
		-ex $text { report 0 $name }
		timeout { report 1 $name }
		eof { report 0 $name; exit 1 }
	}
}

# The shell asks for the next line.  Who types before, or before a program has
# come to the front, types to somebody else.
proc prompt {} {
	expect {
		-ex "# " { return }
		timeout { report 0 "a prompt" }
		eof { report 0 "a prompt"; exit 1 }
	}
}

# ---- one at the keyboard ----------------------------------------------------

spawn $top/calf run --root memory {*}$options
sees "boots to a prompt" "# "

foreach {keys text name} {
	"echo sta\177\177\177th''ree" "three" "erase"
	"echo one two\027fo''ur" "one four" "erase a word"
	"nonsense\025echo ki''lled" "killed" "kill a line"
	"echo \026\003-lit''eral" "\003-literal" "a literal character"
} {
	send "$keys\r"
	sees $name $text
	prompt
}

send "cat\r"
send "to the cat\r"
sees "echo" "to the cat"
sees "and what cat makes of it" "to the cat"
send "\004"
sees "end of file" "# "

foreach {program key shown name} {
	"cat" "\003" "^C" "an interrupt ends who reads"
	"/typed spin" "\003" "^C" "and who never does"
	"/typed spin" "\034" "^\\" "so does a quit"
} {
	send "$program\r"
	if {$program eq "cat"} {
		send "purr\r"
		sees "cat runs" "purr"
		sees "cat reads" "purr"
	} else {
		sees "a program spins" "typed: spinning"
	}
	send "half a line$key"
	sees "the key is shown" "half a line$shown"
	sees $name "# "
	send "echo go''es on\r"
	sees "and the rest of the line is gone" "goes on"
	prompt
}

send "\023echo he''ld\r"
misses "held output does not come" "held"
send "\021"
sees "let go, it does" "held"
prompt

send "/typed keys 6\r"
sees "keys in raw mode" "typed: ready"
send "a\003\004\177\r\023"
sees "are all characters" " 61 03 04 7f 0d 13."
prompt
send "/typed pause\r"
sees "a read that times out" "typed: read gives 0"
send "x"
sees "and others that go on" "typed: then x"
prompt

send "exit\r"
expect {
	eof { report 1 "exit ends the machine" }
	timeout { report 0 "exit ends the machine" }
}

# ---- a flood ----------------------------------------------------------------

# All of it is there from the start.  The firmware may throw the first few
# bytes away.
proc flood {how end} {
	global top options nr_lines
	set lines ""
	for {set i 0} {$i < $nr_lines} {incr i} {
		append lines [format \
			"%06d abcdefghijklmnopqrstuvwxyz0123456789ABCDEF\n" $i]
	}
	set spare [string repeat "\n" 16]
	set out [exec $top/calf run --root memory {*}$options \
		<< "$spare/typed $how; exit\n$lines$end" 2>@stderr]
	set good [regexp "typed: $nr_lines good lines" $out]
	report $good "a flood of $nr_lines lines: $how"
	if {!$good} {
		puts "# [regexp -inline -all {typed: [^\n]*} $out]"
	}
}

flood lines "\004"
flood raw "end\n"
flood slow "end\n"

# ---- exec at a terminal -------------------------------------------------------

# What is typed there are lines, whose end the host's terminal knows.
spawn $top/calf exec --debug-build --add $typed:/typed -- /typed lines
send "000000 abcdefghijklmnopqrstuvwxyz0123456789ABCDEF\r"
sees "its machine boots" "calf: 2 harts"
send "000001 abcdefghijklmnopqrstuvwxyz0123456789ABCDEF\r\004"
sees "lines typed at exec arrive, and their end" "typed: 2 good lines"
expect {
	eof { report 1 "and it ends" }
	timeout { report 0 "and it ends" }
}

puts "1..$tests"
exit [expr {$failures > 0}]

#!/usr/bin/expect -f
# `./calf run`: our own small shell on a terminal, as a person sees it.

set calf [file join [file dirname [file normalize [info script]]] ../../calf]
set tests 0
set failures 0
set timeout 300
log_user 0
# The guest ends its lines itself; the terminal must not do so again.
set stty_init -onlcr

proc result {good name} {
	global tests failures
	incr tests
	if {$good} {
		puts "ok $tests - $name"
	} else {
		incr failures
		puts "not ok $tests - $name"
	}
}

# Waits for a pattern; what came instead goes to standard error.
proc wait_for {name pattern} {
	global expect_out
	expect {
		-re $pattern { result 1 $name }
		timeout { result 0 "$name (nothing like it came)" }
		eof { result 0 "$name (the machine stopped)" }
	}
}

# Types a line, and waits for what it prints and for the next prompt, before
# which the shell may say that a job in the background has ended.
proc type {name line pattern} {
	send -- "$line\r"
	wait_for $name "\r\n$pattern\r\n(\\\[\[0-9]+] ended \[^\r]*\r\n)?# \$"
}

spawn $calf run --root memory --timeout 300 --append calf_shell=/bin/calfsh
wait_for {a prompt} {# $}
type {echo} {echo one  two} {one two}
type {a pipe} {echo one | cat | cat} {one}
type {redirection} {echo first > /tmp/f; echo second >> /tmp/f; cat < /tmp/f} \
	"first\r\nsecond"
type {a list} {false || echo or; true && echo and; false; echo $?} \
	"or\r\nand\r\n1"
type {cd} {cd /tmp; pwd} {/tmp}
type {a subshell} {(cd /; pwd); pwd} "/\r\n/tmp"
type {the background} {sleep 0 & echo started} {.*started.*}
type {a program that is not there} {nonesuch} {.*nonesuch.*}
type {its status} {echo $?} {127}
type {a program that a signal ends} {sh -c 'kill -11 $$'; echo $?} {.*139}

# The terminal: a typing error is mended, a line given up, a program stopped.
send -- "echo wrong\177\177\177\177\177right\r"
wait_for {erasing characters} "\r\nright\r\n# \$"
send -- "echo wrong\025echo right\r"
wait_for {erasing the line} "\r\nright\r\n# \$"
send -- "cat\r"
send -- "typed\r"
wait_for {a program reads what is typed} "typed\r\ntyped\r\n"
send -- "\004"
wait_for {Ctrl-D ends its input} {# $}
send -- "sh -c 'echo ready; sleep 1000'\r"
wait_for {a program runs} "\r\nready\r\n"
send -- "\003"
wait_for {Ctrl-C ends a program} {# $}
type {and its status is that of a signal} {echo $?} {130}
set long [string repeat x 900]
send -- "echo $long\r"
wait_for {a long line} "\r\n$long\r\n# \$"

send -- "exit\r"
expect {
	eof { result 1 {exit powers off} }
	timeout { result 0 {exit powers off} }
}
set status [lindex [wait] 3]
result [expr {$status == 0}] {and calf ends well}
puts "1..$tests"
exit [expr {$failures > 0}]

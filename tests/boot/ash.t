#!/usr/bin/expect -f
# `./calf run` with the distribution's busybox: the shell that people know, and
# the ways in which a machine is told to end.

set top [file normalize [file join [file dirname [info script]] ../..]]
set tests 0
set failures 0
set timeout 120
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

proc sees {name pattern} {
	expect {
		-re $pattern { result 1 $name }
		timeout { result 0 "$name (nothing like it came)" }
		eof { result 0 "$name (the machine stopped)" }
	}
}

# The shell also asks the terminal where the cursor is, and can do without an
# answer.
proc prompt {} {
	expect {
		-re "# \033\\\[6n" {}
		timeout { result 0 "a prompt" }
		eof { result 0 "a prompt (the machine stopped)"; exit 1 }
	}
}

# Types a line and sees what it prints.
proc type {name line pattern} {
	send -- "$line\r"
	sees $name "\r\n$pattern\r\n"
	prompt
}

proc ends {name} {
	global timeout
	expect {
		eof { result 1 $name }
		timeout { result 0 $name }
	}
	set status [lindex [wait] 3]
	result [expr {$status == 0}] "$name: and calf ends well"
}

if {![file exists $top/build/busybox/version]} {
	puts "1..0 # SKIP no busybox could be fetched"
	exit 0
}
spawn $top/calf run --root memory --timeout 300
prompt
type {it is busybox's} {readlink /proc/$$/exe} {/bin/busybox}
type {a login shell with a profile} {echo $0 $TZ $HOME} {-sh UTC0 /root}
type {who} {id -un; hostname} "root\r\ncalf"
type {all its links are there} \
	{busybox --list | while read n; do [ -x /bin/$n ] || echo no $n; done; echo all} \
	{all}
type {and no others} {ls -l /bin | grep -c -e '-> busybox'} \
	[expr {[exec grep -c . $top/build/busybox/applets]}]
type {control flow} {for i in 1 2 3; do [ $i = 2 ] || echo $((i * i)); done} \
	"1\r\n9"
type {our own shell is there} {calfsh -c 'echo yes > /tmp/y'; cat /tmp/y} {yes}

# The line editor: back over a word, and what was typed before.
send -- "echo oXne\033\[D\033\[D\177\r"
sees {a character within the line goes} "\r\none\r\n"
prompt
send -- "\033\[A"
send -- " two\r"
sees {the line before, and more} "\r\none two\r\n"
prompt
send -- "echo /etc/host\t\t"
sees {completion shows what there is} {hostname +hosts}
send -- "s\r"
sees {and takes more} "\r\n/etc/hosts\r\n"
prompt

# Jobs.
send -- "sleep 100\r"
expect "sleep 100\r\n"
sleep 1
send -- "\032"
sees {Ctrl-Z stops a program} {Stopped +sleep 100}
prompt
send -- "jobs; bg; kill %1; wait; echo after\r"
sees {and bg and kill find it} {Terminated.*\r\nafter|after\r\n}
prompt
send -- "cat\r"
expect "cat\r\n"
sleep 1
send -- "\003"
prompt
type {Ctrl-C ends one} {echo $?} {130}
send -- "kill -9 $$\r"
sees {a shell that was killed is started again} {killed by signal 9}
prompt
type {and has the terminal} {echo back} {back}
send -- "exit\r"
ends {exit powers off}

foreach word {poweroff reboot halt} {
	# A halted machine stays on; calf's goes off.
	spawn $top/calf run --root disk --disk-ro $top/build/root.img --timeout 120
	prompt
	send -- "sleep 50 & $word\r"
	ends $word
}
puts "1..$tests"
exit [expr {$failures > 0}]

# keyboard.tcl: one who sits at a guest's terminal, types, and sees what comes.
#
#	press KEYS		presses keys; nothing is waited for
#	key NAME…		presses keys that have names, one after the other
#	type TEXT		types TEXT, each character once the last is shown
#	paste TEXT		all of it at once, looking up now and then
#	line_is PICTURE		waits until the cursor's row is PICTURE, in which |
#				is the cursor
#	shows PATTERN…		waits until each is a whole row
#	prompt [PATTERN]	waits until the shell asks for a line
#	run COMMAND PATTERN…	types a line at a prompt, sees what it prints, waits
#				for the next prompt
#	start COMMAND PATTERN…	the same, but the command goes on
#	quiet SECONDS		nothing comes for so long
#	until WHAT CONDITION	waits for any condition
#
# What does not come within $patience seconds is an error, which says what was
# waited for.

set patience 60
set last_output ""

array set keys {
	left "\033\[D" right "\033\[C" up "\033\[A" down "\033\[B"
	home "\033\[H" end "\033\[F" delete "\033\[3~" erase "\177"
	page-up "\033\[5~" page-down "\033\[6~"
	enter "\r" tab "\t" escape "\033" blank " "
}

# QEMU keeps ^A for itself, and passes on the second of two.
proc press {text} {
	send -- [string map {\001 \001\001} $text]
}

# key NAME…: names of $keys, ^X, or x; each waits until the screen has changed.
proc key {args} {
	global keys
	foreach name $args {
		if {[info exists keys($name)]} {
			set name $keys($name)
		} elseif {[scan $name "^%c" code] == 1} {
			set name [format %c [expr {$code & 31}]]
		}
		press_and_see $name
	}
}

# press_and_see TEXT: what was pressed changes something on the screen.
proc press_and_see {text} {
	set was [list [screen::rows] [screen::line]]
	press $text
	until "a change by '[visible $text]'" {
		[list [screen::rows] [screen::line]] ne $was
	}
}

proc type {text} {
	foreach character [split $text ""] {
		press_and_see $character
	}
}

# The screen is read meanwhile, as a terminal does: who doesn't would hold the
# guest up.
proc paste {text} {
	set piece 512
	for {set i 0} {$i < [string length $text]} {incr i $piece} {
		press [string range $text $i [expr {$i + $piece - 1}]]
		while {[look 0]} {}
	}
}

# look SECONDS: takes what comes; 0 if nothing came in that time.
proc look {seconds} {
	global last_output spawn_id
	set came ""
	expect {
		-timeout $seconds
		-re ".+" { set came $expect_out(0,string) }
		timeout { return 0 }
		eof { error "the machine ended" }
	}
	set last_output [string range $last_output$came end-999 end]
	screen::feed $came
	foreach answer [screen::answers] {
		send -- $answer
	}
	return 1
}

proc until {what condition} {
	global patience
	set end [expr {[clock seconds] + $patience}]
	while {![uplevel 1 [list expr $condition]]} {
		set left [expr {$end - [clock seconds]}]
		if {$left <= 0 || ![look $left]} {
			error "waited for $what"
		}
	}
}

proc line_is {picture} {
	until "the line '$picture'" { [screen::line] eq $picture }
}

# count_rows PATTERN: how many rows it is.
proc count_rows {pattern} {
	llength [lsearch -all -regexp [screen::rows] "^(?:$pattern)\$"]
}

proc shows {args} {
	foreach pattern $args {
		until "a row '$pattern'" { [count_rows $pattern] > 0 }
	}
}

# The shell also asks where the cursor is, if nothing has been typed by then;
# `look` answers.
proc prompt {{pattern {\S+ # }}} {
	until "the prompt '$pattern'" {
		[regexp "^$pattern\\|\$" [screen::line]]
	}
}

proc run {command args} {
	start $command {*}$args
	prompt
}

proc start {command args} {
	screen::forget
	type $command
	press "\r"
	shows {*}$args
}

proc quiet {seconds} {
	while {[look 0]} {}
	if {[look $seconds]} {
		error "waited for $seconds seconds in which nothing comes"
	}
}

# The text with its control characters as they are written.
proc visible {text} {
	set seen ""
	foreach character [split $text ""] {
		scan $character %c code
		if {$code < 32 || $code == 127} {
			append seen ^[format %c [expr {$code ^ 64}]]
		} else {
			append seen $character
		}
	}
	return $seen
}

# What is on the screen and what came last, as lines for people.
proc describe_screen {} {
	global last_output
	set lines {}
	foreach row [screen::rows] {
		lappend lines "#   >$row"
	}
	while {[lindex $lines end] eq "#   >"} {
		set lines [lrange $lines 0 end-1]
	}
	lappend lines "#   the cursor's row: [screen::line]" \
		"#   came last: [visible [string range $last_output end-299 end]]"
	return [join $lines \n]
}

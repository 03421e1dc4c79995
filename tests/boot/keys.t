#!/usr/bin/expect -f
# One at the keyboard of `./calf run`, on Linux and on calf: every key is typed,
# and what the screen shows must be the same.
#
# The steps are in keys.tcl and keys-full.tcl; CALF_STEPS='vi: *' takes those
# whose names are like that, and CALF_KERNELS=calf one kernel.  A step that fails
# says what it waited for and shows the screen; the next begins on a new machine.

set here [file normalize [file dirname [info script]]]
set top [file normalize $here/../..]
set most_failures 3
log_user 0
# The guest ends its lines itself; the terminal must not do so again.
set stty_init -onlcr
match_max 65536

source $here/screen.tcl
source $here/keyboard.tcl

# name -> body, in the order of the file; those of calf alone.
set steps {}
set only_calf {}

proc step {name body} {
	global steps
	dict set steps $name $body
}

proc step_of_calf {name body} {
	global only_calf
	step $name $body
	lappend only_calf $name
}

# run_inner COMMAND PATTERN…: `run` in a shell whose prompt is inner>.
proc run_inner {command args} {
	start $command {*}$args
	prompt {inner> }
}

# md5 TEXT: what md5sum prints of it.
proc md5 {text} {
	return [exec md5sum << $text]
}

source $here/keys.tcl
source $here/keys-full.tcl

# ---- machines ---------------------------------------------------------------

proc boot {kernel} {
	global top spawn_id stty_init timeout
	set options {--debug-build --smp 4}
	if {$kernel eq "linux"} {
		set options {--kernel linux}
	}
	spawn -noecho $top/calf run --root memory --timeout 600 {*}$options
	fconfigure $spawn_id -encoding iso8859-1
	screen::reset
	prompt
}

# All that was spawned is one process group.
proc stop {} {
	global spawn_id
	set group [exp_pid]
	foreach signal {TERM KILL} {
		catch { exec kill -$signal -- -$group }
		expect {
			-timeout 20
			eof { break }
			timeout {}
		}
	}
	catch close
	wait
}

# ---- results ----------------------------------------------------------------

set tests 0
set failures 0

proc result {error name} {
	global tests failures
	incr tests
	if {$error eq ""} {
		puts "ok $tests - $name"
		return
	}
	incr failures
	puts "not ok $tests - $name"
	puts "# $error; the screen:"
	puts [describe_screen]
}

# attempt BODY: empty, or why it failed.
proc attempt {body} {
	if {[catch { uplevel #0 $body } why options]} {
		if {[dict get $options -errorcode] ne "NONE"} {
			return [dict get $options -errorinfo]
		}
		return $why
	}
	return ""
}

# The shell has ended; calf says how.
proc leave {} {
	screen::forget
	type exit
	press "\r"
	expect {
		-timeout 60
		eof {}
		timeout { error "waited for the machine to go off" }
	}
	set status [lindex [wait] 3]
	if {$status != 0} {
		error "status $status"
	}
}

# sit_at KERNEL: all its steps.
proc sit_at {kernel} {
	global steps only_calf most_failures failures tests env
	set pattern *
	if {[info exists env(CALF_STEPS)]} {
		set pattern $env(CALF_STEPS)
	}
	set failed 0
	set up 0
	set error ""
	dict for {name body} $steps {
		if {![string match $pattern $name] ||
			($kernel ne "calf" && $name in $only_calf)} {
			continue
		}
		if {$failed >= $most_failures} {
			incr tests
			puts "not ok $tests - $kernel: $name # not tried any more"
			continue
		}
		if {!$up} {
			set error [attempt [list boot $kernel]]
			result $error "$kernel: boots to a prompt"
			set up 1
		}
		if {$error eq ""} {
			set error [attempt $body]
		}
		if {$error eq "" && $screen::strange ne ""} {
			set error "the screen does not know: [visible $screen::strange]"
		}
		result $error "$kernel: $name"
		if {$error ne ""} {
			incr failed
			stop
			set up 0
		}
	}
	if {$up} {
		result [attempt leave] "$kernel: exit powers off"
	}
}

if {![file exists $top/build/busybox/version]} {
	puts "1..0 # SKIP no busybox could be fetched"
	exit 0
}
set kernels {linux calf}
if {[info exists env(CALF_KERNELS)]} {
	set kernels $env(CALF_KERNELS)
}
foreach kernel $kernels {
	sit_at $kernel
}
puts "1..$tests"
exit [expr {$failures > 0}]

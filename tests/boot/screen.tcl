# screen.tcl: the screen that a guest's terminal would show, for tests that look
# at it as a person does.
#
#	screen::reset			an empty screen
#	screen::feed TEXT		TEXT, the guest's output, arrives
#	screen::answers			what the terminal has to say to that: where
#					its cursor is, each time it was asked
#	screen::row [N]			row N, or the cursor's, blanks and all
#	screen::rows			all rows without blanks at their ends
#	screen::line			the cursor's row, a mark | where the cursor is
#	screen::forget			rows above and below the cursor's become empty
#
# A screen of 24 rows of 80 characters that wraps as a VT100 does: a character in
# the last column leaves the cursor there, and the next one begins a row.  Colours
# are passed over.  A sequence that is not known is kept in screen::strange.
# screen::scrolled and screen::homes count how often rows went off at the top, and
# how often the cursor was sent to the first character.

namespace eval screen {
	variable height 24
	variable width 80
	variable blank [string repeat " " $width]
	variable y x wraps top bottom saved rest answers
	variable strange scrolled homes cells other
}

proc screen::reset {} {
	variable height
	variable blank
	variable y 0
	variable x 0
	# The cursor is behind the last column, although shown on it.
	variable wraps 0
	variable top 0
	variable bottom [expr {$height - 1}]
	variable saved {0 0}
	variable rest ""
	variable answers {}
	variable strange {}
	variable scrolled 0
	variable homes 0
	variable cells [lrepeat $height $blank]
	variable other {}
}

proc screen::row {{n -1}} {
	variable cells
	variable y
	return [lindex $cells [expr {$n < 0 ? $y : $n}]]
}

proc screen::rows {} {
	variable cells
	return [lmap row $cells {string trimright $row}]
}

proc screen::line {} {
	variable x
	variable wraps
	set at [expr {$x + $wraps}]
	set row [row]
	return [string range $row 0 $at-1]|[string trimright \
		[string range $row $at end]]
}

proc screen::answers {} {
	variable answers
	set was $answers
	set answers {}
	return $was
}

proc screen::forget {} {
	variable height
	variable blank
	variable cells
	variable y
	set row [row]
	set cells [lreplace [lrepeat $height $blank] $y $y $row]
}

# ---- what arrives -----------------------------------------------------------

proc screen::feed {text} {
	variable rest
	set text $rest$text
	set rest ""
	while {$text ne ""} {
		if {[regexp {^[^\x00-\x1f\x7f]+} $text run]} {
			put $run
			set taken [string length $run]
		} elseif {[string index $text 0] ne "\033"} {
			control [string index $text 0]
			set taken 1
		} elseif {[regexp {^\033\[([0-9;?]*)([@-~])} $text all numbers end]} {
			sequence $numbers $end
			set taken [string length $all]
		} elseif {[regexp {^\033(\[[0-9;?]*)?$} $text]} {
			set rest $text
			return
		} else {
			escape [string index $text 1]
			set taken 2
		}
		set text [string range $text $taken end]
	}
}

# put TEXT: characters that are shown.
proc screen::put {text} {
	variable width
	variable cells
	variable y
	variable x
	variable wraps
	while {$text ne ""} {
		if {$wraps} {
			set x 0
			set wraps 0
			feed_line
		}
		set part [string range $text 0 [expr {$width - $x - 1}]]
		set text [string range $text [string length $part] end]
		set end [expr {$x + [string length $part]}]
		lset cells $y [string replace [row] $x $end-1 $part]
		set wraps [expr {$end == $width}]
		set x [expr {$end - $wraps}]
	}
}

proc screen::control {character} {
	variable width
	variable x
	variable wraps
	set wraps 0
	switch -- $character {
		"\b" { set x [expr {max($x - 1, 0)}] }
		"\t" { set x [expr {min(($x / 8 + 1) * 8, $width - 1)}] }
		"\n" - "\v" - "\f" { feed_line }
		"\r" { set x 0 }
	}
}

# The cursor goes a row down; at the last one the rows move up instead.
proc screen::feed_line {} {
	variable y
	variable bottom
	variable height
	variable scrolled
	if {$y == $bottom} {
		scroll_up 1
		incr scrolled
	} elseif {$y < $height - 1} {
		incr y
	}
}

proc screen::scroll_up {n} {
	variable top
	move_rows $top -$n
}

# move_rows FROM N: the rows from there to the last that scrolls move down by N.
proc screen::move_rows {from n} {
	variable bottom
	variable blank
	variable cells
	set part [lrange $cells $from $bottom]
	set size [llength $part]
	set n [expr {max(-$size, min($size, $n))}]
	set new [lrepeat [expr {abs($n)}] $blank]
	if {$n < 0} {
		set part [concat [lrange $part [expr {-$n}] end] $new]
	} else {
		set part [concat $new [lrange $part 0 end-$n]]
	}
	set cells [lreplace $cells $from $bottom {*}$part]
}

proc screen::escape {character} {
	variable y
	variable x
	variable saved
	variable strange
	variable top
	switch -- $character {
		7 { set saved [list $y $x] }
		8 { go {*}$saved }
		D { feed_line }
		E { set x 0; feed_line }
		M { if {$y == $top} { move_rows $top 1 } else { incr y -1 } }
		= - > {}
		default { lappend strange "ESC $character" }
	}
}

proc screen::go {to_y to_x} {
	variable height
	variable width
	variable wraps 0
	variable y [expr {max(0, min($height - 1, $to_y))}]
	variable x [expr {max(0, min($width - 1, $to_x))}]
}

# sequence NUMBERS END: ESC [ NUMBERS END.
proc screen::sequence {numbers end} {
	variable height
	variable width
	variable y
	variable x
	variable saved
	variable strange
	variable homes
	variable answers
	lassign [split $numbers ";"] first second
	set n [expr {[string is digit -strict $first] && $first > 0 ? $first : 1}]
	set m [expr {[string is digit -strict $second] && $second > 0 ? $second : 1}]
	switch -- $end {
		A { go [expr {$y - $n}] $x }
		B { go [expr {$y + $n}] $x }
		C { go $y [expr {$x + $n}] }
		D { go $y [expr {$x - $n}] }
		G { go $y [expr {$n - 1}] }
		d { go [expr {$n - 1}] $x }
		H - f {
			go [expr {$n - 1}] [expr {$m - 1}]
			incr homes [expr {$n == 1 && $m == 1}]
		}
		J { clear_rows [expr {$first eq "" ? 0 : $first}] }
		K { clear_row [expr {$first eq "" ? 0 : $first}] }
		L { move_rows $y $n }
		M { move_rows $y -$n }
		P { set_row [string replace [row] $x [expr {$x + $n - 1}]] }
		@ { set_row [string range [row] 0 $x-1][string repeat " " $n][string range [row] $x end] }
		S { scroll_up $n }
		T { variable top; move_rows $top $n }
		m {}
		n { if {$first == 6} { lappend answers [place] } }
		s { set saved [list $y $x] }
		u { go {*}$saved }
		r {
			variable top [expr {$n - 1}]
			variable bottom [expr {($m > 1 ? $m : $height) - 1}]
			go 0 0
		}
		h - l { mode $numbers [expr {$end eq "h"}] }
		default { lappend strange "ESC \[ $numbers $end" }
	}
}

# Where the cursor is, as a terminal says it.
proc screen::place {} {
	variable y
	variable x
	return "\033\[[expr {$y + 1}];[expr {$x + 1}]R"
}

proc screen::set_row {text} {
	variable width
	variable blank
	variable cells
	variable y
	lset cells $y [string range $text$blank 0 $width-1]
}

proc screen::clear_row {how} {
	variable width
	variable blank
	variable x
	set row [row]
	switch -- $how {
		0 { set_row [string range $row 0 $x-1] }
		1 { set_row [string replace $row 0 $x [string range $blank 0 $x]] }
		2 { set_row $blank }
	}
}

proc screen::clear_rows {how} {
	variable height
	variable blank
	variable cells
	variable y
	if {$how < 2} {
		clear_row $how
	}
	for {set i 0} {$i < $height} {incr i} {
		if {$how >= 2 || ($how == 0 && $i > $y) || ($how == 1 && $i < $y)} {
			lset cells $i $blank
		}
	}
}

# The other screen of a terminal, where programs that fill it work.
proc screen::mode {numbers on} {
	variable height
	variable blank
	variable cells
	variable other
	variable strange
	switch -- $numbers {
		?1049 - ?47 {
			if {$on} {
				set other $cells
				set cells [lrepeat $height $blank]
			} elseif {$other ne ""} {
				set cells $other
				set other {}
			}
		}
		?25 - ?7 - ?1 {}
		default { lappend strange "ESC \[ $numbers, mode $on" }
	}
}

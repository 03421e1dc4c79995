# keys.tcl: what tests/boot/keys.t does at the keyboard, step by step.
#
#	step NAME BODY			on Linux and on calf
#	step_of_calf NAME BODY		on calf alone
#
# Each begins at a prompt in the home folder, and ends there; none needs another.
# tests/boot/keyboard.tcl has the words of which they are made.  A program that is
# to get ^C and its like must have said something before: until it is in the
# foreground, they go to the shell.

# A pipeline that answers each line.
set answering {echo ready; while read x; do echo got $x; done | cat}

# What the shell says of a program that ^Z has stopped.
set stopped {(\^Z)?\[1\]\+ +Stopped .*}

# start_cat ARGUMENTS: a key typed before the shell has given the terminal its
# usual settings back would not be shown.
proc start_cat {{arguments ""}} {
	start "echo ready; cat $arguments" ready
}

# gone COMMAND: no program is called that any more.
proc gone {command} {
	run "pidof $command || echo no $command" "no $command"
}

# ---- the line ---------------------------------------------------------------

step {edit: left and right} {
	type "echo ad"
	key left
	line_is {~ # echo a|d}
	type b
	line_is {~ # echo ab|d}
	key left left right
	type c
	line_is {~ # echo ac|bd}
	key enter
	shows acbd
	prompt
}

step {edit: Home and End, ^A and ^E} {
	type {hello}
	key home
	line_is {~ # |hello}
	type {echo }
	line_is {~ # echo |hello}
	key end
	line_is {~ # echo hello|}
	type !
	key ^A
	line_is {~ # |echo hello!}
	key ^E
	line_is {~ # echo hello!|}
	key ^A right right ^E enter
	shows hello!
	prompt
}

step {edit: ^B and ^F} {
	type {echo xz}
	key ^B
	type y
	key ^F
	line_is {~ # echo xyz|}
	key enter
	shows xyz
	prompt
}

step {edit: erase and delete in the middle} {
	type {echo abXcdY}
	key left left left erase
	line_is {~ # echo ab|cdY}
	key right right delete
	line_is {~ # echo abcd|}
	key left left ^D
	line_is {~ # echo ab|d}
	key enter
	shows abd
	prompt
}

step {edit: ^U, ^K and ^W} {
	type {rubbish echo one two three}
	key ^W
	line_is {~ # rubbish echo one two |}
	key ^W
	line_is {~ # rubbish echo one |}
	key home right right right right right right right right ^U
	line_is {~ # |echo one}
	key end
	type { gone}
	key left left left left left ^K
	line_is {~ # echo one |}
	key enter
	shows one
	prompt
}

step {edit: a line longer than the screen is wide} {
	set long [string repeat 0123456789 12]
	type "echo $long"
	key home
	until "the cursor at the first row" { [regexp {^~ # \|echo 0123} [screen::line]] }
	key right right right right
	type -
	key erase end
	line_is "[string range $long 71 end]|"
	key enter
	shows [string range $long 0 79]
	shows [string range $long 80 end]
	prompt
}

step {edit: ^L clears the screen} {
	run {echo some; echo thing} some thing
	type {echo kept}
	key ^L
	until "an empty screen but for the line" {
		[screen::rows] eq [list {~ # echo kept} {*}[lrepeat 23 {}]]
	}
	key enter
	shows kept
	prompt
}

step {edit: words, by Alt} {
	type {echo one two}
	press "\033b"
	line_is {~ # echo one |two}
	press "\033b"
	line_is {~ # echo |one two}
	press "\033d"
	line_is {~ # echo | two}
	press "\033f"
	line_is {~ # echo  two|}
	key enter
	shows two
	prompt
}

# ---- history ----------------------------------------------------------------

step {history: up and down} {
	run {echo first} first
	run {echo second} second
	run {echo third} third
	key up
	line_is {~ # echo third|}
	key up up
	line_is {~ # echo first|}
	key down
	line_is {~ # echo second|}
	type ly
	key enter
	shows secondly
	prompt
	key up
	line_is {~ # echo secondly|}
	key down
	line_is {~ # |}
}

step {history: the line that was begun comes back} {
	run {echo before} before
	type {echo beg}
	key ^P
	line_is {~ # echo before|}
	key ^N
	line_is {~ # echo beg|}
	type un
	key enter
	shows begun
	prompt
}

# ---- completion -------------------------------------------------------------

step {complete: a command} {
	type hostn
	key tab
	line_is {~ # hostname |}
	key enter
	shows calf
	prompt
}

step {complete: a choice of commands} {
	type host
	press "\t\t"
	shows {host(id|name) +host(id|name) *}
	line_is {~ # host|}
	type i
	key tab
	line_is {~ # hostid |}
	key ^U
}

step {complete: a path} {
	type {cat /et}
	key tab
	line_is {~ # cat /etc/|}
	type hostn
	key tab
	line_is {~ # cat /etc/hostname |}
	key enter
	shows calf
	prompt
}

step {complete: in the middle, and a name with a blank} {
	run {mkdir -p /tmp/tab; cd /tmp/tab; echo well >'a name'}
	type {cat a}
	key tab
	line_is {/tmp/tab # cat a\ name |}
	key enter
	shows well
	prompt
	type {ls -d /tm/tab}
	key left left left left tab
	line_is {/tmp/tab # ls -d /tmp/|/tab}
	key delete enter
	shows /tmp/tab
	prompt
	run {cd}
}

# ---- the terminal's own editing ---------------------------------------------

step {tty: a line is edited before a program sees it} {
	start_cat {-A}
	type {one twX}
	key erase
	type {o three}
	key ^W
	line_is {one two |}
	key enter
	shows {one two \$}
	type {all of it}
	key ^U
	line_is {|}
	type {fresh}
	key enter
	shows {fresh\$}
	press "\004"
	prompt
}

step {tty: ^V takes the next key as it is} {
	start_cat {-A}
	press "\026"
	type "\003"
	line_is {^C|}
	press "\026"
	type "\004"
	type x
	key enter
	shows {\^C\^Dx\$}
	press "\004"
	prompt
}

step {tty: ^S holds what comes, ^Q lets it go} {
	start_cat
	type one
	key enter
	until "cat's answer" { [count_rows one] == 2 }
	line_is {|}
	press "\023"
	press "two\r"
	quiet 1
	press "\021"
	until "what was held" { [count_rows two] == 2 }
	type three
	key enter
	until "what comes then" { [count_rows three] == 2 }
	press "\004"
	prompt
}

step {tty: stty -echo} {
	start {stty -echo; echo silent; cat; stty echo} silent
	press "secret\r"
	shows secret
	press "\004"
	prompt
	until "it just once" { [count_rows secret] == 1 }
	run {cat </etc/hostname} calf
}

step {tty: a key alone, without Enter} {
	start {echo ready; read -n 1 x; echo "got $x"} ready
	press k
	shows {k?got k}
	prompt
}

step {tty: what stty says is what it was before} {
	start {stty -a >/tmp/before; vi -R /tmp/before}
	until "vi's first line" { [regexp {^speed} [screen::row 0]] }
	press ":q\r"
	prompt
	run {stty -a | cmp - /tmp/before && echo same} same
}

# ---- the end of what is typed -----------------------------------------------

step {end: ^D ends cat} {
	start_cat {>/tmp/lines}
	type {first}
	key enter
	type {second}
	key enter
	press "\004"
	prompt
	run {cat -A /tmp/lines} {first\$} {second\$}
}

step {end: ^D within a line sends it off} {
	start_cat
	type {half}
	press "\004"
	line_is {halfhalf|}
	type { more}
	key enter
	shows {halfhalf more} { more}
	press "\004"
	prompt
}

step {end: ^D at an empty prompt ends a shell} {
	start {echo outer $$; PS1='inner> ' sh}
	prompt {inner> }
	run_inner {echo $(($$ != PPID))} 1
	press "\004"
	prompt
	run {echo $?} 0
}

step {end: ^D ends programs that count and sort} {
	start {echo ready; sort | wc} ready
	type {two words}
	key enter
	type {one}
	key enter
	press "\004"
	shows { +2 +3 +14}
	prompt
}

# ---- signals ----------------------------------------------------------------

step {signal: ^C gives a line up} {
	type {echo never}
	key left left
	press "\003"
	prompt
	until "no output of it" { [count_rows never] == 0 }
	run {echo on} on
}

step {signal: ^C ends a program that reads} {
	start_cat
	type purr
	key enter
	until "cat's answer" { [count_rows purr] == 2 }
	type {half a line}
	press "\003"
	prompt
	run {echo $?} 130
}

step {signal: ^C ends a program that computes} {
	start {sh -c 'echo ready; exec yes >/dev/null'} ready
	press "\003"
	prompt
	run {echo $?} 130
	gone yes
}

step {signal: ^C ends a loop of the shell's} {
	start {i=0; while :; do i=$((i + 1)); [ $i != 9 ] || echo nine; done} nine
	press "\003"
	prompt
	run {[ $i -ge 9 ] && echo out} out
}

step {signal: ^C ends a pipeline} {
	start $answering ready
	type a
	key enter
	shows {got a}
	press "\003"
	prompt
	run {echo $?} 130
	start {sh -c 'echo ready; exec sleep 1000' | cat | cat} ready
	press "\003"
	prompt
	gone sleep
}

step {signal: ^C is caught} {
	start {sh -c 'trap "n=x\$n; echo caught \$n" INT; echo ready; until [ "$n" = xx ]; do usleep 9000; done'} ready
	press "\003"
	shows {(\^C)?caught x}
	press "\003"
	shows {(\^C)?caught xx}
	prompt
}

step {signal: ^\ quits} {
	start_cat
	type on
	key enter
	until "cat's answer" { [count_rows on] == 2 }
	press "\034"
	prompt
	run {echo $?} 131
}

# ---- jobs -------------------------------------------------------------------

step {job: ^Z, jobs, fg} {
	start_cat
	type one
	key enter
	until "cat's answer" { [count_rows one] == 2 }
	press "\032"
	shows $stopped
	prompt
	run {jobs} {\[1\]\+ +Stopped +cat}
	start fg cat
	type two
	key enter
	until "cat's answer" { [count_rows two] == 2 }
	press "\004"
	prompt
	run {jobs; echo none} none
	until "no job" { [count_rows {.*cat}] == 0 }
}

step {job: ^Z and bg, it goes on} {
	run {rm -f /tmp/go}
	start {sh -c 'echo ready; until [ -e /tmp/go ]; do usleep 9000; done; echo went'} ready
	press "\032"
	shows $stopped
	prompt
	run bg {\[1\] sh -c .*}
	run jobs {\[1\]\+ +Running .*}
	start {touch /tmp/go; wait} went
	prompt
	run {jobs; echo none} none
}

step {job: a pipeline is stopped as a whole} {
	start $answering ready
	type a
	key enter
	shows {got a}
	press "\032"
	shows $stopped
	prompt
	start {fg %1} {.*while read x.*}
	type b
	key enter
	shows {got b}
	press "\032"
	prompt
	run {kill %1; fg; echo $?} {.*while read x.*} 143
	gone cat
}

step {job: kill %1 ends one that runs} {
	run {sleep 1000 & echo begun} begun
	run {jobs} {\[1\]\+ +Running +sleep 1000}
	run {kill %1; wait %1; echo $?} 143
	gone sleep
}

step {job: kill %1 ends one that is stopped} {
	start {sh -c 'echo ready; exec sleep 1000'} ready
	press "\032"
	shows $stopped
	prompt
	run {kill %1; jobs} {\[1\]\+ +Stopped .*}
	run {bg; wait; jobs; echo none} none
	gone sleep
}

step {job: two of them, by number} {
	run {sleep 1001 & sleep 1002 & echo begun} begun
	run {jobs} {\[1\]- +Running +sleep 1001} {\[2\]\+ +Running +sleep 1002}
	run {kill %1; wait %1; jobs} {\[2\]\+ +Running +sleep 1002}
	run {kill %2; wait %2; echo $?} 143
}

# Linux lets everybody have /dev/console, where the shell is, but not /dev/tty.
step {job: a reader in the background is stopped} {
	run {cat </dev/tty & until grep -q '^State:.*T' /proc/$!/status; do usleep 9000; done}
	run {jobs} {\[1\]\+ +Stopped \(tty input\) +cat.*}
	start fg cat.*
	type {in front}
	key enter
	until "cat's answer" { [count_rows {in front}] == 2 }
	press "\004"
	prompt
}

step {job: a writer in the background is stopped after stty tostop} {
	run {stty tostop}
	run {echo written >/dev/tty & until grep -q '^State:.*T' /proc/$!/status; do usleep 9000; done}
	run {jobs} {\[1\]\+ +Stopped \(tty output\) +echo written.*}
	start {stty -tostop; fg} written
	prompt
}

step {job: who changes the terminal in the background is stopped} {
	run {stty echo </dev/tty & until grep -q '^State:.*T' /proc/$!/status; do usleep 9000; done}
	run {jobs} {\[1\]\+ +Stopped \(tty output\) +stty echo.*}
	run {kill -9 %1; wait; echo over} over
}

step {job: a shell with a stopped one warns before it goes} {
	start {PS1='inner> ' sh}
	prompt {inner> }
	start {sh -c 'echo ready; exec sleep 1000'} ready
	press "\032"
	prompt {inner> }
	run_inner exit {You have stopped jobs\.}
	start exit
	prompt
	# Nobody is left to let it go on, so the kernel ends it.
	run {while pidof sleep >/dev/null; do usleep 9000; done; echo over} over
}

step {job: a nested shell gives the terminal back} {
	start {PS1='inner> ' sh}
	prompt {inner> }
	start_cat
	type x
	key enter
	until "cat's answer" { [count_rows x] == 2 }
	press "\003"
	prompt {inner> }
	press "\004"
	prompt
	start_cat
	type y
	key enter
	until "cat's answer" { [count_rows y] == 2 }
	press "\003"
	prompt
	run {echo $?} 130
}

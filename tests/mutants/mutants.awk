# mutants.awk: reads the files of mutants (see run) and, as -v mode says,
#
#	list	prints a line for each mutant: name, file, why, and why it may
#		survive, with tabs between
#	apply	prints -v source=FILE, a copy of the mutant's file, as -v mutant=NAME
#		makes it; fails if the mutant's old text is not in it exactly once

function complain(text)
{
	print "mutants: " text > "/dev/stderr"
	failed = 1
	exit 1
}

function end_of_one()
{
	if (name == "")
		return
	if (why == "" || old == new)
		complain(name " says no reason, or changes nothing")
	if (mode == "list")
		print name "\t" file "\t" why "\t" survives
	if (name == mutant) {
		wanted_old = "\n" old
		wanted_new = "\n" new
		found++
	}
	name = why = survives = old = new = ""
}

/^#/ || /^$/ { next }

/^file / {
	end_of_one()
	file = $2
	next
}

/^mutant / {
	end_of_one()
	name = $2
	if (seen[name]++)
		complain("two mutants are called " name)
	next
}

/^why / {
	why = why (why == "" ? "" : " ") substr($0, 5)
	next
}

/^survives / {
	survives = survives (survives == "" ? "" : " ") substr($0, 10)
	next
}

/^ / { old = old substr($0, 2) "\n"; new = new substr($0, 2) "\n"; next }
/^~$/ { old = old "\n"; new = new "\n"; next }
/^-/ { old = old substr($0, 2) "\n"; next }
/^[+]/ { new = new substr($0, 2) "\n"; next }

{ complain(FILENAME ":" FNR ": what is this?") }

END {
	if (failed)
		exit 1
	end_of_one()
	if (mode != "apply")
		exit
	if (found != 1)
		complain("there is no mutant " mutant)
	text = "\n"
	while ((getline line < source) > 0)
		text = text line "\n"
	at = index(text, wanted_old)
	if (at == 0)
		complain(mutant ": its old text is not there")
	rest = substr(text, at + 1)
	if (index(rest, wanted_old) != 0)
		complain(mutant ": its old text is there more than once")
	text = substr(text, 1, at - 1) wanted_new \
		substr(text, at + length(wanted_old))
	printf "%s", substr(text, 2)
}

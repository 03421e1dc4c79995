# table.awk: prints what was measured, calf beside Linux.
#
#	awk -v figures=PREFIX -f table.awk NAME.tbl
#
# PREFIX.calf, PREFIX.linux and PREFIX.huge have the figures.  A column that is
# not there is shown as `-`.

function load(column,	file, line, field)
{
	file = figures "." column
	while ((getline line <file) > 0) {
		split(line, field, " ")
		value[column, field[1]] = field[2]
	}
	close(file)
}

function commas(digits,	n)
{
	n = length(digits)
	if (n <= 3)
		return digits
	return commas(substr(digits, 1, n - 3)) "," substr(digits, n - 2)
}

# What is small keeps two decimals.
function show(column, name,	v)
{
	if (!((column, name) in value))
		return "-"
	v = value[column, name]
	return v < 100 ? sprintf("%.2f", v) : commas(sprintf("%.0f", v))
}

# How many times calf's figure it is.
function times(column, name)
{
	if (!((column, name) in value) || !(value["calf", name] > 0))
		return "-"
	return sprintf("%.2f", value[column, name] / value["calf", name])
}

function row(what, most, calf, linux, huge, linux_times, huge_times, mark)
{
	printf "%-60s %7s %8s %11s %11s %9s %9s%s\n", what, most, calf, \
		linux, huge, linux_times, huge_times, mark
}

BEGIN {
	load("calf")
	load("linux")
	load("huge")
	row("", "", "", "", "Linux,", "Linux", "huge", "")
	row("", "at most", "calf", "Linux", "huge pages", "/ calf", "/ calf")
}

/^#/ {
	next
}

{
	name = $1
	most = $2
	what = $0
	sub(/^[^ ]+ +[^ ]+ +/, "", what)
	mark = ""
	if (most != "-" && value["calf", name] > most + 0) {
		mark = "  over"
		over++
	}
	row(what, most, show("calf", name), show("linux", name), \
		show("huge", name), times("linux", name), \
		times("huge", name), mark)
}

END {
	if (over)
		printf "\n%d of calf's figures are over their limits.\n", over
	else
		print "\nAll of calf's figures are within their limits."
}

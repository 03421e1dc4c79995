# fork.gp: the time of fork() against the size of the process.
#
#	gnuplot -e "figures='PREFIX'; result='NAME.svg'" bench/fork.gp
#
# PREFIX.calf, PREFIX.linux and PREFIX.huge have lines `fork_SIZEm VALUE UNIT`.
# What result ends in, .svg or .png, says which it is to be.

if (result[strlen(result) - 3 :] eq '.png') {
	set terminal pngcairo size 1440, 900 font 'DejaVu Sans,20' linewidth 1.6
} else {
	set terminal svg size 720, 450 font 'DejaVu Sans,Arial,sans-serif,11' \
		background '#ffffff' linewidth 1.2
}
set output result

ink = '#333333'
calf_colour = '#c0392b'
linux_colour = '#2c5f8a'
huge_colour = '#6b7778'

set title 'fork() of a process, by the memory it has touched' \
	textcolor rgb ink
set xlabel 'memory touched before the fork' textcolor rgb ink
set ylabel 'instructions in fork(), parent' \
	textcolor rgb ink
set logscale x 2
set logscale y 10
set xrange [0.8:3900]
set yrange [3e3:1e8]
set xtics ('1 MiB' 1, '4 MiB' 4, '16 MiB' 16, '64 MiB' 64, '256 MiB' 256, \
	'1 GiB' 1024) nomirror textcolor rgb ink
set ytics ('10 thousand' 1e4, '100 thousand' 1e5, '1 million' 1e6, \
	'10 million' 1e7, '100 million' 1e8) nomirror textcolor rgb ink
set border 3 linecolor rgb '#999999'
set grid ytics linetype 1 linecolor rgb '#e0e0e0' linewidth 0.8
set lmargin 16
unset key
set style textbox opaque noborder fillcolor rgb '#ffffff' margins 0.5, 0.5

# The figures of a column, as lines `SIZE VALUE`.
lines(name) = sprintf("< sed -n 's/^fork_\\([1-9][0-9]*\\)m/\\1/p' %s.%s", \
	figures, name)

# The last value of each, where its name goes.
stats lines('calf') using 2 nooutput name 'top1'
stats lines('linux') using 2 nooutput name 'top2'
stats lines('huge') using 2 nooutput name 'top3'

set label 1 'calf' at 1200, top1_max left front boxed \
	textcolor rgb calf_colour
set label 2 'Linux' at 1200, top2_max left front boxed \
	textcolor rgb linux_colour
set label 3 "Linux with\nhuge pages" at 1200, top3_max left front boxed \
	textcolor rgb huge_colour

plot lines('linux') with linespoints linewidth 2 pointtype 7 pointsize 0.6 \
		linecolor rgb linux_colour, \
	lines('huge') with linespoints linewidth 2 pointtype 7 pointsize 0.6 \
		linecolor rgb huge_colour, \
	lines('calf') with linespoints linewidth 3 pointtype 7 pointsize 0.8 \
		linecolor rgb calf_colour

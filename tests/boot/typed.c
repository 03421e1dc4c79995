/*
 * typed: a guest program that looks at what is typed on its terminal, for
 * tests/boot/terminal.t.
 *
 *	typed lines	reads numbered lines by lines, until the end of file
 *	typed raw	the same byte by byte, without echo, until a line "end"
 *	typed slow	the same, a few bytes at a time
 *	typed keys N	prints the codes of N bytes, in raw mode
 *	typed pause	VMIN 0 and VTIME 1: prints how the first read ends, and
 *			which byte comes at last
 *	typed spin	never reads and never ends
 *
 * Numbered lines are those that terminal.t sends; the first that is wrong is
 * printed, and how many were right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_TEXT "abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"

static struct termios was;

static void
restore(void)
{
	tcsetattr(0, TCSADRAIN, &was);
}

static void
set_raw(int vmin, int vtime)
{
	struct termios t;

	if (tcgetattr(0, &was))
		exit(96);
	atexit(restore);
	t = was;
	t.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
	t.c_iflag &= ~(ICRNL | IXON);
	t.c_cc[VMIN] = vmin;
	t.c_cc[VTIME] = vtime;
	if (tcsetattr(0, TCSANOW, &t))
		exit(95);
}

/* Puts bytes together to lines and checks each; false at the line "end". */
static int
check_bytes(const char *buf, int n, int *nr_good)
{
	static char line[256];
	static size_t len;
	char want[sizeof(line)];

	for (int i = 0; i < n; i++) {
		if (len == sizeof(line) - 1)
			exit(94);
		line[len++] = buf[i];
		if (buf[i] != '\n')
			continue;
		line[len] = '\0';
		len = 0;
		if (strcmp(line, "end\n") == 0)
			return 0;
		snprintf(want, sizeof(want), "%06d %s\n", *nr_good, LINE_TEXT);
		if (strcmp(line, want) == 0)
			++*nr_good;
		else
			printf("typed: wrong after %d: %s", *nr_good, line);
	}
	return 1;
}

static int
read_lines(size_t piece)
{
	char buf[4096];
	int nr_good = 0;
	ssize_t n;

	do
		n = read(0, buf, piece);
	while (n > 0 && check_bytes(buf, n, &nr_good));
	printf("typed: %d good lines\n", nr_good);
	return 0;
}

static int
show_keys(int count)
{
	unsigned char c;

	set_raw(1, 0);
	printf("typed: ready\n");
	fflush(stdout);
	while (count-- > 0 && read(0, &c, 1) == 1)
		printf(" %02x", c);
	printf(".\n");
	return 0;
}

static int
read_with_pauses(void)
{
	char c;

	set_raw(0, 1);
	printf("typed: read gives %zd\n", read(0, &c, 1));
	fflush(stdout);
	while (read(0, &c, 1) == 0)
		;
	printf("typed: then %c\n", c);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	if (strcmp(how, "lines") == 0)
		return read_lines(4096);
	if (strcmp(how, "keys") == 0 && argc > 2)
		return show_keys(atoi(argv[2]));
	if (strcmp(how, "pause") == 0)
		return read_with_pauses();
	if (strcmp(how, "raw") == 0 || strcmp(how, "slow") == 0) {
		set_raw(1, 0);
		return read_lines(how[0] == 's' ? 3 : 4096);
	}
	if (strcmp(how, "spin") == 0) {
		printf("typed: spinning\n");
		fflush(stdout);
		for (volatile int i = 0;; i++)
			;
	}
	return 97;
}

/*
 * cowtop: what each process maps, owns alone and shares, refreshed in place.
 * cowmap (cowtop/map.c) is in the same file, to save a machine of 32 MiB some
 * memory: the name that it is called by tells which is meant.
 *
 * Everything shown comes from /proc/calf/spaces, stat and frames.
 */
/* names: cowmap */
#include "cowtop/cowtop.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define PAGE 4096ul

/* A terminal that does not say how high it is. */
#define ROWS 24
/* Lines above the processes. */
#define HEAD_ROWS 4

static volatile sig_atomic_t ended;

/* ---- reading --------------------------------------------------------------
 */

char *
slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0, room = 0;
	char *text = NULL;
	ssize_t n = -1;

	while (fd >= 0) {
		if (room - len < 2) {
			room = room * 2 + 65536;
			text = realloc(text, room);
			if (text == NULL)
				break;
		}
		n = read(fd, text + len, room - len - 1);
		if (n <= 0)
			break;
		len += n;
	}
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/* The number behind a word that begins a line; 0 when there is none. */
static unsigned long
number(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (text != NULL && *text != '\0') {
		if (!strncmp(text, word, len) && text[len] == ' ')
			return strtoul(text + len, NULL, 10);
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	return 0;
}

/* One line of /proc/calf/spaces. */
struct space {
	int pid;
	char name[64];
	unsigned long mapped, pages, own, shared, most;
	unsigned long tables_own, tables_shared, bytes;
};

static bool
parse(const char *line, struct space *s)
{
	unsigned long roots, own1, shared1, own0, shared0;

	if (sscanf(line,
		"%d %63s %lu %lu %lu %lu %lu %*u %lu %lu %lu %lu %lu %lu",
		&s->pid, s->name, &s->mapped, &s->pages, &s->own, &s->shared,
		&s->most, &roots, &own1, &shared1, &own0, &shared0,
		&s->bytes) != 13)
		return false;
	s->tables_own = roots + own1 + own0;
	s->tables_shared = shared1 + shared0;
	return true;
}

/* What it owns, pages and tables; the same for all that share all. */
static int
by_owned(const void *a, const void *b)
{
	const struct space *x = a, *y = b;
	unsigned long owned_x = x->own + x->tables_own;
	unsigned long owned_y = y->own + y->tables_own;

	if (owned_x != owned_y)
		return owned_x < owned_y ? 1 : -1;
	return x->pid - y->pid;
}

/* *out is the caller's to free; how many there are. */
static size_t
read_spaces(char *text, struct space **out)
{
	struct space *all = NULL;
	size_t nr = 0;
	char *line = strchr(text, '\n');

	while (line != NULL && line[1] != '\0') {
		if (nr % 64 == 0)
			all = realloc(all, (nr + 64) * sizeof(*all));
		if (all == NULL)
			return 0;
		if (parse(line + 1, &all[nr]))
			nr++;
		line = strchr(line + 1, '\n');
	}
	if (nr > 0)
		qsort(all, nr, sizeof(*all), by_owned);
	*out = all;
	return nr;
}

/* ---- printing -------------------------------------------------------------
 */

/* Three digits and a letter. */
static const char *
human(unsigned long bytes, char *buf)
{
	static const char units[] = "BKMGT";
	double value = bytes;
	int unit = 0;

	while (value >= 1000 && units[unit + 1] != '\0') {
		value /= 1024;
		unit++;
	}
	sprintf(buf, value < 9.95 && unit > 1 ? "%.1f%c" : "%.0f%c", value,
	    units[unit]);
	return buf;
}

/* An end of line that leaves nothing of what was there before. */
static const char *eol = "\n";

static void
print_head(size_t nr)
{
	char *stat = slurp("/proc/calf/stat");
	char *frames = slurp("/proc/calf/frames");
	char a[16], b[16], c[16], d[16], e[16];

	if (stat == NULL || frames == NULL) {
		free(stat);
		free(frames);
		return;
	}
	printf("%zu spaces; memory %s: free %s, anonymous %s, files %s, tables "
	       "%s%s",
	    nr, human(number(frames, "total") * PAGE, a),
	    human(number(frames, "free") * PAGE, b),
	    human(number(frames, "anonymous") * PAGE, c),
	    human(number(frames, "cached") * PAGE, d),
	    human(number(frames, "tables") * PAGE, e), eol);
	printf("forks %lu, faults %lu; pages copied %lu, reused %lu; tables "
	       "copied %lu, frozen %lu, thawed %lu%s",
	    number(stat, "forks"), number(stat, "faults"),
	    number(stat, "pages_copied"), number(stat, "pages_reused"),
	    number(stat, "tables_copied"), number(stat, "tables_frozen"),
	    number(stat, "tables_thawed"), eol);
	free(stat);
	free(frames);
}

static void
print_space(const struct space *s)
{
	char mapped[16], pages[16], own[16], shared[16], part[16];

	printf("%5d %-12.12s %7s %7s %7s %7s %5lu %7s %7lu %7lu%s", s->pid,
	    s->name, human(s->mapped * PAGE, mapped),
	    human(s->pages * PAGE, pages), human(s->own * PAGE, own),
	    human(s->shared * PAGE, shared), s->most, human(s->bytes, part),
	    s->tables_own, s->tables_shared, eol);
}

/* False when there is nothing to read. */
static bool
print_all(size_t rows)
{
	char *text = slurp("/proc/calf/spaces");
	struct space *all = NULL;
	size_t nr, i;

	if (text == NULL)
		return false;
	nr = read_spaces(text, &all);
	print_head(nr);
	printf("%s%5s %-12s %7s %7s %7s %7s %5s %7s %7s %7s%s", eol, "PID",
	    "NAME", "MAPPED", "PRESENT", "OWNED", "SHARED", "WITH", "PART",
	    "TABLES", "SHARED", eol);
	for (i = 0; i < nr && i < rows; i++)
		print_space(&all[i]);
	free(all);
	free(text);
	return true;
}

/* ---- the screen -----------------------------------------------------------
 */

static void
on_end(int sig)
{
	(void)sig;
	ended = 1;
}

static struct termios was;

static void
restore(void)
{
	tcsetattr(0, TCSANOW, &was);
}

/* Keys arrive one by one, unseen, where there are keys. */
static void
take_keys(void)
{
	struct termios t;

	if (tcgetattr(0, &was) != 0)
		return;
	t = was;
	t.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(0, TCSANOW, &t);
	atexit(restore);
}

static size_t
screen_rows(void)
{
	struct winsize size;

	if (ioctl(1, TIOCGWINSZ, &size) != 0 || size.ws_row <= HEAD_ROWS + 1)
		return ROWS - HEAD_ROWS - 1;
	return size.ws_row - HEAD_ROWS - 1;
}

/* False when q was typed, or something ended the wait for good. */
static bool
wait_for(double seconds, bool keys)
{
	struct pollfd p = {.fd = keys ? 0 : -1, .events = POLLIN};
	char key;

	if (poll(&p, 1, seconds * 1000) <= 0)
		return !ended;
	return read(0, &key, 1) == 1 && key != 'q';
}

static int
run(double seconds, long times, bool screen)
{
	bool keys = screen && isatty(0);

	if (keys)
		take_keys();
	if (screen) {
		eol = "\033[K\n";
		printf("\033[H\033[J");
	}
	for (long n = 0; times == 0 || n < times; n++) {
		if (n > 0 && !wait_for(seconds, keys))
			break;
		if (screen)
			printf("\033[H");
		else if (n > 0)
			printf("\n");
		if (!print_all(screen ? screen_rows() : (size_t)-1)) {
			fprintf(stderr, "cowtop: /proc/calf/spaces: %s\n",
			    strerror(errno));
			return 1;
		}
		if (screen)
			printf("\033[J");
		fflush(stdout);
	}
	return 0;
}

static const char usage_text[] =
    "usage: cowtop [-1] [-n TIMES] [-d SECONDS]\n"
    "\n"
    "Shows what each process maps, has present, owns alone and shares, and\n"
    "with how many at most; its part of memory when what is shared is "
    "divided;\n"
    "and its page tables, owned and shared.  q ends it.\n"
    "\n"
    "  -1          once, as plain text\n"
    "  -n TIMES    so often; once if the output is no terminal\n"
    "  -d SECONDS  between (2)\n";

static int
usage(void)
{
	fprintf(stderr, "cowtop: see cowtop --help\n");
	return 2;
}

static int
top_main(int argc, char **argv)
{
	bool screen = isatty(1);
	double seconds = 2;
	long times = screen ? 0 : 1;
	char *end = "";
	int c;

	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(usage_text, stdout);
		return 0;
	}
	while ((c = getopt(argc, argv, "1n:d:")) != -1) {
		if (c == '1') {
			screen = false;
			times = 1;
		} else if (c == 'n') {
			times = strtol(optarg, &end, 10);
		} else if (c == 'd') {
			seconds = strtod(optarg, &end);
		} else {
			return usage();
		}
		if (*end != '\0' || times < (c == 'n') ||
		    !(seconds >= 0 && seconds <= 86400))
			return usage();
	}
	if (optind < argc)
		return usage();
	signal(SIGINT, on_end);
	signal(SIGTERM, on_end);
	return run(seconds, times, screen);
}

int
main(int argc, char **argv)
{
	if (argc > 0 && !strcmp(basename(argv[0]), "cowmap"))
		return map_main(argc, argv);
	return top_main(argc, argv);
}

/*
 * demux: runs an emulator and takes its serial stream apart.
 *
 *	demux NONCE TIMEOUT_S COMMAND [ARG...]
 *
 * The guest marks what is not its program's output with frames, each from a
 * byte 036 to the end of a line:
 *
 *	036 NONCE " start"		from init: here the program begins
 *	036 NONCE " end STATUS"		from init: here it ended, and how
 *	036 NONCE " kernel TEXT"	a line of the kernel's log
 *	036 NONCE " panic TEXT"		the same, of a kernel that gives up
 *
 * The bytes between start and end go to standard output as they are, while
 * they come; everything else goes to standard error.  The kernel's frames may
 * lie anywhere, even within a line or another frame, so they are taken out
 * first, and what is left is searched for init's.  NONCE is a fresh random
 * word: no program can write a frame without meaning to.
 *
 * Exits with STATUS; or with 125 and one line that says why, when the guest
 * panicked, hung, failed its audit, or never said how the program ended.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	STATUS_BAD_USE = 2,
	STATUS_FAILED = 125,
	MARK = 036,
	/* After a panic the machine ends itself; if not, it is ended. */
	PANIC_GRACE_MS = 10000,
	NONCE_MAX = 64,
	TAG_MAX = NONCE_MAX + 16,
	LINE_MAX_BYTES = 4096, /* longer lines of the kernel are cut */
	STATUS_MAX = 255,
};

/*
 * Finds one of two tags in a stream of bytes.  A tag begins with MARK and has
 * no other, so what is held back while it might become one is always the
 * beginning of a tag, and after a mismatch only the last byte can begin anew.
 */
struct matcher {
	char tags[2][TAG_MAX];
	size_t matched; /* bytes held back */
	int which;      /* a tag that begins with them */
};

/* What feeding a byte brings, beside the number of a completed tag. */
enum {
	NO_TAG = -1,
	HELD = -2,
};

/* The tags' numbers. */
enum {
	TAG_KERNEL,
	TAG_PANIC,
};
enum {
	TAG_START,
	TAG_END,
};

static struct matcher kernel_tags;
static struct matcher init_tags;

static enum {
	BEFORE,
	DURING,
	IN_STATUS,
	AFTER,
} phase;
static int status;

static struct {
	bool open;
	size_t len;
	char text[LINE_MAX_BYTES];
} line; /* of the kernel's log, as far as it has come */

static bool panicked;
static bool watchdog_bit; /* it panicked because it hung */
static bool audit_failed;

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("calf: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void
matcher_init(struct matcher *m, const char *nonce, const char *a, const char *b)
{
	snprintf(m->tags[0], TAG_MAX, "%c%s %s", MARK, nonce, a);
	snprintf(m->tags[1], TAG_MAX, "%c%s %s", MARK, nonce, b);
}

/* Bytes held back that are no tag after all go on to sink. */
static void
matcher_flush(struct matcher *m, void (*sink)(char))
{
	size_t nr = m->matched;

	m->matched = 0;
	for (size_t i = 0; i < nr; i++)
		sink(m->tags[m->which][i]);
}

/*
 * Takes one byte.  Returns the tag that it completes, or HELD, or NO_TAG: then
 * all that was held back has gone to sink, and c should follow it.
 */
static int
matcher_feed(struct matcher *m, char c, void (*sink)(char))
{
	for (int i = 0; i < 2; i++) {
		const char *tag = m->tags[i];

		if (memcmp(tag, m->tags[m->which], m->matched) != 0 ||
		    tag[m->matched] != c)
			continue;
		m->which = i;
		m->matched++;
		if (tag[m->matched] != '\0')
			return HELD;
		m->matched = 0;
		return i;
	}
	if (m->matched == 0)
		return NO_TAG;
	matcher_flush(m, sink);
	return matcher_feed(m, c, sink);
}

static void
program_byte(char c)
{
	putc(c, phase == DURING ? stdout : stderr);
}

static void
status_byte(char c)
{
	if (c >= '0' && c <= '9' && status < STATUS_MAX)
		status = status * 10 + (c - '0');
	else if (c == '\n')
		phase = AFTER;
}

static void
init_byte(char c)
{
	int tag;

	if (phase == IN_STATUS) {
		status_byte(c);
		return;
	}
	tag = matcher_feed(&init_tags, c, program_byte);
	if (tag == NO_TAG)
		program_byte(c);
	else if (tag == TAG_START && phase == BEFORE)
		phase = DURING;
	else if (tag == TAG_END && phase == DURING)
		phase = IN_STATUS;
}

static void
line_end(void)
{
	if (line.len > 0 && line.text[line.len - 1] == '\r')
		line.len--;
	line.text[line.len] = '\0';
	if (strstr(line.text, "audit failed"))
		audit_failed = true;
	if (strstr(line.text, "panic: watchdog: "))
		watchdog_bit = true;
	fflush(stdout);
	fprintf(stderr, "%s\n", line.text);
	line.open = false;
}

static void
line_begin(bool is_panic)
{
	/* A panic may cut off another hart's line. */
	if (line.open)
		line_end();
	line.open = true;
	line.len = 0;
	panicked = panicked || is_panic;
}

static void
unframed_byte(char c)
{
	if (!line.open)
		init_byte(c);
	else if (c == '\n')
		line_end();
	else if (line.len < sizeof(line.text) - 1)
		line.text[line.len++] = c;
}

static void
serial_byte(char c)
{
	int tag = matcher_feed(&kernel_tags, c, unframed_byte);

	if (tag == NO_TAG)
		unframed_byte(c);
	else if (tag != HELD)
		line_begin(tag == TAG_PANIC);
}

static void
serial_end(void)
{
	matcher_flush(&kernel_tags, unframed_byte);
	matcher_flush(&init_tags, program_byte);
	if (line.open)
		line_end();
	fflush(stdout);
}

static long long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Reads until the stream ends; false if that is not before the deadline. */
static bool
read_serial(int fd, long long deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	bool was_panicked = false;
	char buf[65536];

	for (;;) {
		long long left_ms = deadline_ms - now_ms();
		ssize_t n;

		if (left_ms <= 0)
			return false;
		if (poll(&p, 1, left_ms < INT_MAX ? left_ms : INT_MAX) <= 0)
			continue;
		n = read(fd, buf, sizeof(buf));
		if (n <= 0)
			return true;
		for (ssize_t i = 0; i < n; i++)
			serial_byte(buf[i]);
		fflush(stdout);
		if (panicked && !was_panicked)
			deadline_ms = now_ms() + PANIC_GRACE_MS;
		was_panicked = panicked;
	}
}

/* Starts the emulator, which dies with us; its output comes from *out. */
static pid_t
start(char **argv, int *out)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	if (pipe(ends) < 0 || (pid = fork()) < 0) {
		say("cannot start %s: %s", argv[0], strerror(errno));
		exit(STATUS_FAILED);
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_FAILED);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp(argv[0], argv);
		say("cannot run %s: %s", argv[0], strerror(errno));
		_exit(STATUS_FAILED);
	}
	close(ends[1]);
	*out = ends[0];
	return pid;
}

static int
verdict(bool in_time, long timeout_s, int wstatus)
{
	static const char *const where[] = {
	    [BEFORE] = "before the program started",
	    [DURING] = "before the program ended",
	    [IN_STATUS] = "before the program's status was known",
	    [AFTER] = "after the program ended",
	};

	if (watchdog_bit)
		say("the guest hung, and its kernel says above who waits, %s",
		    where[phase]);
	else if (panicked)
		say("the guest's kernel panicked");
	else if (audit_failed)
		say("the guest's audit failed");
	else if (!in_time)
		say("the guest hung: time was up after %ld s, %s", timeout_s,
		    where[phase]);
	else if (WIFSIGNALED(wstatus))
		say("the emulator was killed by signal %d, %s",
		    WTERMSIG(wstatus), where[phase]);
	else if (phase != AFTER || WEXITSTATUS(wstatus) != 0)
		say("the emulator stopped with status %d, %s",
		    WEXITSTATUS(wstatus), where[phase]);
	else
		return status;
	return STATUS_FAILED;
}

int
main(int argc, char **argv)
{
	long timeout_s = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
	bool in_time;
	int fd, wstatus;
	pid_t pid;

	if (argc < 4 || timeout_s <= 0 || strlen(argv[1]) > NONCE_MAX) {
		say("usage: demux NONCE TIMEOUT_S COMMAND [ARG...]");
		return STATUS_BAD_USE;
	}
	matcher_init(&kernel_tags, argv[1], "kernel ", "panic ");
	matcher_init(&init_tags, argv[1], "start\n", "end ");
	pid = start(argv + 3, &fd);
	in_time = read_serial(fd, now_ms() + timeout_s * 1000LL);
	serial_end();
	if (!in_time)
		kill(pid, SIGKILL);
	waitpid(pid, &wstatus, 0);
	return verdict(in_time, timeout_s, wstatus);
}

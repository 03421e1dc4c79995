/*
 * demux: runs an emulator, and takes apart what its guest says.
 *
 *	demux NONCE TIMEOUT_S COMMAND [ARG...]
 *
 * The emulator has the guest's serial line on descriptor 3, and on its standard
 * input and output the channel: a terminal of the guest's that is its program's
 * alone.  A guest may have none; then the program's output is on the serial
 * line.
 *
 * On that line the guest marks what is not its program's output with frames,
 * each from a byte 036 to the end of a line:
 *
 *	036 NONCE " channel"		from init: a program on the channel
 *	036 NONCE " start"		from init: here the program begins
 *	036 NONCE " end STATUS"		from init: here it ended, and how
 *	036 NONCE " kernel TEXT"	a line of the kernel's log
 *	036 NONCE " panic TEXT"		the same, of a kernel that gives up
 *
 * The bytes between start and end go to standard output as they are, while
 * they come, and so does all that is on the channel; everything else goes to
 * standard error.  The kernel's frames may lie anywhere, even within a line or
 * another frame, so they are taken out first, and what is left is searched for
 * init's.  NONCE is a fresh random word: no program can write a frame without
 * meaning to.
 *
 * Standard input goes to the channel in pieces, each after its length as four
 * bytes, the lowest first; a length of 0 is its end.  Before all that goes one
 * byte, which says whether there is any, and that the program may begin.
 *
 * QEMU throws away what the guest writes to a virtio console when nobody is
 * there to take it, which it learns from a pipe that is full and does not
 * block.  So the pipe is made to block before the program begins, and then the
 * machine stands still until there is room.  What the guest knows to have left
 * it is in the pipe then, and the rest of that is read when the emulator has
 * ended.
 *
 * Exits with STATUS; or with 125 and one line that says why, when the guest
 * panicked, hung, failed its audit, or never said how the program ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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
	TAGS_MAX = 3,
	SERIAL_FD = 3, /* the emulator's */
	LENGTH_BYTES = 4,
	PIECE_BYTES = 65536, /* user/init/channel.c has the same */
	READ_BYTES = 65536,
};

/* Before the pieces of input. */
#define HAS_INPUT "i"
#define NO_INPUT  "-"

/*
 * Finds one of some tags in a stream of bytes.  A tag begins with MARK and has
 * no other, so what is held back while it might become one is always the
 * beginning of a tag, and after a mismatch only the last byte can begin anew.
 */
struct matcher {
	char tags[TAGS_MAX][TAG_MAX];
	int nr_tags;
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
	TAG_CHANNEL,
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

static bool has_channel;

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
matcher_add(struct matcher *m, const char *nonce, const char *text)
{
	snprintf(m->tags[m->nr_tags++], TAG_MAX, "%c%s %s", MARK, nonce, text);
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
	for (int i = 0; i < m->nr_tags; i++) {
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
	putc(c, phase == DURING && !has_channel ? stdout : stderr);
}

static void
status_byte(char c)
{
	if (c >= '0' && c <= '9' && status < STATUS_MAX)
		status = status * 10 + (c - '0');
	else if (c == '\n')
		phase = AFTER;
}

/* --- The channel ---------------------------------------------------------- */

/* The emulator's ends are ours as well, as long as something is to be set. */
static int channel_in = -1;    /* where input is written; a socket */
static int channel_out = -1;   /* where output is read */
static int emulators_out = -1; /* the same pipe's other end */

/* What waits to be written to the channel. */
static struct {
	bool ended; /* nothing will be added */
	size_t at, len;
	char bytes[1 + LENGTH_BYTES + PIECE_BYTES];
} input = {.ended = true};

static void
input_add(const char *bytes, size_t len)
{
	memcpy(input.bytes + input.len, bytes, len);
	input.len += len;
}

static void
input_add_length(size_t len)
{
	for (int i = 0; i < LENGTH_BYTES; i++)
		input.bytes[input.len++] = len >> 8 * i;
}

/* A piece of what there is, and that there is not more if so. */
static void
input_read(void)
{
	char *to = input.bytes + input.len + LENGTH_BYTES;
	ssize_t n = read(STDIN_FILENO, to, PIECE_BYTES);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	/* Who may not read, as in the background, has no more either. */
	if (n < 0)
		n = 0;
	input_add_length(n);
	input.len += n;
	input.ended = n == 0;
}

/* As much as the channel takes now. */
static void
input_write(void)
{
	ssize_t n = send(channel_in, input.bytes + input.at,
	    input.len - input.at, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		/* The emulator has ended. */
		input.ended = true;
		n = input.len - input.at;
	}
	input.at += n;
	if (input.at == input.len)
		input.at = input.len = 0;
}

static bool
is_ready(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* True if standard input is over before it has begun. */
static bool
input_is_empty(void)
{
	if (is_ready(STDIN_FILENO))
		input_read();
	return input.ended;
}

static void
begin_on_channel(void)
{
	fcntl(emulators_out, F_SETFL,
	    fcntl(emulators_out, F_GETFL) & ~O_NONBLOCK);
	close(emulators_out);
	emulators_out = -1;
	has_channel = true;
	phase = DURING;
	input.ended = false;
	input_add(HAS_INPUT, 1);
	if (!input_is_empty())
		return;
	input.len = 0;
	input_add(NO_INPUT, 1);
}

/* Some of the program's output; false: there is none and will be none. */
static bool
channel_read(void)
{
	char buf[READ_BYTES];
	ssize_t n = read(channel_out, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	fwrite(buf, 1, n, stdout);
	fflush(stdout);
	return true;
}

/* The rest, when the emulator has ended. */
static void
channel_end(void)
{
	while (channel_out >= 0 && is_ready(channel_out) && channel_read())
		;
}

/* --- The serial line ------------------------------------------------------ */

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
	else if (tag == TAG_CHANNEL && phase == BEFORE)
		begin_on_channel();
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

/* What of the serial line there is; false: it has ended. */
static bool
serial_read(int fd)
{
	char buf[READ_BYTES];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0)
		return n < 0 && errno == EINTR;
	for (ssize_t i = 0; i < n; i++)
		serial_byte(buf[i]);
	fflush(stdout);
	return true;
}

/* Waits for any of the streams, and serves them; false: the serial line ended.
 */
static bool
serve(int serial, int timeout_ms)
{
	bool wants = phase == DURING && !input.ended && input.len == 0;
	struct pollfd p[] = {
	    {.fd = serial, .events = POLLIN},
	    {.fd = channel_out, .events = POLLIN},
	    {.fd = input.len > 0 ? channel_in : -1, .events = POLLOUT},
	    {.fd = wants ? STDIN_FILENO : -1, .events = POLLIN},
	};

	if (poll(p, sizeof(p) / sizeof(p[0]), timeout_ms) <= 0)
		return true;
	if (p[1].revents && !channel_read())
		channel_out = -1;
	if (p[2].revents)
		input_write();
	if (p[3].revents)
		input_read();
	return !p[0].revents || serial_read(serial);
}

/* Until the serial line ends; false if that is not before the deadline. */
static bool
serve_all(int serial, long long deadline_ms)
{
	bool was_panicked = false;

	for (;;) {
		long long left_ms = deadline_ms - now_ms();

		if (left_ms <= 0)
			return false;
		if (!serve(serial, left_ms < INT_MAX ? left_ms : INT_MAX))
			return true;
		if (panicked && !was_panicked)
			deadline_ms = now_ms() + PANIC_GRACE_MS;
		was_panicked = panicked;
	}
}

/* Where none of the descriptors is that it is to become. */
static int
out_of_the_way(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, SERIAL_FD + 1);
}

/* The emulator itself, with its ends of the three. */
static void
run(char **argv, int in, int out, int serial)
{
	in = out_of_the_way(in);
	out = out_of_the_way(out);
	serial = out_of_the_way(serial);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(serial, SERIAL_FD);
	signal(SIGTTIN, SIG_DFL);
	execvp(argv[0], argv);
	say("cannot run %s: %s", argv[0], strerror(errno));
	_exit(STATUS_FAILED);
}

/* Starts the emulator, which dies with us; *serial is its serial line. */
static pid_t
start(char **argv, int *serial)
{
	int in[2], out[2], line_ends[2];
	pid_t parent = getpid(), pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0 ||
	    pipe2(out, O_CLOEXEC) < 0 || pipe2(line_ends, O_CLOEXEC) < 0 ||
	    (pid = fork()) < 0) {
		say("cannot start %s: %s", argv[0], strerror(errno));
		exit(STATUS_FAILED);
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_FAILED);
		run(argv, in[1], out[1], line_ends[1]);
	}
	close(in[1]);
	close(line_ends[1]);
	channel_in = in[0];
	channel_out = out[0];
	emulators_out = out[1];
	*serial = line_ends[0];
	return pid;
}

/* So that what we open is none of the usual three. */
static void
open_usual(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
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
	matcher_add(&kernel_tags, argv[1], "kernel ");
	matcher_add(&kernel_tags, argv[1], "panic ");
	matcher_add(&init_tags, argv[1], "start\n");
	matcher_add(&init_tags, argv[1], "channel\n");
	matcher_add(&init_tags, argv[1], "end ");
	open_usual();
	/* In the background, reading a terminal is an error then. */
	signal(SIGTTIN, SIG_IGN);
	pid = start(argv + 3, &fd);
	in_time = serve_all(fd, now_ms() + timeout_s * 1000LL);
	serial_end();
	if (!in_time)
		kill(pid, SIGKILL);
	waitpid(pid, &wstatus, 0);
	channel_end();
	return verdict(in_time, timeout_s, wstatus);
}

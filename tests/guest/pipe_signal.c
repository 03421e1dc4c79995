/*
 * Reads and writes that wait, and signals that come.  The signals come from a
 * timer again and again, so none has to come at the right moment.
 */
#include "files.h"

#include <poll.h>
#include <sys/time.h>

static int p[2];
static volatile sig_atomic_t ticks;

/* Lets a read that must go on after a signal end: by what it waits for. */
static volatile sig_atomic_t feed_at;

static void
on_tick(int sig __attribute__((unused)))
{
	if (++ticks == feed_at)
		ensure(write(p[1], "fed", 3) == 3);
}

static void
tick(int flags)
{
	struct sigaction sa = {.sa_handler = on_tick, .sa_flags = flags};
	struct itimerval every = {{0, 5000}, {0, 5000}};

	ticks = 0;
	must(sigaction(SIGALRM, &sa, NULL));
	must(setitimer(ITIMER_REAL, &every, NULL));
}

static void
no_ticks(void)
{
	struct itimerval off = {0};

	must(setitimer(ITIMER_REAL, &off, NULL));
}

static void
reads(void)
{
	char buf[8] = "";

	must(pipe(p));
	feed_at = 0;
	tick(0);
	is_errno(read(p[0], buf, sizeof(buf)), EINTR, "a read that waits");
	ok(ticks > 0, "ends after the handler");
	feed_at = 3;
	tick(SA_RESTART);
	is(read(p[0], buf, sizeof(buf)), 3, "with SA_RESTART it goes on");
	is(memcmp(buf, "fed", 3), 0, "until there is something");
	ok(ticks >= 3, "through several signals");
	no_ticks();
	close(p[0]);
	close(p[1]);
}

static void
writes(void)
{
	static char buf[100000];
	ssize_t n;

	must(pipe(p));
	feed_at = 0;
	tick(0);
	n = write(p[1], buf, sizeof(buf));
	ok(n > 0 && n < (ssize_t)sizeof(buf),
	    "a write that has begun says how far it came: %zd", n);
	is_errno(write(p[1], buf, 1), EINTR, "one that has not, that it");
	tick(SA_RESTART);
	n = write(p[1], buf, 0);
	is(n, 0, "nothing to write, nothing to wait for");
	no_ticks();
	close(p[0]);
	close(p[1]);
}

static volatile sig_atomic_t broken;

static void
on_broken(int sig __attribute__((unused)))
{
	broken++;
}

/* The last reader goes while a write waits that has moved some. */
static void
loses_reader(void)
{
	static char buf[200000];
	struct sigaction sa = {.sa_handler = on_broken};
	pid_t pid;
	ssize_t n;

	must(pipe(p));
	must(sigaction(SIGPIPE, &sa, NULL));
	pid = must(fork());
	if (pid == 0) {
		close(p[1]);
		ensure(read(p[0], buf, 1) == 1);
		usleep(20000);
		_exit(0);
	}
	close(p[0]);
	n = write(p[1], buf, sizeof(buf));
	ok(n > 0 && n < (ssize_t)sizeof(buf), "it says how far it came: %zd",
	    n);
	is(broken, 1, "and there is a SIGPIPE");
	is_errno(write(p[1], buf, 1), EPIPE, "the next one is an error");
	is(broken, 2, "with another");
	is(wait_status(pid), 0, "the reader ended by itself");
	close(p[1]);
	signal(SIGPIPE, SIG_DFL);
}

/* A signal that is ignored, or blocked, is no reason to stop. */
static void
unheard(void)
{
	char buf[8];
	pid_t self = getpid(), pid;
	sigset_t set;

	must(pipe(p));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	pid = must(fork());
	if (pid == 0) {
		for (int i = 0; i < 20; i++) {
			kill(self, SIGUSR1);
			kill(self, SIGUSR2);
			kill(self, SIGCONT);
		}
		must(write(p[1], "x", 1));
		_exit(0);
	}
	is(read(p[0], buf, 1), 1, "signals that nobody hears end no read");
	is(wait_status(pid), 0, "while their sender goes on");
	close(p[0]);
	close(p[1]);
}

static void
waits_for_ever(void)
{
	char c;

	read(p[0], &c, 1);
}

static void
killed(void)
{
	pid_t pid;

	must(pipe(p));
	pid = spawn(waits_for_ever);
	kill(pid, SIGKILL);
	is(wait_status(pid), SIGKILL, "a reader that waits can be killed");
	close(p[0]);
	close(p[1]);
}

TEST(pipe_signal)
{
	reads();
	writes();
	loses_reader();
	unheard();
	killed();
}

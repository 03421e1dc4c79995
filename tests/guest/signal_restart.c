/* SA_RESTART and its absence: what a handler does to a call it interrupts. */
#include "tap.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t count;
static int wake_fd = -1;

/* From the third on, also brings what the interrupted call waits for. */
static void
on_alarm(int sig)
{
	(void)sig;
	if (++count >= 3 && wake_fd >= 0) {
		(void)!write(wake_fd, "x", 1);
		wake_fd = -1;
	}
}

/*
 * Alarms that go on until they are stopped: however slow we are, one will come
 * while we wait.
 */
static void
start_alarms(int flags)
{
	struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = flags};
	struct itimerval it = {{0, 5000}, {0, 5000}};

	count = 0;
	must(sigaction(SIGALRM, &sa, NULL));
	must(setitimer(ITIMER_REAL, &it, NULL));
}

static void
stop_alarms(void)
{
	struct itimerval it = {{0, 0}, {0, 0}};

	must(setitimer(ITIMER_REAL, &it, NULL));
}

static void
test_read(void)
{
	int fd[2];
	char c;

	must(pipe(fd));
	start_alarms(0);
	is_errno(read(fd[0], &c, 1), EINTR, "read: interrupted");
	wake_fd = fd[1];
	start_alarms(SA_RESTART);
	is(read(fd[0], &c, 1), 1, "with SA_RESTART, it goes on");
	ok(count >= 3, "after its handler has run");
	stop_alarms();
	close(fd[0]);
	close(fd[1]);
}

static struct gate go;

static void
wait_at_gate(void)
{
	gate_wait(&go);
}

static void
test_wait(void)
{
	pid_t pid = spawn(wait_at_gate);

	start_alarms(0);
	is_errno(waitpid(pid, NULL, 0), EINTR, "wait: interrupted");
	wake_fd = go.w;
	start_alarms(SA_RESTART);
	is(waitpid(pid, NULL, 0), pid, "with SA_RESTART, it goes on");
	stop_alarms();
}

static void
test_full_pipe(void)
{
	static char block[65536 * 2];
	int fd[2];

	must(pipe(fd));
	start_alarms(0);
	is(write(fd[1], block, sizeof(block)), 65536,
	    "a write that is interrupted says how far it came");
	is_errno(write(fd[1], block, 1), EINTR, "or that it came nowhere");
	stop_alarms();
	close(fd[0]);
	close(fd[1]);
}

static void
test_futex(void)
{
	int word = 0;

	start_alarms(0);
	is_errno(syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL), EINTR,
	    "futex: interrupted");
	stop_alarms();
}

/* Some are never restarted, for they are waits for signals or for a time. */
static void
test_never(void)
{
	struct timespec hour = {3600, 0};
	struct pollfd pfd = {.fd = -1};
	sigset_t none;

	sigemptyset(&none);
	start_alarms(SA_RESTART);
	is_errno(poll(&pfd, 1, -1), EINTR, "poll");
	is_errno(ppoll(&pfd, 1, &hour, NULL), EINTR, "ppoll");
	is_errno(select(0, NULL, NULL, NULL, NULL), EINTR, "select");
	is_errno(pselect(0, NULL, NULL, NULL, &hour, &none), EINTR, "pselect");
	is_errno(pause(), EINTR, "pause");
	is_errno(sigsuspend(&none), EINTR, "sigsuspend");
	is_errno(nanosleep(&hour, NULL), EINTR, "nanosleep");
	is(clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL), EINTR,
	    "clock_nanosleep");
	sigemptyset(&none);
	sigaddset(&none, SIGUSR1);
	is_errno(sigtimedwait(&none, NULL, &hour), EINTR, "sigtimedwait");
	stop_alarms();
}

static void
test_sleep_left(void)
{
	struct timespec hour = {3600, 500000000}, left = {0, 0};

	start_alarms(0);
	is_errno(nanosleep(&hour, &left), EINTR, "nanosleep: interrupted");
	ok(left.tv_sec >= 3500 && left.tv_sec <= 3600 && left.tv_nsec >= 0 &&
		left.tv_nsec < 1000000000,
	    "says how much is left");
	stop_alarms();
}

/* A signal that is ignored, or stops and goes on, interrupts nothing. */
static void
test_ignored(void)
{
	struct itimerval it = {{0, 3000}, {0, 3000}};
	struct timespec ts = {0, 50000000};

	signal(SIGALRM, SIG_IGN);
	must(setitimer(ITIMER_REAL, &it, NULL));
	is(nanosleep(&ts, NULL), 0, "an ignored signal interrupts nothing");
	stop_alarms();
}

static void
read_byte(void)
{
	char c;

	_exit(read(go.r, &c, 1) == 1 ? 5 : 6);
}

static void
test_stopped(void)
{
	pid_t pid = spawn(read_byte);

	for (int i = 0; i < 3; i++) {
		must(kill(pid, SIGSTOP));
		must(waitpid(pid, NULL, WUNTRACED));
		must(kill(pid, SIGCONT));
		must(waitpid(pid, NULL, WCONTINUED));
	}
	gate_open(&go);
	is(wait_status(pid), 5 << 8, "nor does stopping and going on");
}

TEST(signal_restart)
{
	go = gate_make();
	test_read();
	test_wait();
	test_full_pipe();
	test_futex();
	test_never();
	test_sleep_left();
	test_ignored();
	test_stopped();
}

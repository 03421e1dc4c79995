/* signalfd: signals that are read. */
#include "files.h"
#include "thread.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/time.h>

static int s;

static sigset_t
set_of(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, a);
	if (b != 0)
		sigaddset(&set, b);
	return set;
}

static void
block(int a, int b)
{
	sigset_t set = set_of(a, b);

	must(sigprocmask(SIG_BLOCK, &set, NULL));
}

static int
create(int fd, int a, int b, int flags)
{
	sigset_t set = set_of(a, b);

	return signalfd(fd, &set, flags);
}

static struct signalfd_siginfo
take(int fd)
{
	struct signalfd_siginfo info;

	ensure(read(fd, &info, sizeof(info)) == sizeof(info));
	return info;
}

static bool
ready(int fd)
{
	struct pollfd p = {fd, POLLIN, 0};

	ensure(poll(&p, 1, 0) >= 0);
	return p.revents == POLLIN;
}

/* ------------------------------------------------ what is read */

static void
reads(void)
{
	struct signalfd_siginfo info[4];

	block(SIGUSR1, SIGUSR2);
	s = must(create(-1, SIGUSR1, SIGUSR2, SFD_NONBLOCK | SFD_CLOEXEC));
	is(fcntl(s, F_GETFD), FD_CLOEXEC, "SFD_CLOEXEC");
	is_errno(read(s, info, sizeof(info)), EAGAIN, "none is there");
	ok(!ready(s), "so a poll says");
	kill(getpid(), SIGUSR2);
	raise(SIGUSR1);
	ok(ready(s), "two are");
	is(read(s, info, sizeof(info)), 2 * sizeof(info[0]), "both are read");
	is(info[0].ssi_signo, SIGUSR1, "the lower number first");
	is(info[0].ssi_code, SI_TKILL, "raised");
	is(info[0].ssi_pid, getpid(), "by us");
	is(info[1].ssi_signo, SIGUSR2, "then the other one");
	is(info[1].ssi_code, SI_USER, "by kill");
	is(info[1].ssi_uid, getuid(), "from us");
	ok(!ready(s), "none is left");
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	is(read(s, info, sizeof(info[0]) + 100), sizeof(info[0]),
	    "there is room for one");
	is(take(s).ssi_signo, SIGUSR2, "the other one waits");
	close(s);
}

static void
tells(void)
{
	union sigval v = {.sival_ptr = (void *)0x1234567890abcdef};
	struct signalfd_siginfo i;
	struct itimerval soon = {{0, 0}, {0, 1000}};
	int rt = SIGRTMIN + 3;
	pid_t pid;

	block(rt, SIGCHLD);
	block(SIGALRM, 0);
	s = must(create(-1, rt, SIGCHLD, 0));
	must(sigqueue(getpid(), rt, v));
	v.sival_int = 7;
	must(sigqueue(getpid(), rt, v));
	i = take(s);
	is(i.ssi_signo, rt, "one that queues");
	is(i.ssi_code, SI_QUEUE, "by sigqueue");
	is(i.ssi_ptr, 0x1234567890abcdef, "with its pointer");
	is(i.ssi_int, (int)0x90abcdef, "and number");
	is(i.ssi_pid, getpid(), "from us");
	is(take(s).ssi_int, 7, "and the next");
	pid = must(fork());
	if (pid == 0)
		_exit(9);
	i = take(s);
	is(i.ssi_signo, SIGCHLD, "a child");
	is(i.ssi_code, CLD_EXITED, "has ended");
	is(i.ssi_pid, pid, "that one");
	is(i.ssi_status, 9, "so");
	is(wait_status(pid), 9 << 8, "and can be waited for");
	is(create(s, SIGALRM, 0, 0), s, "other signals for the same file");
	must(setitimer(ITIMER_REAL, &soon, NULL));
	i = take(s);
	is(i.ssi_signo, SIGALRM, "of the kernel");
	is(i.ssi_code, SI_KERNEL, "itself");
	close(s);
}

static void
changes(void)
{
	block(SIGUSR1, SIGUSR2);
	s = must(create(-1, SIGUSR1, 0, SFD_NONBLOCK));
	kill(getpid(), SIGUSR2);
	ok(!ready(s), "one that is not in the mask");
	is(create(s, SIGUSR2, 0, 0), s, "is put into it");
	ok(ready(s), "and is there");
	is(take(s).ssi_signo, SIGUSR2, "to be read");
	kill(getpid(), SIGUSR1);
	ok(!ready(s), "the other one is not any more");
	is(create(s, SIGUSR1, SIGKILL, 0), s, "SIGKILL is no harm");
	is(take(s).ssi_signo, SIGUSR1, "nor of use");
	close(s);
}

static void
errors(void)
{
	struct signalfd_siginfo info;
	uint64_t mask = 1;
	int p[2];

	must(pipe(p));
	is_errno(raw(signalfd4, -1, &mask, 4, 0), EINVAL, "half a mask");
	is_errno(raw(signalfd4, -1, &mask, 16, 0), EINVAL, "two of them");
	is_errno(raw(signalfd4, -1, NOWHERE, 8, 0), EFAULT, "none");
	is_errno(raw(signalfd4, -1, &mask, 8, 1), EINVAL, "a flag");
	is_errno(raw(signalfd4, p[0], &mask, 8, 0), EINVAL, "a pipe");
	is_errno(raw(signalfd4, 999, &mask, 8, 0), EBADF, "no file");
	is_errno(raw(signalfd4, -2, &mask, 8, 0), EBADF, "nor this");
	block(SIGUSR1, 0);
	s = must(create(-1, SIGUSR1, 0, 0));
	is_errno(read(s, &info, sizeof(info) - 1), EINVAL, "a short read");
	is_errno(write(s, &info, sizeof(info)), EINVAL, "a write");
	raise(SIGUSR1);
	is_errno(read(s, NOWHERE, sizeof(info)), EFAULT, "a bad pointer");
	close(s);
	close(p[0]);
	close(p[1]);
}

/* ------------------------------------------------ waiting */

static void *
thread_reads(void *arg __attribute__((unused)))
{
	return (void *)(long)take(s).ssi_signo;
}

static void
child_reads(void)
{
	_exit((int)take(s).ssi_signo);
}

/* Whose signals they are is told by who reads. */
static void
waits(void)
{
	struct pollfd p = {.events = POLLIN};
	pthread_t t;
	pid_t pid;

	block(SIGUSR1, SIGUSR2);
	s = must(create(-1, SIGUSR1, SIGUSR2, 0));
	p.fd = s;
	t = thread_start(thread_reads, NULL);
	kill(getpid(), SIGUSR2);
	is(thread_join(t), SIGUSR2, "a thread waits for one to the process");
	pid = spawn(child_reads);
	kill(getpid(), SIGUSR1);
	ok(ready(s), "ours is here");
	kill(pid, SIGUSR2);
	is(wait_status(pid), SIGUSR2 << 8, "a child reads its own");
	is(take(s).ssi_signo, SIGUSR1, "and we ours");
	pid = must(fork());
	if (pid == 0) {
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	is(poll(&p, 1, -1), 1, "a poll waits for one");
	is(take(s).ssi_signo, SIGUSR1, "which is this");
	wait_status(pid);
	pid = spawn(child_reads);
	kill(pid, SIGKILL);
	is(wait_status(pid), SIGKILL, "who waits can be killed");
	close(s);
}

static volatile sig_atomic_t heard;

static void
on_signal(int sig __attribute__((unused)))
{
	heard = 1;
}

static void
interrupted(void)
{
	struct sigaction sa = {.sa_handler = on_signal};
	struct itimerval every = {{0, 5000}, {0, 5000}}, off = {0};
	struct signalfd_siginfo info;
	sigset_t alarm = set_of(SIGALRM, 0);

	must(sigprocmask(SIG_UNBLOCK, &alarm, NULL));
	must(sigaction(SIGALRM, &sa, NULL));
	s = must(create(-1, SIGUSR1, 0, 0));
	must(setitimer(ITIMER_REAL, &every, NULL));
	is_errno(read(s, &info, sizeof(info)), EINTR,
	    "another signal ends the wait");
	must(setitimer(ITIMER_REAL, &off, NULL));
	ok(heard, "and is handled");
	close(s);
}

/* A signal to one thread is no other one's. */
static void *
thread_looks(void *arg __attribute__((unused)))
{
	return (void *)(long)ready(s);
}

static void
of_thread(void)
{
	block(SIGUSR1, 0);
	s = must(create(-1, SIGUSR1, 0, 0));
	raise(SIGUSR1);
	is(thread_join(thread_start(thread_looks, NULL)), 0,
	    "another thread does not see ours");
	ok(ready(s), "we do");
	take(s);
	close(s);
}

TEST(signalfd_read)
{
	reads();
	tells();
	changes();
	errors();
	waits();
	interrupted();
	of_thread();
}

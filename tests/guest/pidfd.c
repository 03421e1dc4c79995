/* Files that stand for processes. */
#include "files.h"
#include "thread.h"

#include <poll.h>
#include <sched.h>

#define P_OF_PIDFD 3

static struct gate gate;

static int
pidfd_of(pid_t pid, unsigned int flags)
{
	return raw(pidfd_open, pid, flags);
}

static int
send(int fd, int signo)
{
	return raw(pidfd_send_signal, fd, signo, NULL, 0);
}

/* What poll says, after at most so long. */
static int
ready(int fd, int timeout_ms)
{
	struct pollfd p = {fd, POLLIN, 0};

	ensure(poll(&p, 1, timeout_ms) >= 0);
	return p.revents;
}

static void
waits(void)
{
	gate_wait(&gate);
}

TEST(pidfd_life)
{
	siginfo_t info = {};
	char c;
	pid_t pid;
	int fd;

	gate = gate_make();
	pid = spawn(waits);
	fd = must(pidfd_of(pid, 0));
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "exec closes it");
	is_errno(read(fd, &c, 1), EINVAL, "there is nothing to read");
	is(ready(fd, 0), 0, "it lives");
	is(send(fd, 0), 0, "it can be asked for");
	gate_open(&gate);
	is(ready(fd, -1), POLLIN, "it has ended");
	is(send(fd, SIGTERM), 0, "a zombie takes any signal");
	is(waitid(P_OF_PIDFD, fd, &info, WEXITED | WNOWAIT), 0, "a look");
	is(info.si_pid, pid, "that it was");
	is(waitid(P_OF_PIDFD, fd, &info, WEXITED), 0, "reaped");
	ok(ready(fd, 0) & POLLIN, "it still says so");
	is_errno(send(fd, 0), ESRCH, "it is gone");
	is_errno(waitid(P_OF_PIDFD, fd, &info, WEXITED), ECHILD, "gone");
	is_errno(pidfd_of(pid, 0), ESRCH, "so is its number");
}

TEST(pidfd_signal)
{
	siginfo_t info = {.si_signo = SIGTERM, .si_code = SI_QUEUE};
	pid_t pid;
	int fd, p;

	gate = gate_make();
	pid = spawn(waits);
	fd = must(pidfd_of(pid, 0));
	is_errno(send(fd, 65), EINVAL, "no such signal");
	is_errno(send(fd, -1), EINVAL, "no such signal");
	is_errno(send(-1, 0), EBADF, "no descriptor");
	p = must(open(".", O_RDONLY));
	is_errno(send(p, 0), EBADF, "no pidfd");
	is_errno(
	    raw(pidfd_send_signal, fd, SIGTERM, NULL, 77), EINVAL, "flags");
	is_errno(raw(pidfd_send_signal, fd, SIGTERM, NOWHERE, 0), EFAULT,
	    "bad memory");
	is_errno(raw(pidfd_send_signal, fd, SIGUSR1, &info, 0), EINVAL,
	    "what it says is another signal");
	info.si_code = SI_USER;
	is_errno(raw(pidfd_send_signal, fd, SIGTERM, &info, 0), EPERM,
	    "it says it is from the kernel");
	info.si_code = SI_QUEUE;
	is(raw(pidfd_send_signal, fd, SIGTERM, &info, 0), 0, "sent");
	is(wait_status(pid), SIGTERM, "and taken");
}

static int own;

static void
user_sends(void)
{
	is_errno(send(own, SIGTERM), EPERM, "of another user");
	is_errno(raw(pidfd_getfd, own, 0, 0), EPERM, "nor its files");
}

TEST(pidfd_errors)
{
	int fd;

	own = must(pidfd_of(getpid(), 0));
	is_errno(pidfd_of(0, 0), EINVAL, "no process 0");
	is_errno(pidfd_of(-1, 0), EINVAL, "nor one below");
	is_errno(pidfd_of(0x3fffffff, 0), ESRCH, "nor that");
	is_errno(pidfd_of(getpid(), 1), EINVAL, "flags");
	as_user(user_sends);
	is_errno(waitid(P_OF_PIDFD, own, NULL, WEXITED), ECHILD, "no child");
	is_errno(
	    waitid(P_OF_PIDFD, -1, NULL, WEXITED), EINVAL, "no descriptor");
	is_errno(waitid(P_OF_PIDFD, 999, NULL, WEXITED), EBADF, "nor that");
	fd = must(open(".", O_RDONLY));
	is_errno(waitid(P_OF_PIDFD, fd, NULL, WEXITED), EBADF, "no pidfd");
	fd = must(raw(pidfd_getfd, own, fd, 0));
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "a file of a process's");
	is_errno(raw(pidfd_getfd, own, 999, 0), EBADF, "that it has not");
	is_errno(raw(pidfd_getfd, fd, 0, 0), EBADF, "no pidfd");
	is_errno(raw(pidfd_getfd, own, 0, 1), EINVAL, "flags");
}

TEST(pidfd_nonblock)
{
	siginfo_t info = {};
	pid_t pid;
	int fd;

	gate = gate_make();
	pid = spawn(waits);
	fd = must(pidfd_of(pid, O_NONBLOCK));
	is_errno(waitid(P_OF_PIDFD, fd, &info, WEXITED), EAGAIN, "it lives");
	is(waitid(P_OF_PIDFD, fd, &info, WEXITED | WNOHANG), 0, "as asked");
	is(info.si_pid, 0, "nothing");
	gate_open(&gate);
	is(ready(fd, -1), POLLIN, "it ends");
	is(waitid(P_OF_PIDFD, fd, &info, WEXITED), 0, "and is reaped");
	is(info.si_pid, pid, "it was that");
}

TEST(pidfd_clone)
{
	int fd = -1, low;
	long pid;

	gate = gate_make();
	low = dup(0);
	close(low);
	pid = must(raw(clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0));
	if (pid == 0) {
		gate_wait(&gate);
		_exit(fcntl(low, F_GETFD) == -1 ? 3 : 4);
	}
	is(fd, low, "the parent gets a descriptor");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "that exec closes");
	is(ready(fd, 0), 0, "of the child");
	gate_open(&gate);
	is(wait_status(pid), 3 << 8, "which has not got it");
	ok(ready(fd, 0) & POLLIN, "of no other");
	is_errno(raw(clone, CLONE_PIDFD | SIGCHLD, 0, NOWHERE, 0, 0), EFAULT,
	    "without a place for it there is no child");
	is_errno(waitpid(-1, NULL, 0), ECHILD, "none at all");
	is_errno(raw(clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd,
		     0, 0),
	    EINVAL, "one place for two things");
}

static void *
polls(void *arg)
{
	return (void *)(long)ready(*(int *)arg, -1);
}

TEST(pidfd_wait)
{
	pthread_t t[3];
	pid_t pid;
	int fd, i;

	gate = gate_make();
	pid = spawn(waits);
	fd = must(pidfd_of(pid, 0));
	for (i = 0; i < 3; i++)
		t[i] = thread_start(polls, &fd);
	must(send(fd, SIGKILL));
	for (i = 0; i < 3; i++)
		is(thread_join(t[i]), POLLIN, "each who waits is woken");
	is(wait_status(pid), SIGKILL, "it was killed");
}

TEST(pidfd_storm)
{
	siginfo_t info;
	int i, fd, bad = 0;

	for (i = 0; i < 200; i++) {
		pid_t pid = raw(clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);

		if (pid == 0)
			_exit(0);
		if (i % 3)
			ready(fd, i % 2 ? -1 : 0);
		if (i % 5 == 0)
			send(fd, SIGKILL);
		info.si_pid = 0;
		bad += waitid(P_OF_PIDFD, fd, &info, WEXITED) != 0;
		bad += info.si_pid != pid;
		close(fd);
	}
	is(bad, 0, "each is found by its own");
}

/*
 * Waiting for a record lock: woken when it goes, ended by signals, refused when
 * it would be for ever.
 */
#include "lock.h"
#include "thread.h"

static int fd;

/* A child that waits for a lock of fd's file, and ends with status 0. */
static pid_t
waiter(int type, off_t start, off_t len)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		must(record(fd, F_SETLKW, type, start, len));
		_exit(0);
	}
	until_waits(pid);
	return pid;
}

static void
try_wakes(void)
{
	pid_t pid, far;

	must(record(fd, F_SETLK, F_WRLCK, 0, 10));
	pid = waiter(F_RDLCK, 5, 1);
	far = waiter(F_WRLCK, 0, 0);
	must(record(fd, F_SETLK, F_UNLCK, 5, 1));
	is(wait_status(pid), 0, "its byte is free");
	must(record(fd, F_SETLK, F_WRLCK, 0, 10));
	pid = waiter(F_RDLCK, 2, 3);
	must(record(fd, F_SETLK, F_RDLCK, 0, 10));
	is(wait_status(pid), 0, "a writer became a reader");
	until_waits(far);
	must(record(fd, F_SETLK, F_UNLCK, 0, 3));
	must(record(fd, F_SETLK, F_UNLCK, 5, 0));
	until_waits(far);
	must(record(fd, F_SETLK, F_UNLCK, 0, 0));
	is(wait_status(far), 0, "all of it is free");
}

static void
hold_first(void)
{
	must(record(fd, F_SETLK, F_WRLCK, 0, 1));
	must(raise(SIGSTOP));
}

static void
try_exit(void)
{
	pid_t holder = spawn(hold_first), pid;
	int status;

	must(waitpid(holder, &status, WUNTRACED));
	pid = waiter(F_WRLCK, 0, 1);
	kill(holder, SIGKILL);
	is(wait_status(holder), SIGKILL, "who had it is killed");
	is(wait_status(pid), 0, "and who waited has it");
}

TEST(lock_wait)
{
	fd = must(open("f", O_RDWR | O_CREAT, 0600));
	try_wakes();
	try_exit();
}

/* ---- signals --------------------------------------------------------------
 */

static void
on_signal(int sig)
{
	(void)sig;
}

static int command;

/* An open file has no number to be seen by. */
static void
until_seen(pid_t pid)
{
	until_waits(command == F_OFD_SETLKW ? -1 : pid);
}

/* Waits with a handler for SIGUSR1; exits with the errno that it gets. */
static pid_t
signalled(int flags)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = flags};
	pid_t pid = must(fork());

	if (pid == 0) {
		int own = must(open("f", O_RDWR)), ret;

		close(fd);
		must(sigaction(SIGUSR1, &act, NULL));
		ret = command == 0 ? flock(own, LOCK_EX)
				   : record(own, command, F_WRLCK, 0, 1);
		_exit(ret == 0 ? 0 : errno);
	}
	until_seen(pid);
	kill(pid, SIGUSR1);
	return pid;
}

TEST(lock_signal)
{
	static const int commands[] = {F_SETLKW, F_OFD_SETLKW, 0};
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		command = commands[i];
		fd = must(open("f", O_RDWR | O_CREAT, 0600));
		must(command ? record(fd, F_OFD_SETLK, F_WRLCK, 0, 0)
			     : flock(fd, LOCK_EX));
		is(wait_status(signalled(0)), EINTR << 8,
		    "a signal ends the wait: %d", i);
		pid = signalled(SA_RESTART);
		until_seen(pid);
		close(fd);
		is(wait_status(pid), 0, "or it goes on: %d", i);
		fd = must(open("f", O_RDWR));
		must(command ? record(fd, F_OFD_SETLK, F_WRLCK, 0, 0)
			     : flock(fd, LOCK_EX));
		pid = signalled(SA_RESTART);
		until_seen(pid);
		kill(pid, SIGKILL);
		is(wait_status(pid), SIGKILL, "it can be killed: %d", i);
		close(fd);
	}
}

/* ---- waiting for one another ----------------------------------------------
 */

#define CIRCLE 5

static struct gate have;

/* Member i has byte i, and wants the next one's. */
static pid_t
member(int i)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		must(record(fd, F_SETLK, F_WRLCK, i, 1));
		gate_open(&have);
		_exit(record(fd, F_SETLKW, F_WRLCK, i + 1, 1) ? errno : 0);
	}
	gate_wait(&have);
	return pid;
}

TEST(lock_deadlock)
{
	pid_t pids[CIRCLE];
	struct flock l = {.l_type = F_WRLCK, .l_len = 1};

	have = gate_make();
	fd = must(open("f", O_RDWR | O_CREAT, 0600));
	must(record(fd, F_SETLK, F_WRLCK, CIRCLE, 1));
	for (int i = CIRCLE - 1; i >= 0; i--) {
		pids[i] = member(i);
		until_waits(pids[i]);
	}
	is_errno(fcntl(fd, F_SETLKW, &l), EDEADLK, "the circle is not closed");
	is_errno(fcntl(fd, F_SETLK, &l), EAGAIN, "who does not wait may ask");
	l.l_start = CIRCLE;
	is(fcntl(fd, F_SETLKW, &l), 0, "what it has, it may have");
	l.l_start = 2;
	is_errno(fcntl(fd, F_SETLKW, &l), EDEADLK, "nor in the middle");
	must(record(fd, F_SETLK, F_UNLCK, CIRCLE, 1));
	for (int i = CIRCLE - 1; i >= 0; i--)
		is(wait_status(pids[i]), 0, "and so all go on: %d", i);
	gate_close(&have);
}

/* Two, in two files, until one is refused; never both, never neither. */
static int files[2];

static void
grab(int first)
{
	for (int round = 0; round < 200; round++) {
		must(record(files[first], F_SETLKW, F_WRLCK, 0, 1));
		if (record(files[!first], F_SETLKW, F_WRLCK, 0, 1))
			ensure(errno == EDEADLK);
		must(record(files[0], F_SETLK, F_UNLCK, 0, 0));
		must(record(files[1], F_SETLK, F_UNLCK, 0, 0));
	}
}

static void
grab_up(void)
{
	grab(0);
}

static void
grab_down(void)
{
	grab(1);
}

TEST(lock_embrace)
{
	pid_t up, down;

	files[0] = must(open("f", O_RDWR | O_CREAT, 0600));
	files[1] = must(open("g", O_RDWR | O_CREAT, 0600));
	up = spawn(grab_up);
	down = spawn(grab_down);
	is(wait_status(up), 0, "who takes two files in one order ends");
	is(wait_status(down), 0, "and who takes them in the other");
}

/* ---- close beside a wait ---------------------------------------------------
 */

static void *
wait_in_thread(void *arg)
{
	(void)arg;
	return (void *)(long)(record(fd, F_SETLKW, F_WRLCK, 0, 0) ? errno : 0);
}

static void
hold_all(void)
{
	must(record(fd, F_SETLK, F_WRLCK, 0, 0));
	must(raise(SIGSTOP));
}

TEST(lock_close)
{
	int mine = must(open("f", O_RDWR | O_CREAT, 0600)), status;
	pid_t holder;
	pthread_t t;

	fd = must(dup(mine));
	holder = spawn(hold_all);
	must(waitpid(holder, &status, WUNTRACED));
	t = thread_start(wait_in_thread, NULL);
	until_waits(getpid());
	close(fd);
	kill(holder, SIGKILL);
	is(wait_status(holder), SIGKILL, "who had it is gone");
	is(thread_join(t), EBADF, "but who waited has no descriptor");
	ok(others_see(mine, "-"), "and no lock");
}

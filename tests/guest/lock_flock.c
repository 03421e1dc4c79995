/* flock: one lock for each open file, of all of it. */
#include "lock.h"

static int a, b;

static void
try_types(void)
{
	is(flock(a, LOCK_SH), 0, "one shares");
	is(flock(b, LOCK_SH), 0, "so does another open file");
	is_errno(flock(b, LOCK_EX | LOCK_NB), EAGAIN, "alone it cannot be");
	is(flock(b, LOCK_SH | LOCK_NB), 0, "but share again");
	is(flock(a, LOCK_UN), 0, "the first gives up");
	is(flock(b, LOCK_EX | LOCK_NB), 0, "now it can");
	is_errno(flock(a, LOCK_SH | LOCK_NB), EAGAIN, "nobody shares then");
	is(flock(b, LOCK_EX), 0, "again is nothing");
	is(flock(b, LOCK_SH), 0, "it shares from now on");
	is(flock(a, LOCK_SH | LOCK_NB), 0, "so others may");
	is(flock(a, LOCK_UN), 0, "given up");
	is(flock(a, LOCK_UN), 0, "twice");
	is(flock(b, LOCK_UN | LOCK_NB), 0, "without waiting");
}

/* A failed change loses the lock: the man page says so, and so does Linux. */
static void
try_lost(void)
{
	must(flock(a, LOCK_SH));
	must(flock(b, LOCK_SH));
	is_errno(flock(b, LOCK_EX | LOCK_NB), EAGAIN, "b wants all");
	is(flock(a, LOCK_EX | LOCK_NB), 0, "and has nothing: a can");
	must(flock(a, LOCK_UN));
}

static void
try_errors(void)
{
	int p = must(open("f", O_PATH));

	is_errno(flock(-1, LOCK_SH), EBADF, "no descriptor");
	is_errno(flock(-1, 0), EINVAL, "nothing asked for, before that");
	is_errno(flock(a, 0), EINVAL, "nothing asked for");
	is_errno(flock(a, LOCK_NB), EINVAL, "not even to wait");
	is_errno(flock(a, LOCK_SH | LOCK_EX), EINVAL, "both");
	is_errno(flock(a, LOCK_UN | LOCK_EX), EINVAL, "or both of these");
	is_errno(flock(a, 1 << 20), EINVAL, "unknown bits");
	is_errno(flock(p, LOCK_SH), EBADF, "a mere place");
	is_errno(flock(p, LOCK_UN), EBADF, "to give up, too");
	close(p);
}

static void
child_unlocks(void)
{
	must(flock(a, LOCK_UN));
}

static void
child_closes(void)
{
	close(a);
}

static void
try_sharing(void)
{
	int copy = must(dup(a));

	must(flock(a, LOCK_EX));
	is(flock(copy, LOCK_EX | LOCK_NB), 0, "a copy is the same open file");
	close(a);
	is_errno(flock(b, LOCK_SH | LOCK_NB), EAGAIN, "which is still open");
	a = copy;
	lives(child_closes, "a child closes");
	is_errno(flock(b, LOCK_SH | LOCK_NB), EAGAIN, "still");
	lives(child_unlocks, "a child unlocks");
	is(flock(b, LOCK_EX | LOCK_NB), 0, "for all who have it");
	close(must(open("f", O_RDONLY)));
	is_errno(flock(a, LOCK_SH | LOCK_NB), EAGAIN,
	    "the close of another open file is nothing to it");
	close(b);
	is(flock(a, LOCK_EX | LOCK_NB), 0, "its own drops the lock");
	b = must(open("f", O_RDWR));
	is(record(b, F_SETLK, F_WRLCK, 0, 0), 0,
	    "fcntl's locks are another matter");
	must(record(b, F_SETLK, F_UNLCK, 0, 0));
	is(record(b, F_OFD_SETLK, F_WRLCK, 0, 0), 0, "of either kind");
	must(flock(a, LOCK_UN));
}

TEST(lock_flock)
{
	a = must(open("f", O_RDWR | O_CREAT, 0600));
	b = must(open("f", O_RDONLY));
	try_types();
	try_lost();
	try_errors();
	try_sharing();
	close(a);
	close(b);
}

/* ---- waiting ------------------------------------------------------------- */

static struct gate done;

static pid_t
waiter(int operation)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		int fd = must(open("f", O_RDWR));

		close(a);
		must(flock(fd, operation));
		gate_open(&done);
		close(fd);
		_exit(0);
	}
	until_waits(pid);
	return pid;
}

TEST(lock_flock_wait)
{
	pid_t pids[4];

	done = gate_make();
	a = must(open("f", O_RDWR | O_CREAT, 0600));
	must(flock(a, LOCK_EX));
	pids[0] = waiter(LOCK_SH);
	pids[1] = waiter(LOCK_SH);
	must(flock(a, LOCK_SH));
	is(wait_status(pids[0]), 0, "who shares goes on when one shares");
	is(wait_status(pids[1]), 0, "and the other");
	pids[0] = waiter(LOCK_EX);
	pids[1] = waiter(LOCK_EX);
	pids[2] = waiter(LOCK_EX);
	must(flock(a, LOCK_UN));
	for (int i = 0; i < 3; i++)
		is(wait_status(pids[i]), 0, "one after the other: %d", i);
	must(flock(a, LOCK_EX));
	pids[0] = waiter(LOCK_EX);
	pids[1] = waiter(LOCK_EX);
	kill(pids[0], SIGKILL);
	is(wait_status(pids[0]), SIGKILL, "who waits can be killed");
	close(a);
	is(wait_status(pids[1]), 0, "the next gets it with the close");
	gate_close(&done);
}

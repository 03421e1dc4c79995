/*
 * A number in a file, which many processes read, add one to and write back,
 * each time under a lock.  It is as many as there were at the end.
 */
#include "lock.h"
#include "thread.h"

#define PROCESSES 6
#define ROUNDS    150

struct how {
	const char *name;
	void (*lock)(int fd, bool on);
};

static void
by_flock(int fd, bool on)
{
	must(flock(fd, on ? LOCK_EX : LOCK_UN));
}

static void
by_process(int fd, bool on)
{
	must(record(fd, F_SETLKW, on ? F_WRLCK : F_UNLCK, 0, 8));
}

static void
by_file(int fd, bool on)
{
	must(record(fd, F_OFD_SETLKW, on ? F_WRLCK : F_UNLCK, 0, 0));
}

/*
 * First to read, and then to write.  Who is refused asks for both at once: if
 * all began anew, some reader would always be in the way.
 */
static void
by_upgrade(int fd, bool on)
{
	if (!on) {
		must(record(fd, F_SETLK, F_UNLCK, 0, 0));
		return;
	}
	must(record(fd, F_SETLKW, F_RDLCK, 0, 8));
	if (record(fd, F_SETLKW, F_WRLCK, 0, 8) == 0)
		return;
	ensure(errno == EDEADLK);
	must(record(fd, F_SETLK, F_UNLCK, 0, 8));
	must(record(fd, F_SETLKW, F_WRLCK, 0, 8));
}

static void
by_trying(int fd, bool on)
{
	if (!on)
		must(flock(fd, LOCK_UN));
	else
		while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			ensure(errno == EAGAIN);
			sched_yield();
		}
}

static const struct how ways[] = {
    {"flock", by_flock},
    {"the process's locks", by_process},
    {"the open file's locks", by_file},
    {"locks that are upgraded", by_upgrade},
    {"locks that are tried for", by_trying},
};

static void
count(const struct how *how)
{
	int fd = must(open("n", O_RDWR));

	for (int i = 0; i < ROUNDS; i++) {
		long n = 0;

		how->lock(fd, true);
		ensure(pread(fd, &n, sizeof(n), 0) == sizeof(n));
		n++;
		if (i % 16 == 0)
			sched_yield();
		ensure(pwrite(fd, &n, sizeof(n), 0) == sizeof(n));
		how->lock(fd, false);
	}
	close(fd);
}

static void
count_all(const struct how *how)
{
	int fd = must(open("n", O_RDWR | O_CREAT | O_TRUNC, 0600));
	pid_t pids[PROCESSES];
	long n = 0;
	int bad = 0;

	ensure(write(fd, &n, sizeof(n)) == sizeof(n));
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			count(how);
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		bad += wait_status(pids[i]) != 0;
	is(bad, 0, "%s: all end well", how->name);
	ensure(pread(fd, &n, sizeof(n), 0) == sizeof(n));
	is(n, PROCESSES * ROUNDS, "%s: and each counts", how->name);
	close(fd);
}

TEST(lock_count)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		count_all(&ways[i]);
}

/* ---- descriptors that come and go ------------------------------------------
 */

static volatile bool stop;

/* Threads of one process lock and close whatever is open. */
static void *
lock_and_close(void *arg)
{
	unsigned seed = (unsigned)(long)arg;

	while (!stop) {
		int fd = 10 + rand_r(&seed) % 4;

		switch (rand_r(&seed) % 6) {
		case 0:
			close(fd);
			break;
		case 1:
			dup2(20 + rand_r(&seed) % 2, fd);
			break;
		case 2:
			record(fd, F_OFD_SETLK, F_WRLCK, rand_r(&seed) % 8, 2);
			break;
		case 3:
			flock(fd, LOCK_EX | LOCK_NB);
			break;
		case 4:
			record(fd, F_SETLK, F_UNLCK, rand_r(&seed) % 8, 3);
			break;
		default:
			record(fd, F_SETLK, rand_r(&seed) % 2,
			    rand_r(&seed) % 8, rand_r(&seed) % 4 + 1);
		}
	}
	return NULL;
}

static void
until_free(int fd)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		must(record(fd, F_SETLKW, F_WRLCK, 0, 0));
		must(flock(must(open("f", O_RDWR)), LOCK_EX));
		_exit(0);
	}
	is(wait_status(pid), 0, "when all is closed, all is free");
}

TEST(lock_storm)
{
	int first = must(open("f", O_RDWR | O_CREAT, 0600));
	int spare = must(open("g", O_RDWR | O_CREAT, 0600));
	pthread_t t[4];

	must(dup2(first, 20));
	must(dup2(spare, 21));
	for (long i = 0; i < 4; i++)
		t[i] = thread_start(lock_and_close, (void *)(i + 1));
	for (int i = 0; i < 300; i++) {
		int fd = must(open("f", O_RDWR));

		if (record(fd, F_SETLK, F_WRLCK, 3, 1) == 0)
			record(fd, F_SETLK, F_UNLCK, 0, 0);
		if (i % 20 == 0) {
			pid_t pid = must(fork());

			if (pid == 0)
				_exit(0);
			ensure(wait_status(pid) == 0);
		}
		close(fd);
		sched_yield();
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		thread_join(t[i]);
	for (int fd = 10; fd < 14; fd++)
		close(fd);
	/* One's own drop with any close; then nobody is left. */
	close(first);
	close(20);
	until_free(must(open("f", O_RDWR)));
}

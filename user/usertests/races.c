/* Many processes at the same names and files at once. */
#include "usertests.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RACERS 4
#define ROUNDS 30

static struct {
	int arrived; /* how many came to the line, over all rounds */
	int won;     /* in this round */
} * race;

/* All begin together. */
static void
line_up(int round)
{
	__atomic_fetch_add(&race->arrived, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&race->arrived, __ATOMIC_SEQ_CST) <
	    (round + 1) * RACERS)
		sched_yield();
}

/*
 * In each round all racers run `act` at once, which says whether they won: so
 * many must.  `after` tidies up between two rounds.
 */
static void
run_race(bool (*act)(int me), int winners, void (*after)(void))
{
	race = shared_area(PAGE);
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pids[RACERS];

		race->won = 0;
		for (int me = 0; me < RACERS; me++) {
			pids[me] = start();
			if (pids[me] == 0) {
				line_up(round);
				if (act(me))
					__atomic_fetch_add(
					    &race->won, 1, __ATOMIC_SEQ_CST);
				_exit(0);
			}
		}
		for (int me = 0; me < RACERS; me++)
			must_exit(pids[me], 0);
		if (race->won != winners)
			fail("%d of %d win a round, not %d", race->won, RACERS,
			    winners);
		after();
	}
}

static void
remove_x(void)
{
	needs(unlink("x") == 0);
}

static bool
create_x(int me)
{
	(void)me;
	if (open("x", O_CREAT | O_EXCL | O_RDWR, 0666) >= 0)
		return true;
	needs(errno == EEXIST);
	return false;
}

static void
test_concreate(void)
{
	run_race(create_x, 1, remove_x);
}

static bool
link_x(int me)
{
	(void)me;
	if (link("file", "x") == 0)
		return true;
	needs(errno == EEXIST);
	return false;
}

static void
after_link(void)
{
	struct stat st;

	needs(stat("file", &st) == 0 && st.st_nlink == 2);
	remove_x();
}

static void
test_conlink(void)
{
	put_file("file", "x");
	run_race(link_x, 1, after_link);
}

static bool
unlink_x(int me)
{
	(void)me;
	if (unlink("x") == 0)
		return true;
	needs(errno == ENOENT);
	return false;
}

static void
again_x(void)
{
	put_file("x", "x");
}

static void
test_conunlink(void)
{
	again_x();
	run_race(unlink_x, 1, again_x);
}

static bool
rename_x(int me)
{
	char name[8];

	snprintf(name, sizeof(name), "r%d", me);
	if (rename("x", name) == 0)
		return true;
	needs(errno == ENOENT);
	return false;
}

/* It has one of the names, and only one. */
static void
after_rename(void)
{
	int n = 0;

	for (int me = 0; me < RACERS; me++) {
		char name[8];

		snprintf(name, sizeof(name), "r%d", me);
		if (unlink(name) == 0)
			n++;
	}
	needs(n == 1);
	again_x();
}

static void
test_conrename(void)
{
	again_x();
	run_race(rename_x, 1, after_rename);
}

static bool
mkdir_x(int me)
{
	(void)me;
	if (mkdir("x", 0777) == 0)
		return true;
	needs(errno == EEXIST);
	return false;
}

static void
rmdir_x(void)
{
	needs(rmdir("x") == 0);
}

static void
test_conmkdir(void)
{
	run_race(mkdir_x, 1, rmdir_x);
}

/* A name that is renamed over again and again is never missing. */
static void
test_renamestays(void)
{
	pid_t pid;

	put_file("b", "b");
	pid = start();
	if (pid == 0)
		for (;;) {
			put_file("t", "abc");
			needs(rename("t", "b") == 0);
		}
	for (int i = 0; i < 500; i++) {
		struct stat st;

		needs(stat("b", &st) == 0);
		needs(st.st_size == 3 || st.st_size == 1);
	}
	kill(pid, SIGKILL);
	must_die(pid, SIGKILL);
}

/* Each with names of its own, in one directory. */
static void
test_createdelete(void)
{
	enum {
		NAMES = 40
	};
	pid_t pids[RACERS];

	for (int me = 0; me < RACERS; me++) {
		pids[me] = start();
		if (pids[me] != 0)
			continue;
		for (int i = 0; i < NAMES; i++) {
			char name[16];

			snprintf(name, sizeof(name), "%c%d", 'a' + me, i);
			put_file(name, name);
			if (i % 2 == 1) {
				name[0] = 'a' + me;
				needs(unlink(name) == 0);
			}
		}
		_exit(0);
	}
	for (int me = 0; me < RACERS; me++)
		must_exit(pids[me], 0);
	for (int me = 0; me < RACERS; me++)
		for (int i = 0; i < NAMES; i++) {
			char name[16];

			snprintf(name, sizeof(name), "%c%d", 'a' + me, i);
			needs((access(name, F_OK) == 0) == (i % 2 == 0));
		}
}

/* All create, link and remove the same few names; any answer but nonsense. */
static void
scramble(int me)
{
	srand(me + 1);
	for (int i = 0; i < 150; i++) {
		char a[4] = {'a' + rand() % 4, 0}, b[4] = {'a' + rand() % 4, 0};
		int fd;

		switch (rand() % 5) {
		case 0:
			fd = open(a, O_CREAT | O_RDWR, 0666);
			needs(fd >= 0 || errno == EISDIR);
			close(fd);
			break;
		case 1:
			needs(unlink(a) == 0 || errno == ENOENT ||
			    errno == EISDIR);
			break;
		case 2:
			needs(link(a, b) == 0 || errno == EEXIST ||
			    errno == ENOENT || errno == EPERM);
			break;
		case 3:
			needs(rename(a, b) == 0 || errno == ENOENT ||
			    errno == EISDIR || errno == ENOTDIR);
			break;
		default:
			if (mkdir(a, 0777) == 0)
				rmdir(a);
		}
	}
}

static void
test_scramble(void)
{
	pid_t pids[RACERS];

	for (int me = 0; me < RACERS; me++) {
		pids[me] = start();
		if (pids[me] == 0) {
			scramble(me);
			_exit(0);
		}
	}
	for (int me = 0; me < RACERS; me++)
		must_exit(pids[me], 0);
}

/* ---- one file -------------------------------------------------------------
 */

/* One cuts the file off, one writes it, one reads: zeroes or what was written.
 */
static void
test_truncrace(void)
{
	static char page[4 * PAGE];
	int fd = open("file", O_CREAT | O_RDWR, 0666);
	pid_t cutter, writer;

	cutter = start();
	if (cutter == 0)
		for (;;) {
			needs(ftruncate(fd, 100) == 0);
			needs(ftruncate(fd, 3 * PAGE) == 0);
		}
	writer = start();
	if (writer == 0) {
		memset(page, 'a', sizeof(page));
		for (;;)
			needs(pwrite(fd, page, 2 * PAGE, PAGE) ==
			    2 * (ssize_t)PAGE);
	}
	for (int i = 0; i < 150; i++) {
		ssize_t n = pread(fd, page, sizeof(page), 0);

		needs(n >= 0 && n <= 3 * (ssize_t)PAGE);
		for (ssize_t j = 0; j < n; j++)
			needs(page[j] == 'a' || page[j] == 0);
	}
	kill(cutter, SIGKILL);
	kill(writer, SIGKILL);
	must_die(cutter, SIGKILL);
	must_die(writer, SIGKILL);
}

/* The same with one who looks through a mapping: bytes or SIGBUS. */
static void
test_truncmap(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0666);
	volatile char *at;
	pid_t pid;

	needs(ftruncate(fd, 2 * PAGE) == 0);
	at = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	needs(at != MAP_FAILED);
	pid = start();
	if (pid == 0)
		for (;;) {
			needs(ftruncate(fd, 1) == 0);
			needs(ftruncate(fd, 2 * PAGE) == 0);
		}
	for (int i = 0; i < 200; i++) {
		int sig = touch(at + PAGE, i % 2 ? LOAD : STORE);

		needs(sig == 0 || sig == SIGBUS);
	}
	kill(pid, SIGKILL);
	must_die(pid, SIGKILL);
	needs(ftruncate(fd, 1) == 0 && ftruncate(fd, 2 * PAGE) == 0);
	needs(at[PAGE] == 0);
}

/* Files of several processes at once keep their bytes apart. */
static void
test_fourfiles(void)
{
	enum {
		TIMES = 12,
		LEN = 500
	};
	static char piece[LEN];
	pid_t pids[RACERS];
	char name[8];

	for (int me = 0; me < RACERS; me++) {
		pids[me] = start();
		if (pids[me] != 0)
			continue;
		snprintf(name, sizeof(name), "f%d", me);
		put_file(name, "");
		for (int i = 0; i < TIMES; i++) {
			int fd = open(name, O_WRONLY | O_APPEND);

			memset(piece, '0' + me, LEN);
			needs(write(fd, piece, LEN) == LEN);
			close(fd);
		}
		_exit(0);
	}
	for (int me = 0; me < RACERS; me++)
		must_exit(pids[me], 0);
	for (int me = 0; me < RACERS; me++) {
		int fd;

		snprintf(name, sizeof(name), "f%d", me);
		needs(size_of(name) == TIMES * LEN);
		fd = open(name, O_RDONLY);
		while (read(fd, piece, LEN) > 0)
			for (int i = 0; i < LEN; i++)
				needs(piece[i] == '0' + me);
		close(fd);
	}
}

const struct test race_tests[] = {
    {"concreate", test_concreate, false},
    {"conlink", test_conlink, false},
    {"conunlink", test_conunlink, false},
    {"conrename", test_conrename, false},
    {"conmkdir", test_conmkdir, false},
    {"renamestays", test_renamestays, false},
    {"createdelete", test_createdelete, false},
    {"scramble", test_scramble, false},
    {"truncrace", test_truncrace, false},
    {"truncmap", test_truncmap, false},
    {"fourfiles", test_fourfiles, false},
    {NULL, NULL, false},
};

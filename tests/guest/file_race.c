/*
 * One file, many hands: a shared offset moves by whole writes, O_APPEND never
 * writes over another's, and a file's size never shows what is not there.
 */
#include "files.h"

#include <pthread.h>

#define WORKERS 4
#define WRITES  200
#define LEN     37 /* no divisor of a page: some records lie across two */

static int fd;

static void
write_records(int worker, int to)
{
	char record[LEN];

	memset(record, 'A' + worker, sizeof(record));
	for (int i = 0; i < WRITES; i++)
		ensure(write(to, record, LEN) == LEN);
}

static void
in_children(void (*fn)(int))
{
	pid_t pids[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			fn(i);
			_exit(0);
		}
	}
	for (int i = 0; i < WORKERS; i++)
		is(wait_status(pids[i]), 0, "worker %d ends well", i);
}

/* Every record whole, and as many of each as were written. */
static void
check_records(const char *what)
{
	static char buf[WORKERS * WRITES * LEN + 1];
	int count[WORKERS] = {0}, torn = 0;

	is(pread(fd, buf, sizeof(buf), 0), WORKERS * WRITES * LEN,
	    "%s: as long as all that was written", what);
	for (int i = 0; i < WORKERS * WRITES; i++) {
		char *r = buf + i * LEN;

		for (int j = 1; j < LEN; j++)
			torn += r[j] != r[0];
		if (r[0] >= 'A' && r[0] < 'A' + WORKERS)
			count[r[0] - 'A']++;
	}
	is(torn, 0, "%s: no record is torn", what);
	for (int i = 0; i < WORKERS; i++)
		is(count[i], WRITES, "%s: all of worker %d's", what, i);
}

static void
by_shared_offset(int worker)
{
	write_records(worker, fd);
}

static void
by_append(int worker)
{
	write_records(worker, must(open("file", O_WRONLY | O_APPEND)));
}

/* ------------------------------------------------ sizes */

static volatile bool stop;

static void *
grow_and_cut(void *arg)
{
	char x[5000];

	memset(x, 'x', sizeof(x));
	for (int i = 0; i < 300; i++) {
		ensure(pwrite(fd, x, sizeof(x), 0) == sizeof(x));
		must(ftruncate(fd, 100 + i));
	}
	stop = true;
	return arg;
}

/*
 * What a reader sees is x, or the zero of a hole; never an old page.  And never
 * more than the file has had, save on Linux, whose tmpfs (as of 6.12) looks at
 * the size twice: a cut between the looks lets it give the rest of a page.
 */
static void *
read_all(void *arg)
{
	char buf[6000];
	bool calf = access("/proc/calf", F_OK) == 0;
	long odd = 0;

	while (!stop) {
		ssize_t n = pread(fd, buf, sizeof(buf), 0);

		ensure(n >= 0 && (n <= 5000 || !calf));
		for (ssize_t i = 0; i < n; i++)
			odd += buf[i] != 'x' && buf[i] != 0;
	}
	ok(odd == 0, "a reader sees only what was written");
	return arg;
}

static void
sizes(void)
{
	pthread_t a, b;

	must(ftruncate(fd, 0));
	ensure(!pthread_create(&a, NULL, grow_and_cut, NULL));
	ensure(!pthread_create(&b, NULL, read_all, NULL));
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	is(file_size("file"), 100 + 299, "the last cut stays");
}

/* ------------------------------------------------ descriptors */

#define NUMBER 50 /* that comes and goes */

static volatile bool done;

static void *
open_and_close(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		must(dup2(fd, NUMBER));
		must(close(NUMBER));
	}
	done = true;
	return arg;
}

static void *
use(void *arg)
{
	long odd = 0, hits = 0;
	struct stat st;
	char c;

	while (!done) {
		if (pread(NUMBER, &c, 1, 0) >= 0)
			hits++;
		else
			odd += errno != EBADF;
		if (fstat(NUMBER, &st) == 0)
			hits++;
		else
			odd += errno != EBADF;
	}
	ok(odd == 0, "a number that comes and goes: there or EBADF, %ld times",
	    hits);
	return arg;
}

static void
numbers(void)
{
	pthread_t a, b, c;

	ensure(!pthread_create(&a, NULL, open_and_close, NULL));
	ensure(!pthread_create(&b, NULL, use, NULL));
	ensure(!pthread_create(&c, NULL, use, NULL));
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	pthread_join(c, NULL);
}

/* O_CREAT | O_EXCL is won by one. */
static int *winners;

static void
create_once(int worker)
{
	char name[16];

	(void)worker;
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "once%d", i);
		if (open(name, O_CREAT | O_EXCL | O_RDWR, 0600) >= 0)
			__atomic_fetch_add(winners, 1, __ATOMIC_RELAXED);
		else
			ensure(errno == EEXIST);
	}
}

/* Who reads while another cuts the file off comes to its end, and no error. */
static void
read_or_cut(int worker)
{
	static char buf[8 * 4096];

	for (int i = 0; i < 2000; i++) {
		if (worker == 0) {
			must(ftruncate(fd, i % 2 ? 0 : sizeof(buf)));
			continue;
		}
		ensure(pread(fd, buf, sizeof(buf), 0) >= 0);
		ensure(pread(fd, buf, 4096, 7 * 4096) >= 0);
	}
}

TEST(file_race)
{
	fd = must(open("file", O_CREAT | O_RDWR, 0600));
	in_children(by_shared_offset);
	check_records("a shared offset");
	must(ftruncate(fd, 0));
	in_children(by_append);
	check_records("O_APPEND");
	sizes();
	numbers();
	winners = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	in_children(create_once);
	is(*winners, 50, "each of 50 names is made by one of many");
	in_children(read_or_cut);
}

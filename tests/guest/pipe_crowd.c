/*
 * Many writers and readers on one pipe.  Each writer sends records of its own
 * pattern; records up to PIPE_BUF bytes must arrive in one piece, and none may
 * be lost or doubled.
 */
#include "files.h"

#include <sys/ioctl.h>

#define WRITERS 4
#define READERS 3
#define RECORDS 60

struct record {
	unsigned int magic;
	unsigned short writer;
	unsigned short number;
	unsigned int len_bytes; /* of the whole record */
	unsigned char fill[];
};

#define MAGIC 0xca1fca1f

static int p[2];
static unsigned char (*seen)[RECORDS]; /* shared: how often each arrived */

static size_t
length_of(int writer, int number)
{
	size_t len = sizeof(struct record) + 1;

	len += (writer * 977 + number * 613) % (PIPE_BUF - len);
	return number % 7 == 0 ? PIPE_BUF : len;
}

static void
send_records(int writer)
{
	unsigned char buf[PIPE_BUF] __attribute__((aligned(8)));
	struct record *r = (struct record *)buf;

	for (int i = 0; i < RECORDS; i++) {
		size_t len = length_of(writer, i);

		*r = (struct record){MAGIC, writer, i, len};
		memset(r->fill, writer * 16 + i % 16, len - sizeof(*r));
		ensure(write(p[1], buf, len) == (ssize_t)len);
	}
}

/* Reads exactly len bytes; false at the end. */
static bool
read_all(void *buf, size_t len)
{
	for (size_t n = 0; n < len;) {
		ssize_t got = read(p[0], (char *)buf + n, len - n);

		if (got <= 0)
			return false;
		n += got;
	}
	return true;
}

/* The number of records that are not as they were sent. */
static int
take_records(void)
{
	unsigned char buf[PIPE_BUF] __attribute__((aligned(8)));
	struct record *r = (struct record *)buf;
	int wrong = 0;

	while (read_all(r, sizeof(*r))) {
		if (r->magic != MAGIC || r->writer >= WRITERS ||
		    r->number >= RECORDS ||
		    r->len_bytes != length_of(r->writer, r->number))
			return wrong + 1; /* no way to find the next one */
		if (!read_all(r->fill, r->len_bytes - sizeof(*r)))
			return wrong + 1;
		for (size_t i = 0; i < r->len_bytes - sizeof(*r); i++)
			if (r->fill[i] != r->writer * 16 + r->number % 16)
				wrong++;
		seen[r->writer][r->number]++;
	}
	return wrong;
}

static void
many_writers(void)
{
	pid_t pids[WRITERS];
	int once = 0;

	must(pipe(p));
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			close(p[0]);
			send_records(i);
			_exit(0);
		}
	}
	close(p[1]);
	is(take_records(), 0, "records of %d writers arrive whole", WRITERS);
	for (int i = 0; i < WRITERS; i++) {
		is(wait_status(pids[i]), 0, "writer %d ends well", i);
		for (int j = 0; j < RECORDS; j++)
			once += seen[i][j] == 1;
	}
	is(once, WRITERS * RECORDS, "all of them, once each");
	close(p[0]);
}

/* ------------------------------------------------ many readers */

static long (*taken)[2]; /* shared: bytes and their sum, per reader */

static void
count_bytes(int reader)
{
	unsigned char buf[777];
	ssize_t n;

	close(p[1]);
	while ((n = read(p[0], buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			taken[reader][0]++;
			taken[reader][1] += buf[i];
		}
	ensure(n == 0);
}

static void
many_readers(void)
{
	unsigned char buf[1500];
	long bytes = 0, sum = 0;
	pid_t pids[READERS];

	must(pipe(p));
	for (int i = 0; i < READERS; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			count_bytes(i);
			_exit(0);
		}
	}
	close(p[0]);
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof(buf); i++) {
			buf[i] = round * 31 + i;
			sum += buf[i];
		}
		ensure(write(p[1], buf, sizeof(buf)) == sizeof(buf));
		bytes += sizeof(buf);
	}
	close(p[1]);
	for (int i = 0; i < READERS; i++) {
		is(wait_status(pids[i]), 0, "reader %d sees the end", i);
		bytes -= taken[i][0];
		sum -= taken[i][1];
	}
	is(bytes, 0, "%d readers take every byte once", READERS);
	is(sum, 0, "and none but those");
}

TEST(pipe_crowd)
{
	seen = must(mmap(NULL, sizeof(*seen) * WRITERS, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	taken = must(mmap(NULL, sizeof(*taken) * READERS,
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	many_writers();
	many_readers();
}

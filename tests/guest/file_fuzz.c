/*
 * Random reads, writes, truncations and mappings of a file, compared with a
 * copy of it in memory after each.
 *
 * As a test it is short.  The long form, on a disk or in memory, is
 * tests/boot/file-fuzz.t:
 *
 *	/tests/guest @file_fuzz_of OPS PROCESSES SEED KIB [past] [DISK TYPE]
 *
 * So many operations are made by each process on a file of its own, of at most
 * so many KiB.  What a process does follows from SEED and its number alone.  It
 * prints its seed and its last operations when something differs; with
 * PROCESSES 1 and that seed they are made again.
 *
 * `past` also writes to the last page of a mapping behind the file's end; what
 * was written there must not come into the file when it grows.  That is what
 * POSIX asks for, and Linux does not always do.
 */
#include "file_fuzz.h"

#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

enum {
	NR_LAST = 40,     /* operations that are told of when one fails */
	SHORT_OPS = 1000, /* of the test */
	CHECK_ALL = 400,  /* operations between two looks at the whole file */
	BALLAST_PAGES = 1024,
};

struct fuzz fuzz;

static uint64_t random_state;
static bool renamed;

/* Another file, to copy to and from, and what is in that. */
static int other;
static size_t other_size;
static unsigned char other_good[MOST_BYTES];

static struct {
	const char *name;
	size_t at, n, size;
} last[NR_LAST];
static unsigned long nr_ops;

/* ------------------------------------------------ drawing */

static uint64_t
draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

size_t
fuzz_below(size_t end)
{
	return (draw() >> 11) % end;
}

size_t
fuzz_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A place in [0, end): anywhere, near the start, or near a border of blocks. */
size_t
fuzz_draw_at(size_t end)
{
	size_t at = fuzz_below(end);

	switch (fuzz_below(4)) {
	case 0:
		return at % fuzz_least(end, 5 * PAGE);
	case 1:
		at = at / 1024 * 1024 + fuzz_below(5);
		return at >= 2 && at - 2 < end ? at - 2 : 0;
	default:
		return at;
	}
}

/* How much: mostly little, now and then whole blocks, never over `room`. */
size_t
fuzz_draw_len(size_t room)
{
	static const size_t tops[] = {
	    16, 16, 300, 300, 300, 2 * PAGE, 2 * PAGE, 5 * PAGE};
	size_t top = tops[fuzz_below(sizeof(tops) / sizeof(tops[0]))];
	size_t n = 1 + fuzz_below(fuzz_below(60) ? top : MOST_BYTES);

	if (n > 1024 && fuzz_below(2))
		n = n / 1024 * 1024;
	return fuzz_least(n, room);
}

size_t
fuzz_draw_within(size_t *at)
{
	*at = fuzz_draw_at(fuzz.size + 1);
	return fuzz_least(fuzz_draw_len(fuzz.most), fuzz.size - *at);
}

void
fuzz_draw_bytes(unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t word = draw();

		memcpy(p + i, &word, fuzz_least(8, n - i));
	}
}

/* ------------------------------------------------ telling */

void
fuzz_did(const char *name, size_t at, size_t n)
{
	last[nr_ops % NR_LAST].name = name;
	last[nr_ops % NR_LAST].at = at;
	last[nr_ops % NR_LAST].n = n;
	last[nr_ops % NR_LAST].size = fuzz.size;
	nr_ops++;
}

void
fuzz_wrong(const char *fmt, ...)
{
	char text[200];
	int err = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tap_note("seed %lu, operation %lu: %s (errno %s)", (long)fuzz.seed,
	    nr_ops, text, strerrorname_np(err));
	for (unsigned long i = nr_ops < NR_LAST ? 0 : nr_ops - NR_LAST;
	     i < nr_ops; i++)
		tap_note("  %lu: %s at %#zx, %#zx bytes, of %#zx", i + 1,
		    last[i % NR_LAST].name, last[i % NR_LAST].at,
		    last[i % NR_LAST].n, last[i % NR_LAST].size);
	_exit(1);
}

void
fuzz_want(bool as_expected, const char *what)
{
	if (!as_expected)
		fuzz_wrong("%s", what);
}

void
fuzz_compare(const unsigned char *got, size_t at, size_t n, const char *how)
{
	size_t i = 0;

	if (memcmp(got, fuzz.good + at, n) == 0)
		return;
	while (got[i] == fuzz.good[at + i])
		i++;
	fuzz_wrong("%s: at %#zx it has %02x, not %02x", how, at + i, got[i],
	    fuzz.good[at + i]);
}

/* ------------------------------------------------ what must come of it */

void
fuzz_put(size_t at, const unsigned char *p, size_t n)
{
	memcpy(fuzz.good + at, p, n);
	if (fuzz.size < at + n)
		fuzz.size = at + n;
}

static void
cut(size_t new_size)
{
	if (new_size < fuzz.size)
		memset(fuzz.good + new_size, 0, fuzz.size - new_size);
	fuzz.size = new_size;
}

/* ------------------------------------------------ by system calls */

static const char *
name(void)
{
	return renamed ? "fuzzed-2" : "fuzzed";
}

/* Cuts [0, n) of the buffer in three. */
static void
split(struct iovec v[3], size_t n)
{
	size_t a = fuzz_below(n + 1), b = a + fuzz_below(n - a + 1);

	v[0] = (struct iovec){fuzz.buf, a};
	v[1] = (struct iovec){fuzz.buf + a, b - a};
	v[2] = (struct iovec){fuzz.buf + b, n - b};
}

static void
op_read(void)
{
	size_t at = fuzz_draw_at(fuzz.size + PAGE),
	       n = fuzz_draw_len(MOST_BYTES);
	size_t there = at < fuzz.size ? fuzz_least(n, fuzz.size - at) : 0;
	struct iovec v[3];
	ssize_t got = -1;

	fuzz_did("read", at, n);
	memset(fuzz.buf, 0x5a, n);
	split(v, n);
	switch (fuzz_below(4)) {
	case 0:
		got = pread(fuzz.fd, fuzz.buf, n, at);
		break;
	case 1:
		got = preadv(fuzz.fd, v, 3, at);
		break;
	case 2:
		must(lseek(fuzz.fd, at, SEEK_SET));
		got = read(fuzz.fd, fuzz.buf, n);
		break;
	case 3:
		must(lseek(fuzz.fd, at, SEEK_SET));
		got = readv(fuzz.fd, v, 3);
		fuzz_want(lseek(fuzz.fd, 0, SEEK_CUR) == (off_t)(at + there),
		    "the position after readv");
		break;
	}
	if (got != (ssize_t)there)
		fuzz_wrong("read gives %zd, not %zu", got, there);
	fuzz_compare(fuzz.buf, at, there, "read");
}

static void
op_write(void)
{
	size_t at = fuzz_draw_at(fuzz.most), n = fuzz_draw_len(fuzz.most - at);
	struct iovec v[3];
	ssize_t put_now = -1;

	if (fuzz_below(4) && fuzz.size > 0) {
		at = fuzz_draw_at(fuzz.size);
		n = fuzz_draw_len(fuzz.most - at);
	}
	fuzz_did("write", at, n);
	fuzz_draw_bytes(fuzz.buf, n);
	split(v, n);
	switch (fuzz_below(4)) {
	case 0:
		put_now = pwrite(fuzz.fd, fuzz.buf, n, at);
		break;
	case 1:
		put_now = pwritev(fuzz.fd, v, 3, at);
		break;
	case 2:
		must(lseek(fuzz.fd, at, SEEK_SET));
		put_now = write(fuzz.fd, fuzz.buf, n);
		break;
	case 3:
		must(lseek(fuzz.fd, at, SEEK_SET));
		put_now = writev(fuzz.fd, v, 3);
		fuzz_want(lseek(fuzz.fd, 0, SEEK_CUR) == (off_t)(at + n),
		    "the position after writev");
		break;
	}
	if (put_now != (ssize_t)n)
		fuzz_wrong("write gives %zd", put_now);
	fuzz_put(at, fuzz.buf, n);
}

static void
op_append(void)
{
	size_t n = fuzz_draw_len(fuzz.most - fuzz.size);

	fuzz_did("append", fuzz.size, n);
	if (n == 0)
		return;
	fuzz_draw_bytes(fuzz.buf, n);
	must(lseek(fuzz.fd, 0, SEEK_SET));
	fuzz_want(fcntl(fuzz.fd, F_SETFL, O_APPEND) == 0, "O_APPEND");
	fuzz_want(write(fuzz.fd, fuzz.buf, n) == (ssize_t)n, "append");
	fuzz_want(fcntl(fuzz.fd, F_SETFL, 0) == 0, "no O_APPEND");
	fuzz_put(fuzz.size, fuzz.buf, n);
}

/* Half of the time to little, so that there are all sizes of files. */
static void
op_truncate(void)
{
	size_t to = fuzz_below(2) ? fuzz_draw_at(fuzz.most + 1)
				  : fuzz_draw_at(9 * PAGE);

	fuzz_did("truncate", to, 0);
	fuzz_want((fuzz_below(2) ? ftruncate(fuzz.fd, to)
				 : truncate(name(), to)) == 0,
	    "truncate");
	cut(to);
}

static void
op_shorten(void)
{
	size_t to = fuzz.size - fuzz_below(fuzz_least(fuzz.size, 3 * PAGE) + 1);

	fuzz_did("shorten", to, 0);
	fuzz_want(ftruncate(fuzz.fd, to) == 0, "truncate");
	cut(to);
}

static void
op_empty(void)
{
	int again;

	fuzz_did("open with O_TRUNC", 0, 0);
	again = open(name(), O_RDWR | O_TRUNC);
	fuzz_want(again >= 0, "open");
	close(again);
	cut(0);
}

static void
op_allocate(void)
{
	size_t at = fuzz_draw_at(fuzz.most), n = fuzz_draw_len(fuzz.most - at);
	int keep = fuzz_below(2) ? FALLOC_FL_KEEP_SIZE : 0;

	fuzz_did(keep ? "fallocate, keeping the size" : "fallocate", at, n);
	if (n == 0 || (fallocate(fuzz.fd, keep, at, n) && errno == EOPNOTSUPP))
		return;
	if (!keep && fuzz.size < at + n)
		fuzz.size = at + n;
}

static void
op_flush(void)
{
	int which = fuzz_below(3);

	fuzz_did(which == 0  ? "fsync"
		: which == 1 ? "fdatasync"
			     : "msync",
	    0, 0);
	if (which == 0)
		fuzz_want(fsync(fuzz.fd) == 0, "fsync");
	else if (which == 1)
		fuzz_want(fdatasync(fuzz.fd) == 0, "fdatasync");
	else if (fuzz.held)
		fuzz_want(msync(fuzz.held, fuzz.most,
			      fuzz_below(2) ? MS_SYNC : MS_ASYNC) == 0,
		    "msync");
}

static void
op_size(void)
{
	struct stat st;

	fuzz_did("stat", 0, 0);
	fuzz_want(
	    stat(name(), &st) == 0 && st.st_size == (off_t)fuzz.size, "size");
	fuzz_want(
	    fstat(fuzz.fd, &st) == 0 && st.st_size == (off_t)fuzz.size, "size");
}

static bool
is_zero(size_t from, size_t to)
{
	for (; from < to; from++)
		if (fuzz.good[from])
			return false;
	return true;
}

/* What lies in a hole is zero; that zeroes are in one nobody promises. */
static void
op_seek(void)
{
	size_t at = fuzz_draw_at(fuzz.size + PAGE);
	off_t data, hole;

	fuzz_did("seek", at, 0);
	data = lseek(fuzz.fd, at, SEEK_DATA);
	hole = lseek(fuzz.fd, at, SEEK_HOLE);
	if (at >= fuzz.size) {
		fuzz_want(data == -1 && hole == -1, "seek behind the end");
		return;
	}
	fuzz_want(is_zero(at, data < 0 ? fuzz.size : (size_t)data),
	    "bytes in no data");
	fuzz_want(data < (off_t)fuzz.size, "data behind the end");
	fuzz_want(hole >= (off_t)at && hole <= (off_t)fuzz.size, "a hole");
	fuzz_want(fuzz.good[hole] == 0, "bytes in a hole");
}

static void
op_reopen(void)
{
	fuzz_did("close and open", 0, 0);
	fuzz_want(close(fuzz.fd) == 0, "close");
	fuzz.fd = open(name(), O_RDWR);
	fuzz_want(fuzz.fd >= 0, "open");
}

static void
op_rename(void)
{
	const char *from = name();

	fuzz_did("rename", 0, 0);
	renamed = !renamed;
	fuzz_want(rename(from, name()) == 0, "rename");
}

static void
op_check(void)
{
	unsigned char one;

	fuzz_did("look at all", 0, fuzz.size);
	for (size_t at = 0; at < fuzz.size; at += MOST_BYTES) {
		size_t n = fuzz_least(MOST_BYTES, fuzz.size - at);

		fuzz_want(
		    pread(fuzz.fd, fuzz.buf, n, at) == (ssize_t)n, "read");
		fuzz_compare(fuzz.buf, at, n, "look");
	}
	fuzz_want(pread(fuzz.fd, &one, 1, fuzz.size) == 0, "the end");
}

/* ------------------------------------------------ copies */

static void
op_copy_out(void)
{
	size_t at = fuzz_draw_at(fuzz.size + PAGE),
	       n = fuzz_draw_len(MOST_BYTES);
	size_t there = at < fuzz.size ? fuzz_least(n, fuzz.size - at) : 0;
	off_t from = at, to = 0;
	ssize_t got;

	fuzz_did("copy out", at, n);
	must(lseek(other, 0, SEEK_SET));
	got = fuzz_below(2) ? sendfile(other, fuzz.fd, &from, n)
			    : copy_file_range(fuzz.fd, &from, other, &to, n, 0);
	fuzz_want(got >= 0 && (size_t)got <= there && (got > 0) == (there > 0),
	    "how much is copied out");
	fuzz_want(from == (off_t)at + got, "where it ends");
	memcpy(other_good, fuzz.good + at, got);
	if (other_size < (size_t)got)
		other_size = got;
	fuzz_want(pread(other, fuzz.buf, MOST_BYTES, 0) == (ssize_t)other_size,
	    "the size of the copy");
	fuzz_want(memcmp(fuzz.buf, other_good, other_size) == 0,
	    "what is in the copy");
}

static void
op_copy_in(void)
{
	size_t at = fuzz_draw_at(fuzz.most);
	size_t n = fuzz_least(fuzz_draw_len(MOST_BYTES), fuzz.most - at);
	size_t skip = other_size ? fuzz_below(other_size) : 0;
	size_t there = fuzz_least(n, other_size - skip);
	off_t from = skip, to = at;
	ssize_t got;

	fuzz_did("copy in", at, n);
	must(lseek(fuzz.fd, at, SEEK_SET));
	got = fuzz_below(2) ? sendfile(fuzz.fd, other, &from, n)
			    : copy_file_range(other, &from, fuzz.fd, &to, n, 0);
	fuzz_want(got >= 0 && (size_t)got <= there && (got > 0) == (there > 0),
	    "how much is copied in");
	if (got > 0)
		fuzz_put(at, other_good + skip, got);
}

/* ------------------------------------------------ memory that gets short */

static void
fill_ballast(uint64_t page[PAGE / 8], uint64_t nr)
{
	for (uint64_t i = 0; i < PAGE / 8; i++)
		page[i] = (nr << 32) + i + fuzz.seed;
}

static void
make_ballast(void)
{
	int ballast = must(open("ballast", O_CREAT | O_RDWR | O_TRUNC, 0644));
	uint64_t page[PAGE / 8];

	for (uint64_t nr = 0; nr < BALLAST_PAGES; nr++) {
		fill_ballast(page, nr);
		fuzz_want(write(ballast, page, PAGE) == PAGE, "ballast");
	}
	close(ballast);
}

/* Some pages that nobody has wanted for long, and others go for them. */
static void
op_ballast(void)
{
	int ballast = open("ballast", O_RDONLY);
	uint64_t page[PAGE / 8], wanted[PAGE / 8];
	uint64_t nr = fuzz_below(BALLAST_PAGES / 2);

	fuzz_did("read another file", nr * PAGE, BALLAST_PAGES / 2 * PAGE);
	if (ballast < 0)
		return;
	for (uint64_t end = nr + BALLAST_PAGES / 2; nr < end; nr++) {
		fill_ballast(wanted, nr);
		fuzz_want(
		    pread(ballast, page, PAGE, nr * PAGE) == PAGE, "read");
		fuzz_want(memcmp(page, wanted, PAGE) == 0, "the other file");
	}
	close(ballast);
}

/* ------------------------------------------------ a process */

static const struct {
	void (*run)(void);
	int weight;
} ops[] = {
    {op_read, 160},
    {op_write, 160},
    {op_append, 40},
    {op_truncate, 50},
    {op_shorten, 30},
    {op_empty, 2},
    {op_allocate, 10},
    {op_flush, 3},
    {op_size, 20},
    {op_seek, 20},
    {op_reopen, 15},
    {op_rename, 10},
    {op_copy_out, 20},
    {op_copy_in, 20},
    {fuzz_map_read, 80},
    {fuzz_map_write, 80},
    {fuzz_map_private, 40},
    {fuzz_hold, 15},
    {fuzz_held_read, 80},
    {fuzz_held_write, 80},
    {fuzz_beyond, 20},
    {fuzz_past, 20},
    {fuzz_forget, 10},
    {fuzz_child, 4},
    {op_ballast, 1},
};

#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

static void
one_operation(void)
{
	size_t all = 0, pick;

	for (size_t i = 0; i < NR_OPS; i++)
		all += ops[i].weight;
	pick = fuzz_below(all);
	for (size_t i = 0; i < NR_OPS; i++) {
		if (pick < (size_t)ops[i].weight) {
			ops[i].run();
			return;
		}
		pick -= ops[i].weight;
	}
}

/* `ballast`: with a file that pushes others out of memory. */
static void
fuzz_file(unsigned long count, bool ballast)
{
	random_state = fuzz.seed * 0x9e3779b97f4a7c15ul + 1;
	fuzz.good = calloc(1, fuzz.most + 1);
	ensure(fuzz.good);
	fuzz.fd = must(open("fuzzed", O_CREAT | O_RDWR | O_TRUNC, 0644));
	other = must(open("other", O_CREAT | O_RDWR | O_TRUNC, 0644));
	if (ballast)
		make_ballast();
	for (unsigned long i = 1; i <= count; i++) {
		one_operation();
		if (i % CHECK_ALL == 0)
			op_check();
	}
	op_reopen();
	op_check();
	must(unlink(name()));
	must(unlink("other"));
	if (ballast)
		must(unlink("ballast"));
}

/* Each process has a folder; returns how many have failed. */
static int
fuzz_all(int processes, uint64_t first_seed, unsigned long count, bool ballast)
{
	pid_t pids[processes];
	int failed = 0;

	for (int i = 0; i < processes; i++) {
		char folder[32];

		fuzz.seed = first_seed + i;
		snprintf(folder, sizeof(folder), "fuzz-%d", i);
		must(mkdir(folder, 0755));
		pids[i] = must(fork());
		if (pids[i] == 0) {
			must(chdir(folder));
			fuzz_file(count, ballast);
			must(chdir(".."));
			must(rmdir(folder));
			_exit(0);
		}
	}
	for (int i = 0; i < processes; i++) {
		int status = wait_status(pids[i]);

		failed += status != 0;
		if (status)
			tap_note("seed %lu ends with status %#x",
			    (long)(first_seed + i), status);
	}
	return failed;
}

static void
short_fuzz(void)
{
	fuzz.most = 1 << 20;
	is(fuzz_all(3, 1, SHORT_OPS, false), 0,
	    "files are what their copies are");
}

TEST(file_fuzz)
{
	short_fuzz();
}

/* What Linux does not do on all of its file systems. */
TEST(calf_file_fuzz)
{
	fuzz.past = true;
	short_fuzz();
}

HELPER(file_fuzz_of)
{
	unsigned long count, first;
	int processes, failed;

	ensure(argc >= 6);
	count = strtoul(argv[2], NULL, 0);
	processes = atoi(argv[3]);
	fuzz.most = strtoul(argv[5], NULL, 0) * 1024;
	fuzz.past = argc > 6 && !strcmp(argv[6], "past");
	first = strtoul(argv[4], NULL, 0);
	argv += 6 + fuzz.past;
	mkdir("/mnt", 0755);
	if (*argv)
		must(mount(argv[0], "/mnt", argv[1], 0, NULL));
	must(chdir("/mnt"));
	failed = fuzz_all(processes, first, count, true);
	must(chdir("/"));
	if (*argv)
		must(umount("/mnt"));
	printf("%d processes, %lu operations each, %d failed\n", processes,
	    count, failed);
	return failed != 0;
}

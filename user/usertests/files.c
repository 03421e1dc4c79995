/* Files: their bytes, their sizes, and the descriptors that lead to them. */
#include "usertests.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int
make(const char *name)
{
	int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0666);

	if (fd < 0)
		fail("making %s: %s", name, strerror(errno));
	return fd;
}

static void
test_opentest(void)
{
	put_file("file", "abc");
	needs(open("file", O_RDONLY) >= 0);
	fails(open("none", O_RDONLY), ENOENT);
	fails(open("", O_RDONLY), ENOENT);
	fails(open("file/none", O_RDONLY), ENOTDIR);
	fails(open("none/none", O_CREAT | O_RDWR, 0666), ENOENT);
	fails(open("file", O_CREAT | O_EXCL | O_RDWR, 0666), EEXIST);
	fails(open("file", O_DIRECTORY | O_RDONLY), ENOTDIR);
	fails(open(".", O_WRONLY), EISDIR);
	fails(open(".", O_CREAT | O_RDONLY, 0666), EISDIR);
	fails(open("/", O_RDWR), EISDIR);
}

static void
test_writetest(void)
{
	char buf[16];
	int fd = make("file");

	for (int i = 0; i < 100; i++) {
		snprintf(buf, sizeof(buf), "line %04d\n", i);
		needs(write(fd, buf, 10) == 10);
	}
	needs(size_of("file") == 1000);
	needs(lseek(fd, 500, SEEK_SET) == 500);
	needs(read(fd, buf, 10) == 10 && memcmp(buf, "line 0050\n", 10) == 0);
	needs(lseek(fd, -10, SEEK_END) == 990);
	needs(read(fd, buf, 16) == 10 && memcmp(buf, "line 0099\n", 10) == 0);
	needs(read(fd, buf, 1) == 0);
	needs(lseek(fd, 100, SEEK_END) == 1100);
	needs(read(fd, buf, 1) == 0);
	fails(lseek(fd, -1, SEEK_SET), EINVAL);
	fails(lseek(fd, 0, 99), EINVAL);
	needs(lseek(fd, 0, SEEK_CUR) == 1100);
}

static void
test_writebig(void)
{
	const size_t pages = 1024; /* 4 MiB */
	char page[PAGE];
	int fd = make("big");

	for (size_t i = 0; i < pages; i++) {
		memset(page, i, PAGE);
		needs(write(fd, page, PAGE) == (ssize_t)PAGE);
	}
	needs(size_of("big") == (off_t)(pages * PAGE));
	lseek(fd, 0, SEEK_SET);
	for (size_t i = 0; i < pages; i++) {
		needs(read(fd, page, PAGE) == (ssize_t)PAGE);
		needs(page[0] == (char)i && page[PAGE - 1] == (char)i);
	}
	needs(ftruncate(fd, 10) == 0 && size_of("big") == 10);
}

/* In pieces that fit nothing. */
static void
test_bigfile(void)
{
	enum {
		PIECE = 601,
		TIMES = 60
	};
	char piece[PIECE];
	int fd = make("file"), n = 0;

	for (int i = 0; i < TIMES; i++) {
		memset(piece, 'a' + i % 26, PIECE);
		needs(write(fd, piece, PIECE) == PIECE);
	}
	lseek(fd, 0, SEEK_SET);
	for (;;) {
		ssize_t got = read(fd, piece, 300);

		needs(got >= 0);
		if (got == 0)
			break;
		for (ssize_t i = 0; i < got; i++, n++)
			needs(piece[i] == 'a' + n / PIECE % 26);
	}
	needs(n == PIECE * TIMES);
}

static void
test_sparse(void)
{
	const off_t far = (off_t)5 << 30;
	struct stat st;
	char buf[4] = "xyz";
	int fd = make("file");

	needs(pwrite(fd, "end", 3, far) == 3);
	needs(pwrite(fd, "mid", 3, far / 2) == 3);
	needs(fstat(fd, &st) == 0 && st.st_size == far + 3);
	needs(st.st_blocks < 2000);
	needs(pread(fd, buf, 3, far / 3) == 3);
	needs(buf[0] == 0 && buf[2] == 0);
	needs(pread(fd, buf, 4, far) == 3 && memcmp(buf, "end", 3) == 0);
	needs(pread(fd, buf, 3, far / 2) == 3 && memcmp(buf, "mid", 3) == 0);
	needs(ftruncate(fd, far / 2 + 1) == 0);
	needs(ftruncate(fd, far) == 0);
	needs(pread(fd, buf, 3, far / 2) == 3 && memcmp(buf, "m\0\0", 3) == 0);
}

static void
test_hugeoffset(void)
{
	const off_t last = INT64_MAX;
	int fd = make("file");

	signal(SIGXFSZ, SIG_IGN);
	fails(pwrite(fd, "x", 1, -1), EINVAL);
	fails(pread(fd, &fd, 1, -1), EINVAL);
	fails(ftruncate(fd, -1), EINVAL);
	fails(truncate("file", -1), EINVAL);
	fails(pwrite(fd, "x", 1, last), EINVAL);
	needs(write(fd, "x", 1) == 1);
	fails(lseek(fd, last, SEEK_END), EINVAL);
	needs(size_of("file") == 1);
}

static void
test_truncate1(void)
{
	char buf[32];
	int a, b;

	put_file("file", "abcdefghij");
	a = open("file", O_RDWR);
	needs(read(a, buf, 4) == 4);
	b = open("file", O_WRONLY | O_TRUNC);
	needs(b >= 0 && read(a, buf, 4) == 0);
	needs(write(b, "0123456789", 10) == 10);
	needs(read(a, buf, 32) == 6 && memcmp(buf, "456789", 6) == 0);
	needs(ftruncate(b, 2) == 0 && read(a, buf, 32) == 0);
	needs(write(a, "z", 1) == 1 && size_of("file") == 11);
	needs(pread(a, buf, 32, 0) == 11);
	needs(memcmp(buf, "01\0\0\0\0\0\0\0\0z", 11) == 0);
	fails(ftruncate(open("file", O_RDONLY), 0), EINVAL);
	fails(truncate("none", 0), ENOENT);
	fails(truncate(".", 0), EISDIR);
}

/* A write goes where it would have gone, though the file was cut off. */
static void
test_truncate2(void)
{
	char buf[8];
	int a;

	put_file("file", "abcd");
	a = open("file", O_WRONLY);
	needs(lseek(a, 0, SEEK_END) == 4);
	put_file("file", "");
	needs(write(a, "x", 1) == 1 && size_of("file") == 5);
	a = open("file", O_RDONLY);
	needs(read(a, buf, 8) == 5 && memcmp(buf, "\0\0\0\0x", 5) == 0);
}

static void
test_append(void)
{
	enum {
		WRITERS = 4,
		LINES = 60,
		LEN = 20
	};
	char line[LEN + 1];
	int count[WRITERS] = {0}, fd = make("log");
	pid_t pids[WRITERS];

	for (int w = 0; w < WRITERS; w++) {
		pids[w] = start();
		if (pids[w] == 0) {
			fd = open("log", O_WRONLY | O_APPEND);
			memset(line, 'a' + w, LEN);
			for (int i = 0; i < LINES; i++) {
				lseek(fd, 0, SEEK_SET);
				needs(write(fd, line, LEN) == LEN);
			}
			_exit(0);
		}
	}
	for (int w = 0; w < WRITERS; w++)
		must_exit(pids[w], 0);
	for (int n = 0; n < WRITERS * LINES; n++) {
		needs(read(fd, line, LEN) == LEN);
		for (int i = 1; i < LEN; i++)
			needs(line[i] == line[0]);
		count[line[0] - 'a']++;
	}
	needs(read(fd, line, 1) == 0);
	for (int w = 0; w < WRITERS; w++)
		needs(count[w] == LINES);
}

/* One offset for all who have the descriptor from fork or dup. */
static void
test_sharedfd(void)
{
	enum {
		TIMES = 100,
		LEN = 10
	};
	char buf[LEN];
	int fd = make("file"), counts[2] = {0};
	pid_t pid = start();

	memset(buf, pid == 0 ? 'c' : 'p', LEN);
	for (int i = 0; i < TIMES; i++)
		needs(write(fd, buf, LEN) == LEN);
	if (pid == 0)
		_exit(0);
	must_exit(pid, 0);
	needs(lseek(dup(fd), 0, SEEK_CUR) == 2 * TIMES * LEN);
	needs(lseek(dup(fd), 0, SEEK_SET) == 0);
	while (read(fd, buf, 1) == 1)
		counts[buf[0] == 'c']++;
	needs(counts[0] == TIMES * LEN && counts[1] == TIMES * LEN);
	needs(lseek(open("file", O_RDONLY), 0, SEEK_CUR) == 0);
}

static void
test_unlinkread(void)
{
	struct stat st;
	char buf[8];
	int fd = make("file"), other;

	needs(write(fd, "hello", 5) == 5);
	needs(unlink("file") == 0);
	needs(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 5);
	other = make("file");
	needs(write(other, "yyy", 3) == 3);
	needs(pread(fd, buf, 8, 0) == 5 && memcmp(buf, "hello", 5) == 0);
	needs(write(fd, "!", 1) == 1);
	needs(fstat(fd, &st) == 0 && st.st_size == 6);
	needs(ftruncate(fd, 100000) == 0 && ftruncate(fd, 0) == 0);
	needs(size_of("file") == 3);
	close(fd);
	fails(read(fd, buf, 1), EBADF);
}

/* The last to have it may be a child; and nobody but it. */
static void
test_unlinkchild(void)
{
	int fd = make("file"), fds[2];
	char buf[8];
	pid_t pid;

	needs(write(fd, "hello", 5) == 5);
	make_pipe(fds);
	pid = start();
	if (pid == 0) {
		await_pipe(fds);
		_exit(pread(fd, buf, 8, 0) == 5 ? 0 : 1);
	}
	needs(unlink("file") == 0 && close(fd) == 0);
	close(fds[0]);
	close(fds[1]);
	must_exit(pid, 0);
	fails(open("file", O_RDONLY), ENOENT);
}

static void
use_all_descriptors(void)
{
	struct rlimit limit = {50, 50};
	int fd = make("file"), last = fd, n;

	needs(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while ((n = dup(fd)) >= 0) {
		needs(n == last + 1);
		last = n;
	}
	needs(errno == EMFILE && last == 49);
	fails(open("file", O_RDONLY), EMFILE);
	fails(dup2(fd, 50), EBADF);
	fails(dup2(fd, -1), EBADF);
	fails(fcntl(fd, F_DUPFD, 50), EINVAL);
	close(30);
	needs(open("file", O_RDONLY) == 30);
	for (n = fd; n <= last; n++)
		needs(close(n) == 0);
	fails(close(fd), EBADF);
	fails(dup(fd), EBADF);
}

static void
test_duplimit(void)
{
	in_child(use_all_descriptors);
}

static void
test_dup2(void)
{
	int fd = make("file"), fds[2];

	make_pipe(fds);
	needs(dup2(fd, fd) == fd);
	fails(dup3(fd, fd, 0), EINVAL);
	fails(dup2(99, 99), EBADF);
	needs(dup2(fd, fds[1]) == fds[1]);
	needs(read(fds[0], &fd, 1) == 0);
	needs(dup3(fds[1], 40, O_CLOEXEC) == 40);
	needs(fcntl(40, F_GETFD) == FD_CLOEXEC);
	needs(fcntl(fds[1], F_GETFD) == 0);
	needs(fcntl(40, F_DUPFD, 41) == 41 && fcntl(41, F_GETFD) == 0);
}

static void
test_badfd(void)
{
	static const int bad[] = {-1, 77, 1 << 20, INT32_MAX, INT32_MIN};
	struct stat st;
	char byte;

	for (size_t i = 0; i < NR_OF(bad); i++) {
		fails(read(bad[i], &byte, 1), EBADF);
		fails(write(bad[i], &byte, 1), EBADF);
		fails(lseek(bad[i], 0, SEEK_SET), EBADF);
		fails(close(bad[i]), EBADF);
		fails(dup(bad[i]), EBADF);
		fails(fstat(bad[i], &st), EBADF);
		fails(ftruncate(bad[i], 0), EBADF);
		fails(fsync(bad[i]), EBADF);
		fails(fchdir(bad[i]), EBADF);
	}
}

static void
test_wrongmode(void)
{
	char byte = 0;
	int in, out, dir = open(".", O_RDONLY);

	put_file("file", "abc");
	in = open("file", O_RDONLY);
	out = open("file", O_WRONLY);
	fails(write(in, &byte, 1), EBADF);
	fails(read(out, &byte, 1), EBADF);
	fails(read(dir, &byte, 1), EISDIR);
	fails(write(dir, &byte, 1), EBADF);
	needs(size_of("file") == 3);
	out = open("file", O_WRONLY | O_APPEND);
	needs(lseek(out, 0, SEEK_SET) == 0 && write(out, "d", 1) == 1);
	needs(size_of("file") == 4);
}

static void
write_too_much(void)
{
	static char data[3 * PAGE];
	struct rlimit limit = {2 * PAGE, 2 * PAGE};
	int fd = make("file");
	pid_t pid;

	needs(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	needs(write(fd, data, 3 * PAGE) == 2 * (ssize_t)PAGE);
	pid = start();
	if (pid == 0) {
		needs(write(fd, data, 1) != 1);
		_exit(0);
	}
	must_die(pid, SIGXFSZ);
	signal(SIGXFSZ, SIG_IGN);
	fails(write(fd, data, 1), EFBIG);
	fails(ftruncate(fd, 2 * PAGE + 1), EFBIG);
	needs(size_of("file") == 2 * (off_t)PAGE);
	needs(ftruncate(fd, 0) == 0);
}

static void
test_sizelimit(void)
{
	in_child(write_too_much);
}

static void
test_devices(void)
{
	char buf[64];
	int zero = open("/dev/zero", O_RDWR), null = open("/dev/null", O_RDWR);

	memset(buf, 1, sizeof(buf));
	needs(read(zero, buf, sizeof(buf)) == sizeof(buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		needs(buf[i] == 0);
	needs(write(zero, buf, 64) == 64 && write(null, buf, 64) == 64);
	needs(read(null, buf, 64) == 0);
}

const struct test file_tests[] = {
    {"opentest", test_opentest, false},
    {"writetest", test_writetest, false},
    {"writebig", test_writebig, false},
    {"bigfile", test_bigfile, false},
    {"sparse", test_sparse, false},
    {"hugeoffset", test_hugeoffset, false},
    {"truncate1", test_truncate1, false},
    {"truncate2", test_truncate2, false},
    {"append", test_append, false},
    {"sharedfd", test_sharedfd, false},
    {"unlinkread", test_unlinkread, false},
    {"unlinkchild", test_unlinkchild, false},
    {"duplimit", test_duplimit, false},
    {"dup2", test_dup2, false},
    {"badfd", test_badfd, false},
    {"wrongmode", test_wrongmode, false},
    {"sizelimit", test_sizelimit, false},
    {"devices", test_devices, false},
    {NULL, NULL, false},
};

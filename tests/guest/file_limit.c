/* RLIMIT_FSIZE and RLIMIT_NOFILE: how far a file and a table may grow. */
#include "files.h"

#include <sys/resource.h>

#define MAX_BYTES 1000
#define MAX_FDS   20

static volatile sig_atomic_t signals;

static void
on_xfsz(int sig)
{
	ensure(sig == SIGXFSZ);
	signals++;
}

static void
limit(int what, rlim_t soft)
{
	struct rlimit r;

	must(getrlimit(what, &r));
	r.rlim_cur = soft;
	must(setrlimit(what, &r));
}

/* ------------------------------------------------ RLIMIT_FSIZE */

static void
writes_stop(int fd)
{
	char buf[MAX_BYTES + 10] = "";

	is(write(fd, buf, MAX_BYTES - 1), MAX_BYTES - 1, "up to the limit");
	is(write(fd, buf, 5), 1, "a write across it is cut short");
	is(signals, 0, "without a signal");
	is_errno(write(fd, buf, 1), EFBIG, "a write at the limit fails");
	is(signals, 1, "with SIGXFSZ");
	is_errno(pwrite(fd, buf, 1, 5 * MAX_BYTES), EFBIG, "one beyond it too");
	is(signals, 2, "with SIGXFSZ");
	is(write(fd, buf, 0), 0, "writing nothing is allowed");
	is(pwrite(fd, buf, MAX_BYTES + 10, 0), MAX_BYTES,
	    "from 0 as much as fits");
	is(signals, 2, "without a signal");
	is(file_size("file"), MAX_BYTES, "the file is as long as the limit");
}

static void
cuts_stop(int fd)
{
	signals = 0;
	is_errno(ftruncate(fd, MAX_BYTES + 1), EFBIG, "ftruncate beyond it");
	is(signals, 1, "gives SIGXFSZ");
	is_errno(truncate("file", MAX_BYTES + 1), EFBIG, "truncate too");
	is(signals, 2, "gives SIGXFSZ");
	is(ftruncate(fd, MAX_BYTES), 0, "to the limit is allowed");
	is(ftruncate(fd, 10), 0, "and below");
	is(signals, 2, "without a signal");
}

static void
others_go_on(void)
{
	int p[2], null = must(open("/dev/null", O_WRONLY));
	char buf[MAX_BYTES + 10] = "";

	signals = 0;
	must(pipe(p));
	is(write(p[1], buf, sizeof(buf)), sizeof(buf), "pipes are not files");
	is(write(null, buf, sizeof(buf)), sizeof(buf), "nor is /dev/null");
	is(signals, 0, "and nobody is told");
}

static void
of_size(void)
{
	int fd = must(open("file", O_CREAT | O_RDWR, 0600));

	signal(SIGXFSZ, on_xfsz);
	limit(RLIMIT_FSIZE, MAX_BYTES);
	writes_stop(fd);
	cuts_stop(fd);
	others_go_on();
	signal(SIGXFSZ, SIG_IGN);
	is_errno(pwrite(fd, "x", 1, MAX_BYTES), EFBIG, "ignored, it is EFBIG");
	limit(RLIMIT_FSIZE, RLIM_INFINITY);
	is(pwrite(fd, "x", 1, MAX_BYTES), 1, "a raised limit lets it pass");
	close(fd);
}

static void
of_size_kills(void)
{
	int fd = must(open("file", O_CREAT | O_RDWR, 0600));

	signal(SIGXFSZ, SIG_DFL);
	limit(RLIMIT_FSIZE, 10);
	pwrite(fd, "x", 1, 10);
}

/* ------------------------------------------------ RLIMIT_NOFILE */

static void
fill_table(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd < MAX_FDS - 1);
	is(fd, MAX_FDS - 1, "descriptors up to the limit");
}

static void
full_table(void)
{
	int p[2] = {-7, -7};

	is_errno(open("/dev/null", O_RDONLY), EMFILE, "no more by open");
	is_errno(open("file2", O_RDWR | O_CREAT, 0600), EMFILE, "nor O_CREAT");
	ok(!file_exists("file2"), "which makes no file then");
	is_errno(open("none", O_RDONLY), EMFILE, "even before ENOENT");
	is_errno(dup(0), EMFILE, "nor by dup");
	is_errno(fcntl(0, F_DUPFD, 0), EMFILE, "nor by F_DUPFD");
	is_errno(pipe(p), EMFILE, "nor by pipe");
	ok(p[0] == -7 && p[1] == -7, "which says nothing then");
	close(MAX_FDS - 1);
	is_errno(pipe(p), EMFILE, "one free number is too few for a pipe");
	is(dup(0), MAX_FDS - 1, "and is still free afterwards");
}

static void
beyond(void)
{
	is_errno(fcntl(0, F_DUPFD, MAX_FDS), EINVAL, "F_DUPFD at the limit");
	is_errno(fcntl(0, F_DUPFD, -1), EINVAL, "F_DUPFD at -1");
	is_errno(dup2(0, MAX_FDS), EBADF, "dup2 to the limit");
	is_errno(dup3(0, MAX_FDS, 0), EBADF, "dup3 to the limit");
	is(dup2(0, MAX_FDS - 1), MAX_FDS - 1, "dup2 over the last");
	limit(RLIMIT_NOFILE, 5);
	is(fcntl(MAX_FDS - 1, F_GETFD), 0, "a lower limit closes nothing");
	close(3);
	is(dup(MAX_FDS - 1), 3, "and binds only new descriptors");
	is_errno(dup(0), EMFILE, "which it does");
	limit(RLIMIT_NOFILE, 0);
	is_errno(dup(0), EMFILE, "a limit of 0");
}

/* What a file system allows ends somewhere, or nowhere in our reach. */
static void
far_away(void)
{
	int fd = must(open("far", O_CREAT | O_RDWR, 0644));

	if (ftruncate(fd, 1l << 45) < 0)
		is(errno, EFBIG, "beyond the file system's end");
	if (pwrite(fd, "x", 1, 1l << 45) < 0)
		is(errno, EFBIG, "a write there");
	close(fd);
	unlink("far");
}

TEST(file_limit)
{
	lives(far_away, "no limit, no SIGXFSZ");
	of_size();
	dies(SIGXFSZ, of_size_kills, "SIGXFSZ kills by itself");
	limit(RLIMIT_NOFILE, MAX_FDS);
	fill_table();
	full_table();
	beyond();
}

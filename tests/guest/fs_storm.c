/*
 * Many processes that make, move and remove names in the same few folders, and
 * write, read, map, cut and flush what they find there, with whatever comes of
 * it; then nothing may be lost, doubled or half done.  All that is written into
 * a file is one byte, which follows from the inode's number: another file's
 * bytes show.
 *
 * As a test it is short.  The long form is tests/boot/disk-storm.t:
 *
 *	/tests/guest @fs_storm_of WORKERS SECONDS SEED KIB DISK TYPE
 *
 * with files of at most so many KiB.
 */
#include "files.h"

#include <dirent.h>
#include <setjmp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#define WORKERS 6
#define ROUNDS  400
#define PAGE    4096

static unsigned int seed;
static size_t most = 4 * PAGE; /* the size of a file, about */

static unsigned int
below(unsigned int end)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % end;
}

/* Three levels of few names, so that everybody meets everybody. */
static void
random_path(char *path)
{
	int depth = 1 + below(3);

	path[0] = '\0';
	while (depth-- > 0) {
		char name[] = {'a' + below(4), depth > 0 ? '/' : '\0', '\0'};

		strcat(path, name);
	}
}

static int
make_file(const char *a, const char *b)
{
	int fd = open(a, O_CREAT | O_RDWR, 0644);

	(void)b;
	return fd < 0 ? -1 : close(fd);
}

static unsigned char
byte_of(int fd)
{
	struct stat st;

	ensure(fstat(fd, &st) == 0);
	return 1 + st.st_ino % 251;
}

/* Others cut the file off or lengthen it meanwhile: that gives zeroes. */
static void
check_bytes(const unsigned char *p, size_t n, unsigned char byte)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char got = ((const volatile unsigned char *)p)[i];

		if (got == 0 || got == byte)
			continue;
		tap_note("a file of %02x has %02x", byte, got);
		_exit(1);
	}
}

static unsigned char buf[64 * PAGE];

static int
write_file(const char *a, const char *b)
{
	int fd = open(a, O_RDWR | (below(4) ? 0 : O_APPEND));
	size_t at = below(most), n = 1 + below(most / 2);

	(void)b;
	if (fd < 0)
		return -1;
	memset(buf, byte_of(fd), n);
	if (pwrite(fd, buf, n, at) != (ssize_t)n) {
		tap_note("write: %s", strerror(errno));
		_exit(1);
	}
	return close(fd);
}

static int
read_file(const char *a, const char *b)
{
	int fd = open(a, O_RDONLY);
	ssize_t n;

	(void)b;
	if (fd < 0)
		return -1;
	n = pread(fd, buf, 1 + below(sizeof(buf) - 1), below(most));
	if (n < 0 && errno == EISDIR)
		n = 0;
	ensure(n >= 0);
	check_bytes(buf, n, byte_of(fd));
	return close(fd);
}

static int
cut_file(const char *a, const char *b)
{
	(void)b;
	return truncate(a, below(3) ? below(most) : 0);
}

static int
flush_file(const char *a, const char *b)
{
	int fd = open(a, O_RDONLY);

	(void)b;
	if (fd < 0)
		return -1;
	if (below(4) > 0)
		return close(fd);
	ensure((below(8) ? fdatasync(fd) : syncfs(fd)) == 0);
	return close(fd);
}

static sigjmp_buf out;

static void
on_bus_error(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

/* The file's end comes and goes while it is mapped. */
static void
use_mapping(unsigned char *p, size_t n, unsigned char byte)
{
	signal(SIGBUS, on_bus_error);
	if (sigsetjmp(out, 1))
		return;
	check_bytes(p, n, byte);
	memset(p + below(n), byte, 1 + below(100));
	check_bytes(p, n, byte);
	if (below(16) == 0)
		ensure(msync(p, n, MS_SYNC) == 0);
}

static int
map_file(const char *a, const char *b)
{
	int fd = open(a, O_RDWR);
	size_t n = PAGE * (1 + below(4));
	unsigned char *p;

	(void)b;
	if (fd < 0)
		return -1;
	/* With a page more, for what is written over the end. */
	p = mmap(NULL, n + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    below(most) / PAGE * PAGE);
	ensure(p != MAP_FAILED);
	use_mapping(p, n, byte_of(fd));
	ensure(munmap(p, n + PAGE) == 0);
	return close(fd);
}

static int
make_folder(const char *a, const char *b)
{
	(void)b;
	return mkdir(a, 0755);
}

static int
exchange(const char *a, const char *b)
{
	return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2);
}

static int
remove_any(const char *a, const char *b)
{
	(void)b;
	return unlink(a) == 0 ? 0 : rmdir(a);
}

/* Where one stands may go at any time: that must be told, not crash. */
static int
stand_there(const char *a, const char *b)
{
	char cwd[PATH_MAX];
	int here = open(".", O_RDONLY);

	ensure(here >= 0);
	if (chdir(a) == 0) {
		ensure(getcwd(cwd, sizeof(cwd)) || errno == ENOENT);
		if (mkdir(b, 0755) < 0 && chdir("..") == 0)
			rmdir(b);
	}
	ensure(fchdir(here) == 0);
	return close(here);
}

static int
list(const char *a, const char *b)
{
	DIR *d = opendir(a);
	struct stat st;

	(void)b;
	if (!d)
		return -1;
	for (struct dirent *e; (e = readdir(d));)
		fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW);
	return closedir(d);
}

static int (*const calls[])(const char *a, const char *b) = {make_file,
    make_file, make_folder, make_folder, rename, rename, exchange, link,
    symlink, remove_any, remove_any, stand_there, list, write_file, write_file,
    write_file, read_file, read_file, cut_file, map_file, map_file, flush_file};

/* What such calls may say when others do the same. */
static bool
may_fail_so(int err)
{
	static const int may[] = {ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY,
	    EINVAL, ELOOP, EPERM, EXDEV};

	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
		if (may[i] == err)
			return true;
	return false;
}

static void
one_call(void)
{
	unsigned int which = below(sizeof(calls) / sizeof(calls[0]));
	char a[16], b[16];

	random_path(a);
	random_path(b);
	if (calls[which](a, b) < 0 && !may_fail_so(errno)) {
		tap_note("call %u %s %s: %s", which, a, b, strerror(errno));
		_exit(1);
	}
}

/* Takes everything below away, and returns how much was not as it should be. */
static int
take_down(const char *path)
{
	DIR *d = opendir(path);
	struct stat st;
	int wrong = 0, folders = 0;

	ensure(d);
	ensure(fstat(dirfd(d), &st) == 0);
	for (struct dirent *e; (e = readdir(d));) {
		struct stat below;

		if (e->d_name[0] == '.')
			continue;
		ensure(fstatat(dirfd(d), e->d_name, &below,
			   AT_SYMLINK_NOFOLLOW) == 0);
		wrong += below.st_ino != e->d_ino;
		if (!S_ISDIR(below.st_mode)) {
			wrong += unlinkat(dirfd(d), e->d_name, 0) != 0;
			continue;
		}
		folders++;
		ensure(fchdir(dirfd(d)) == 0);
		wrong += take_down(e->d_name);
		ensure(fchdir(dirfd(d)) == 0);
		wrong += rmdir(e->d_name) != 0;
	}
	wrong += st.st_nlink != 2u + folders;
	closedir(d);
	return wrong;
}

/* Until the time is over, or so many rounds; how many there were. */
static unsigned long
work(unsigned int first_seed, time_t seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned long n = 0;

	seed = first_seed * 7919 + 1;
	while (seconds ? time(NULL) < end : n < ROUNDS) {
		one_call();
		n++;
	}
	return n;
}

static void
storm(int workers, unsigned int first_seed, time_t seconds)
{
	pid_t pids[workers];
	unsigned long n, all = 0;
	int counts[2], home;

	must(pipe(counts));
	must(mkdir("storm", 0755));
	home = must(open(".", O_RDONLY));
	for (int i = 0; i < workers; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			must(chdir("storm"));
			n = work(first_seed + i, seconds);
			_exit(write(counts[1], &n, sizeof(n)) != sizeof(n));
		}
	}
	for (int i = 0; i < workers; i++) {
		is(wait_status(pids[i]), 0, "worker %d has come through", i);
	}
	close(counts[1]);
	while (read(counts[0], &n, sizeof(n)) == sizeof(n))
		all += n;
	note("%d workers, %lu calls", workers, all);
	is(take_down("storm"), 0, "all that is left is whole");
	must(fchdir(home));
	must(close(home));
	is(rmdir("storm"), 0, "and can be removed");
}

TEST(fs_storm)
{
	storm(WORKERS, 0, 0);
}

HELPER(fs_storm_of)
{
	ensure(argc == 8);
	most = strtoul(argv[5], NULL, 0) * 1024;
	ensure(most <= sizeof(buf));
	mkdir("/mnt", 0755);
	must(mount(argv[6], "/mnt", argv[7], 0, NULL));
	must(chdir("/mnt"));
	storm(atoi(argv[2]), strtoul(argv[4], NULL, 0), atoi(argv[3]));
	/* Something is left, for who looks at the disk. */
	must(mkdir("storm", 0755));
	must(chdir("storm"));
	most = PAGE;
	work(1, 1);
	must(chdir("/"));
	must(umount("/mnt"));
	return 0;
}

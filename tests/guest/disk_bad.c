/*
 * Damaged disks, one after the other written to a disk, mounted, and used by
 * several processes at once, whatever comes of it; meanwhile another disk and
 * the root stay as they should.  Not a test by itself: tests/boot/bad-images.t.
 *
 *	/tests/guest @disk_bad FROM COUNT GOOD DISK...
 *
 * FROM has the damaged ones, each in a place of 4 MiB with its length at the
 * end of that.  Each DISK has a worker of its own.
 */
#include "tap.h"

#include <dirent.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum {
	PLACE = 4 << 20,
	USERS = 3, /* of one disk at a time */
	DONE = 60, /* by each */
	MOST_PATHS = 64,
	MOST_DEPTH = 5,
	MOST_VISITS = 100,
	MOST_WORKERS = 8,
};

/* What became of the disks; shared by all. */
static struct tally {
	unsigned int mounted, refused, ended; /* ended: read-only by itself */
} * tally;

static unsigned long seed;

static unsigned int
below(unsigned int end)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned int)(seed >> 33) % end;
}

/* ---- one user ------------------------------------------------------------ */

static char paths[MOST_PATHS][PATH_MAX];
static int nr_paths, nr_visits;
static sigjmp_buf on_fault;

static void
fault(int sig)
{
	(void)sig;
	siglongjmp(on_fault, 1);
}

static void
look_at(const char *path, int depth)
{
	char below_it[PATH_MAX], text[PATH_MAX];
	struct dirent *e;
	struct stat st;
	DIR *d;

	if (++nr_visits > MOST_VISITS)
		return;
	if (nr_paths < MOST_PATHS)
		strcpy(paths[nr_paths++], path);
	if (lstat(path, &st) || readlink(path, text, sizeof(text)) >= 0 ||
	    !S_ISDIR(st.st_mode) || depth == MOST_DEPTH)
		return;
	d = opendir(path);
	while (d && (e = readdir(d))) {
		ok(*e->d_name && !strchr(e->d_name, '/'), "a name is one");
		if (e->d_name[0] != '.' &&
		    snprintf(below_it, sizeof(below_it), "%s/%s", path,
			e->d_name) < PATH_MAX)
			look_at(below_it, depth + 1);
	}
	if (d)
		closedir(d);
}

static off_t
odd_size(void)
{
	static const off_t sizes[] = {
	    0, 1000, 12288, 49152, 274432, 67383296, 1l << 31};

	return sizes[below(sizeof(sizes) / sizeof(sizes[0]))] + below(3000);
}

static void
use_mapping(int fd)
{
	off_t at = odd_size() & ~4095l;
	volatile char *p =
	    mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);

	if (p == MAP_FAILED)
		return;
	if (sigsetjmp(on_fault, 1) == 0) {
		p[below(8192)]++;
		if (below(2))
			msync((void *)p, 8192, MS_SYNC);
	}
	munmap((void *)p, 8192);
}

static void
use_file(const char *path)
{
	static char bytes[20000];
	int fd = open(path,
	    O_RDWR | O_NONBLOCK | O_NOCTTY | (below(2) ? O_CREAT : 0), 0644);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return;
	}
	(void)!pread(fd, bytes, sizeof(bytes), odd_size());
	(void)!pwrite(fd, bytes, below(sizeof(bytes)), odd_size());
	use_mapping(fd);
	if (below(3) == 0)
		(void)!ftruncate(fd, odd_size());
	if (below(4) == 0)
		fsync(fd);
	lseek(fd, 0, SEEK_HOLE);
	close(fd);
}

static void
use_names(const char *a, const char *b)
{
	switch (below(8)) {
	case 0:
		mkdir(b, 0755);
		break;
	case 1:
		rmdir(a);
		break;
	case 2:
		unlink(a);
		break;
	case 3:
		(void)!link(a, b);
		break;
	case 4:
		(void)!symlink("some/where/else", b);
		break;
	case 5:
		mkfifo(b, 0600);
		break;
	default:
		syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, below(3));
		break;
	}
}

/* Ends with 0, whatever the disk said. */
static void
use(const char *dir)
{
	char b[PATH_MAX + 32];

	signal(SIGBUS, fault);
	signal(SIGXFSZ, SIG_IGN);
	look_at(dir, 0);
	for (int n = 0; n < DONE; n++) {
		const char *a = paths[below(nr_paths)];

		snprintf(
		    b, sizeof(b), "%s/n%u", paths[below(nr_paths)], below(9));
		if (below(2))
			use_names(a, below(6) ? b : paths[below(nr_paths)]);
		else
			use_file(below(2) ? a : b);
		if (below(40) == 0)
			sync();
		if (below(20) == 0)
			(void)!chmod(a, 0755);
	}
	nr_visits = nr_paths = 0;
	look_at(dir, 0);
}

/* ---- one disk ------------------------------------------------------------ */

/* Disk number n of those in the file lies on the device then. */
static void
copy_disk(int from, unsigned int n, const char *disk)
{
	static char bytes[PLACE];
	int to = must(open(disk, O_RDWR));
	uint64_t len;

	ensure(pread(from, bytes, PLACE, (off_t)n * PLACE) == PLACE);
	memcpy(&len, bytes + PLACE - sizeof(len), sizeof(len));
	ensure(len < PLACE);
	ensure(pwrite(to, bytes, len, 0) == (ssize_t)len);
	ensure(fsync(to) == 0);
	close(to);
}

static void
count(unsigned int *what)
{
	__atomic_fetch_add(what, 1, __ATOMIC_RELAXED);
}

/* Another worker's sync may have it for a while. */
static int
unmount(const char *dir)
{
	for (int tries = 0; umount(dir); tries++) {
		if (errno != EBUSY || tries == 10000)
			return errno;
		sched_yield();
	}
	return 0;
}

static void
use_mounted(const char *dir, unsigned int n)
{
	struct statvfs st;
	pid_t users[USERS];
	int status;

	for (int i = 0; i < USERS; i++) {
		users[i] = must(fork());
		if (users[i] == 0) {
			seed = n * 31 + i;
			use(dir);
			_exit(0);
		}
	}
	for (int i = 0; i < USERS; i++) {
		ensure(waitpid(users[i], &status, 0) == users[i]);
		is(status, 0, "disk %u: user %d ends by itself", n, i);
	}
	if (statvfs(dir, &st) == 0 && (st.f_flag & ST_RDONLY))
		count(&tally->ended);
	is(unmount(dir), 0, "disk %u: unmounted", n);
}

static void
work(int from, unsigned int first, unsigned int end, unsigned int step,
    const char *disk)
{
	char dir[32];

	snprintf(dir, sizeof(dir), "/tmp/bad%u", first);
	must(mkdir(dir, 0755));
	for (unsigned int n = first; n < end; n += step) {
		unsigned long flags = n % 7 == 6 ? MS_RDONLY : 0;

		copy_disk(from, n, disk);
		if (mount(disk, dir, "ext3", flags | MS_NODEV | MS_NOSUID,
			n % 3 == 2 ? "data=journal" : NULL)) {
			count(&tally->refused);
			continue;
		}
		count(&tally->mounted);
		use_mounted(dir, n);
	}
}

/* ---- the rest of the system ---------------------------------------------- */

static void
write_and_read(const char *path, unsigned int round)
{
	unsigned int bytes[1500], got[1500];
	int fd = must(open(path, O_CREAT | O_RDWR | O_TRUNC, 0644));

	for (int i = 0; i < 1500; i++)
		bytes[i] = round * 7919 + i;
	ensure(write(fd, bytes, sizeof(bytes)) == sizeof(bytes));
	ensure(fsync(fd) == 0);
	ensure(pread(fd, got, sizeof(got), 0) == sizeof(got));
	ensure(memcmp(got, bytes, sizeof(bytes)) == 0);
	close(fd);
	ensure(unlink(path) == 0);
}

HELPER(disk_bad)
{
	unsigned int nr = (unsigned int)atoi(argv[3]), workers = argc - 5;
	unsigned int left = workers, round;
	int from = must(open(argv[2], O_RDONLY)), status;

	ensure(workers > 0 && workers <= MOST_WORKERS);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ensure(tally != MAP_FAILED);
	mkdir("/tmp/good", 0755);
	is(mount(argv[4], "/tmp/good", "ext3", 0, NULL), 0, "a good one");
	for (unsigned int i = 0; i < workers; i++)
		if (must(fork()) == 0) {
			work(from, i, nr, workers, argv[5 + i]);
			_exit(0);
		}
	for (round = 0; left > 0; round++) {
		write_and_read("/tmp/good/file", round);
		write_and_read("/tmp/file", round);
		while (left > 0 && waitpid(-1, &status, WNOHANG) > 0) {
			is(status, 0, "a worker ends by itself");
			left--;
		}
	}
	is(umount("/tmp/good"), 0, "the good one is unmounted");
	is(tally->mounted + tally->refused, nr, "all disks were tried");
	ok(tally->mounted >= 4 && tally->refused >= 1,
	    "of both kinds, mounted and refused");
	printf("# %u mounted, %u of them read-only in the end, %u refused, "
	       "%u rounds beside\n",
	    tally->mounted, tally->ended, tally->refused, round);
	return 0;
}

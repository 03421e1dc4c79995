/*
 * What becomes of programs when a disk fails a request.  Not a test by itself,
 * for it wants disks that do: tests/boot/io-error.t.
 *
 *	/tests/guest @disk_fault WORKLOAD TYPE DISK... SOUND-DISK
 *
 * `setup` as the workload makes on each disk the files that the others begin
 * with.  These are done on one disk after the other, each call with what it
 * must give: success and what is right, or EIO, or EROFS once the file system
 * has given up writing.  What makes or takes a name changes nothing when it
 * fails.  Then reading must go on, and so must writing where no disk failed:
 * in memory, and on the last disk.  The disk is unmounted, mounted and looked
 * at once more, if it still can be.
 *
 * It prints, for who looks at the disk afterwards, a line for each of:
 *
 *	DISK safe PATH CHECKSUM SIZE    fsync or the like has promised that
 *	DISK unsafe PATH                until it begins to change
 *	DISK error CALL ERRNO
 *
 * CHECKSUM is that of cksum(1).  Exit status: 0, or 1 and a line with "wrong".
 */
#include "files.h"

#include <setjmp.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

enum {
	MOST_FILES = 160,
	MOST_BYTES = 100000,
	SMALL_FILES = 40,
	PAGE = 4096,
};

/* struct known: a file as it must be. */
struct known {
	char path[32];
	bool there;
	bool sure; /* that the bytes are these */
	size_t size;
	unsigned char *bytes;
	bool safe; /* a promise was made about these: */
	uint32_t safe_sum;
	size_t safe_size;
};

static struct known known[MOST_FILES];
static int nr_known;
static const char *disk, *disk_path;
static bool writing_ends; /* a flush has failed, or a call said EROFS */
static int nr_wrong;
static unsigned char buf[MOST_BYTES];

static void __attribute__((format(printf, 1, 2))) wrong(const char *fmt, ...)
{
	va_list ap;

	nr_wrong++;
	printf("%s wrong: ", disk);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* Whether a call succeeded; it may fail in two ways. */
static bool
went(long ret, const char *call)
{
	int err = errno;

	if (ret >= 0)
		return true;
	printf("%s error %s %s\n", disk, call, strerrorname_np(err));
	if (err == EROFS)
		writing_ends = true;
	else if (err != EIO)
		wrong("%s: %s", call, strerrorname_np(err));
	return false;
}

/* ------------------------------------------------ what is known */

static struct known *
find(const char *path)
{
	for (int i = 0; i < nr_known; i++)
		if (strcmp(known[i].path, path) == 0)
			return &known[i];
	ensure(nr_known < MOST_FILES);
	snprintf(known[nr_known].path, sizeof(known[0].path), "%s", path);
	known[nr_known].bytes = calloc(1, MOST_BYTES);
	known[nr_known].sure = true;
	ensure(known[nr_known].bytes);
	return &known[nr_known++];
}

static void
forget_all(void)
{
	while (nr_known > 0)
		free(known[--nr_known].bytes);
	memset(known, 0, sizeof(known));
	writing_ends = false;
}

/* That of cksum(1). */
static uint32_t
checksum(const unsigned char *p, size_t n)
{
	uint32_t crc = 0;
	size_t len = n;

	while (n > 0 || len > 0) {
		unsigned char byte = n > 0 ? *p : len & 0xff;

		crc ^= (uint32_t)byte << 24;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
		if (n > 0)
			n--, p++;
		else
			len >>= 8;
	}
	return ~crc;
}

static void
is_safe(struct known *k)
{
	if (!k->sure || !k->there)
		return;
	k->safe = true;
	k->safe_sum = checksum(k->bytes, k->size);
	k->safe_size = k->size;
	printf("%s safe %s %u %zu\n", disk, k->path, k->safe_sum, k->size);
}

static void
changes(struct known *k)
{
	if (k->safe)
		printf("%s unsafe %s\n", disk, k->path);
	k->safe = false;
}

static void
draw_bytes(unsigned char *p, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = seed >> 16;
	}
}

/* ------------------------------------------------ the calls */

static void
change_bytes(struct known *k, size_t at, const unsigned char *p, size_t n)
{
	memcpy(k->bytes + at, p, n);
	if (k->size < at + n)
		k->size = at + n;
}

static void
write_at(const char *path, size_t at, size_t n)
{
	struct known *k = find(path);
	int fd;

	changes(k);
	fd = open(path, O_CREAT | O_RDWR, 0644);
	if (!went(fd, "open"))
		return;
	k->there = true;
	draw_bytes(buf, n, at + n + nr_known);
	if (went(pwrite(fd, buf, n, at), "write"))
		change_bytes(k, at, buf, n);
	else
		k->sure = false;
	close(fd);
}

static void
flush(const char *path, int (*how)(int))
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 && errno == ENOENT && !find(path)->there)
		return;
	if (!went(fd, "open"))
		return;
	if (went(how(fd), "fsync"))
		is_safe(find(path));
	else
		writing_ends = true;
	close(fd);
}

static void
flush_all(void)
{
	int fd = open(".", O_RDONLY);

	if (!went(fd, "open"))
		return;
	if (!went(syncfs(fd), "syncfs"))
		writing_ends = true;
	else
		for (int i = 0; i < nr_known; i++)
			is_safe(&known[i]);
	close(fd);
}

static void
cut(const char *path, size_t size)
{
	struct known *k = find(path);

	changes(k);
	if (!k->there || !went(truncate(path, size), "truncate")) {
		k->sure &= !k->there;
		return;
	}
	if (size < k->size)
		memset(k->bytes + size, 0, k->size - size);
	k->size = size;
}

static void
take_away(const char *path)
{
	struct known *k = find(path);

	changes(k);
	if (!k->there || !went(unlink(path), "unlink"))
		return;
	k->there = false;
	k->sure = true;
	k->size = 0;
	memset(k->bytes, 0, MOST_BYTES);
}

static void
move(const char *from, const char *to)
{
	struct known *a = find(from), *b = find(to);
	unsigned char *bytes = b->bytes;

	changes(a);
	changes(b);
	if (!a->there || !went(rename(from, to), "rename"))
		return;
	b->there = true;
	b->sure = a->sure;
	b->size = a->size;
	b->bytes = a->bytes;
	a->there = false;
	a->sure = true;
	a->size = 0;
	a->bytes = bytes;
	memset(bytes, 0, MOST_BYTES);
}

static sigjmp_buf out;

static void
on_bus_error(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

/* Copies to or from a mapping: false after SIGBUS, which is how it says EIO. */
static bool
copy_mapped(void *to, const void *from, size_t n)
{
	signal(SIGBUS, on_bus_error);
	if (sigsetjmp(out, 1)) {
		errno = EIO;
		return went(-1, "mapping");
	}
	memcpy(to, from, n);
	return true;
}

static void
map_write(const char *path, size_t at, size_t n)
{
	struct known *k = find(path);
	int fd = open(path, O_RDWR);
	unsigned char *p;

	changes(k);
	if (!k->there || !went(fd, "open"))
		return;
	/* A truncation that failed has not made it as long. */
	if (at + n > k->size) {
		ensure(!k->sure);
		close(fd);
		return;
	}
	p = mmap(NULL, k->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ensure(p != MAP_FAILED);
	draw_bytes(buf, n, at + n);
	if (copy_mapped(p + at, buf, n))
		change_bytes(k, at, buf, n);
	else
		k->sure = false;
	if (went(msync(p, k->size, MS_SYNC), "msync"))
		is_safe(k);
	else
		writing_ends = true;
	munmap(p, k->size);
	close(fd);
}

/* ------------------------------------------------ looking */

static void
look_mapped(int fd, const struct known *k)
{
	unsigned char *p = mmap(NULL, k->size, PROT_READ, MAP_SHARED, fd, 0);

	ensure(p != MAP_FAILED);
	if (copy_mapped(buf, p, k->size) && k->sure &&
	    memcmp(buf, k->bytes, k->size))
		wrong("%s has other bytes when it is mapped", k->path);
	munmap(p, k->size);
}

/* A read that fails half way gives what it has. */
static ssize_t
read_all(int fd)
{
	ssize_t done = 0, n;

	do {
		n = read(fd, buf + done, MOST_BYTES - done);
		done += n;
	} while (n > 0);
	return n < 0 ? -1 : done;
}

static void
look_at(const struct known *k)
{
	int fd = open(k->path, O_RDONLY);
	ssize_t n;

	if (!k->there) {
		if (fd >= 0 || (errno != ENOENT && errno != EIO))
			wrong("%s is there", k->path);
		close(fd);
		return;
	}
	if (!went(fd, "open"))
		return;
	n = read_all(fd);
	if (went(n, "read") && k->sure &&
	    (n != (ssize_t)k->size || memcmp(buf, k->bytes, n)))
		wrong("%s has other bytes, or %zd", k->path, n);
	if (k->size > 0 && k->sure)
		look_mapped(fd, k);
	close(fd);
}

static void
look(void)
{
	for (int i = 0; i < nr_known; i++)
		look_at(&known[i]);
}

/* What was promised, and nothing else, is there after another mount. */
static void
look_for_promised(void)
{
	for (int i = 0; i < nr_known; i++) {
		const struct known *k = &known[i];
		int fd = k->safe ? open(k->path, O_RDONLY) : -1;
		ssize_t n;

		if (!k->safe || !went(fd, "open"))
			continue;
		n = read_all(fd);
		if (went(n, "read") &&
		    ((size_t)n != k->safe_size ||
			checksum(buf, n) != k->safe_sum))
			wrong("%s was promised otherwise", k->path);
		close(fd);
	}
}

/* ------------------------------------------------ the workloads */

static void
do_setup(void)
{
	char path[32];

	ensure(mkdir("dir", 0755) == 0 && mkdir("dir/sub", 0755) == 0);
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "dir/f%d", i);
		write_at(path, 0, 700 * i + 100);
	}
	write_at("dir/sub/x", 3000, 5000);
	write_at("big", 0, 60000);
	flush_all();
}

/* The same, as it must be there: nothing is done. */
static void
expect_setup(void)
{
	char path[32];

	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "dir/f%d", i);
		find(path);
	}
	find("dir/sub/x");
	find("big");
	for (int i = 0; i < nr_known; i++) {
		struct known *k = &known[i];
		size_t at = strcmp(k->path, "dir/sub/x") == 0 ? 3000 : 0;
		size_t n = i < 8 ? 700 * i + 100 : at ? 5000 : 60000;

		k->there = true;
		draw_bytes(buf, n, at + n + i + 1);
		change_bytes(k, at, buf, n);
		k->safe = true;
		k->safe_size = k->size;
		k->safe_sum = checksum(k->bytes, k->size);
	}
}

static void
do_read(void)
{
	look();
}

static void
do_write(void)
{
	write_at("new", 0, 3000);
	flush("new", fsync);
	write_at("new", 3000, 20000);
	flush("new", fdatasync);
	write_at("big", 30000, 9000);
	write_at("dir/f3", 50000, 100);
	flush("dir/f3", fsync);
	write_at("dir/sub/other", 0, 40000);
	flush_all();
	write_at("dir/f1", 0, 10);
}

static void
do_names(void)
{
	take_away("dir/f2");
	flush("big", fsync);
	move("dir/f3", "moved");
	move("dir/f4", "dir/f5");
	went(mkdir("folder", 0755), "mkdir");
	flush("moved", fsync);
	cut("big", 5000);
	flush("big", fsync);
	cut("big", 70000);
	cut("dir/f6", 0);
	take_away("moved");
	went(symlink("dir/f1", "link"), "symlink");
	went(link("dir/f7", "dir/hard"), "link");
	flush_all();
	take_away("big");
	flush("dir/f1", fsync);
}

static void
do_map(void)
{
	map_write("big", 100, 20000);
	map_write("dir/f7", 4000, 900);
	cut("dir/f1", 30000);
	map_write("dir/f1", 9000, 2000);
	map_write("dir/sub/x", 0, 3500);
	flush("big", fsync);
	map_write("big", 40000, 20000);
}

/* Each is replaced as careful programs do it, or nearly. */
static void
do_small(void)
{
	char path[32];

	for (int i = 0; i < SMALL_FILES; i++) {
		snprintf(path, sizeof(path), "dir/small-%d", i % 20);
		write_at("dir/next", 0, 300 + 100 * i);
		if (i % 8 == 0)
			flush("dir/next", fsync);
		move("dir/next", path);
		if (i % 5 == 4)
			take_away(path);
	}
	flush_all();
	for (int i = 0; i < 20; i += 2) {
		snprintf(path, sizeof(path), "dir/small-%d", i);
		take_away(path);
	}
	flush("dir/f1", fsync);
}

/* All is left to umount. */
static void
do_umount(void)
{
	write_at("dir/f1", 0, 5000);
	write_at("new", 10000, 30000);
	take_away("dir/f2");
	move("dir/f3", "dir/f4");
	cut("big", 1);
}

static const struct {
	const char *name;
	void (*run)(void);
} workloads[] = {
    {"read", do_read},
    {"write", do_write},
    {"names", do_names},
    {"map", do_map},
    {"small", do_small},
    {"umount", do_umount},
    {"setup", do_setup},
};

/* ------------------------------------------------ the rest of the system */

static void
try_elsewhere(const char *folder)
{
	char path[64], text[100], got[100] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/elsewhere", folder);
	snprintf(text, sizeof(text), "while %s was out of order", disk);
	fd = open(path, O_CREAT | O_RDWR | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fsync(fd) ||
	    pread(fd, got, sizeof(got), 0) < 0 || strcmp(got, text))
		wrong("%s: %s", path, strerrorname_np(errno));
	close(fd);
}

/* Once writing has ended, it has ended for all. */
static void
try_to_write(void)
{
	int made = open("probe", O_CREAT | O_WRONLY, 0644);
	int opened = open("dir/f7", O_WRONLY);
	struct statvfs st;

	if (writing_ends && (made >= 0 || opened >= 0))
		wrong("a file can be written where nothing can");
	if (made < 0)
		went(made, "open");
	if (statvfs(".", &st) == 0 && writing_ends && !(st.f_flag & ST_RDONLY))
		wrong("statvfs does not say that it is read-only");
	close(made);
	close(opened);
}

static void
do_disk(const char *type, void (*run)(void))
{
	forget_all();
	if (!went(mount(disk_path, "/mnt", type, MS_NOATIME, NULL), "mount"))
		goto again;
	ensure(chdir("/mnt") == 0);
	if (run != do_setup)
		expect_setup();
	run();
	look();
	if (run != do_setup)
		try_to_write();
	ensure(chdir("/") == 0);
	try_elsewhere("/tmp");
	try_elsewhere("/sound");
	if (umount("/mnt"))
		wrong("umount: %s", strerrorname_np(errno));
again:
	if (!went(mount(disk_path, "/mnt", type, MS_NOATIME, NULL), "mount"))
		return;
	ensure(chdir("/mnt") == 0);
	look_for_promised();
	ensure(chdir("/") == 0);
	if (umount("/mnt"))
		wrong("umount: %s", strerrorname_np(errno));
}

static void *
workload(const char *name)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		if (strcmp(workloads[i].name, name) == 0)
			return workloads[i].run;
	return NULL;
}

HELPER(disk_fault)
{
	void (*run)(void);

	ensure(argc >= 6 && (run = workload(argv[2])));
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	mkdir("/mnt", 0755);
	mkdir("/sound", 0755);
	must(mount(argv[argc - 1], "/sound", argv[3], 0, NULL));
	for (int i = 4; i < argc - 1; i++) {
		disk = strrchr(argv[i], '/') + 1;
		disk_path = argv[i];
		do_disk(argv[3], run);
	}
	must(umount("/sound"));
	return nr_wrong ? 1 : 0;
}

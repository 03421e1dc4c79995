/*
 * Sequences of operations on a mounted disk, whose writes somebody records, to
 * be cut off at any point.  Not a test by itself: tests/crash/run.
 *
 *	/tests/guest @crash_ops DISK TYPE[,OPTIONS] SPEC...
 *
 * SPEC is N, every sequence of N operations, or N:COUNT:SEED, so many that are
 * drawn.  Each has a folder of its own with the same tree at its start, so one
 * boot, and one image, serve for hundreds.
 *
 * What must be there after a cut, only we know, and the recording has to say it
 * in the order of the writes.  So after each operation a mark is written to the
 * same disk, behind the end of its file system: a block of text,
 *
 *	calf-mark SEQUENCE STEP DURABLE NAME
 *	t INODE                          this step wrote into that file
 *	e PATH d                         a folder
 *	e PATH l TARGET                  a symbolic link
 *	e PATH f INODE = SIZE HASH       a file
 *
 * with `~` for `=` if bytes of the file were written since it was last made
 * durable.  Names are as they were after step DURABLE, at least: a journal
 * commits in order, so after a cut they are as they were after one of the steps
 * from there on.  tests/crash/crash_check.c judges by that.
 *
 * DURABLE follows what ext3 promises: fsync of a file makes all durable that
 * was done before the file was last changed, fsync of a folder all up to its
 * last change, sync everything.  fdatasync promises the bytes alone.
 */
#include "tap.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum {
	MARK_BYTES = 4096,
	SUPER_AT = 1024, /* where ext2's superblock lies */
	MOST_FILES = 256,
	MOST_STEPS = 1000,
};

/* struct known: a file that this sequence has changed. */
struct known {
	ino_t ino;
	int changed;  /* by which step last */
	bool written; /* since it was made durable */
};

static struct {
	int fd;
	off_t start, end, at;
} marks;

static char text[MARK_BYTES];
static size_t text_bytes;

static struct known known[MOST_FILES];
static int nr_known;
static int sequence, step, durable;
static int dir_changed; /* the step that last changed a name */

/* ------------------------------------------------ marks */

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_bytes +=
	    vsnprintf(text + text_bytes, sizeof(text) - text_bytes, fmt, ap);
	va_end(ap);
	ensure(text_bytes < sizeof(text));
}

static void
write_mark(void)
{
	static unsigned char block[MARK_BYTES]
	    __attribute__((aligned(MARK_BYTES)));

	memset(block, 0, sizeof(block));
	memcpy(block, text, text_bytes);
	ensure(pwrite(marks.fd, block, sizeof(block), marks.at) ==
	    (ssize_t)sizeof(block));
	marks.at += MARK_BYTES;
	if (marks.at + MARK_BYTES > marks.end)
		marks.at = marks.start;
}

/* The marks begin where the file system, by its superblock, ends. */
static void
open_marks(const char *disk)
{
	static uint32_t super[1024] __attribute__((aligned(MARK_BYTES)));
	const uint32_t *s = super + SUPER_AT / sizeof(super[0]);

	marks.fd = must(open(disk, O_RDWR | O_DIRECT));
	ensure(pread(marks.fd, super, sizeof(super), 0) == sizeof(super));
	marks.start = (off_t)s[1] * (1024l << s[6]);
	marks.end = must(lseek(marks.fd, 0, SEEK_END));
	ensure(marks.start + MARK_BYTES <= marks.end);
	marks.at = marks.start;
}

/* ------------------------------------------------ what is known of files */

static struct known *
find(ino_t ino)
{
	for (int i = 0; i < nr_known; i++)
		if (known[i].ino == ino)
			return &known[i];
	ensure(nr_known < MOST_FILES);
	known[nr_known] = (struct known){.ino = ino};
	return &known[nr_known++];
}

/* This step has changed the file's attributes or names. */
static int
changed(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		find(st.st_ino)->changed = step;
	dir_changed = step;
	return 0;
}

/* It writes into the open file. */
static void
will_write(int fd)
{
	struct stat st;
	struct known *k;

	ensure(fstat(fd, &st) == 0);
	k = find(st.st_ino);
	k->changed = step;
	k->written = true;
	say("t %lu\n", st.st_ino);
}

static void
fill(unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = 1 + (sequence * 7 + step * 31 + i / 512 * 3 + i) % 251;
}

static void mark_step(const char *name);

/* Ends a step of an operation that has several. */
static void
next_step(const char *name)
{
	mark_step(name);
	step++;
}

/* ------------------------------------------------ the operations */

static char path_buf[2][64];

/* A name that only this step uses. */
static const char *
own(char letter)
{
	snprintf(path_buf[0], sizeof(path_buf[0]), "%c%d", letter, step);
	return path_buf[0];
}

static int
put_bytes(const char *path, int flags, off_t at, size_t n)
{
	unsigned char buf[16384];
	int fd = open(path, O_RDWR | flags, 0644);

	if (fd < 0)
		return -1;
	ensure(n <= sizeof(buf));
	will_write(fd);
	if (flags & O_CREAT)
		changed(path);
	fill(buf, n);
	ensure(at < 0 ? write(fd, buf, n) == (ssize_t)n
		      : pwrite(fd, buf, n, at) == (ssize_t)n);
	return close(fd);
}

static int
op_create(void)
{
	int fd = open(own('c'), O_CREAT | O_EXCL | O_WRONLY, 0644);

	return fd < 0 ? -1 : changed(own('c')) | close(fd);
}

static int
op_write(void)
{
	return put_bytes(own('w'), O_CREAT | O_EXCL, 0, 6000);
}

static int
op_append(void)
{
	return put_bytes("a", O_APPEND, -1, 3000);
}

static int
op_overwrite(void)
{
	return put_bytes("a", 0, 500, 4200);
}

/* Far behind the end: a hole, and a block of numbers. */
static int
op_extend(void)
{
	return put_bytes("b", 0, 70000, 100);
}

static int
cut(const char *path, off_t size)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		return -1;
	will_write(fd);
	return ftruncate(fd, size) | close(fd);
}

static int
op_truncate(void)
{
	return cut("b", 1000);
}

static int
op_grow(void)
{
	return cut("a", 20000);
}

static int
op_link(void)
{
	return link("a", own('l')) ? -1 : changed("a");
}

static int
op_symlink(void)
{
	return symlink("a", own('s')) ? -1 : changed(own('s'));
}

/* Too long for the inode. */
static int
op_symlink_slow(void)
{
	char target[100] = "";

	memset(target, 't', sizeof(target) - 1);
	return symlink(target, own('S')) ? -1 : changed(own('S'));
}

static int
op_rename(void)
{
	return rename("a", own('r')) ? -1 : changed(own('r'));
}

static void
set_durable(int up_to)
{
	if (durable < up_to)
		durable = up_to;
}

static int
flush_file(const char *path, int (*flush)(int), bool names)
{
	int fd = open(path, O_RDWR);
	struct known *k;
	struct stat st;

	if (fd < 0)
		return -1;
	ensure(fstat(fd, &st) == 0 && flush(fd) == 0);
	k = find(st.st_ino);
	k->written = false;
	if (names)
		set_durable(k->changed);
	return close(fd);
}

/* As every careful program replaces a file; each part is a step. */
static int
op_replace(void)
{
	if (put_bytes("new", O_CREAT | O_TRUNC, 0, 5000))
		return -1;
	next_step("replace_write");
	if (flush_file("new", fsync, true))
		return -1;
	next_step("replace_fsync");
	return rename("new", "b") ? -1 : changed("b");
}

static int
op_rename_over(void)
{
	return rename("a", "b") ? -1 : changed("b");
}

static int
op_unlink(void)
{
	changed("b");
	return unlink("b");
}

/* Its blocks go when it is closed. */
static int
op_unlink_open(void)
{
	int fd = open("a", O_RDWR);

	if (fd < 0)
		return -1;
	changed("a");
	if (unlink("a"))
		return -1;
	will_write(fd);
	ensure(write(fd, text, 100) == 100);
	return close(fd);
}

static int
op_mkdir(void)
{
	return mkdir(own('m'), 0755) ? -1 : changed(own('m'));
}

static int
op_rmdir(void)
{
	changed("e");
	return rmdir("e");
}

/* A folder that is not empty, over one that is. */
static int
op_rename_dir(void)
{
	return rename("f", "e") ? -1 : changed("e");
}

/* Into another folder: its ".." changes. */
static int
op_move_dir(void)
{
	return rename("e", "f/e") ? -1 : changed("f/e");
}

static int
op_mmap(void)
{
	int fd = open("a", O_RDWR);
	struct stat st;
	unsigned char *p;

	if (fd < 0)
		return -1;
	ensure(fstat(fd, &st) == 0);
	p = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return close(fd) | -1;
	will_write(fd);
	fill(p + 100, 300);
	munmap(p, st.st_size);
	return close(fd);
}

/* What a mapping has written is there for good, as after fsync. */
static int
op_msync(void)
{
	int fd = open("b", O_RDWR);
	struct known *k;
	struct stat st;
	unsigned char *p;

	if (fd < 0)
		return -1;
	ensure(fstat(fd, &st) == 0);
	p = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return close(fd) | -1;
	will_write(fd);
	if (st.st_size >= 900)
		fill(p + 500, 400);
	next_step("msync_write");
	ensure(msync(p, st.st_size, MS_SYNC) == 0);
	k = find(st.st_ino);
	k->written = false;
	munmap(p, st.st_size);
	return close(fd);
}

/* It promises nothing, but must not break anything either. */
static int
op_sync_range(void)
{
	int fd = open("b", O_RDWR);
	int ret;

	if (fd < 0)
		return -1;
	ret = sync_file_range(fd, 0, 5000,
	    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
		SYNC_FILE_RANGE_WAIT_AFTER);
	close(fd);
	return ret;
}

/* A file and a folder change places. */
static int
op_exchange(void)
{
	return renameat2(AT_FDCWD, "b", AT_FDCWD, "f", RENAME_EXCHANGE)
	    ? -1
	    : changed("b") | changed("f");
}

static int held = -1;

/* A file without a name that is kept for the rest of the sequence. */
static int
op_orphan(void)
{
	if (held < 0)
		held = open("b", O_RDWR);
	if (held < 0)
		return -1;
	changed("b");
	if (unlink("b"))
		return -1;
	will_write(held);
	ensure(pwrite(held, text, 3000, 60000) == 3000);
	return 0;
}

static int
op_fallocate(void)
{
	int fd = open("a", O_RDWR);
	int ret;

	if (fd < 0)
		return -1;
	will_write(fd);
	ret = fallocate(fd, 0, 0, 30000);
	close(fd);
	return ret;
}

static int
op_fsync(void)
{
	return flush_file("a", fsync, true);
}

static int
op_fdatasync(void)
{
	return flush_file("a", fdatasync, false);
}

static int
op_fsync_dir(void)
{
	int fd = must(open(".", O_RDONLY | O_DIRECTORY));

	ensure(fsync(fd) == 0);
	set_durable(dir_changed);
	return close(fd);
}

static int
op_sync(void)
{
	sync();
	set_durable(step);
	for (int i = 0; i < nr_known; i++)
		known[i].written = false;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} ops[] = {
    {"create", op_create},
    {"write", op_write},
    {"append", op_append},
    {"overwrite", op_overwrite},
    {"extend", op_extend},
    {"truncate", op_truncate},
    {"grow", op_grow},
    {"link", op_link},
    {"symlink", op_symlink},
    {"symlink_slow", op_symlink_slow},
    {"rename", op_rename},
    {"replace", op_replace},
    {"rename_over", op_rename_over},
    {"unlink", op_unlink},
    {"unlink_open", op_unlink_open},
    {"orphan", op_orphan},
    {"mkdir", op_mkdir},
    {"rmdir", op_rmdir},
    {"rename_dir", op_rename_dir},
    {"move_dir", op_move_dir},
    {"exchange", op_exchange},
    {"mmap", op_mmap},
    {"msync", op_msync},
    {"fallocate", op_fallocate},
    {"fsync", op_fsync},
    {"fdatasync", op_fdatasync},
    {"sync_range", op_sync_range},
    {"fsync_dir", op_fsync_dir},
    {"sync", op_sync},
};

#define NR_OPS ((int)(sizeof(ops) / sizeof(ops[0])))

/* ------------------------------------------------ listing the tree */

static unsigned long
hash_file(const char *path, size_t *size)
{
	static unsigned char buf[65536];
	unsigned long h = 14695981039346656037ul;
	int fd = must(open(path, O_RDONLY));
	ssize_t n;

	*size = 0;
	while ((n = must(read(fd, buf, sizeof(buf)))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			h = (h ^ buf[i]) * 1099511628211ul;
		*size += n;
	}
	close(fd);
	return h;
}

static void
list_file(const char *path, ino_t ino)
{
	size_t size;
	unsigned long h = hash_file(path, &size);

	say("e %s f %lu %c %zu %lx\n", path, ino,
	    find(ino)->written ? '~' : '=', size, h);
}

static void
list_entry(const char *path)
{
	char target[256] = "";
	struct stat st;

	ensure(lstat(path, &st) == 0);
	if (S_ISREG(st.st_mode)) {
		list_file(path, st.st_ino);
	} else if (S_ISLNK(st.st_mode)) {
		must(readlink(path, target, sizeof(target) - 1));
		say("e %s l %s\n", path, target);
	} else {
		say("e %s d\n", path);
	}
}

static void
list_dir(const char *dir)
{
	struct dirent **names;
	int n = must(scandir(dir, &names, NULL, alphasort));

	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char path[PATH_MAX];
		struct stat st;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s%s%s",
		    strcmp(dir, ".") ? dir : "", strcmp(dir, ".") ? "/" : "",
		    name);
		list_entry(path);
		ensure(lstat(path, &st) == 0);
		if (S_ISDIR(st.st_mode))
			list_dir(path);
		free(names[i]);
	}
	free(names);
}

/* ------------------------------------------------ sequences */

/* The mark of a step: what it wrote into was said while it did. */
static void
mark_step(const char *name)
{
	char touched[MARK_BYTES];
	size_t n = text_bytes;

	memcpy(touched, text, n);
	text_bytes = 0;
	say("calf-mark %d %d %d %s\n", sequence, step, durable, name);
	say("%.*s", (int)n, touched);
	list_dir(".");
	write_mark();
	text_bytes = 0;
}

static void
begin_sequence(void)
{
	char name[16];

	snprintf(name, sizeof(name), "%05d", sequence);
	ensure(mkdir(name, 0755) == 0 && chdir(name) == 0);
	nr_known = step = durable = dir_changed = 0;
	ensure(put_bytes("a", O_CREAT | O_EXCL, 0, 5000) == 0);
	ensure(put_bytes("b", O_CREAT | O_EXCL, 0, 14000) == 0);
	ensure(mkdir("e", 0755) == 0 && mkdir("f", 0755) == 0);
	ensure(put_bytes("f/x", O_CREAT | O_EXCL, 0, 100) == 0);
	op_sync();
	text_bytes = 0;
	mark_step("begin");
}

static void
end_sequence(void)
{
	if (held >= 0)
		close(held);
	held = -1;
	step++;
	op_sync();
	mark_step("end");
	ensure(chdir("..") == 0);
	sequence++;
}

/* What one operation took away, the next does not find: that is no failure. */
static bool
is_fault(int err)
{
	return err != ENOENT && err != EEXIST && err != EOPNOTSUPP &&
	    err != EINVAL && err != ENOTEMPTY && err != ENOSYS &&
	    err != EISDIR && err != ENOTDIR;
}

static void
run_sequence(const int *list, int n)
{
	begin_sequence();
	for (int i = 0; i < n; i++) {
		step++;
		if (ops[list[i]].run() && is_fault(errno)) {
			printf("%s: %s\n", ops[list[i]].name,
			    strerrorname_np(errno));
			exit(1);
		}
		mark_step(ops[list[i]].name);
	}
	end_sequence();
}

static void
run_all(int *list, int n, int at)
{
	if (at == n) {
		run_sequence(list, n);
		return;
	}
	for (list[at] = 0; list[at] < NR_OPS; list[at]++)
		run_all(list, n, at + 1);
}

static void
run_drawn(int *list, int n, int count, uint64_t seed)
{
	while (count-- > 0) {
		for (int i = 0; i < n; i++) {
			seed = seed * 6364136223846793005ul +
			    1442695040888963407ul;
			list[i] = (seed >> 33) % NR_OPS;
		}
		run_sequence(list, n);
	}
}

static void
run_spec(const char *spec)
{
	int list[MOST_STEPS], n = 0, count = 0;
	unsigned long seed = 0;
	int fields = sscanf(spec, "%d:%d:%lu", &n, &count, &seed);

	ensure((fields == 1 || fields == 3) && n > 0 && n <= MOST_STEPS);
	if (fields == 1)
		run_all(list, n, 0);
	else
		run_drawn(list, n, count, seed);
}

HELPER(crash_ops)
{
	char *options;

	ensure(argc >= 5);
	mkdir("/mnt", 0755);
	open_marks(argv[2]);
	options = strchr(argv[3], ',');
	if (options)
		*options++ = '\0';
	ensure(mount(argv[2], "/mnt", argv[3], MS_NOATIME, options) == 0);
	ensure(chdir("/mnt") == 0);
	for (int i = 4; i < argc; i++)
		run_spec(argv[i]);
	ensure(chdir("/") == 0 && umount("/mnt") == 0);
	printf("%d sequences\n", sequence);
	return 0;
}

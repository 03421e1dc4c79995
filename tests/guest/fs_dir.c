/*
 * getdents64: each name once, places that can be gone back to, and folders
 * that change while they are read.
 */
#include "files.h"

#include <dirent.h>
#include <stddef.h>

#define MANY 300 /* names; several buffers' full */

/* What getdents64 gives. */
struct entry {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

static ssize_t
get(int fd, void *buf, size_t len)
{
	return raw(getdents64, fd, buf, len);
}

static int
open_dir(const char *path)
{
	return must(open(path, O_RDONLY | O_DIRECTORY));
}

/* Reads one entry, with a buffer that has no room for two; false at the end. */
static bool
next(int fd, char *name, int64_t *off)
{
	char buf[32 + 8] __attribute__((aligned(8)));
	struct entry *e = (struct entry *)buf;
	ssize_t n = get(fd, buf, sizeof(buf));

	ensure(n >= 0);
	if (n == 0)
		return false;
	ensure(n == e->reclen);
	strcpy(name, e->name);
	*off = e->off;
	return true;
}

/* ------------------------------------------------ what entries say */

static void
check_entry(const char *dir, struct entry *e)
{
	struct stat st;
	int fd = open_dir(dir);

	must(fstatat(fd, e->name, &st, AT_SYMLINK_NOFOLLOW));
	ok(e->ino == st.st_ino, "%s: its number", e->name);
	is(e->type, IFTODT(st.st_mode), "%s: its kind", e->name);
	is(e->reclen % 8, 0, "%s: its length keeps the next aligned", e->name);
	ok(offsetof(struct entry, name) + strlen(e->name) < e->reclen,
	    "%s: its length covers it", e->name);
	close(fd);
}

static void
kinds(void)
{
	char buf[4096] __attribute__((aligned(8)));
	unsigned int dots = 0, names = 0;
	int fd;
	ssize_t n;

	must(mkdir("kinds", 0755));
	file_make("kinds/file", "x");
	must(mkdir("kinds/dir", 0755));
	must(symlink("x", "kinds/link"));
	must(mkfifo("kinds/fifo", 0600));
	fd = open_dir("kinds");
	n = get(fd, buf, sizeof(buf));
	ok(n > 0, "a folder can be listed");
	for (ssize_t at = 0; at < n;) {
		struct entry *e = (struct entry *)(buf + at);

		check_entry("kinds", e);
		dots += !strcmp(e->name, ".") || !strcmp(e->name, "..");
		names++;
		at += e->reclen;
	}
	is(names, 6, "it has six entries");
	is(dots, 2, "two of them . and ..");
	is(get(fd, buf, sizeof(buf)), 0, "then comes the end");
	is(get(fd, buf, sizeof(buf)), 0, "which stays");
	close(fd);
}

static void
refuses(void)
{
	char buf[512] __attribute__((aligned(8))), long_name[NAME_MAX + 1];
	int fd = open_dir("kinds"), file = must(open("kinds/file", O_RDONLY));

	is_errno(get(fd, buf, 0), EINVAL, "no room at all");
	is_errno(get(fd, buf, 23), EINVAL, "no room for an entry");
	is_errno(get(fd, (void *)8, 512), EFAULT, "a bad buffer");
	ok(get(fd, buf, 512) > 0, "after which all is still there");
	is_errno(get(-1, buf, 512), EBADF, "no descriptor");
	is_errno(get(file, buf, 512), ENOTDIR, "a file");
	is_errno(get(file, (void *)8, 512), ENOTDIR, "even to a bad buffer");
	close(fd);
	memset(long_name, 'n', NAME_MAX);
	long_name[NAME_MAX] = '\0';
	must(mkdir("long", 0755));
	must(chdir("long"));
	file_make(long_name, "");
	must(chdir(".."));
	fd = open_dir("long");
	must(lseek(fd, 0, SEEK_SET));
	ok(get(fd, buf, 256) > 0, "a buffer with room for . and ..");
	is_errno(get(fd, buf, 256), EINVAL, "but not for a long name");
	ok(get(fd, buf, 280) > 0, "which a larger one gets");
	close(fd);
	close(file);
}

/* ------------------------------------------------ places and changes */

static void
make_many(void)
{
	char name[16];

	must(mkdir("many", 0755));
	must(chdir("many"));
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		file_make(name, "");
	}
	must(chdir(".."));
}

/* Lists what is left of `fd`; counts how often each of the many is seen. */
static int
tally(int fd, unsigned char *seen)
{
	char buf[1000] __attribute__((aligned(8)));
	int total = 0;
	ssize_t n;

	while ((n = get(fd, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < n; total++) {
			struct entry *e = (struct entry *)(buf + at);
			int i;

			if (sscanf(e->name, "f%d", &i) == 1)
				seen[i]++;
			at += e->reclen;
		}
	is(n, 0, "the list ends");
	return total;
}

static int
count_of(const unsigned char *seen, int times)
{
	int n = 0;

	for (int i = 0; i < MANY; i++)
		n += seen[i] == times;
	return n;
}

static void
lists_all(void)
{
	unsigned char seen[MANY] = {0};
	int fd = open_dir("many");

	is(tally(fd, seen), MANY + 2, "%d names in small buffers", MANY);
	is(count_of(seen, 1), MANY, "each once");
	is(lseek(fd, 0, SEEK_SET), 0, "back to the start");
	is(tally(fd, seen), MANY + 2, "all of them again");
	is(count_of(seen, 2), MANY, "each once more");
	close(fd);
}

static void
places(void)
{
	static int64_t off[MANY + 2];
	static char names[MANY + 2][16];
	int fd = open_dir("many"), n = 0, wrong = 0;
	char name[16];
	int64_t unused;

	while (n < MANY + 2 && next(fd, names[n], &off[n]))
		n++;
	is(n, MANY + 2, "one by one");
	for (int i = n - 2; i >= 0; i -= 7) {
		must(lseek(fd, off[i], SEEK_SET));
		wrong += !next(fd, name, &unused) || strcmp(name, names[i + 1]);
	}
	is(wrong, 0, "d_off leads back to the entry that follows");
	must(lseek(fd, off[n - 1], SEEK_SET));
	ok(!next(fd, name, &unused), "the last d_off leads to the end");
	close(fd);
}

static void
removes_while_reading(void)
{
	unsigned char seen[MANY] = {0};
	int fd = open_dir("many"), gone = 0, i;
	char name[16];
	int64_t off;

	must(chdir("many"));
	for (int n = 0; n < 40; n++) {
		ensure(next(fd, name, &off));
		if (sscanf(name, "f%d", &i) == 1) {
			must(unlink(name));
			gone++;
		}
	}
	tally(fd, seen);
	is(count_of(seen, 1), MANY - gone,
	    "removing what was read hides nothing that follows");
	is(count_of(seen, 0), gone, "and shows nothing twice");
	must(chdir(".."));
	close(fd);
}

static void
removes_what_follows(void)
{
	unsigned char seen[MANY] = {0};
	int fd = open_dir("many"), left = 0;
	char name[16];
	int64_t off;

	must(chdir("many"));
	ensure(next(fd, name, &off) && next(fd, name, &off));
	for (int i = 0; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "f%d", i);
		unlink(name);
	}
	for (int i = 1; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "f%d", i);
		left += file_exists(name);
	}
	tally(fd, seen);
	is(count_of(seen, 1), left, "what was removed unread is not shown");
	must(lseek(fd, 0, SEEK_SET));
	file_make("late", "");
	is(tally(fd, seen), left + 3, "from the start again: a new name too");
	must(chdir(".."));
	close(fd);
}

TEST(fs_dir)
{
	kinds();
	refuses();
	make_many();
	lists_all();
	places();
	removes_while_reading();
	removes_what_follows();
}

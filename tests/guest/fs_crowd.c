/*
 * Several processes make, link, move and remove the same few names at once,
 * files and folders, across folders that are moved themselves.  Afterwards the
 * tree must be a tree: link counts that are true, every .. right, and all of
 * it removable.
 */
#include "files.h"

#include <dirent.h>

#define WORKERS 4
#define NAMES   5
#define DEPTH   3 /* names in a path, at most */

static int rounds = 250;
static unsigned long seed = 1, state;

/* The next number of a stream that a seed fixes (splitmix64). */
static unsigned long
next(void)
{
	unsigned long z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* ------------------------------------------------ the storm */

static void
any_path(char *path)
{
	int n = 1 + next() % DEPTH;

	for (int i = 0; i < n; i++)
		path += sprintf(path, "%s%lu", i ? "/" : "", next() % NAMES);
}

static int
make_file(const char *a, const char *b __attribute__((unused)))
{
	int fd = open(a, O_CREAT | O_RDWR, 0600);

	if (fd < 0)
		return -1;
	ensure(write(fd, a, 1) == 1);
	return close(fd);
}

static int
make_dir(const char *a, const char *b __attribute__((unused)))
{
	return mkdir(a, 0700);
}

static int
remove_file(const char *a, const char *b __attribute__((unused)))
{
	return unlink(a);
}

static int
remove_dir(const char *a, const char *b __attribute__((unused)))
{
	return rmdir(a);
}

static int
exchange(const char *a, const char *b)
{
	return raw(renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
}

static int
list(const char *a, const char *b __attribute__((unused)))
{
	char buf[300] __attribute__((aligned(8)));
	int fd = open(a, O_RDONLY | O_DIRECTORY), n;

	if (fd < 0)
		return -1;
	do
		n = raw(getdents64, fd, buf, sizeof(buf));
	while (n > 0);
	close(fd);
	return n;
}

static int
look(const char *a, const char *b __attribute__((unused)))
{
	struct stat st;

	return lstat(a, &st);
}

static int (*const acts[])(const char *, const char *) = {make_file, make_dir,
    make_dir, remove_file, remove_dir, rename, rename, rename, exchange, link,
    symlink, list, look};

/* What may go wrong in a tree that others change. */
static bool
expected(int err)
{
	static const int errs[] = {
	    ENOENT, EEXIST, ENOTEMPTY, EINVAL, ENOTDIR, EISDIR, EPERM, ELOOP};

	for (size_t i = 0; i < sizeof(errs) / sizeof(*errs); i++)
		if (err == errs[i])
			return true;
	return false;
}

static void
work(int worker)
{
	char a[64], b[64];
	int odd = 0;

	state = seed * 7919 + worker;
	for (int i = 0; i < rounds; i++) {
		unsigned long act = next() % (sizeof(acts) / sizeof(*acts));

		any_path(a);
		any_path(b);
		if (acts[act](a, b) == -1 && !expected(errno)) {
			note("act %lu of %s, %s: %s", act, a, b,
			    strerrorname_np(errno));
			odd++;
		}
	}
	is(odd, 0, "worker %d: nothing but what may go wrong", worker);
}

/* ------------------------------------------------ the tree afterwards */

static struct {
	ino_t ino;
	nlink_t claims, names;
} files[1000];
static int nr_files, wrong;

static void
count_file(const struct stat *st)
{
	int i = 0;

	while (i < nr_files && files[i].ino != st->st_ino)
		i++;
	ensure(i < 1000);
	if (i == nr_files)
		nr_files++;
	files[i].ino = st->st_ino;
	files[i].claims = st->st_nlink;
	files[i].names++;
}

/* Looks through the working directory and below. */
static void
check_dir(ino_t parent)
{
	DIR *d = opendir(".");
	struct stat self, st;
	nlink_t dirs = 0;
	struct dirent *e;

	ensure(d);
	must(stat(".", &self));
	must(stat("..", &st));
	wrong += st.st_ino != parent;
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		must(lstat(e->d_name, &st));
		wrong += st.st_ino != e->d_ino;
		if (!S_ISDIR(st.st_mode)) {
			count_file(&st);
			continue;
		}
		dirs++;
		must(chdir(e->d_name));
		check_dir(self.st_ino);
		must(chdir(".."));
	}
	closedir(d);
	wrong += self.st_nlink != dirs + 2;
}

static void
remove_all(void)
{
	DIR *d = opendir(".");
	struct dirent *e;

	ensure(d);
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (unlink(e->d_name) == 0)
			continue;
		must(chdir(e->d_name));
		remove_all();
		must(chdir(".."));
		must(rmdir(e->d_name));
	}
	closedir(d);
}

static void
storm(void)
{
	pid_t pids[WORKERS];
	struct stat st;
	int bad_links = 0;

	must(mkdir("storm", 0755));
	must(chdir("storm"));
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			work(i);
			_exit(0);
		}
	}
	for (int i = 0; i < WORKERS; i++)
		is(wait_status(pids[i]), 0, "worker %d ends", i);
	check_dir(file_ino(".."));
	is(wrong, 0, "every folder has the links and the parent it should");
	for (int i = 0; i < nr_files; i++)
		bad_links += files[i].claims != files[i].names;
	is(bad_links, 0, "every file has as many names as links");
	remove_all();
	must(stat(".", &st));
	is(st.st_nlink, 2, "all of it can be removed");
	must(chdir(".."));
	is(rmdir("storm"), 0, "and leaves nothing behind");
}

/* For a longer one: /tests/guest @fs_crowd_many ROUNDS SEED */
HELPER(fs_crowd_many)
{
	if (argc < 4)
		return 2;
	rounds = atoi(argv[2]);
	seed = strtoul(argv[3], NULL, 0);
	must(chdir("/tmp"));
	storm();
	return 0;
}

TEST(fs_crowd)
{
	storm();
}

/*
 * Many processes that make, move and remove names in the same few folders, with
 * whatever comes of it; then nothing may be lost, doubled or half done.
 */
#include "files.h"

#include <dirent.h>
#include <sys/stat.h>

#define WORKERS 6
#define ROUNDS  400

static unsigned int seed;

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
	if (fd < 0)
		return -1;
	ensure(write(fd, "x", 1) == 1);
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
    make_folder, make_folder, rename, rename, exchange, link, symlink,
    remove_any, remove_any, stand_there, list};

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
work(unsigned int nr)
{
	char a[16], b[16];

	seed = nr * 7919 + 1;
	for (int i = 0; i < ROUNDS; i++) {
		unsigned int which = below(sizeof(calls) / sizeof(calls[0]));

		random_path(a);
		random_path(b);
		if (calls[which](a, b) < 0 && !may_fail_so(errno)) {
			tap_note(
			    "call %u %s %s: %s", which, a, b, strerror(errno));
			_exit(1);
		}
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

TEST(fs_storm)
{
	pid_t workers[WORKERS];
	int home;

	must(mkdir("storm", 0755));
	home = must(open(".", O_RDONLY));
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = must(fork());
		if (workers[i] == 0) {
			must(chdir("storm"));
			work(i);
			_exit(0);
		}
	}
	for (int i = 0; i < WORKERS; i++) {
		int status;

		must(waitpid(workers[i], &status, 0));
		is(status, 0, "worker %d has come through", i);
	}
	is(take_down("storm"), 0, "all that is left is whole");
	must(fchdir(home));
	is(rmdir("storm"), 0, "and can be removed");
}

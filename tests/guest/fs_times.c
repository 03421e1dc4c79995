/* The three times of a file: who moves which, and utimensat. */
#include "files.h"

#include <time.h>

#define OLD 1000 /* a second long ago, to tell what was set since */

static struct stat
look(const char *path)
{
	struct stat st;

	must(lstat(path, &st));
	return st;
}

/* Sets times of access and of change to OLD. */
static void
age(const char *path)
{
	struct timespec old[2] = {{OLD, 0}, {OLD, 0}};

	must(utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW));
}

static bool
accessed(const char *path)
{
	return look(path).st_atim.tv_sec != OLD;
}

static bool
changed(const char *path)
{
	return look(path).st_mtim.tv_sec != OLD;
}

/*
 * Whether `fn` moves the ctime of `path`, which nobody can set back: clocks
 * tick in steps, so it is repeated until it shows, or for two seconds.
 */
static bool
moves_ctime(const char *path, void (*fn)(void))
{
	struct timespec start, now, was = look(path).st_ctim;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		struct timespec is;

		fn();
		is = look(path).st_ctim;
		if (is.tv_sec != was.tv_sec || is.tv_nsec != was.tv_nsec)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < 2);
	return false;
}

static void
do_chmod(void)
{
	must(chmod("file", 0640));
}

static void
do_link(void)
{
	must(link("file", "other"));
	must(unlink("other"));
}

static void
do_write(void)
{
	int fd = must(open("file", O_WRONLY));

	must(write(fd, "x", 1));
	close(fd);
}

static void
do_rename(void)
{
	must(rename("file", "file2"));
	must(rename("file2", "file"));
}

static void
do_utimes(void)
{
	age("file");
}

static void
what_moves_ctime(void)
{
	age("file");
	ok(moves_ctime("file", do_chmod), "chmod moves the ctime");
	ok(moves_ctime("file", do_link), "so does link");
	ok(moves_ctime("file", do_rename), "rename");
	ok(moves_ctime("file", do_utimes), "utimensat");
	ok(!changed("file") && !accessed("file"), "and none the other two");
	ok(moves_ctime("file", do_write), "and write");
}

static void
what_moves_the_others(void)
{
	char c;
	int fd = must(open("file", O_RDWR));

	age("file");
	must(pread(fd, &c, 0, 0));
	ok(!changed("file"), "reading is no change");
	must(pread(fd, &c, 1, 0));
	ok(accessed("file"), "reading moves the time of access");
	ok(!changed("file"), "only");
	age("file");
	must(pwrite(fd, &c, 0, 0));
	ok(!changed("file"), "writing nothing is no change");
	must(pwrite(fd, &c, 1, 0));
	ok(changed("file"), "writing is");
	age("file");
	must(ftruncate(fd, 0));
	ok(changed("file"), "cutting too");
	close(fd);
	fd = must(open("file", O_RDWR | O_NOATIME));
	age("file");
	must(pread(fd, &c, 1, 0));
	ok(!accessed("file"), "O_NOATIME keeps the time of access");
	close(fd);
}

static void
of_folders(void)
{
	must(mkdir("d", 0755));
	age("d");
	file_make("d/a", "");
	ok(changed("d"), "a new name changes a folder");
	age("d");
	file_make("d/a", "x");
	ok(!changed("d"), "a write to what it names does not");
	must(rename("d/a", "d/b"));
	ok(changed("d"), "a rename does");
	age("d");
	must(link("d/b", "d/c"));
	ok(changed("d"), "link");
	age("d");
	must(unlink("d/c"));
	ok(changed("d"), "unlink");
	age("d");
	must(mkdir("d/e", 0755));
	ok(changed("d"), "mkdir");
	age("d");
	must(rmdir("d/e"));
	ok(changed("d"), "and rmdir");
}

static void
sets(void)
{
	struct timespec t[2] = {{5, 999999999}, {-7, 1}};
	struct stat st;
	int fd = must(open("file", O_RDONLY));

	is(utimensat(AT_FDCWD, "file", t, 0), 0, "utimensat");
	st = look("file");
	is(st.st_atim.tv_sec, 5, "sets access: seconds");
	is(st.st_atim.tv_nsec, 999999999, "and nanoseconds");
	is(st.st_mtim.tv_sec, -7, "change: before 1970, too");
	is(st.st_mtim.tv_nsec, 1, "and nanoseconds");
	t[0] = (struct timespec){99, UTIME_OMIT};
	t[1] = (struct timespec){0, UTIME_NOW};
	is(futimens(fd, t), 0, "UTIME_OMIT and UTIME_NOW");
	st = look("file");
	is(st.st_atim.tv_sec, 5, "leave one");
	ok(st.st_mtim.tv_sec > OLD, "and set the other to now");
	t[1] = t[0];
	is(futimens(fd, t), 0, "both omitted");
	age("file");
	is(utimensat(AT_FDCWD, "file", NULL, 0), 0, "no times");
	ok(changed("file") && accessed("file"), "mean now");
	must(symlink("file", "link"));
	age("link");
	age("file");
	is(utimensat(AT_FDCWD, "link", NULL, 0), 0, "through a link");
	ok(changed("file") && !changed("link"), "to what it names");
	t[0].tv_nsec = t[1].tv_nsec = 0;
	t[0].tv_sec = t[1].tv_sec = 8L << 30;
	is(utimensat(AT_FDCWD, "file", t, 0), 0, "a second beyond 32 bits");
	is(look("file").st_mtim.tv_sec, 8L << 30, "is kept");
	close(fd);
}

static void
refuses(void)
{
	struct timespec bad[2] = {{0, 1000000000}, {0, 0}};
	struct timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};

	is_errno(utimensat(AT_FDCWD, "file", bad, 0), EINVAL,
	    "1000000000 nanoseconds");
	bad[0].tv_nsec = -1;
	is_errno(utimensat(AT_FDCWD, "file", bad, 0), EINVAL, "-1 of them");
	is_errno(utimensat(AT_FDCWD, "file", NULL, 1), EINVAL, "flag 1");
	is_errno(utimensat(AT_FDCWD, "none", NULL, 0), ENOENT, "nothing");
	is_errno(utimensat(AT_FDCWD, "", NULL, 0), ENOENT, "no name");
	is_errno(
	    utimensat(AT_FDCWD, "file/x", NULL, 0), ENOTDIR, "below a file");
	is_errno(utimensat(-1, "file", NULL, 0), EBADF, "from no descriptor");
	is_errno(raw(utimensat, -1, NULL, NULL, 0), EBADF, "of no descriptor");
	is_errno(raw(utimensat, AT_FDCWD, 8, NULL, 0), EFAULT, "a bad path");
	is_errno(raw(utimensat, AT_FDCWD, "file", 8, 0), EFAULT, "bad times");
	is(utimensat(AT_FDCWD, "none", omit, 0), 0,
	    "both omitted: nothing is even looked for");
}

static void
by_somebody(void)
{
	struct timespec t[2] = {{1, 0}, {1, 0}};
	struct timespec half[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};

	is(utimensat(AT_FDCWD, "mine", t, 0), 0, "an owner sets any time");
	is(utimensat(AT_FDCWD, "shared", NULL, 0), 0,
	    "who may write may set now");
	is_errno(utimensat(AT_FDCWD, "shared", t, 0), EPERM, "but no other");
	is_errno(utimensat(AT_FDCWD, "shared", half, 0), EPERM,
	    "nor only one to now");
	is_errno(utimensat(AT_FDCWD, "roots", NULL, 0), EACCES,
	    "who may not write may not set now");
	is_errno(utimensat(AT_FDCWD, "roots", t, 0), EPERM, "nor another");
}

TEST(fs_times)
{
	must(chmod(".", 0755));
	file_make("file", "x");
	what_moves_ctime();
	what_moves_the_others();
	of_folders();
	sets();
	refuses();
	file_make("mine", "");
	must(chown("mine", USER, USER));
	file_make("shared", "");
	must(chmod("shared", 0666));
	file_make("roots", "");
	as_user(by_somebody);
}

/* getcwd, chdir, fchdir, chroot: where a process stands. */
#include "files.h"

#include <sched.h>

static char start[PATH_MAX];

static const char *
cwd(void)
{
	static char buf[PATH_MAX];

	return raw(getcwd, buf, sizeof(buf)) < 0 ? NULL : buf;
}

/* The path of something below where the test began. */
static const char *
below(const char *name)
{
	static char path[PATH_MAX + NAME_MAX];

	snprintf(path, sizeof(path), "%s%s", start, name);
	return path;
}

static void
tells(void)
{
	char buf[PATH_MAX];
	size_t len = strlen(start);

	is(raw(getcwd, buf, sizeof(buf)), len + 1,
	    "getcwd counts the zero byte");
	is(raw(getcwd, buf, len + 1), len + 1, "a buffer that just fits");
	is_errno(raw(getcwd, buf, len), ERANGE, "one that does not");
	is_errno(raw(getcwd, buf, 0), ERANGE, "no room");
	is_errno(raw(getcwd, 8, sizeof(buf)), EFAULT, "a bad buffer");
	must(chdir("/"));
	is(raw(getcwd, buf, 2), 2, "the root");
	str_is(buf, "/", "is /");
	must(chdir(start));
}

static void
goes(void)
{
	int fd = must(open("a/b", O_RDONLY)), file = must(open("f", O_RDONLY));

	is(chdir("a"), 0, "chdir");
	str_is(cwd(), below("/a"), "went there");
	is(chdir("b/../b/."), 0, "with dots");
	str_is(cwd(), below("/a/b"), "which getcwd does not repeat");
	is(chdir("../.."), 0, "back up");
	is(chdir("link"), 0, "through a link");
	str_is(cwd(), below("/a/b"), "to the real place");
	must(chdir(start));
	is(fchdir(fd), 0, "fchdir");
	str_is(cwd(), below("/a/b"), "to a descriptor's folder");
	must(chdir(start));
	is_errno(chdir("f"), ENOTDIR, "chdir to a file");
	is_errno(chdir("none"), ENOENT, "to nothing");
	is_errno(chdir(""), ENOENT, "to no name");
	is_errno(chdir("f/x"), ENOTDIR, "below a file");
	is_errno(chdir("loop"), ELOOP, "to a loop");
	is_errno(raw(chdir, 8), EFAULT, "to a bad path");
	is_errno(fchdir(file), ENOTDIR, "fchdir to a file");
	is_errno(fchdir(-1), EBADF, "to no descriptor");
	str_is(cwd(), start, "failures go nowhere");
	close(fd);
	close(file);
}

static void
moves_along(void)
{
	must(mkdir("m1", 0755));
	must(mkdir("m2", 0755));
	must(chdir("m1"));
	must(rename("../m1", "../m2/moved"));
	str_is(cwd(), below("/m2/moved"), "a moved folder takes us along");
	is(chdir(".."), 0, "its parent");
	str_is(cwd(), below("/m2"), "is the new one");
	must(chdir(start));
}

static void
removed(void)
{
	struct stat st;

	must(mkdir("m3", 0755));
	must(chdir("m3"));
	must(rmdir("../m3"));
	is_errno(raw(getcwd, below(""), PATH_MAX), ENOENT,
	    "a removed folder has no path");
	is(stat(".", &st), 0, "but . is there");
	is(st.st_nlink, 0, "without links");
	is_errno(open("x", O_CREAT | O_RDWR, 0600), ENOENT,
	    "nothing can be made in it");
	is_errno(stat("x", &st), ENOENT, "or found");
	is(chdir("."), 0, "one can stay");
	is(chdir(".."), 0, "or leave");
	str_is(cwd(), start, "to where it was");
}

static void
child_goes(void)
{
	must(chdir("a"));
}

static int
clone_goes(void *arg __attribute__((unused)))
{
	return chdir("a");
}

static void
shared(void)
{
	static char stack[65536] __attribute__((aligned(16)));

	is(wait_status(spawn(child_goes)), 0, "a child goes away");
	str_is(cwd(), start, "without its parent");
	is(wait_status(must(clone(
	       clone_goes, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL))),
	    0, "one that shares CLONE_FS");
	str_is(cwd(), below("/a"), "takes us along");
	must(chdir(start));
}

/* ------------------------------------------------ chroot */

static void
in_a_root(void)
{
	struct stat st;
	int out = must(open(".", O_RDONLY));
	ino_t root = file_ino("a");

	is(chroot("a"), 0, "chroot");
	is(file_ino("/"), root, "/ is the new root");
	is(file_ino("/.."), root, ".. of it too");
	is(stat("/b/in", &st), 0, "what is in it is found");
	is_errno(stat("/dev/null", &st), ENOENT, "what is not is not");
	is(stat("f", &st), 0, "the working directory did not move");
	is(stat("/toroot", &st), 0, "absolute links start at the new root");
	is(st.st_ino, file_ino("/b/in"), "and end in it");
	is(chdir("/"), 0, "into it");
	str_is(cwd(), "/", "which is / now");
	is(chdir("../../.."), 0, "and not out of it");
	str_is(cwd(), "/", "by ..");
	is(fchdir(out), 0, "only by a descriptor from before");
	is(stat("f", &st), 0, "out");
	is_errno(chroot("f"), ENOTDIR, "chroot to a file");
	is_errno(chroot("none"), ENOENT, "to nothing");
	is_errno(chroot(""), ENOENT, "to no name");
	is_errno(raw(chroot, 8), EFAULT, "to a bad path");
}

static void
by_somebody(void)
{
	is_errno(chroot("a"), EPERM, "chroot is for root");
	is_errno(chroot("none"), ENOENT, "though the path is looked at first");
	is_errno(chdir("shut"), EACCES, "a folder one may not search");
	is_errno(chdir("shut/x"), EACCES, "nor pass through");
	is(chdir("searchable"), 0, "to search is enough to go there");
	is_errno(open(".", O_RDONLY), EACCES, "not to read it");
}

TEST(fs_cwd)
{
	must(chmod(".", 0755));
	ensure(getcwd(start, sizeof(start)));
	must(mkdir("a", 0755));
	must(mkdir("a/b", 0755));
	file_make("a/b/in", "");
	file_make("f", "");
	must(symlink("a/b", "link"));
	must(symlink("/b/in", "a/toroot"));
	must(symlink("loop", "loop"));
	must(mkdir("shut", 0700));
	must(mkdir("searchable", 0711));
	tells();
	goes();
	moves_along();
	removed();
	shared();
	is(wait_status(spawn(in_a_root)), 0, "a process in a root of its own");
	is(file_exists("/dev/null"), 1, "is the only one there");
	as_user(by_somebody);
}

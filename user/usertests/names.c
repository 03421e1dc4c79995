/* Names: links, directories, ".", "..", long, deep and many of them. */
#include "usertests.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static ino_t
inode_of(const char *name)
{
	struct stat st;

	if (lstat(name, &st))
		fail("%.20s: %s", name, strerror(errno));
	return st.st_ino;
}

static nlink_t
links_of(const char *name)
{
	struct stat st;

	if (lstat(name, &st))
		fail("%.20s: %s", name, strerror(errno));
	return st.st_nlink;
}

static void
test_linktest(void)
{
	put_file("one", "abc");
	needs(link("one", "two") == 0);
	needs(links_of("one") == 2 && inode_of("one") == inode_of("two"));
	needs(unlink("one") == 0);
	fails(open("one", O_RDONLY), ENOENT);
	needs(size_of("two") == 3 && links_of("two") == 1);
	fails(link("two", "two"), EEXIST);
	fails(link("none", "three"), ENOENT);
	fails(link(".", "three"), EPERM);
	fails(link("two", "none/x"), ENOENT);
	fails(link("two", "two/x"), ENOTDIR);
	needs(links_of("two") == 1);
	needs(unlink("two") == 0);
	fails(unlink("two"), ENOENT);
}

static void
test_manylinks(void)
{
	char name[16];

	put_file("file", "x");
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		needs(link("file", name) == 0);
	}
	needs(links_of("file") == 201);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		needs(unlink(name) == 0);
	}
	needs(links_of("file") == 1);
}

static void
test_dirtest(void)
{
	needs(mkdir("dir", 0777) == 0);
	fails(mkdir("dir", 0777), EEXIST);
	fails(mkdir("none/dir", 0777), ENOENT);
	fails(mkdir("", 0777), ENOENT);
	fails(mkdir(".", 0777), EEXIST);
	fails(mkdir("/", 0777), EEXIST);
	put_file("dir/file", "x");
	fails(mkdir("dir/file", 0777), EEXIST);
	fails(mkdir("dir/file/x", 0777), ENOTDIR);
	fails(rmdir("dir"), ENOTEMPTY);
	fails(rmdir("dir/file"), ENOTDIR);
	fails(unlink("dir"), EISDIR);
	needs(chdir("dir") == 0 && size_of("file") == 1);
	needs(unlink("../dir/file") == 0 && chdir("..") == 0);
	needs(rmdir("dir") == 0);
	fails(rmdir("dir"), ENOENT);
	fails(chdir("dir"), ENOENT);
}

static void
test_rmdot(void)
{
	needs(mkdir("dir", 0777) == 0 && mkdir("dir/sub", 0777) == 0);
	fails(rmdir("."), EINVAL);
	fails(rmdir("dir/."), EINVAL);
	fails(rmdir("dir/.."), ENOTEMPTY);
	fails(rmdir("dir/sub/.."), ENOTEMPTY);
	fails(unlink("."), EISDIR);
	fails(unlink(".."), EISDIR);
	fails(rename("dir", "dir/."), EBUSY);
	fails(rename("dir/..", "x"), EBUSY);
	fails(rmdir("/"), EBUSY);
	fails(link("dir/.", "x"), EPERM);
	needs(mkdir("dir/./x", 0777) == 0 && rmdir("dir/../dir/x/") == 0);
}

static void
test_dotdot(void)
{
	needs(inode_of("/..") == inode_of("/"));
	needs(mkdir("a", 0777) == 0 && mkdir("a/b", 0777) == 0);
	needs(inode_of("a/b/..") == inode_of("a"));
	needs(inode_of("a/b/../../a/./b/.") == inode_of("a/b"));
	needs(links_of("a") == 3 || links_of("a") == 1);
	needs(mkdir("c", 0777) == 0 && rename("a/b", "c/b") == 0);
	needs(inode_of("c/b/..") == inode_of("c"));
	fails(chdir("a/b"), ENOENT);
}

/* A directory that somebody is in is removed all the same. */
static void
test_rmcwd(void)
{
	char path[PATH_MAX];

	needs(mkdir("dir", 0777) == 0 && chdir("dir") == 0);
	needs(rmdir("../dir") == 0);
	fails(open("x", O_CREAT | O_RDWR, 0666), ENOENT);
	fails(mkdir("x", 0777), ENOENT);
	fails(getcwd(path, sizeof(path)) == NULL ? -1 : 0, ENOENT);
	needs(open(".", O_RDONLY) >= 0);
	needs(chdir("..") == 0);
	needs(getcwd(path, sizeof(path)) != NULL);
}

static void
test_longname(void)
{
	char name[NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	fails(open(name, O_CREAT | O_RDWR, 0666), ENAMETOOLONG);
	fails(mkdir(name, 0777), ENAMETOOLONG);
	fails(symlink("x", name), ENAMETOOLONG);
	fails(unlink(name), ENAMETOOLONG);
	fails(chdir(name), ENAMETOOLONG);
	name[NAME_MAX] = '\0';
	put_file(name, "long");
	needs(size_of(name) == 4);
	/* One letter less, or another, is another file. */
	name[NAME_MAX - 1] = '\0';
	fails(unlink(name), ENOENT);
	name[NAME_MAX - 1] = 'm';
	fails(unlink(name), ENOENT);
	name[NAME_MAX - 1] = 'n';
	needs(unlink(name) == 0);
}

static void
test_longpath(void)
{
	static char path[PATH_MAX + 1];

	put_file("file", "abc");
	for (size_t i = 0; i < PATH_MAX; i += 2)
		memcpy(path + i, "./", 2);
	memcpy(path + PATH_MAX - 5, "file", 5);
	path[PATH_MAX - 6] = '/';
	needs(strlen(path) == PATH_MAX - 1);
	needs(size_of(path) == 3);
	path[PATH_MAX - 1] = '/';
	path[PATH_MAX] = '\0';
	fails(open(path, O_RDONLY), ENAMETOOLONG);
}

/* Further down than a path can say. */
static void
test_deepdir(void)
{
	enum {
		DEPTH = 60,
		LEN = 100
	};
	char name[LEN + 1], path[PATH_MAX];
	ino_t top = inode_of(".");

	memset(name, 'd', LEN);
	name[LEN] = '\0';
	for (int i = 0; i < DEPTH; i++)
		needs(mkdir(name, 0777) == 0 && chdir(name) == 0);
	put_file("bottom", "x");
	needs(getcwd(path, sizeof(path)) == NULL && errno != EFAULT);
	needs(unlink("bottom") == 0);
	for (int i = 0; i < DEPTH; i++)
		needs(chdir("..") == 0 && rmdir(name) == 0);
	needs(inode_of(".") == top);
}

/* ---- many names -----------------------------------------------------------
 */

#define MANY 1000

static unsigned int
count_names(unsigned char *seen)
{
	DIR *dir = opendir(".");
	struct dirent *entry;
	unsigned int n = 0;

	needs(dir != NULL);
	memset(seen, 0, MANY);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == 'f') {
			int i = atoi(entry->d_name + 1);

			needs(i >= 0 && i < MANY && seen[i]++ == 0);
			n++;
		}
	closedir(dir);
	return n;
}

static void
test_bigdir(void)
{
	unsigned char seen[MANY];
	char name[16];

	put_file("file", "x");
	needs(mkdir("dir", 0777) == 0 && chdir("dir") == 0);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		needs(link("../file", name) == 0);
	}
	needs(count_names(seen) == MANY);
	for (int i = 0; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "f%d", i);
		needs(unlink(name) == 0);
	}
	needs(count_names(seen) == MANY / 2);
	for (int i = 0; i < MANY; i++)
		needs(seen[i] == i % 2);
	fails(rmdir("../dir"), ENOTEMPTY);
	for (int i = 1; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "f%d", i);
		needs(unlink(name) == 0);
	}
	needs(rmdir("../dir") == 0);
}

/* A reader of the directory sees what stays once, whatever else comes or goes.
 */
static void
test_dirread(void)
{
	enum {
		STAY = 50
	};
	int seen[STAY] = {0};
	struct dirent *entry;
	char name[16];
	DIR *dir;
	int n = 0;

	for (int i = 0; i < STAY; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		put_file(name, "");
		snprintf(name, sizeof(name), "g%d", i);
		put_file(name, "");
	}
	dir = opendir(".");
	needs(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == 's')
			seen[atoi(entry->d_name + 1)]++;
		if (n < STAY) {
			snprintf(name, sizeof(name), "g%d", n++);
			needs(unlink(name) == 0);
		}
	}
	closedir(dir);
	for (int i = 0; i < STAY; i++)
		needs(seen[i] == 1);
}

/* ---- links that are names, renaming, rights -------------------------------
 */

static void
test_symlinks(void)
{
	char buf[16], name[16], target[16];

	put_file("file", "abc");
	needs(symlink("file", "link") == 0 && size_of("link") == 3);
	needs(readlink("link", buf, sizeof(buf)) == 4);
	needs(memcmp(buf, "file", 4) == 0);
	needs(readlink("link", buf, 2) == 2);
	fails(readlink("file", buf, 2), EINVAL);
	fails(symlink("", "empty"), ENOENT);
	needs(symlink("gone", "dangling") == 0);
	fails(open("dangling", O_RDONLY), ENOENT);
	fails(open("dangling", O_CREAT | O_EXCL | O_RDWR, 0666), EEXIST);
	fails(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	needs(symlink("y", "x") == 0 && symlink("x", "y") == 0);
	fails(open("x", O_RDONLY), ELOOP);
	put_file("dangling", "new");
	needs(size_of("gone") == 3);
	for (int i = 0; i < 42; i++) {
		snprintf(name, sizeof(name), "c%d", i + 1);
		snprintf(target, sizeof(target), "c%d", i);
		needs(symlink(target, name) == 0);
	}
	put_file("c0", "abc");
	needs(size_of("c40") == 3);
	fails(open("c41", O_RDONLY), ELOOP);
	needs(unlink("link") == 0 && size_of("file") == 3);
}

static void
test_renametest(void)
{
	put_file("a", "aa");
	put_file("b", "bbb");
	needs(mkdir("d", 0777) == 0 && mkdir("d/sub", 0777) == 0);
	needs(mkdir("e", 0777) == 0);
	needs(rename("a", "b") == 0 && size_of("b") == 2);
	fails(rename("a", "c"), ENOENT);
	fails(rename("b", "d"), EISDIR);
	fails(rename("d", "b"), ENOTDIR);
	fails(rename("d", "d/sub/x"), EINVAL);
	fails(rename("d", "d/sub"), EINVAL);
	fails(rename("e", "d"), ENOTEMPTY);
	needs(rename("d", "e") == 0);
	needs(rename("b", "b") == 0 && size_of("b") == 2);
	needs(link("b", "c") == 0 && rename("b", "c") == 0);
	needs(size_of("b") == 2 && size_of("c") == 2);
	needs(rename("b", "e/sub/b") == 0 && size_of("e/sub/b") == 2);
}

static void
lack_rights(void)
{
	drop_rights();
	fails(open("secret", O_RDONLY), EACCES);
	fails(open("public", O_RDWR), EACCES);
	needs(open("public", O_RDONLY) >= 0);
	fails(open("new", O_CREAT | O_RDWR, 0666), EACCES);
	fails(unlink("public"), EACCES);
	fails(rename("public", "x"), EACCES);
	fails(mkdir("new", 0777), EACCES);
	fails(open("closed/file", O_RDONLY), EACCES);
	fails(chmod("public", 0777), EPERM);
	fails(chown("public", 0, 0), EPERM);
	fails(chdir("closed"), EACCES);
}

static void
test_rights(void)
{
	if (geteuid() != 0)
		leave_out("it takes root");
	put_file("secret", "x");
	put_file("public", "x");
	needs(chmod("secret", 0600) == 0);
	needs(mkdir("closed", 0700) == 0);
	put_file("closed/file", "x");
	in_child(lack_rights);
}

const struct test name_tests[] = {
    {"linktest", test_linktest, false},
    {"manylinks", test_manylinks, false},
    {"dirtest", test_dirtest, false},
    {"rmdot", test_rmdot, false},
    {"dotdot", test_dotdot, false},
    {"rmcwd", test_rmcwd, false},
    {"longname", test_longname, false},
    {"longpath", test_longpath, false},
    {"deepdir", test_deepdir, false},
    {"bigdir", test_bigdir, false},
    {"dirread", test_dirread, false},
    {"symlinks", test_symlinks, false},
    {"renametest", test_renametest, false},
    {"rights", test_rights, false},
    {NULL, NULL, false},
};

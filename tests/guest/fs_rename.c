/* renameat2: what replaces what, and the order in which it refuses. */
#include "files.h"

static int
rename2(const char *from, const char *to, unsigned int flags)
{
	return raw(renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void
moves(void)
{
	ino_t ino;

	file_make("a", "aa");
	ino = file_ino("a");
	is(rename("a", "b"), 0, "rename");
	ok(!file_exists("a"), "takes the old name");
	is(file_ino("b"), ino, "and gives the new one to the same file");
	is(rename("b", "dir/c"), 0, "into a folder");
	ok(file_holds("dir/c", "aa"), "with its contents");
	file_make("over", "old");
	is(rename("dir/c", "over"), 0, "over another file");
	ok(file_holds("over", "aa"), "which is replaced");
	is(rename("over", "over"), 0, "onto itself");
	ok(file_exists("over"), "does nothing");
	must(link("over", "same"));
	is(rename("over", "same"), 0, "onto another name of the same file");
	ok(file_exists("over") && file_exists("same"), "does nothing either");
	must(unlink("same"));
	must(unlink("over"));
}

static void
open_files(void)
{
	struct stat st;
	char buf[8] = "";
	int fd;

	file_make("old", "old");
	file_make("new", "new");
	fd = must(open("old", O_RDWR));
	must(rename("new", "old"));
	is(read(fd, buf, sizeof(buf)), 3, "a replaced file that is open");
	str_is(buf, "old", "can still be read");
	must(fstat(fd, &st));
	is(st.st_nlink, 0, "and has no name left");
	close(fd);
	fd = must(open("old", O_RDWR));
	must(rename("old", "moved"));
	must(pwrite(fd, "N", 1, 0));
	ok(file_holds("moved", "New"), "a file stays open while it moves");
	close(fd);
}

static void
folders(void)
{
	struct stat st;
	ino_t root = file_ino(".");

	must(mkdir("d1", 0755));
	must(mkdir("d2", 0755));
	must(mkdir("d1/in", 0755));
	is(rename("d1/in", "d2/in"), 0, "a folder into another");
	must(stat("d1", &st));
	is(st.st_nlink, 2, "the old parent has a link fewer");
	must(stat("d2", &st));
	is(st.st_nlink, 3, "the new one has one more");
	is(file_ino("d2/in/.."), file_ino("d2"), "and .. leads to it");
	is(rename("d2/in", "d1"), 0, "over an empty folder");
	is(file_ino("d1/.."), root, ".. follows");
	file_make("d2/f", "");
	is_errno(rename("d1", "d2"), ENOTEMPTY, "over one that is not empty");
	must(unlink("d2/f"));
	is_errno(rename("d1", "d1/x"), EINVAL, "into itself");
	must(mkdir("d1/deep", 0755));
	is_errno(rename("d1", "d1/deep/x"), EINVAL, "deep into itself");
	is_errno(rename("d1/deep", "d1"), ENOTEMPTY, "over its own parent");
	is(rename("d1/", "d3/"), 0, "slashes behind folders are fine");
	must(rmdir("d3/deep"));
	must(rmdir("d3"));
	must(rmdir("d2"));
}

static void
kinds(void)
{
	file_make("f", "");
	must(mkdir("d", 0755));
	must(symlink("d", "s"));
	is_errno(rename("f", "d"), EISDIR, "a file over a folder");
	is_errno(rename("d", "f"), ENOTDIR, "a folder over a file");
	is_errno(rename("d", "s"), ENOTDIR, "a folder over a link");
	is_errno(rename("f", "x/"), ENOTDIR, "a file to a name with a slash");
	is_errno(rename("f/", "x"), ENOTDIR, "a file with a slash");
	is_errno(rename("s/", "x"), ENOTDIR, "a link with a slash");
	is(rename("s", "t"), 0, "a link is moved, not followed");
	is(file_ino("t/"), file_ino("d"), "and still leads there");
	is(rename("f", "t"), 0, "a file over a link");
	ok(!file_exists("f") && file_exists("d"), "replaces the link only");
	must(rmdir("d"));
	must(unlink("t"));
}

static void
refuses(void)
{
	file_make("f", "");
	must(mkdir("d", 0755));
	is_errno(rename("none", "x"), ENOENT, "nothing");
	is_errno(rename("", "x"), ENOENT, "no name");
	is_errno(rename("f", ""), ENOENT, "to no name");
	is_errno(rename("none/f", "x"), ENOENT, "from no folder");
	is_errno(rename("f", "none/x"), ENOENT, "to no folder");
	is_errno(rename("f/x", "y"), ENOTDIR, "from below a file");
	is_errno(rename("f", "f/x"), ENOTDIR, "to below a file");
	is_errno(rename("d/.", "x"), EBUSY, "d/.");
	is_errno(rename("d/..", "x"), EBUSY, "d/..");
	is_errno(rename("f", "d/."), EBUSY, "to d/.");
	is_errno(rename("f", ".."), EBUSY, "to ..");
	is_errno(rename("/", "x"), EBUSY, "the root");
	is_errno(rename("f", "/"), EBUSY, "to the root");
	is_errno(rename("f", "/proc/x"), EXDEV, "to another file system");
	is_errno(rename("none", "/proc/x"), EXDEV, "even if there is nothing");
	is_errno(rename("/proc", "proc2"), EBUSY, "a mount point");
	is_errno(renameat(-1, "f", AT_FDCWD, "x"), EBADF, "from no descriptor");
	is_errno(renameat(AT_FDCWD, "f", -1, "x"), EBADF, "to none");
	ok(file_exists("f") && file_exists("d"), "all is still there");
}

static void
no_replace(void)
{
	file_make("g", "g");
	is_errno(rename2("f", "g", RENAME_NOREPLACE), EEXIST,
	    "NOREPLACE over a file");
	is_errno(rename2("f", "f", RENAME_NOREPLACE), EEXIST, "over itself");
	is_errno(rename2("none", "g", RENAME_NOREPLACE), ENOENT,
	    "of nothing over a file");
	is_errno(rename2("f", "d/.", RENAME_NOREPLACE), EEXIST, "to d/.");
	is(rename2("f", "h", RENAME_NOREPLACE), 0, "to a free name");
	must(rename("h", "f"));
}

static void
exchange(void)
{
	ino_t f = file_ino("f"), d = file_ino("d");
	struct stat st;

	is(rename2("f", "d", RENAME_EXCHANGE), 0, "a file and a folder");
	ok(file_ino("f") == d && file_ino("d") == f, "change places");
	must(rename2("f", "d", RENAME_EXCHANGE));
	must(mkdir("e", 0755));
	file_make("e/in", "");
	is(rename2("d", "e/in", RENAME_EXCHANGE), 0, "across folders");
	is(file_ino("e/in"), d, "the folder went down");
	must(stat("e", &st));
	is(st.st_nlink, 3, "and counts as its new parent's");
	is(file_ino("e/in/.."), file_ino("e"), "its .. too");
	must(rename2("d", "e/in", RENAME_EXCHANGE));
	is_errno(rename2("f", "none", RENAME_EXCHANGE), ENOENT, "with nothing");
	is_errno(rename2("e", "e/in", RENAME_EXCHANGE), EINVAL,
	    "a folder with what is in it");
	is_errno(
	    rename2("e/in", "e", RENAME_EXCHANGE), EINVAL, "or that with it");
	is_errno(rename2("f", "d", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL,
	    "both flags at once");
	is_errno(rename2("f", "d", 8), EINVAL, "an unknown flag");
	is_errno(rename2("f", "d", -1), EINVAL, "all flags");
}

TEST(fs_rename)
{
	must(mkdir("dir", 0755));
	moves();
	open_files();
	folders();
	kinds();
	refuses();
	no_replace();
	exchange();
}

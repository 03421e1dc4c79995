/* unlinkat in both its meanings, and files that live on without a name. */
#include "files.h"

static void
files(void)
{
	file_make("file", "x");
	is(unlink("file"), 0, "unlink of a file");
	ok(!file_exists("file"), "takes its name");
	is_errno(unlink("file"), ENOENT, "once");
	is_errno(unlink(""), ENOENT, "of no name");
	is_errno(unlink("none/x"), ENOENT, "in no folder");
	file_make("file", "x");
	is_errno(unlink("file/x"), ENOTDIR, "below a file");
	is_errno(unlink("file/"), ENOTDIR, "of a file with a slash");
	must(symlink("file", "link"));
	must(symlink("dir", "dirlink"));
	is(unlink("link"), 0, "of a link");
	ok(file_exists("file"), "leaves what it names");
	is_errno(unlink("dirlink/"), ENOTDIR, "of a link with a slash");
	is(unlink("dirlink"), 0, "of a link to a folder");
	must(mkfifo("fifo", 0600));
	is(unlink("fifo"), 0, "of a FIFO");
	is_errno(unlink("dir"), EISDIR, "of a folder");
	is_errno(unlink("."), EISDIR, "of .");
	is_errno(unlink(".."), EISDIR, "of ..");
	is_errno(unlink("/"), EISDIR, "of /");
}

static void
folders(void)
{
	must(mkdir("dir/sub", 0755));
	is_errno(rmdir("dir"), ENOTEMPTY, "rmdir of a folder that has one");
	must(rmdir("dir/sub"));
	file_make("dir/file", "");
	is_errno(rmdir("dir"), ENOTEMPTY, "of a folder that has a file");
	must(unlink("dir/file"));
	is(rmdir("dir"), 0, "of an empty one");
	is_errno(rmdir("dir"), ENOENT, "once");
	must(mkdir("dir", 0755));
	is(rmdir("dir//"), 0, "slashes behind it are fine");
	is_errno(rmdir("file"), ENOTDIR, "rmdir of a file");
	is_errno(rmdir("."), EINVAL, "of .");
	is_errno(rmdir(".."), ENOTEMPTY, "of ..");
	is_errno(rmdir("/"), EBUSY, "of /");
	must(mkdir("dir", 0755));
	is_errno(rmdir("dir/."), EINVAL, "of dir/.");
	is_errno(rmdir("dir/.."), ENOTEMPTY, "of dir/..");
	must(symlink("dir", "dirlink"));
	is_errno(rmdir("dirlink"), ENOTDIR, "of a link to a folder");
	is_errno(rmdir("dirlink/"), ENOTDIR, "with a slash too");
	is_errno(rmdir("/proc"), EBUSY, "of a mount point");
}

static void
at_folders(void)
{
	int dir = must(open("dir", O_RDONLY));

	file_make("dir/a", "");
	must(mkdir("dir/b", 0755));
	is_errno(unlinkat(dir, "b", 0), EISDIR, "unlinkat 0 of a folder");
	is_errno(unlinkat(dir, "a", AT_REMOVEDIR), ENOTDIR,
	    "AT_REMOVEDIR of a file");
	is_errno(unlinkat(dir, "a", 1), EINVAL, "another flag");
	is_errno(unlinkat(dir, "a", -1), EINVAL, "all flags");
	is(unlinkat(dir, "a", 0), 0, "unlinkat of a file");
	is(unlinkat(dir, "b", AT_REMOVEDIR), 0, "unlinkat of a folder");
	is_errno(unlinkat(-1, "a", 0), EBADF, "from no descriptor");
	is_errno(unlinkat(dir, "", 0), ENOENT, "of no name");
	close(dir);
	file_make("file", "");
	dir = must(open("file", O_RDONLY));
	is_errno(unlinkat(dir, "a", 0), ENOTDIR, "from a file");
	close(dir);
}

static void
open_files(void)
{
	struct stat st;
	char buf[8] = "";
	int fd = must(open("gone", O_CREAT | O_RDWR, 0600)), other;

	must(write(fd, "alive", 5));
	must(unlink("gone"));
	must(fstat(fd, &st));
	is(st.st_nlink, 0, "an open file without a name has no links");
	is(pread(fd, buf, sizeof(buf), 0), 5, "can be read");
	str_is(buf, "alive", "as it was");
	is(pwrite(fd, "x", 1, 99999), 1, "and written");
	file_make("gone", "new");
	other = must(open("gone", O_RDONLY));
	must(fstat(other, &st));
	is(st.st_size, 3, "a new file of that name is another");
	must(fstat(fd, &st));
	is(st.st_size, 100000, "the old one goes on");
	close(fd);
	close(other);
}

static void
open_folders(void)
{
	struct stat st;
	char buf[256];
	int fd;

	must(mkdir("gone.d", 0755));
	fd = must(open("gone.d", O_RDONLY));
	must(rmdir("gone.d"));
	must(fstat(fd, &st));
	is(st.st_nlink, 0, "an open folder without a name has no links");
	is_errno(openat(fd, "x", O_CREAT | O_RDWR, 0600), ENOENT,
	    "nothing can be made in it");
	is_errno(mkdirat(fd, "x", 0700), ENOENT, "no folder");
	is_errno(symlinkat("x", fd, "x"), ENOENT, "no link");
	is_errno(linkat(AT_FDCWD, "file", fd, "x", 0), ENOENT, "no name");
	is_errno(renameat(AT_FDCWD, "file", fd, "x"), ENOENT, "none moved in");
	is_errno(raw(getdents64, fd, buf, sizeof(buf)), ENOENT,
	    "it can't be listed");
	is(fstatat(fd, ".", &st, 0), 0, "but . is still there");
	close(fd);
}

/* A removed folder's parent has one link fewer. */
static void
links_of_parents(void)
{
	struct stat st;

	must(mkdir("p", 0755));
	must(mkdir("p/a", 0755));
	must(mkdir("p/b", 0755));
	must(stat("p", &st));
	is(st.st_nlink, 4, "a folder with two folders has 4 links");
	must(rmdir("p/a"));
	must(stat("p", &st));
	is(st.st_nlink, 3, "one of them removed: 3");
}

TEST(fs_unlink)
{
	must(mkdir("dir", 0755));
	files();
	folders();
	at_folders();
	open_files();
	open_folders();
	links_of_parents();
}

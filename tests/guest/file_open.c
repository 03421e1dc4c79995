/*
 * What openat's flags ask for, and which of them exclude each other.  Paths
 * have a test of their own (fs_path), permissions too (perm_*).
 */
#include "files.h"

static void
creates(void)
{
	int fd;

	umask(027);
	fd = must(open("new", O_CREAT | O_RDWR, 0666));
	is(file_mode("new"), 0640, "a new file's mode lacks what umask has");
	is(write(fd, "abc", 3), 3, "a new file can be written");
	close(fd);
	fd = open("new", O_CREAT | O_RDONLY, 0);
	ok(fd >= 0, "O_CREAT opens a file that exists");
	is(file_mode("new"), 0640, "O_CREAT leaves an existing file's mode");
	is(file_size("new"), 3, "O_CREAT leaves an existing file's contents");
	close(fd);

	fd = open("locked", O_CREAT | O_RDWR, 0);
	is(write(fd, "x", 1), 1, "a file made with mode 0 is open for writing");
	is(file_mode("locked"), 0, "and has mode 0");
	close(fd);
	close(must(open("bits", O_CREAT | O_RDWR, 06777)));
	is(file_mode("bits"), 06750, "setuid and setgid are kept, umask not");
	is_errno(open("none", O_RDWR), ENOENT, "no file without O_CREAT");
	umask(022);
}

static void
excludes(void)
{
	int flags = O_CREAT | O_EXCL | O_RDWR;

	must(symlink("nowhere", "dangling"));
	must(symlink("new", "link"));
	must(mkdir("dir", 0755));
	is_errno(open("new", flags, 0600), EEXIST, "O_EXCL finds a file");
	is_errno(open("dir", flags, 0600), EEXIST, "O_EXCL finds a folder");
	is_errno(open("link", flags, 0600), EEXIST, "O_EXCL finds a link");
	is_errno(open("dangling", flags, 0600), EEXIST,
	    "O_EXCL finds a link that leads nowhere");
	ok(!file_exists("nowhere"), "and makes nothing behind it");
	is_errno(open(".", flags, 0600), EEXIST, "O_EXCL of .");
	is_errno(open("/", flags, 0600), EEXIST, "O_EXCL of /");
	ok(open("fresh", flags, 0600) >= 0, "O_EXCL makes what is not there");
	ok(open("new", O_EXCL | O_RDONLY) >= 0, "O_EXCL alone says nothing");
	ok(open("dangling", O_CREAT | O_RDWR, 0600) >= 0,
	    "O_CREAT alone goes through a link that leads nowhere");
	ok(file_exists("nowhere"), "and makes what it names");
}

static void
truncates(void)
{
	file_make("full", "contents");
	must(chmod("full", 0604));
	close(must(open("full", O_WRONLY | O_TRUNC)));
	is(file_size("full"), 0, "O_TRUNC empties a file");
	is(file_mode("full"), 0604, "O_TRUNC leaves the mode");
	file_make("full", "contents");
	close(must(open("full", O_RDONLY | O_TRUNC)));
	is(file_size("full"), 0, "O_TRUNC empties even with O_RDONLY");
	file_make("full", "contents");
	is_errno(open("full", O_CREAT | O_EXCL | O_TRUNC | O_WRONLY, 0600),
	    EEXIST, "O_TRUNC after a failed O_EXCL");
	is(file_size("full"), 8, "does not empty the file");
}

static void
appends(void)
{
	int fd;

	file_make("log", "one");
	fd = must(open("log", O_RDWR | O_APPEND));
	is(lseek(fd, 0, SEEK_CUR), 0, "O_APPEND starts at 0");
	is(write(fd, "two", 3), 3, "a write after O_APPEND");
	is(lseek(fd, 0, SEEK_CUR), 6, "ends at the end");
	is(lseek(fd, 1, SEEK_SET), 1, "lseek after O_APPEND");
	is(write(fd, "3", 1), 1, "a write after that lseek");
	ok(file_holds("log", "onetwo3"), "goes to the end all the same");
	is(pwrite(fd, "4", 1, 0), 1, "so does pwrite, on Linux");
	ok(file_holds("log", "onetwo34"), "whatever offset it names");
	is(lseek(fd, 0, SEEK_CUR), 7, "and does not move the offset");
	is(fcntl(fd, F_SETFL, 0), 0, "O_APPEND can be taken away");
	is(pwrite(fd, "O", 1, 0), 1, "and then pwrite");
	ok(file_holds("log", "Onetwo34"), "writes where it says");
	close(fd);
}

static void
wants_kinds(void)
{
	int nofollow_dir = O_NOFOLLOW | O_DIRECTORY | O_RDONLY;

	must(symlink("dir", "dirlink"));
	must(close(must(open("dir/in", O_CREAT | O_WRONLY, 0644))));
	is_errno(open("new", O_RDONLY | O_DIRECTORY), ENOTDIR,
	    "O_DIRECTORY of a file");
	ok(open("dir", O_RDONLY | O_DIRECTORY) >= 0, "O_DIRECTORY of a folder");
	ok(open("dirlink", O_RDONLY | O_DIRECTORY) >= 0,
	    "O_DIRECTORY of a link to a folder");
	is_errno(open("dirlink", nofollow_dir), ENOTDIR,
	    "O_DIRECTORY and O_NOFOLLOW of a link to a folder");
	is_errno(
	    open("link", O_RDONLY | O_NOFOLLOW), ELOOP, "O_NOFOLLOW of a link");
	is_errno(open("dangling", O_CREAT | O_WRONLY | O_NOFOLLOW, 0600), ELOOP,
	    "O_NOFOLLOW and O_CREAT of a link");
	ok(open("dirlink/in", O_RDONLY | O_NOFOLLOW) >= 0,
	    "O_NOFOLLOW means the last name only");
	is_errno(open("dir", O_WRONLY), EISDIR, "a folder can't be written");
	is_errno(open("dir", O_RDWR), EISDIR, "nor read and written");
	is_errno(open("dir", O_RDONLY | O_TRUNC), EISDIR, "nor emptied");
	is_errno(open("dir", O_RDONLY | O_CREAT, 0600), EISDIR, "nor made");
	is_errno(open("dir", O_RDONLY | O_CREAT | O_DIRECTORY, 0600), EINVAL,
	    "O_CREAT and O_DIRECTORY exclude each other");
}

static void
access_modes(void)
{
	char c;
	int r = must(open("full", O_RDONLY)), w = must(open("full", O_WRONLY));
	int neither = must(open("full", O_ACCMODE));

	is_errno(write(r, "x", 1), EBADF, "O_RDONLY can't be written");
	is_errno(pwrite(r, "x", 1, 0), EBADF, "nor by pwrite");
	is_errno(write(r, "x", 0), EBADF, "not even nothing");
	is_errno(ftruncate(r, 0), EINVAL, "nor cut");
	is_errno(read(w, &c, 1), EBADF, "O_WRONLY can't be read");
	is_errno(pread(w, &c, 1, 0), EBADF, "nor by pread");
	is_errno(read(neither, &c, 1), EBADF, "access mode 3 can't be read");
	is_errno(write(neither, "x", 1), EBADF, "nor written");
	is(fcntl(r, F_GETFL) & O_ACCMODE, O_RDONLY, "F_GETFL of O_RDONLY");
	is(fcntl(w, F_GETFL) & O_ACCMODE, O_WRONLY, "F_GETFL of O_WRONLY");
	close(r);
	close(w);
	close(neither);
}

static void
flags_kept(void)
{
	int made = O_CREAT | O_EXCL | O_TRUNC | O_NOFOLLOW;
	int kept = O_APPEND | O_NONBLOCK;
	int fd = must(open("kept", made | kept | O_RDWR | O_CLOEXEC, 0600));
	int flags = fcntl(fd, F_GETFL);

	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "O_CLOEXEC is the descriptor's");
	is(flags & (kept | O_ACCMODE), kept | O_RDWR, "F_GETFL tells the mode");
	is(flags & (O_CREAT | O_EXCL | O_TRUNC), 0, "not what was done once");
	is(write(fd, "x", 1), 1, "O_NONBLOCK changes nothing for a file");
	close(fd);
	fd = must(open("kept", O_RDONLY));
	is(fcntl(fd, F_GETFD), 0, "without O_CLOEXEC no FD_CLOEXEC");
	is(must(open("kept", O_RDONLY)), fd + 1, "the lowest free number,");
	close(fd);
	is(open("kept", O_RDONLY | 0x40000000), fd,
	    "again, and unknown flags are let pass");
}

TEST(file_open)
{
	creates();
	excludes();
	truncates();
	appends();
	wants_kinds();
	access_modes();
	flags_kept();
}

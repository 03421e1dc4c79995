/* O_PATH: a descriptor that is a place and not a file. */
#include "files.h"

#include <sys/uio.h>

static int
open_path(const char *path, int flags)
{
	return must(open(path, O_PATH | flags));
}

static void
refuses(void)
{
	int fd = open_path("file", 0);
	char c;
	struct iovec iov = {&c, 1};

	is_errno(read(fd, &c, 1), EBADF, "no read");
	is_errno(write(fd, "x", 1), EBADF, "no write");
	is_errno(pread(fd, &c, 1, 0), EBADF, "no pread");
	is_errno(readv(fd, &iov, 1), EBADF, "no readv");
	is_errno(lseek(fd, 0, SEEK_SET), EBADF, "no lseek");
	is_errno(ftruncate(fd, 0), EBADF, "no ftruncate");
	is_errno(fchmod(fd, 0600), EBADF, "no fchmod");
	is_errno(fchown(fd, 0, 0), EBADF, "no fchown");
	is_errno(fsync(fd), EBADF, "no fsync");
	is_errno(fcntl(fd, F_SETFL, 0), EBADF, "no F_SETFL");
	is_errno(syscall(SYS_ioctl, fd, 0x541b, &c), EBADF, "no ioctl");
	is_errno(
	    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), EBADF, "no mmap");
	close(fd);
}

static void
allows(void)
{
	int fd = open_path("file", O_CLOEXEC), dup_fd;
	struct stat st;

	is(fstat(fd, &st), 0, "fstat");
	is(st.st_ino, file_ino("file"), "of the right file");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "O_CLOEXEC counts");
	ok(fcntl(fd, F_GETFL) & O_PATH, "F_GETFL says O_PATH");
	is(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY, "and no access mode");
	dup_fd = dup(fd);
	ok(dup_fd >= 0, "dup");
	is(close(dup_fd), 0, "close");
	is(close(fd), 0, "close the other");
}

static void
ignores_flags(void)
{
	int fd = open("file", O_PATH | O_TRUNC | O_CREAT | O_RDWR, 0);

	ok(fd >= 0, "O_PATH outweighs the flags beside it");
	is(file_size("file"), 4, "O_TRUNC did nothing");
	close(fd);
	is_errno(open("none", O_PATH | O_CREAT, 0600), ENOENT,
	    "O_CREAT does nothing either");
	is_errno(open("file", O_PATH | O_DIRECTORY), ENOTDIR,
	    "O_DIRECTORY does count");
}

static void
is_a_place(void)
{
	int dir = open_path("dir", O_DIRECTORY), fd;
	char buf[512];

	fd = openat(dir, "in", O_RDONLY);
	ok(fd >= 0, "a place to start openat from");
	close(fd);
	is_errno(syscall(SYS_getdents64, dir, buf, sizeof(buf)), EBADF,
	    "a folder's place can't be listed");
	is(fchdir(dir), 0, "fchdir");
	ok(file_exists("in"), "went there");
	must(chdir(".."));
	close(dir);
}

static void
of_links(void)
{
	int fd = open_path("link", O_NOFOLLOW);
	char buf[16] = "";
	struct stat st;

	is(fstat(fd, &st), 0, "fstat of a link's place");
	ok(S_ISLNK(st.st_mode), "says that it is a link");
	is(readlinkat(fd, "", buf, sizeof(buf)), 4, "readlinkat of it");
	str_is(buf, "file", "reads the link");
	close(fd);
	fd = open_path("link", 0);
	must(fstat(fd, &st));
	ok(S_ISREG(st.st_mode), "without O_NOFOLLOW it is followed");
	is_errno(readlinkat(fd, "", buf, sizeof(buf)), ENOENT,
	    "readlinkat of a file's place and no name");
	close(fd);
}

static void
as_somebody(void)
{
	int fd = open("secret", O_PATH);
	struct stat st;

	ok(fd >= 0, "O_PATH needs no right to the file");
	is(fstat(fd, &st), 0, "only to reach it");
	is_errno(open("shut/in", O_PATH), EACCES, "which it does need");
}

TEST(file_path_fd)
{
	must(chmod(".", 0755));
	file_make("file", "text");
	file_make("secret", "s");
	must(chmod("secret", 0));
	must(mkdir("dir", 0755));
	must(mkdir("shut", 0700));
	file_make("dir/in", "");
	file_make("shut/in", "");
	must(symlink("file", "link"));
	refuses();
	allows();
	ignores_flags();
	is_a_place();
	of_links();
	as_user(as_somebody);
}

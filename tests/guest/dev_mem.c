/* /dev/null, /dev/zero, /dev/full. */
#include "files.h"

#include <sys/sysmacros.h>
#include <sys/uio.h>

static bool
all_zero(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void
null(void)
{
	int fd = must(open("/dev/null", O_RDWR | O_TRUNC | O_APPEND));
	char buf[100];

	is(read(fd, buf, sizeof(buf)), 0, "null reads as empty");
	is(pread(fd, buf, sizeof(buf), 1000), 0, "anywhere");
	is(write(fd, buf, sizeof(buf)), sizeof(buf), "and takes all");
	is(raw(write, fd, 8, 1 << 20), 1 << 20, "without looking");
	is(pwrite(fd, buf, 10, 1L << 40), 10, "anywhere");
	is(lseek(fd, 0, SEEK_END), 0, "its end is its start");
	close(fd);
}

static void
zero(void)
{
	int fd = must(open("/dev/zero", O_RDWR));
	size_t len = 100000;
	char *buf = pages(len, PROT_READ | PROT_WRITE), *border;
	struct iovec iov[] = {{buf, 10}, {buf + 20, 10}};

	memset(buf, 'x', len);
	is(read(fd, buf, len), len, "zero gives as much as is asked for");
	ok(all_zero(buf, len), "all zero");
	memset(buf, 'x', len);
	is(readv(fd, iov, 2), 20, "by readv too");
	ok(all_zero(buf, 10) && all_zero(buf + 20, 10), "into its buffers");
	ok(buf[10] == 'x' && buf[30] == 'x', "and nowhere else");
	is(write(fd, buf, len), len, "and takes all");
	is_errno(raw(read, fd, 8, 1), EFAULT, "a bad buffer");
	border = page_border();
	is(raw(read, fd, border - 4096, 8192), 4096,
	    "one that ends early is filled to its end");
	munmap(buf, len);
	close(fd);
}

static void
full(void)
{
	int fd = must(open("/dev/full", O_RDWR));
	char buf[64];

	memset(buf, 'x', sizeof(buf));
	is(read(fd, buf, sizeof(buf)), sizeof(buf), "full reads as zero does");
	ok(all_zero(buf, sizeof(buf)), "all zero");
	is_errno(write(fd, buf, 1), ENOSPC, "but is full");
	is_errno(pwrite(fd, buf, 1, 5), ENOSPC, "everywhere");
	close(fd);
}

static void
nodes(void)
{
	static const struct {
		const char *path;
		int minor;
	} all[] = {{"/dev/null", 3}, {"/dev/zero", 5}, {"/dev/full", 7},
	    {"/dev/random", 8}, {"/dev/urandom", 9}};
	struct stat st;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		is(stat(all[i].path, &st), 0, "%s is there", all[i].path);
		is(st.st_mode, S_IFCHR | 0666, "for everybody");
		is(st.st_rdev, makedev(1, all[i].minor), "as 1:%d",
		    all[i].minor);
	}
	must(stat("/dev/tty", &st));
	is(st.st_rdev, makedev(5, 0), "/dev/tty is 5:0");
	must(stat("/dev/console", &st));
	is(st.st_rdev, makedev(5, 1), "/dev/console is 5:1");
	must(mknod("zero", S_IFCHR | 0600, makedev(1, 5)));
	is(read(open("zero", O_RDONLY), &st, 8), 8,
	    "a node elsewhere is the same device");
	is_errno(open("/dev/null/x", O_RDONLY), ENOTDIR, "below a device");
	is_errno(open("/dev/none", O_RDONLY), ENOENT, "no device");
	is_errno(open("/dev/null", O_RDONLY | O_DIRECTORY), ENOTDIR,
	    "a device is no folder");
	is_errno(open("/dev/null", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST,
	    "and is there");
}

static void
user(void)
{
	ok(open("/dev/null", O_RDWR) >= 0, "anybody may open null");
	ok(open("/dev/zero", O_RDWR) >= 0, "and zero");
	is_errno(open("zero", O_RDONLY), EACCES, "but by a node's rights");
	is_errno(unlink("/dev/null"), EACCES, "and nobody removes it");
}

TEST(dev_mem)
{
	must(chmod(".", 0755));
	null();
	zero();
	full();
	nodes();
	as_user(user);
}

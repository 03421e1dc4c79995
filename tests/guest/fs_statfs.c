/* statfs, fstatfs, and the calls that bring a file to its disk. */
#include "files.h"

#include <sys/vfs.h>

enum {
	TMPFS = 0x01021994,
	PROCFS = 0x9fa0,
	PIPEFS = 0x50495045
};

static void
of_tmpfs(void)
{
	struct statfs a, b;
	int fd = must(open("f", O_RDONLY));

	memset(&a, 0xff, sizeof(a));
	is(statfs(".", &a), 0, "statfs");
	is(a.f_type, TMPFS, "the root is a tmpfs");
	is(a.f_bsize, 4096, "of pages");
	is(a.f_namelen, NAME_MAX, "whose names have up to 255 bytes");
	ok(a.f_bfree <= a.f_blocks, "no more free than there is");
	ok(a.f_bavail <= a.f_bfree, "nor available than free");
	ok(a.f_blocks > 0, "and there is something");
	is(fstatfs(fd, &b), 0, "fstatfs");
	is(b.f_type, a.f_type, "says the same of a file in it");
	is(b.f_blocks, a.f_blocks, "of the same size");
	is(memcmp(&a.f_fsid, &b.f_fsid, sizeof(a.f_fsid)), 0, "and name");
	close(fd);
}

static void
of_others(void)
{
	struct statfs sf;
	int p[2];

	must(statfs("/proc", &sf));
	is(sf.f_type, PROCFS, "/proc");
	must(pipe(p));
	is(fstatfs(p[0], &sf), 0, "a pipe");
	is(sf.f_type, PIPEFS, "is in a file system of pipes");
	close(p[0]);
	close(p[1]);
}

static void
refuses(void)
{
	struct statfs sf;
	char *border = page_border();

	is_errno(statfs("none", &sf), ENOENT, "nothing");
	is_errno(statfs("", &sf), ENOENT, "no name");
	is_errno(statfs("f/x", &sf), ENOTDIR, "below a file");
	is_errno(statfs("loop", &sf), ELOOP, "a loop");
	is_errno(fstatfs(-1, &sf), EBADF, "no descriptor");
	is_errno(raw(statfs, 8, &sf), EFAULT, "a bad path");
	is_errno(raw(statfs, ".", 8), EFAULT, "a bad buffer");
	is(raw(statfs, ".", border - sizeof(sf)), 0, "one that just fits");
	is_errno(raw(statfs, ".", border - sizeof(sf) + 8), EFAULT,
	    "one that does not");
}

static void
syncs(void)
{
	int fd = must(open("f", O_RDWR)), r = must(open("f", O_RDONLY));
	int dir = must(open(".", O_RDONLY)), p[2];
	int null = must(open("/dev/null", O_RDWR));

	sync();
	is(raw(sync), 0, "sync");
	must(pipe(p));
	for (int i = 0; i < 2; i++) {
		long (*call)(long, ...) = syscall;
		long nr = i ? SYS_fdatasync : SYS_fsync;
		const char *name = i ? "fdatasync" : "fsync";

		is(call(nr, fd), 0, "%s of a file", name);
		is(call(nr, r), 0, "%s of one open for reading", name);
		is(call(nr, dir), 0, "%s of a folder", name);
		is_errno(call(nr, p[0]), EINVAL, "%s of a pipe", name);
		is_errno(call(nr, null), EINVAL, "%s of /dev/null", name);
		is_errno(call(nr, -1), EBADF, "%s of no descriptor", name);
	}
	is(sync_file_range(fd, 0, 0, 7), 0, "sync_file_range of a file");
	is(sync_file_range(r, 1, 2, 0), 0, "with no flags");
	is(sync_file_range(dir, 0, LONG_MAX, 2), 0, "of a folder, to the end");
	is_errno(sync_file_range(fd, 0, 0, 8), EINVAL, "an unknown flag");
	is_errno(sync_file_range(p[0], 0, 0, 8), EINVAL, "of a pipe, too");
	is_errno(sync_file_range(fd, -1, 0, 7), EINVAL, "a negative offset");
	is_errno(sync_file_range(fd, 0, -1, 7), EINVAL, "a negative length");
	is_errno(sync_file_range(fd, 1, LONG_MAX, 7), EINVAL, "too far");
	is_errno(sync_file_range(p[0], 0, 0, 7), ESPIPE, "of a pipe");
	is_errno(sync_file_range(null, 0, 0, 7), ESPIPE, "of /dev/null");
	is_errno(sync_file_range(-1, 0, 0, 8), EBADF, "of no descriptor");
	close(p[0]);
	close(p[1]);
	close(null);
	close(dir);
	close(r);
	close(fd);
}

TEST(fs_statfs)
{
	file_make("f", "text");
	must(symlink("loop", "loop"));
	of_tmpfs();
	of_others();
	refuses();
	syncs();
}

/*
 * Blocks that nobody wants any more, told to the disk.  Not a test by itself,
 * for it wants a disk: tests/boot/discard.t, which looks at what is left of it.
 *
 *	/tests/guest @disk_discard_node DISK     sectors of one that is a file
 *	/tests/guest @disk_discard_trim DISK TYPE    what is free, by FITRIM
 *	/tests/guest @disk_discard_option DISK TYPE  what is freed, by a mount
 */
#include "caps.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#define MIB (1024 * 1024)

static int
discard(int fd, uint64_t from, uint64_t len)
{
	uint64_t range[2] = {from, len};

	return ioctl(fd, BLKDISCARD, range);
}

/* Bytes of the file from at on that are not the one they were. */
static size_t
lost(int fd, off_t at, size_t len, unsigned char was)
{
	static unsigned char buf[MIB];
	size_t n = 0;

	ensure(len <= sizeof(buf));
	ensure(pread(fd, buf, len, at) == (ssize_t)len);
	for (size_t i = 0; i < len; i++)
		n += buf[i] != was;
	return n;
}

HELPER(disk_discard_node)
{
	int fd = must(open(argv[2], O_RDWR));
	int ro = must(open(argv[2], O_RDONLY));
	static char bytes[4 * MIB];
	uint64_t size;

	memset(bytes, 'x', sizeof(bytes));
	must(ioctl(fd, BLKGETSIZE64, &size));
	is(write(fd, bytes, sizeof(bytes)), sizeof(bytes), "4 MiB of x");
	must(fsync(fd));
	is_errno(discard(ro, 0, 4096), EBADF, "who may only read");
	is_errno(discard(fd, 1, 4096), EINVAL, "half a sector");
	is_errno(discard(fd, 0, 511), EINVAL, "or less");
	is_errno(discard(fd, 0, size + 512), EINVAL, "beyond the end");
	is_errno(discard(fd, size, 512), EINVAL, "behind it");
	is_errno(discard(fd, -512ul, 1024), EINVAL, "round to the beginning");
	is_errno(ioctl(fd, BLKDISCARD, NULL), EFAULT, "nothing");
	is(lost(fd, 0, MIB, 'x'), 0, "all is there");
	is(discard(fd, MIB, 2 * MIB), 0, "two MiB in the middle");
	is(lost(fd, 0, MIB, 'x'), 0, "what is before is there");
	is(lost(fd, 3 * MIB, MIB, 'x'), 0, "what is behind, too");
	is(pwrite(fd, bytes, 512, 2 * MIB), 512, "they can be written to");
	is(lost(fd, 2 * MIB, 512, 'x'), 0, "and read");
	return 0;
}

/* ---- on a file system --------------------------------------------------- */

static void
mount_it(char **argv, const char *options)
{
	must(mkdir("/d", 0755));
	must(mount(argv[2], "/d", argv[3], 0, options));
	must(chdir("/d"));
}

static void
unmount_it(void)
{
	must(chdir("/"));
	must(umount("/d"));
	must(rmdir("/d"));
}

/* That many MiB of text, which is there to stay, or not. */
static void
fill(const char *path, int mib)
{
	static char bytes[MIB];
	int fd = must(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644));

	memset(bytes, *path, sizeof(bytes));
	for (int i = 0; i < mib; i++)
		ensure(write(fd, bytes, sizeof(bytes)) == sizeof(bytes));
	must(fsync(fd));
	close(fd);
}

static bool
is_whole(const char *path, int mib)
{
	int fd = must(open(path, O_RDONLY));
	size_t n = 0;

	for (int i = 0; i < mib; i++)
		n += lost(fd, (off_t)i * MIB, MIB, *path);
	close(fd);
	return n == 0;
}

static int64_t
trim(const char *path, uint64_t from, uint64_t len, uint64_t least)
{
	struct fstrim_range range = {from, len, least};
	int fd = must(open(path, O_RDONLY));
	int result = ioctl(fd, FITRIM, &range), error = errno;

	close(fd);
	errno = error;
	return result < 0 ? result : (int64_t)range.len;
}

static void
as_nobody(void)
{
	must(setuid(1234));
	is_errno(trim(".", 0, -1ul, 0), EPERM, "FITRIM by somebody");
}

static int
trim_some(void)
{
	return trim(".", 0, MIB, 0) < 0 ? -1 : 0;
}

static const struct deed trimming = {
    "FITRIM", CAP_SYS_ADMIN, 0, EPERM, NULL, trim_some};

HELPER(disk_discard_trim)
{
	struct statfs st;
	int64_t done, free_bytes;

	mount_it(argv, NULL);
	fill("a", 2);
	fill("gone", 16);
	fill("b", 2);
	must(unlink("gone"));
	sync();
	lives(as_nobody, "somebody");
	caps_try(&trimming);
	must(statfs(".", &st));
	free_bytes = (int64_t)st.f_bfree * st.f_bsize;
	is_errno(trim(".", 1ul << 50, 4096, 0), EINVAL, "beyond the end");
	is_errno(trim(".", 0, 0, 0), EINVAL, "no blocks");
	is_errno(
	    trim(".", 0, -1ul, 1ul << 40), EINVAL, "runs as long as never");
	is_errno(trim("/", 0, -1ul, 0), ENOTTY, "of what is on no disk");
	done = trim("a", 0, MIB, 0);
	ok(done >= 0 && done <= MIB, "the first MiB: %ld", (long)done);
	done = trim(".", 0, -1ul, 4 * MIB);
	ok(done >= 4 * MIB && done < free_bytes, "in runs of 4 MiB: %ld of %ld",
	    (long)done, (long)free_bytes);
	done = trim(".", 0, -1ul, 0);
	ok(done > 0 && done <= free_bytes, "all: %ld", (long)done);
	ok(is_whole("a", 2) && is_whole("b", 2), "the files are whole");
	fill("c", 4);
	ok(is_whole("c", 4), "a new one, too");
	unmount_it();
	mount_it(argv, NULL);
	ok(is_whole("a", 2) && is_whole("b", 2) && is_whole("c", 4),
	    "and after another mount");
	must(mount(NULL, "/d", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	unmount_it();
	return 0;
}

HELPER(disk_discard_option)
{
	char line[400];
	bool shown = false;
	FILE *f;

	mount_it(argv, "discard");
	f = fopen("/proc/mounts", "r");
	while (fgets(line, sizeof(line), f))
		shown |= strstr(line, " /d ") && strstr(line, ",discard");
	fclose(f);
	ok(shown, "/proc/mounts has the option");
	fill("a", 2);
	fill("gone", 16);
	fill("b", 2);
	must(unlink("gone"));
	is(truncate("b", MIB), 0, "half of another one");
	sync();
	ok(is_whole("a", 2) && is_whole("b", 1), "the rest is there");
	fill("c", 4);
	ok(is_whole("c", 4) && is_whole("a", 2), "and more");
	must(unlink("c"));
	must(mount(NULL, "/d", NULL, MS_REMOUNT, "nodiscard"));
	sync();
	unmount_it();
	return 0;
}

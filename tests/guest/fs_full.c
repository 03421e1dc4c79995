/* A tmpfs with a size: it fills up, says so, and comes back. */
#include "files.h"

#include <sys/mount.h>
#include <sys/vfs.h>

#define SIZE_BYTES (64 * 4096L)

static long
free_blocks(void)
{
	struct statfs sf;

	must(statfs("m", &sf));
	return sf.f_bfree;
}

static void
says_its_size(void)
{
	struct statfs sf;
	struct stat st;

	must(statfs("m", &sf));
	is(sf.f_bsize * sf.f_blocks, SIZE_BYTES, "statfs knows the size");
	is(sf.f_bfree, sf.f_blocks, "all of it free");
	must(stat("m", &st));
	is(st.st_mode & 07777, 0750, "and the root has the mode asked for");
	is(st.st_uid, USER, "and the owner");
	is(st.st_gid, OTHER, "and the group");
}

static void
fills(void)
{
	static char buf[4096 * 3];
	int fd = must(open("m/f", O_CREAT | O_RDWR, 0600));
	long total = 0;
	ssize_t n;

	while ((n = write(fd, buf, sizeof(buf))) > 0)
		total += n;
	is_errno(write(fd, buf, 1), ENOSPC, "a full file system says so");
	is(total, SIZE_BYTES, "when as much as it holds was written");
	is(file_size("m/f"), SIZE_BYTES, "and kept");
	is(free_blocks(), 0, "nothing is free");
	is(pwrite(fd, "x", 1, 5), 1, "what is there can still be written");
	is(ftruncate(fd, SIZE_BYTES - 4096), 0, "a page given back");
	is(free_blocks(), 1, "is free");
	is(pwrite(fd, buf, 8192, SIZE_BYTES - 4096), 4096,
	    "and lets half a write pass");
	unlink("m/f");
	is(free_blocks(), 0, "a removed file that is open takes its room");
	close(fd);
	is(free_blocks(), SIZE_BYTES / 4096, "until it is closed");
}

/* Is there a line with both? */
static bool
is_in_mounts(const char *type, const char *options)
{
	FILE *f = fopen("/proc/mounts", "r");
	char line[512];
	bool is = false;

	ensure(f != NULL);
	while (fgets(line, sizeof(line), f))
		is |= strstr(line, type) && strstr(line, options);
	fclose(f);
	return is;
}

TEST(fs_full)
{
	char options[64];

	must(mkdir("m", 0755));
	snprintf(options, sizeof(options), "size=%ldk,mode=750,uid=%d,gid=%d",
	    SIZE_BYTES / 1024, USER, OTHER);
	is(mount("none", "m", "tmpfs", 0, options), 0, "a tmpfs with a size");
	ok(is_in_mounts("/m tmpfs ", options), "/proc/mounts has its options");
	says_its_size();
	fills();
	is(umount("m"), 0, "and away");
}

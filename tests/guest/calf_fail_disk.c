/*
 * Allocations that fail while a disk is changed, of which nothing is in memory:
 * each call says ENOMEM or succeeds, and the disk can be written to as before.
 * Not a test by itself, for it wants a disk: tests/boot/disk-memory.t.
 *
 *	/tests/guest @calf_fail_disk DISK TYPE
 */
#include "fail.h"
#include "files.h"

#include <dirent.h>
#include <sys/mount.h>

enum {
	MAX_TRIES = 200,
	NR_NAMES =
	    64, /* of NAME_MAX bytes, more than a block of a folder has */
	NR_BLOCKS = 30,
	BLOCK = 4096,
};

static const char *disk, *type;

/* A long name, in the folder. */
static const char *
name_of(int nr)
{
	static char name[4 + NAME_MAX + 1];

	memset(name, 'n', sizeof(name) - 1);
	memcpy(name, "dir/", 4);
	name[4] = (char)('A' + nr / 8);
	name[5] = (char)('a' + nr % 8);
	return name;
}

static void
make_empty(const char *path)
{
	must(close(must(open(path, O_CREAT | O_WRONLY, 0644))));
}

/* A folder whose blocks have no room for one more long name. */
static void
make_full(void)
{
	off_t size;
	int nr = 0;

	must(mkdir("dir", 0755));
	size = file_size("dir");
	while (nr < NR_NAMES && file_size("dir") == size)
		make_empty(name_of(nr++));
	must(unlink(name_of(nr - 1)));
	/* The block that it got goes with the folder alone. */
	must(rename("dir", "old"));
	must(mkdir("dir", 0755));
	for (int i = 0; i < nr - 1; i++)
		make_empty(name_of(i));
	ensure(file_size("dir") == size);
}

static void
make_all(void)
{
	static char bytes[BLOCK];
	int fd;

	make_full();
	file_make("a", "a");
	file_make("b", "b");
	must(mkdir("empty", 0755));
	fd = must(open("long", O_CREAT | O_RDWR, 0644));
	for (int i = 0; i < NR_BLOCKS; i++)
		must(pwrite(fd, bytes, BLOCK, (off_t)i * 3 * BLOCK));
	must(close(fd));
}

static int
error_of(long result)
{
	return result < 0 ? errno : 0;
}

static int
try_create(void)
{
	int fd = open(name_of(NR_NAMES), O_CREAT | O_EXCL | O_WRONLY, 0644);
	int err = error_of(fd);

	if (fd >= 0)
		close(fd);
	return err;
}

static int
try_mkdir(void)
{
	return error_of(mkdir(name_of(NR_NAMES), 0755));
}

static int
try_link(void)
{
	return error_of(link("a", name_of(NR_NAMES)));
}

static int
try_symlink(void)
{
	char target[128];

	memset(target, 't', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	return error_of(symlink(target, name_of(NR_NAMES)));
}

static int
try_rename(void)
{
	return error_of(rename("a", name_of(NR_NAMES)));
}

static int
try_rename_over(void)
{
	return error_of(rename("a", "b"));
}

static int
try_unlink(void)
{
	return error_of(unlink("a"));
}

static int
try_unlink_long(void)
{
	return error_of(unlink("long"));
}

static int
try_rmdir(void)
{
	return error_of(rmdir("empty"));
}

static int
try_truncate(void)
{
	return error_of(truncate("long", BLOCK + 1));
}

static int
try_write(void)
{
	int fd = open("a", O_WRONLY);
	int err = error_of(fd < 0 ? fd : pwrite(fd, "x", 1, 100 * BLOCK));

	if (fd >= 0)
		close(fd);
	return err;
}

static const struct change {
	const char *name;
	int (*try)(void);
} changes[] = {
    {"create", try_create},
    {"mkdir", try_mkdir},
    {"link", try_link},
    {"symlink", try_symlink},
    {"rename", try_rename},
    {"rename over a file", try_rename_over},
    {"unlink", try_unlink},
    {"unlink of a long file", try_unlink_long},
    {"rmdir", try_rmdir},
    {"truncate", try_truncate},
    {"write", try_write},
};

static void
mount_disk(void)
{
	must(mount(disk, "/mnt", type, 0, NULL));
	must(chdir("/mnt"));
}

static void
unmount_disk(void)
{
	must(chdir("/"));
	must(umount("/mnt"));
}

/* Whether it comes to the disk, now. */
static bool
can_write(void)
{
	int fd = open("probe", O_CREAT | O_RDWR, 0644);
	bool can = fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return can;
}

/* Another name in the folder: what had failed is in nobody's way. */
static bool
can_go_on(void)
{
	int fd = open(name_of(NR_NAMES + 1), O_CREAT | O_RDWR, 0644);

	if (fd >= 0)
		close(fd);
	return fd >= 0 && can_write();
}

static void
remove_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && unlinkat(dirfd(d), e->d_name, 0) < 0)
			must(unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR));
	closedir(d);
	must(rmdir(path));
}

static void
clear(void)
{
	static const char *const files[] = {"a", "b", "long", "probe"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(files[i]);
	remove_folder("dir");
	remove_folder("old");
	remove_folder("empty");
}

static void
try_all(const struct change *c)
{
	int n, verdict = REFUSED;
	bool goes_on = true;

	for (n = 1; n < MAX_TRIES && goes_on; n++) {
		clear();
		make_all();
		unmount_disk();
		mount_disk();
		fail_after(n, false);
		verdict = fail_verdict(c->try(), n);
		if (verdict != REFUSED && verdict != ANYWAY)
			break;
		goes_on = can_go_on();
	}
	ok(goes_on, "%s, allocation %d failing: writing goes on", c->name, n);
	is(verdict, DONE, "%s: without failures it is done", c->name);
}

HELPER(calf_fail_disk)
{
	ensure(argc == 4);
	disk = argv[2];
	type = argv[3];
	mkdir("/mnt", 0755);
	mount_disk();
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		try_all(&changes[i]);
	unmount_disk();
	fail_audit();
	return 0;
}

/*
 * The last blocks of a disk, which are root's.  Not a test by itself, for it
 * wants a disk to fill: tests/boot/disk-mount.t.
 *
 *	/tests/guest @disk_room DISK TYPE
 *
 * The disk keeps blocks for root, and for user 3000 if ROOM_USER is set.
 */
#include "files.h"

#include <sys/mount.h>
#include <sys/statfs.h>

enum {
	KIB = 1024,
	FRIEND = 3000,
};

/* So many KiB go to the end of a file before there is no room. */
static int
fill(const char *path)
{
	static char piece[KIB];
	int fd = must(open(path, O_CREAT | O_WRONLY | O_APPEND, 0644));
	int n = 0;

	memset(piece, 'x', sizeof(piece));
	while (write(fd, piece, KIB) == KIB)
		n++;
	is(errno, ENOSPC, "%s: in the end there is no room", path);
	must(close(fd));
	return n;
}

/* calf asks for as many blocks as a write might need, so a few are left. */
static void
fill_as_user(void)
{
	char name[32];
	int n = 0;

	ok(fill("/mnt/u/file") > 0, "a user fills what is not root's");
	do
		snprintf(name, sizeof(name), "/mnt/u/d%d", n);
	while (mkdir(name, 0700) == 0 && n++ < 16);
	is(errno, ENOSPC, "no folder for him, either");
}

/* A page of a hole gets its block when it is written to. */
static void
map_as_user(void)
{
	int fd = must(open("/mnt/u/hole", O_CREAT | O_RDWR, 0644));
	char *p;

	must(ftruncate(fd, 16 * 4096));
	p = must(
	    mmap(NULL, 16 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	for (int i = 0; i < 16; i++)
		p[i * 4096] = 1;
	_exit(0);
}

static void
fill_as_friend(void)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		become(FRIEND, FRIEND);
		ok(fill("/mnt/u/friend") > 100, "whose the last are has them");
		_exit(0);
	}
	is(wait_status(pid), 0, "and ended well");
}

/* For who compares: how large the disk is, without what is not for files. */
static void
tell_size(const struct statfs *sf)
{
	note("size %lu blocks of %lu", (unsigned long)sf->f_blocks,
	    (unsigned long)sf->f_bsize);
}

HELPER(disk_room)
{
	struct statfs before, full;
	pid_t pid;

	ensure(argc == 4);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, NULL));
	must(statfs("/mnt", &before));
	tell_size(&before);
	ok(before.f_bavail < before.f_bfree, "statfs knows of two kinds");
	ok((before.f_bfree - before.f_bavail) * before.f_bsize > 400 * KIB,
	    "some blocks are kept");
	must(mkdir("/mnt/u", 0777));
	must(chmod("/mnt/u", 0777));
	as_user(fill_as_user);
	must(statfs("/mnt", &full));
	ok(full.f_bavail == 0, "nothing is left for a user");
	ok(full.f_bfree * full.f_bsize > 400 * KIB, "and much for root");
	pid = must(fork());
	if (pid == 0) {
		become(USER, USER);
		map_as_user();
	}
	is(wait_status(pid), SIGBUS, "nor by a mapping");
	if (getenv("ROOM_USER"))
		fill_as_friend();
	else
		ok(fill("/mnt/u/roots") > 400, "root goes on");
	must(statfs("/mnt", &full));
	ok(full.f_bfree < 8, "until nothing is left");
	must(umount("/mnt"));
	return 0;
}

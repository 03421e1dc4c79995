/*
 * A tree on a disk, made by changes that a seed draws, for another kernel to
 * read.  Not a test by itself: tests/boot/both-ways.t.
 *
 *	/tests/guest @disk_make DISK TYPE[,OPTIONS] SEED CHANGES
 *
 * When all is made and synced, the tree is shown as disk_tree shows it.
 */
#include "tap.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum {
	NR_DIRS = 6,
	NR_NAMES = 60, /* in each of them */
	MOST_BYTES = 300000,
	FAR = 5 << 20,   /* where two levels of numbers are needed */
	DEEP = 70 << 20, /* three */
};

static unsigned long state;

static unsigned long
draw(unsigned long below)
{
	state = state * 6364136223846793005ul + 1442695040888963407ul;
	return (state >> 33) % below;
}

/* A name that may be there or not; some are as long as names may be. */
static const char *
draw_name(char *path)
{
	unsigned long dir = draw(NR_DIRS), name = draw(NR_NAMES);

	if (name % 20 == 7)
		sprintf(path, "d%lu/%0255lu", dir, name);
	else
		sprintf(path, "d%lu/name-%lu", dir, name);
	return path;
}

static char *
draw_bytes(size_t nr)
{
	static char bytes[MOST_BYTES];

	for (size_t i = 0; i < nr; i += 64)
		memset(bytes + i, (int)draw(256), nr - i < 64 ? nr - i : 64);
	return bytes;
}

/* ---- changes: each may find that it cannot be, which is right ------------ */

static void
write_file(void)
{
	char path[300];
	size_t nr = 1 + draw(draw(8) ? 9000 : MOST_BYTES);
	off_t at = draw(4) ? 0 : (off_t)draw(draw(9) ? 200000 : FAR);
	int flags = O_CREAT | O_WRONLY | O_NONBLOCK | (draw(3) ? 0 : O_APPEND);
	int fd = open(draw_name(path), flags | (draw(3) ? 0 : O_TRUNC), 0640);

	if (fd < 0)
		return;
	ensure(pwrite(fd, draw_bytes(nr), nr, at) == (ssize_t)nr);
	must(close(fd));
}

static void
cut_file(void)
{
	char path[300];

	(void)!truncate(draw_name(path), (off_t)draw(draw(9) ? 100000 : FAR));
}

static void
write_mapped(void)
{
	char path[300];
	int fd = open(draw_name(path), O_RDWR | O_NONBLOCK);
	struct stat st;
	char *p;

	if (fd < 0)
		return;
	must(fstat(fd, &st));
	if (S_ISREG(st.st_mode) && st.st_size > 0) {
		p = must(mmap(NULL, st.st_size, PROT_READ | PROT_WRITE,
		    MAP_SHARED, fd, 0));
		for (int i = 0; i < 5; i++)
			p[draw(st.st_size)] = (char)draw(256);
		must(munmap(p, st.st_size));
	}
	must(close(fd));
}

static void
make_link(void)
{
	char path[300], target[1000];
	size_t nr = 1 + draw(draw(2) ? 70 : sizeof(target) - 1);

	memset(target, 'a' + (int)draw(26), nr);
	target[nr] = '\0';
	(void)!symlink(target, draw_name(path));
}

static void
make_other(void)
{
	char path[300];

	draw_name(path);
	if (draw(2))
		(void)!mkdir(path, 0755);
	else if (draw(2))
		(void)!mknod(path, S_IFIFO | 0600, 0);
	else
		(void)!mknod(
		    path, S_IFBLK | 0600, makedev(draw(4096), draw(1 << 20)));
}

static void
name_again(void)
{
	char from[300], to[300];

	draw_name(from);
	draw_name(to);
	if (draw(3) == 0)
		(void)!link(from, to);
	else
		(void)!syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to,
		    draw(3)); /* 1: not over another, 2: exchange */
}

static void
remove_name(void)
{
	char path[300];

	if (unlink(draw_name(path)))
		(void)!rmdir(path);
}

static void
set_attributes(void)
{
	char path[300];
	struct timespec t[2] = {
	    {.tv_nsec = UTIME_OMIT},
	    {.tv_sec = (long)draw(1ul << 31),
		.tv_nsec = (long)draw(1000000000)},
	};

	draw_name(path);
	(void)!lchown(path, (uid_t)draw(100000), (gid_t)draw(100000));
	(void)!fchmodat(AT_FDCWD, path, (mode_t)draw(07777), 0);
	(void)!utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
}

static void
change(void)
{
	static void (*const changes[])(void) = {write_file, write_file,
	    write_file, cut_file, write_mapped, make_link, make_other,
	    name_again, name_again, remove_name, set_attributes};

	changes[draw(sizeof(changes) / sizeof(changes[0]))]();
	if (draw(200) == 0)
		sync();
}

/* ---- all of it ----------------------------------------------------------- */

static void
make_deep(void)
{
	int fd = must(open("deep", O_CREAT | O_WRONLY | O_EXCL, 0600));

	for (off_t at = DEEP; at > 100; at /= 3)
		ensure(pwrite(fd, draw_bytes(1000), 1000, at) == 1000);
	must(close(fd));
}

/* A file without a name: whoever mounts the copy has to free it. */
static int
make_nameless(void)
{
	int fd = must(open("nameless", O_CREAT | O_WRONLY | O_EXCL, 0600));

	ensure(write(fd, draw_bytes(100000), 100000) == 100000);
	must(unlink("nameless"));
	return fd;
}

static void
show_tree(const char *self)
{
	pid_t pid;

	fflush(stdout);
	pid = must(fork());
	if (pid == 0) {
		execl(self, self, "@disk_tree", "/mnt", NULL);
		_exit(127);
	}
	ensure(wait_status(pid) == 0);
}

HELPER(disk_make)
{
	char type[64], name[8], *options;
	int nameless;

	ensure(argc == 6 && strlen(argv[3]) < sizeof(type));
	strcpy(type, argv[3]);
	options = strchr(type, ',');
	if (options)
		*options++ = '\0';
	state = strtoul(argv[4], NULL, 10);
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", type, MS_NOATIME, options));
	must(chdir("/mnt"));
	for (int i = 0; i < NR_DIRS; i++) {
		sprintf(name, "d%d", i);
		must(mkdir(name, 0755));
	}
	for (int i = atoi(argv[5]); i > 0; i--)
		change();
	make_deep();
	nameless = make_nameless();
	sync();
	show_tree(argv[0]);
	must(close(nameless));
	must(chdir("/"));
	must(umount("/mnt"));
	return 0;
}

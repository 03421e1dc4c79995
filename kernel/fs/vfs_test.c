/*
 * The same random calls on calf's files and on the host's, which is Linux too:
 * each must answer the same, and in the end the trees must be the same.
 */
/* links: fs/anon.c fs/attr.c fs/cred.c fs/dentry.c fs/devfs.c fs/devmem.c */
/* links: fs/file.c fs/file_rw.c fs/fs_context.c fs/getcwd.c fs/inode.c */
/* links: fs/mount.c fs/namei_attr.c fs/namei_mount.c fs/namei_names.c */
/* links: fs/remount.c fs/lock_book.c fs/lock_range.c fs/lock_wait.c */
/* links: fs/namei_open.c fs/namei_rename.c fs/pipe.c fs/pipe_ends.c */
/* links: fs/procfs.c */
/* links: fs/regular.c fs/seq.c fs/tmpfs.c fs/tmpfs_dir.c fs/walk.c */
/* links: mm/object_fill.c mm/reclaim.c */
/* links: dev/chardev.c mm/iovec.c mm/object.c mm/object_dirty.c lib/fmt.c */
/* links: lib/rbtree.c */
/* links: lib/errno.c lib/string.c lib/xmap.c ../tests/host/fake_kernel.c */
/* links: ../tests/host/fake_disks.c */
/* links: fs/mount_options.c fs/tmpfs_ino.c lib/bitmap.c */
#include "fake_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/namei.h"
#include "lib/errno.h"

#define NR_CALLS   20000
#define PATH_BYTES 160
#define LINK_BYTES 160

static struct fs_who who;
static struct file *base; /* calf's folder */
static int base_fd;       /* the host's */
static bool can_exchange;

static u64
below(u64 end)
{
	return fake_random() % end;
}

/* ---- paths ------------------------------------------------------------ */

/*
 * Neither leaves the folder: `..` stands only behind a name, and links lead
 * strictly below the folder that they are in, so that `..` behind one leads no
 * higher than there.
 */
static void
random_path(char *path, bool is_target)
{
	static const char *const names[] = {"a", "b", "c", "d", "e",
	    "a-name-that-is-longer-than-most-others-are"};
	u32 nr = 1 + below(3), depth = 0, i;

	*path = '\0';
	for (i = 0; i < nr; i++) {
		const char *name = names[below(ARRAY_SIZE(names))];
		u64 what = below(16);

		if (what == 0 && depth > 0 && !is_target)
			name = "..";
		else if (what == 1 && depth > 0)
			name = ".";
		if (strcmp(name, "..") == 0)
			depth--;
		else if (strcmp(name, ".") != 0)
			depth++;
		sprintf(path + strlen(path), "%s%s", i ? "/" : "", name);
	}
	if (below(10) == 0)
		strcat(path, "/");
}

static struct fs_name
ours(const char *path)
{
	return fs_name(base, path);
}

/* ---- calls, each made twice ------------------------------------------------
 */

struct call {
	char a[PATH_BYTES];
	char b[PATH_BYTES];
	u32 flags;
	u32 mode;
};

static int
host_result(int result)
{
	return result < 0 ? -errno : 0;
}

static int
open_theirs(const struct call *c)
{
	int fd = openat(base_fd, c->a, c->flags | O_NONBLOCK, c->mode), err;

	if (fd < 0)
		return -errno;
	err = write(fd, c->b, strlen(c->b)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static int
open_ours(const struct call *c)
{
	struct file *f;
	struct iov_iter it;
	s64 n;
	int err =
	    namei_open(&who, ours(c->a), c->flags | O_NONBLOCK, c->mode, &f);

	if (err < 0)
		return err;
	iov_init_kernel(&it, (void *)c->b, strlen(c->b));
	n = file_write(&who, f, &it);
	file_put(f);
	return n < 0 ? (int)n : 0;
}

static int
rename_theirs(const struct call *c)
{
	return host_result(renameat2(base_fd, c->a, base_fd, c->b, c->flags));
}

static int
rename_ours(const struct call *c)
{
	return namei_rename(&who, ours(c->a), ours(c->b), c->flags);
}

static int
mkdir_theirs(const struct call *c)
{
	return host_result(mkdirat(base_fd, c->a, c->mode));
}

static int
mkdir_ours(const struct call *c)
{
	return namei_mkdir(&who, ours(c->a), c->mode);
}

static int
rmdir_theirs(const struct call *c)
{
	return host_result(unlinkat(base_fd, c->a, AT_REMOVEDIR));
}

static int
rmdir_ours(const struct call *c)
{
	return namei_rmdir(&who, ours(c->a));
}

static int
unlink_theirs(const struct call *c)
{
	return host_result(unlinkat(base_fd, c->a, 0));
}

static int
unlink_ours(const struct call *c)
{
	return namei_unlink(&who, ours(c->a));
}

static int
symlink_theirs(const struct call *c)
{
	return host_result(symlinkat(c->b, base_fd, c->a));
}

static int
symlink_ours(const struct call *c)
{
	return namei_symlink(&who, c->b, ours(c->a));
}

static int
link_theirs(const struct call *c)
{
	int flags = (c->flags & 1) ? AT_SYMLINK_FOLLOW : 0;

	return host_result(linkat(base_fd, c->a, base_fd, c->b, flags));
}

static int
link_ours(const struct call *c)
{
	return namei_link(
	    &who, ours(c->a), ours(c->b), (c->flags & 1) ? 0 : NAMEI_NOFOLLOW);
}

static int
fifo_theirs(const struct call *c)
{
	return host_result(mknodat(base_fd, c->a, S_IFIFO | c->mode, 0));
}

static int
fifo_ours(const struct call *c)
{
	return namei_mknod(&who, ours(c->a), S_IFIFO | c->mode, 0);
}

static int
chmod_theirs(const struct call *c)
{
	return host_result(fchmodat(base_fd, c->a, c->mode, 0));
}

static int
chmod_ours(const struct call *c)
{
	return namei_chmod(&who, ours(c->a), 0, c->mode);
}

static int
readlink_theirs(const struct call *c)
{
	char buf[LINK_BYTES];

	return host_result((int)readlinkat(base_fd, c->a, buf, sizeof(buf)));
}

static int
readlink_ours(const struct call *c)
{
	char buf[LINK_BYTES];
	size_t len;

	return namei_readlink(&who, ours(c->a), buf, sizeof(buf), &len);
}

static const struct {
	const char *name;
	int (*theirs)(const struct call *c);
	int (*ours)(const struct call *c);
	u32 weight;
} calls[] = {
    {"open", open_theirs, open_ours, 5},
    {"mkdir", mkdir_theirs, mkdir_ours, 4},
    {"rename", rename_theirs, rename_ours, 5},
    {"symlink", symlink_theirs, symlink_ours, 2},
    {"link", link_theirs, link_ours, 2},
    {"unlink", unlink_theirs, unlink_ours, 3},
    {"rmdir", rmdir_theirs, rmdir_ours, 2},
    {"mkfifo", fifo_theirs, fifo_ours, 1},
    {"chmod", chmod_theirs, chmod_ours, 1},
    {"readlink", readlink_theirs, readlink_ours, 1},
};

/* One of the calls, as often as its weight says. */
static u32
random_which(void)
{
	u32 sum = 0, i;
	u64 at;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		sum += calls[i].weight;
	at = below(sum);
	for (i = 0; at >= calls[i].weight; i++)
		at -= calls[i].weight;
	return i;
}

static const u32 open_flags[] = {O_CREAT, O_EXCL, O_TRUNC, O_APPEND,
    O_DIRECTORY, O_NOFOLLOW, O_PATH, O_WRONLY, O_RDWR};
static const u32 rename_flags[] = {
    0, 0, 0, 1 /* NOREPLACE */, 2 /* EXCHANGE */, 3, 8};

static void
random_call(u32 which, struct call *c)
{
	u32 i;

	random_path(c->a, false);
	random_path(c->b, calls[which].ours == symlink_ours);
	c->mode = below(4) ? 0777 : below(010000);
	c->flags = below(2);
	if (calls[which].ours == rename_ours)
		c->flags = rename_flags[below(
		    can_exchange ? ARRAY_SIZE(rename_flags) : 4)];
	if (calls[which].ours != open_ours)
		return;
	c->flags = 0;
	for (i = 0; i < ARRAY_SIZE(open_flags); i++)
		if (below(4) == 0)
			c->flags |= open_flags[i];
	/* Three would be neither of them. */
	if ((c->flags & O_ACCMODE) == O_ACCMODE)
		c->flags &= ~O_WRONLY;
}

/* ---- comparing --------------------------------------------------------------
 */

static void
compare_links(const char *path)
{
	char mine[LINK_BYTES] = {0}, theirs[LINK_BYTES] = {0};
	size_t len;

	assert_true(readlinkat(base_fd, path, theirs, sizeof(theirs)) > 0);
	assert_int_equal(
	    namei_readlink(&who, ours(path), mine, sizeof(mine), &len), 0);
	assert_string_equal(mine, theirs);
}

static void
compare_one(const char *path)
{
	struct file_stat mine;
	struct stat theirs;
	int err = namei_stat(&who, ours(path), NAMEI_NOFOLLOW, &mine);

	assert_int_equal(err,
	    host_result(fstatat(base_fd, path, &theirs, AT_SYMLINK_NOFOLLOW)));
	if (err < 0)
		return;
	assert_int_equal(mine.mode, theirs.st_mode);
	if (S_ISLNK(mine.mode))
		compare_links(path);
	if (S_ISREG(mine.mode))
		assert_int_equal(mine.size_bytes, theirs.st_size);
	/* File systems differ in what they count for a folder. */
	if (!S_ISDIR(mine.mode))
		assert_int_equal(mine.nlink, theirs.st_nlink);
}

/* From time to time: the folder itself may have been closed to its owner. */
static void
recover(void)
{
	assert_int_equal(fchmod(base_fd, 0777), 0);
	assert_int_equal(file_chmod(&who, base, 0777), 0);
	vfs_check();
}

static void
test_same_as_linux(void **state)
{
	struct call c;
	u32 i;

	(void)state;
	for (i = 0; i < NR_CALLS; i++) {
		u32 which = random_which();
		int mine, theirs;

		random_call(which, &c);
		theirs = calls[which].theirs(&c);
		mine = calls[which].ours(&c);
		if (mine != theirs)
			fail_msg("call %u: %s %s %s flags %#o: %s, Linux: %s",
			    i, calls[which].name, c.a, c.b, c.flags,
			    errno_name(mine), errno_name(theirs));
		assert_int_equal(fake_nr_mutexes, 0);
		compare_one(c.a);
		compare_one(c.b);
		if (i % 1000 == 0)
			recover();
	}
}

/* ---- a folder for each ------------------------------------------------ */

static char host_dir[] = "/tmp/vfs_test.XXXXXX";

static void
probe_exchange(void)
{
	mkdirat(base_fd, "x", 0700);
	mkdirat(base_fd, "y", 0700);
	can_exchange = renameat2(base_fd, "x", base_fd, "y", 2) == 0;
	unlinkat(base_fd, "x", AT_REMOVEDIR);
	unlinkat(base_fd, "y", AT_REMOVEDIR);
}

static int
set_up(void **state)
{
	struct fs_name name = fs_name(NULL, "/base");
	char options[64];
	struct cred *cred;

	(void)state;
	umask(022);
	if (!mkdtemp(host_dir) || chmod(host_dir, 0777) < 0)
		return -1;
	base_fd = open(host_dir, O_RDONLY | O_DIRECTORY);
	probe_exchange();
	vfs_init();
	assert_int_equal(cred_create(0, &cred), 0);
	cred->euid = cred->fsuid = geteuid();
	cred->egid = cred->fsgid = getegid();
	who = *fs_who_kernel();
	who.cred = cred;
	assert_int_equal(namei_mkdir(fs_who_kernel(), name, 0777), 0);
	sprintf(options, "mode=777,nr_inodes=0,uid=%u,gid=%u", geteuid(),
	    getegid());
	assert_int_equal(
	    namei_mount(fs_who_kernel(), NULL, name, "tmpfs", 0, options), 0);
	return namei_open(&who, name, O_RDONLY | O_DIRECTORY, 0, &base);
}

static int
tear_down(void **state)
{
	char command[160];

	(void)state;
	file_put(base);
	cred_put(who.cred);
	close(base_fd);
	sprintf(
	    command, "chmod -R u+rwx '%s'; rm -rf '%s'", host_dir, host_dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_as_linux),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

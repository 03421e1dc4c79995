/*
 * The archive that a machine starts with, as the ordinary calls of fs/ would
 * make its files: as root, from the top, with no mask.
 *
 * Links of one file have one number in the archive; the first makes the file,
 * the others link to it by the name it had, and the one with data fills it.
 */
#include "fs/initramfs.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#include "core/printk.h"
#include "dev/chardev.h"
#include "fs/namei.h"
#include "lib/cpio.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/slab.h"

/* A file with several links, and the name it was made by. */
struct linked {
	struct list link;
	u32 archive;
	u32 dev_major;
	u32 dev_minor;
	u32 ino;
	char path[];
};

struct unpack {
	struct fs_who who;
	struct list linked; /* struct linked */
	char path[PATH_MAX_BYTES];
};

/* From the root, whatever the name begins with. */
static int
set_path(struct unpack *u, const char *name)
{
	while (*name == '/')
		name++;
	if (strlen(name) + 2 > sizeof(u->path))
		return -ENAMETOOLONG;
	u->path[0] = '/';
	(void)!str_copy(u->path + 1, sizeof(u->path) - 1, name);
	return 0;
}

static int
write_file(struct unpack *u, const struct cpio_entry *e)
{
	struct iov_iter it;
	struct file *f;
	s64 done;
	int err;

	err = namei_open(&u->who, fs_name(NULL, u->path),
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, e->mode & 07777, &f);
	if (err < 0)
		return err;
	iov_init_kernel(&it, (void *)e->data, e->len_bytes);
	done = e->len_bytes > 0 ? file_write(&u->who, f, &it) : 0;
	/* The mode again: writing takes the set-id bits away. */
	err = file_chmod(&u->who, f, e->mode & 07777);
	file_put(f);
	if (done < 0)
		return (int)done;
	return done == e->len_bytes ? err : -ENOSPC;
}

static struct linked *
find_linked(struct unpack *u, const struct cpio_entry *e)
{
	struct linked *l;

	list_for_each (l, &u->linked, link)
		if (l->archive == e->archive && l->ino == e->ino &&
		    l->dev_major == e->dev_major &&
		    l->dev_minor == e->dev_minor)
			return l;
	return NULL;
}

static int
remember(struct unpack *u, const struct cpio_entry *e)
{
	size_t len = strlen(u->path) + 1;
	struct linked *l = kmalloc(sizeof(*l) + len);

	if (l == NULL)
		return -ENOMEM;
	l->archive = e->archive;
	l->dev_major = e->dev_major;
	l->dev_minor = e->dev_minor;
	l->ino = e->ino;
	memcpy(l->path, u->path, len);
	list_push_back(&u->linked, &l->link);
	return 0;
}

static int
make_regular(struct unpack *u, const struct cpio_entry *e)
{
	struct linked *l = e->nlink > 1 ? find_linked(u, e) : NULL;
	int err;

	if (l == NULL) {
		err = write_file(u, e);
		return err == 0 && e->nlink > 1 ? remember(u, e) : err;
	}
	err = namei_link(&u->who, fs_name(NULL, l->path),
	    fs_name(NULL, u->path), NAMEI_NOFOLLOW);
	return err == 0 && e->len_bytes > 0 ? write_file(u, e) : err;
}

static int
make_symlink(struct unpack *u, const struct cpio_entry *e)
{
	char *target = kmalloc(e->len_bytes + 1ul);
	int err;

	if (target == NULL)
		return -ENOMEM;
	memcpy(target, e->data, e->len_bytes);
	target[e->len_bytes] = 0;
	err = namei_symlink(&u->who, target, fs_name(NULL, u->path));
	kfree(target);
	return err;
}

static int
make_dir(struct unpack *u, const struct cpio_entry *e)
{
	struct fs_name name = fs_name(NULL, u->path);
	int err = namei_mkdir(&u->who, name, e->mode & 07777);

	return err == -EEXIST ? namei_chmod(&u->who, name, 0, e->mode & 07777)
			      : err;
}

static int
make(struct unpack *u, const struct cpio_entry *e)
{
	switch (e->mode & S_IFMT) {
	case S_IFREG:
		return make_regular(u, e);
	case S_IFDIR:
		return make_dir(u, e);
	case S_IFLNK:
		return make_symlink(u, e);
	}
	return namei_mknod(&u->who, fs_name(NULL, u->path), e->mode,
	    dev_make(e->rdev_major, e->rdev_minor));
}

/* What is there already and is no directory makes room, as on Linux. */
static void
clear_place(struct unpack *u, const struct cpio_entry *e)
{
	if (!S_ISDIR(e->mode))
		(void)!namei_unlink(&u->who, fs_name(NULL, u->path));
}

static int
unpack_entry(struct unpack *u, const struct cpio_entry *e)
{
	struct file_times t = {.atime_how = FILE_TIME_SET,
	    .mtime_how = FILE_TIME_SET,
	    .atime_ns = e->mtime_s * 1000000000l,
	    .mtime_ns = e->mtime_s * 1000000000l};
	struct fs_name name = fs_name(NULL, u->path);
	int err = set_path(u, e->name);

	if (err < 0)
		return err;
	clear_place(u, e);
	err = make(u, e);
	if (err == 0 && (e->uid != 0 || e->gid != 0))
		err =
		    namei_chown(&u->who, name, NAMEI_NOFOLLOW, e->uid, e->gid);
	if (err == 0)
		err = namei_utimens(&u->who, name, NAMEI_NOFOLLOW, &t);
	return err;
}

static void
unpack_all(struct unpack *u, struct cpio *archive)
{
	struct cpio_entry e;
	int err;

	while ((err = cpio_next(archive, &e)) == 0) {
		err = unpack_entry(u, &e);
		if (err < 0)
			printk("initramfs: %s: %s\n", e.name, errno_name(err));
	}
	if (err != -ENOENT)
		printk("initramfs: the archive is malformed, its rest is "
		       "left out\n");
}

static void
forget_linked(struct unpack *u)
{
	struct list *l;

	while ((l = list_pop_front(&u->linked)) != NULL)
		kfree(list_entry(l, struct linked, link));
}

void
initramfs_unpack(const void *archive, size_t len_bytes)
{
	struct unpack *u = kmalloc(sizeof(*u));
	struct cred *cred = NULL;
	struct fs_context *ctx = NULL;
	struct cpio it;

	if (u == NULL || cred_create(0, &cred) < 0 ||
	    fs_context_create(&ctx) < 0) {
		printk("initramfs: no memory\n");
		goto out;
	}
	(void)fs_context_set_umask(ctx, 0);
	u->who = (struct fs_who){.cred = cred, .ctx = ctx, .fsize_limit = ~0ul};
	list_init(&u->linked);
	cpio_init(&it, archive, len_bytes);
	unpack_all(u, &it);
	forget_linked(u);
out:
	if (ctx != NULL)
		fs_context_put(ctx);
	if (cred != NULL)
		cred_put(cred);
	kfree(u);
}

/*
 * Files that are in no directory: pipes, sockets, and what else programs get
 * descriptors of without a name.
 *
 * They live in file systems of their own, mounted nowhere, so that every open
 * file has a path, statfs has an answer, and /proc/PID/fd leads somewhere.
 */
#include <linux/magic.h>

#include "core/panic.h"
#include "fs/vfs_impl.h"
#include "lib/fmt.h"
#include "mm/slab.h"

/*
 * struct anon_fs: one for each kind of file; static.
 * Locks: c fixed after boot   a atomic
 */
struct anon_fs {
	struct filesystem fs;
	u64 magic;           /* c: what statfs calls it */
	struct mount *mount; /* c */
	u64 last_ino;        /* a */
};

static struct anon_fs pipes = {.fs.type = "pipefs", .magic = PIPEFS_MAGIC};
static struct anon_fs sockets = {.fs.type = "sockfs", .magic = SOCKFS_MAGIC};
static struct anon_fs others = {
    .fs.type = "anon_inodefs", .magic = ANON_INODE_FS_MAGIC};

static struct anon_fs *
anon_of(struct filesystem *fs)
{
	return container_of(fs, struct anon_fs, fs);
}

static struct anon_fs *
for_mode(u32 mode)
{
	if (S_ISFIFO(mode))
		return &pipes;
	return S_ISSOCK(mode) ? &sockets : &others;
}

static void
anon_statfs(struct filesystem *fs, struct fs_statfs *out)
{
	*out = (struct fs_statfs){
	    .type = anon_of(fs)->magic,
	    .block_size = PAGE_SIZE,
	    .name_max = NAME_MAX_BYTES,
	    .dev = fs->dev,
	};
}

static const struct filesystem_ops anon_fs_ops = {.statfs = anon_statfs};

static void
release(struct inode *i)
{
	kfree(i);
}

static const struct inode_ops anon_inode_ops = {.release = release};

static int
create(struct anon_fs *a, u32 mode, const struct cred *cred, struct inode **out)
{
	struct inode_new new = {
	    .mode = mode, .uid = cred->fsuid, .gid = cred->fsgid};
	struct inode *i = kmalloc(sizeof(*i));

	if (!i)
		return -ENOMEM;
	inode_init(i, &a->fs, atomic_add(&a->last_ino, 1), &new);
	i->ops = &anon_inode_ops;
	*out = i;
	return 0;
}

int
inode_create_anon(u32 mode, const struct cred *cred, struct inode **out)
{
	return create(for_mode(mode), mode, cred, out);
}

int
path_create_anon_take(const char *kind, struct inode *inode, struct path *out)
{
	char name[DENTRY_INLINE_NAME];
	int err;

	if (anon_of(inode->fs) == &others)
		fmt_snprint(name, sizeof(name), "anon_inode:[%s]", kind);
	else
		fmt_snprint(name, sizeof(name), "%s:[%lu]", kind, inode->ino);
	err = dentry_create_root_take(name, inode, &out->dentry);
	if (err == 0)
		out->mount = mount_get(anon_of(inode->fs)->mount);
	return err;
}

static void
init_one(struct anon_fs *a, const struct cred *cred)
{
	int err;

	refcount_init(&a->fs.refs, 1);
	a->fs.ops = &anon_fs_ops;
	a->fs.dev = filesystem_new_dev();
	err = create(a, S_IFDIR | 0500, cred, &a->fs.root);
	if (err == 0)
		err = mount_create(&a->fs, NULL, a->fs.type, 0, &a->mount);
	if (err < 0)
		panic("no memory for the first files");
}

void
anon_init(void)
{
	const struct cred *cred = fs_who_kernel()->cred;

	init_one(&pipes, cred);
	init_one(&sockets, cred);
	init_one(&others, cred);
}

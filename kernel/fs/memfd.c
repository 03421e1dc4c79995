/*
 * memfd_create: a file of a tmpfs that is mounted nowhere, which has no name
 * there but one to be shown by.
 *
 * Seals are kept by struct regular, guarded by the inode's lock, and looked at
 * by whatever changes the file; see regular_may_write and its neighbours.  What
 * mappings write is nobody's to look at, so against writing a file is sealed
 * only while no mapping may write; one that is being made holds the lock until
 * it counts (memfd_map_begin).
 */
#include "fs/memfd.h"

#include <linux/fcntl.h>
#include <linux/memfd.h>

#include "core/panic.h"
#include "fs/regular.h"
#include "fs/tmpfs.h"
#include "fs/tmpfs_impl.h"
#include "fs/vfs_impl.h"
#include "lib/atomic.h"
#include "lib/fmt.h"

#define ALL_SEALS                                                              \
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |            \
	    F_SEAL_FUTURE_WRITE)

static struct mount *memfds; /* c after boot */

void
memfd_init(void)
{
	struct filesystem *fs;
	int err = tmpfs_create("tmpfs", NULL, &fs);

	if (err == 0)
		err = mount_create(fs, NULL, "tmpfs", 0, &memfds);
	if (err < 0)
		panic("no memory for the first files");
	filesystem_put(fs);
}

/* ---- making ----------------------------------------------------------- */

static int
create_inode(bool sealable, const struct cred *cred, struct inode **out)
{
	struct inode_new new = {
	    .mode = S_IFREG | 0777, .uid = cred->fsuid, .gid = cred->fsgid};
	int err = tmpfs_create_inode(tmpfs_of(memfds->fs), &new, out);

	if (err < 0)
		return err;
	(*out)->nlink = 0;
	if (sealable) {
		regular_of(*out)->sealable = true;
		regular_of(*out)->seals = 0;
	}
	return 0;
}

int
memfd_create(
    const char *name, bool sealable, const struct cred *cred, struct file **out)
{
	char shown[NAME_MAX_BYTES + 1];
	struct path path = {.mount = memfds};
	struct inode *inode;
	int err = create_inode(sealable, cred, &inode);

	if (err < 0)
		return err;
	fmt_snprint(shown, sizeof(shown), "memfd:%s", name);
	err = dentry_create_root_take(shown, inode, &path.dentry);
	if (err < 0) {
		inode_put(inode);
		return err;
	}
	err = file_create(path, O_RDWR | O_LARGEFILE, out);
	dentry_put(path.dentry);
	return err;
}

/* ---- seals ------------------------------------------------------------ */

/* The file, if it has seals; NULL: it has a store, or is none of those. */
static struct regular *
with_seals(const struct file *f)
{
	struct regular *r;

	if (f->ops != &regular_file_ops)
		return NULL;
	r = regular_of(f->inode);
	return r->ops->written ? NULL : r;
}

static int
add_locked(struct regular *r, u32 seals) MUST_HOLD(&r->inode.lock)
{
	if (r->seals & F_SEAL_SEAL)
		return -EPERM;
	if ((seals & ~r->seals & F_SEAL_WRITE) &&
	    atomic_load(&r->object.nr_writable) > 0)
		return -EBUSY;
	r->seals |= seals;
	return 0;
}

int
memfd_add_seals(struct file *f, u32 seals)
{
	struct regular *r = with_seals(f);
	int err;

	if (!(f->access & FILE_WRITE))
		return -EPERM;
	if ((seals & ~(u32)ALL_SEALS) || !r)
		return -EINVAL;
	mutex_lock(&r->inode.lock);
	err = add_locked(r, seals);
	mutex_unlock(&r->inode.lock);
	return err;
}

s64
memfd_seals(struct file *f)
{
	struct regular *r = with_seals(f);
	s64 seals;

	if (!r)
		return -EINVAL;
	mutex_lock(&r->inode.lock);
	seals = r->seals;
	mutex_unlock(&r->inode.lock);
	return seals;
}

/* ---- mapping ---------------------------------------------------------- */

static struct mutex *
lock_of(const struct file *f)
{
	struct regular *r = with_seals(f);

	return r && r->sealable ? &r->inode.lock : NULL;
}

void
memfd_map_begin(struct file *f) NO_LOCK_CHECK
{
	struct mutex *lock = lock_of(f);

	if (lock)
		mutex_lock(lock);
}

void
memfd_map_end(struct file *f) NO_LOCK_CHECK
{
	struct mutex *lock = lock_of(f);

	if (lock)
		mutex_unlock(lock);
}

bool
memfd_may_map_write(const struct file *f)
{
	struct regular *r = with_seals(f);

	return (f->access & FILE_WRITE) &&
	    !(r && (r->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)));
}

/*
 * Mounts and file systems that become read-only, and writable again.
 *
 * Who changes something is counted (mount_get_write), with its mount and with
 * its file system: a call for as long as it lasts, a file that is open to write
 * until it is closed.  Where the count is 0, and from then on nobody may write,
 * nothing is half done, and the file system can bring its end to the disk.
 */
#include <linux/fs.h>

#include "fs/vfs_impl.h"

/* Files may still be open to write to what is broken: nobody waits for them. */
int
mount_set_flags(struct mount *m, u32 flags)
{
	int err = 0;

	spin_lock(&mount_lock);
	if ((flags & MS_RDONLY) && !mount_is_read_only(m) && m->nr_writers > 0)
		err = -EBUSY;
	else
		atomic_store(&m->flags, flags);
	spin_unlock(&mount_lock);
	return err;
}

/* One at a time: *was says how it stands. */
static int
begin_change(struct filesystem *fs, bool *was)
{
	int err = 0;

	spin_lock(&mount_lock);
	*was = fs->read_only;
	if (fs->changing)
		err = -EBUSY;
	else
		fs->changing = true;
	spin_unlock(&mount_lock);
	return err;
}

static void
end_change(struct filesystem *fs, bool read_only)
{
	spin_lock(&mount_lock);
	atomic_store(&fs->read_only, read_only);
	fs->changing = false;
	spin_unlock(&mount_lock);
}

static int
may_stop(struct filesystem *fs)
{
	return fs->ops->may_stop ? fs->ops->may_stop(fs) : 0;
}

/*
 * From here on nobody writes.  Asked twice: before, so that nobody is told that
 * it is read-only because somebody tried in vain, and after, when what the
 * answer depends on does not change any more.
 */
static int
stop_writers(struct filesystem *fs)
{
	int err = may_stop(fs);

	if (err < 0)
		return err;
	spin_lock(&mount_lock);
	if (fs->nr_writers > 0)
		err = -EBUSY;
	else
		atomic_store(&fs->read_only, true);
	spin_unlock(&mount_lock);
	return err < 0 ? err : may_stop(fs);
}

int
filesystem_remount(struct filesystem *fs, bool read_only, const char *options)
{
	bool was;
	int err = begin_change(fs, &was);

	if (err < 0)
		return err;
	if (read_only && !was && !atomic_load(&fs->broken))
		err = stop_writers(fs);
	if (err == 0 && fs->ops->remount)
		err = fs->ops->remount(fs, read_only, options);
	end_change(fs, err < 0 ? was : read_only);
	return err;
}

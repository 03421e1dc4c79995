/*
 * Who watches files hears what happens to them: the side of those to whom it
 * happens.  What is heard, and by whom, is inotify.h's and notify.c's.
 *
 * While nobody watches anything, each of these is one look at a word.  They are
 * called after the thing was done, by who has a reference to the file, with no
 * spin lock held; names in a directory are told of while its mutex is held, so
 * that all hear of them in the order in which they came about.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#include <linux/inotify.h>

#include "fs/file.h"
#include "lib/atomic.h"

extern u32 notify_nr_marks; /* a: of all watches */

static inline bool
notify_any(void)
{
	return unlikely(atomic_load(&notify_nr_marks) != 0);
}

/* What these do when somebody watches something. */
void notify_dentry(struct dentry *d, u32 mask, bool is_open);
void notify_names(
    struct inode *dir, u32 mask, struct name name, u32 mode, u32 cookie);
void notify_itself(struct inode *i, u32 mask);
void notify_end(struct inode *i);
void notify_unmounted(const struct filesystem *fs);
/* Tells two events that belong together from all others. */
u32 notify_new_cookie(void);

/* An open file was used: for those who watch it, or the directory it is in. */
static inline void
notify_file(struct file *f, u32 mask)
{
	if (notify_any() && !(f->access & FILE_PATH_ONLY))
		notify_dentry(f->path.dentry, mask, true);
}

/* Which change of times is which event. */
u32 notify_of_times(const struct file_times *times);

/* The same for what was done by a name. */
static inline void
notify_path(struct path p, u32 mask)
{
	if (notify_any())
		notify_dentry(p.dentry, mask, false);
}

/* A name in dir, of a file of this mode, came or went. */
static inline void
notify_name(struct inode *dir, u32 mask, struct name name, u32 mode)
{
	if (notify_any())
		notify_names(dir, mask, name, mode, 0);
}

/* For those who watch the file itself. */
static inline void
notify_inode(struct inode *i, u32 mask)
{
	if (notify_any())
		notify_itself(i, mask);
}

/* A dentry of i goes; if that was the last name, the watches go, too. */
static inline void
notify_put(struct inode *i)
{
	if (notify_any() && atomic_load(&i->nlink) == 0)
		notify_end(i);
}

#endif

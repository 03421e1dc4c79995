/*
 * inotify: a file that tells what happens to other files.
 */
#ifndef FS_INOTIFY_H
#define FS_INOTIFY_H

#include "fs/namei.h"

/* uid is charged for it.  flags: O_NONBLOCK counts.  Errors: -EMFILE, -ENOMEM.
 */
int inotify_create(u32 uid, u32 flags, struct file **out) MUST_CHECK;
/*
 * mask: IN_* of the ABI.  The number of the watch.
 * Errors: -EINVAL f is none; -EEXIST with IN_MASK_CREATE; -EACCES; -ENOSPC the
 *         user has too many; -ENOMEM; what look-up says.
 */
s64 inotify_add(const struct fs_who *who, struct file *f, struct fs_name name,
    u32 mask) MUST_CHECK;
/* Errors: -EINVAL f is none, or has no such watch. */
int inotify_remove(struct file *f, s32 wd) MUST_CHECK;

/* The limits, for /proc/sys/fs/inotify. */
enum inotify_limit {
	INOTIFY_INSTANCES, /* of one user */
	INOTIFY_WATCHES,   /* of one user, in all of them */
	INOTIFY_EVENTS,    /* not yet read, of one instance */
	NR_INOTIFY_LIMITS,
};

u32 inotify_limit(enum inotify_limit which);
void inotify_set_limit(enum inotify_limit which, u32 nr);

#endif

/*
 * What notify.c, which knows who watches which file, and inotify.c, which is
 * the file that watches, share.
 */
#ifndef FS_NOTIFY_IMPL_H
#define FS_NOTIFY_IMPL_H

#include "core/spinlock.h"
#include "core/waitq.h"
#include "fs/notify.h"
#include "lib/rbtree.h"

struct inotify_user;

/*
 * struct notify_event: made when something happens, freed when it is read.
 * Locks: n NOTIFY   c fixed
 */
struct notify_event {
	struct list link; /* n: inotify's events */
	s32 wd;           /* c: -1: events were lost */
	u32 mask;         /* c */
	u32 cookie;       /* c */
	u32 len;          /* c: of the name; 0: there is none */
	char *name;       /* c: behind it, not terminated */
};

/*
 * struct inotify: one instance; made and freed with its file.
 * Laws   I1  its user is charged for each of its marks and events
 *        I2  lost is in events at most once
 * Locks: n NOTIFY   c fixed
 */
struct inotify {
	struct list events;        /* n: the oldest first */
	u32 nr_events;             /* n */
	u64 unread_bytes;          /* n: what reading all of them gives */
	struct notify_event lost;  /* n: in events when there were too many */
	struct rb_tree marks;      /* n: by wd */
	s32 last_wd;               /* n */
	struct inotify_user *user; /* c */
	struct waitq readable;
};

/*
 * struct notify_mark: one watch: made by inotify_add; goes with its instance,
 * the file's last name, or the file system's last mount.
 * Laws   K1  an inode that has marks is `watched`
 *        K2  one instance has one mark at most for an inode
 * Locks: n NOTIFY   c fixed
 */
struct notify_mark {
	struct rb_node node;   /* n: inotify's marks */
	struct list link;      /* n: in its bucket */
	struct inode *inode;   /* c: counted */
	struct inotify *owner; /* c */
	s32 wd;                /* c */
	u32 mask;              /* n: events, IN_ONESHOT, IN_EXCL_UNLINK */
};

/* ---- notify.c ---- */

extern struct spinlock notify_lock; /* rank NOTIFY */

struct notify_mark *notify_find_locked(
    const struct inotify *n, const struct inode *i) MUST_HOLD(&notify_lock);
/* It begins to hear, and holds a reference to its inode. */
void notify_add_locked(struct notify_mark *m) MUST_HOLD(&notify_lock);
/* The opposite; notify_mark_free is due. */
void notify_remove_locked(struct notify_mark *m) MUST_HOLD(&notify_lock);
/* Sleeps. */
void notify_mark_free(struct notify_mark *m);

/* ---- inotify.c ---- */

/* What happened. */
struct notify_what {
	u32 mask;
	u32 cookie;
	struct name name; /* len 0: none */
};

/* It has that to tell, too; if there is no room, that something was lost. */
void inotify_tell_locked(struct inotify *n, s32 wd,
    const struct notify_what *what) MUST_HOLD(&notify_lock);
/* m is in its instance's tree, under a number of its own, or is not any more.
 */
void inotify_enter_locked(struct notify_mark *m) MUST_HOLD(&notify_lock);
void inotify_leave_locked(struct notify_mark *m) MUST_HOLD(&notify_lock);

#endif

/*
 * The inside of fs/: names in use, the mounts, and the walk along a path.
 */
#ifndef FS_VFS_IMPL_H
#define FS_VFS_IMPL_H

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "core/clock.h"
#include "core/spinlock.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "fs/namei.h"
#include "fs/vfs.h"

/* The bits that umask, open and chmod are about. */
#define MODE_BITS 07777u

/* ---- names ------------------------------------------------------------ */

/*
 * Each byte is mixed in by a multiplication (the 64-bit FNV prime), from a
 * start that changes with each boot, and the upper half, which is the better
 * one, is folded down.
 */
#define NAME_HASH_PRIME 0x100000001b3ul

extern u64 name_hash_start; /* 0: nobody has begun */
u64 name_hash_begin(void);

static inline u64
name_hash(void)
{
	return likely(name_hash_start) ? name_hash_start : name_hash_begin();
}

static inline u64
name_hash_on(u64 hash, char c)
{
	return (hash ^ (u8)c) * NAME_HASH_PRIME;
}

/* The name that text begins with: up to a slash or the end. */
static inline struct name
name_take(const char *text)
{
	u64 hash = name_hash();
	const char *end;

	for (end = text; *end != '/' && *end != '\0'; end++)
		hash = name_hash_on(hash, *end);
	return (struct name){text, end - text, hash ^ hash >> 32};
}

/* ---- dentries (dentry.c) ---------------------------------------------------
 */

extern struct spinlock dentry_lock; /* rank DENTRY */

/*
 * The name in that directory, with a reference; asks the file system when it
 * is not known.
 * Locks: takes the directory's, unless the name is known.
 * Errors: -ENOENT, -ENAMETOOLONG, -ENOMEM, what the file system says; *out is
 *         NULL then.
 */
int dentry_lookup(
    struct dentry *dir, struct name name, struct dentry **out) MUST_CHECK;
int dentry_lookup_locked(
    struct dentry *dir, struct name name, struct dentry **out) MUST_CHECK;
/*
 * The one known, or NULL, without a reference: it stays while the lock is
 * held, and who wants it for longer uses refcount_get_unless_zero.
 */
struct dentry *dentry_find_locked(struct dentry *dir, struct name name)
    MUST_HOLD(&dentry_lock);
/* Drops some kept names if there are too many.  Sleeps.  Locks: none. */
void dentry_trim(void);
/* Drops all that are kept of fs, which nobody can walk in any more. */
void dentry_forget(const struct filesystem *fs);
/* A name that nothing has yet, and that nobody finds: publish it, or put it. */
int dentry_create(
    struct dentry *dir, struct name name, struct dentry **out) MUST_CHECK;
/* The file is there.  Locks: the directory's held. */
void dentry_publish_take(struct dentry *d, struct inode *inode);
/* Of a root, or of a file that is in no directory; takes over inode on 0. */
int dentry_create_root_take(
    const char *text, struct inode *inode, struct dentry **out) MUST_CHECK;
/* The name is gone from its directory.  Locks: the directory's held. */
void dentry_delete(struct dentry *d);

/*
 * Memory that a name may need when it becomes another one: got before, so that
 * the change cannot fail.
 */
int dentry_reserve_name(struct name name, char **out) MUST_CHECK;
/* Locks: those of both directories held.  Owns: takes over reserved. */
void dentry_move_take(
    struct dentry *d, struct dentry *to_dir, struct name name, char *reserved);
/* Their names and places become each other's. */
void dentry_exchange(struct dentry *a, struct dentry *b);

/* True when a is d or stands above it.  Locks: RENAME held.  Sleeps. */
bool dentry_is_above(struct dentry *a, struct dentry *d);
/* The directory that d is in, with a reference; itself for a root. */
struct dentry *dentry_get_parent(struct dentry *d);
void dentry_check(void);

/* ---- mounts (mount.c) ------------------------------------------------------
 */

extern struct spinlock mount_lock; /* rank MOUNT */

/*
 * What covers p, with references; false when nothing does.  One step: the
 * root of what covers it may be covered again.
 */
bool mount_covering(struct path p, struct path *out);
/* The mount itself, without a reference. */
struct mount *mount_covering_locked(struct path p) MUST_HOLD(&mount_lock);
/* Out of a mount's root: the place it covers; false for the topmost. */
bool mount_covered(struct mount *m, struct path *out);
/* A mount in no tree, with one reference; root NULL: the file system's. */
int mount_create(struct filesystem *fs, struct dentry *root, const char *source,
    u32 flags, struct mount **out) MUST_CHECK;
/*
 * Puts m over at; the tree gets a reference of its own to each.
 * Errors: -ENOENT at was deleted, -EINVAL at is in no tree.
 */
int mount_attach(struct mount *m, struct path at) MUST_CHECK;
/* Out of the tree; lazy: with all below it, whoever uses them. */
int mount_detach(struct mount *m, bool lazy) MUST_CHECK;
bool mount_is_attached(const struct mount *m);
/* Its own flags, in the place of those it has.  Errors: -EBUSY. */
int mount_set_flags(struct mount *m, u32 flags) MUST_CHECK;
/*
 * Makes it read-only, or writable, for all its mounts, or lets it have other
 * options alone.  Sleeps.  Errors: -EBUSY, -EROFS, -EINVAL, of its own.
 */
int filesystem_remount(
    struct filesystem *fs, bool read_only, const char *options) MUST_CHECK;
/* The mount's own root or a place where something is mounted on. */
static inline bool
dentry_is_covered(const struct dentry *d)
{
	return atomic_load(&d->nr_mounts) != 0;
}
/* mount_statfs: what the file system says, and the mount's own flags. */
int mount_statfs(struct mount *m, struct fs_statfs *out) MUST_CHECK;
void path_stat(struct path p, struct file_stat *out);
struct filesystem_type *filesystem_find(const char *name);
/* What a type's open gave is not needed any more: either a mount has it now,
 * or it was in vain and is taken down. */
void filesystem_put_opened(struct filesystem *fs);
void mount_check(void);

/* ---- walking (walk.c) ------------------------------------------------------
 */

/* What the last part of a path is. */
enum last_kind {
	LAST_NONE, /* there is none: walk.at is the place */
	LAST_NAME,
	LAST_DOT,
	LAST_DOTDOT,
};

struct link_text;

/*
 * struct walk: one look-up, on the stack.  walk_begin fills it, walk_end lets
 * go of what it holds.
 */
struct walk {
	const struct fs_who *who;
	struct path root;        /* reference: where / and .. end */
	struct path at;          /* reference: how far we have come */
	const char *rest;        /* what is still to be walked */
	struct link_text *links; /* the texts of links that we are in */
	struct name last;        /* set by walk_to_parent */
	u8 last_kind;            /* the same */
	bool trailing;           /* the same: slashes follow the last name */
	bool must_be_dir;        /* slashes followed a last name */
	u8 nr_links;             /* followed so far */
};

/* flags: NAMEI_EMPTY counts here.  On an error there is nothing to end. */
int walk_begin(struct walk *w, const struct fs_who *who, struct fs_name name,
    u32 flags) MUST_CHECK;
void walk_end(struct walk *w);
/* Up to the last name, which is not looked at, in a directory that may be. */
int walk_to_parent(struct walk *w) MUST_CHECK;
/* The last name; *done false: it was a link, and there is more to walk. */
int walk_last(struct walk *w, bool follow, bool *done) MUST_CHECK;
/* The same for a name that was looked up already; takes over child. */
int walk_enter_take(
    struct walk *w, struct dentry *child, bool follow, bool *done) MUST_CHECK;
/* All of it.  flags: NAMEI_NOFOLLOW, NAMEI_DIRECTORY. */
int walk_all(struct walk *w, u32 flags) MUST_CHECK;

/* ---- rights and attributes (attr.c) ----------------------------------- */

/* May the name be made in dir?  Errors: -ENOENT (dead), -EACCES. */
int may_create(const struct fs_who *who, struct inode *dir) MUST_CHECK;
/*
 * May the name of victim be taken out of dir, by rmdir (as_dir) or unlink?
 * Errors: -EACCES, -EPERM, -ENOTDIR, -EISDIR, -EBUSY, -ENOENT.
 */
int may_delete(const struct fs_who *who, struct inode *dir,
    struct dentry *victim, bool as_dir) MUST_CHECK;
/* Owner and mode of what who makes in dir, of this mode less the umask. */
void inode_new_init(struct inode_new *new, const struct fs_who *who,
    const struct inode *dir, u32 mode);
/* Its attributes and its name stay, and what names are in it. */
static inline bool
inode_is_kept(const struct inode *i)
{
	return (atomic_load(&i->flags) & (INODE_IMMUTABLE | INODE_APPEND)) != 0;
}
/* The one way in which attributes change.  Locks: the inode's held. */
int inode_set_attr(struct inode *i, const struct inode_attr *attr) MUST_CHECK;
/* Somebody changes the bytes: suid and sgid go, unless he is root. */
int inode_drop_privileges(const struct fs_who *who, struct inode *i) MUST_CHECK;
/* atime, unless the file or its mount does not want that. */
void path_accessed(struct path p);
void file_note_access(struct file *f);

/*
 * A read is seldom worth a note, and finds that out here: with relatime, when
 * atime is behind the last change, and was young enough a moment ago.
 */
static inline void
file_accessed(struct file *f)
{
	struct inode *i = f->inode;
	s64 atime = atomic_load(&i->atime_ns);

	if (clock_ticks() >= atomic_load(&i->quiet_until) ||
	    atime <= i->mtime_ns || atime <= i->ctime_ns ||
	    !(atomic_load(&f->path.mount->flags) & MS_RELATIME))
		file_note_access(f);
}

/*
 * file_create and file_put in two steps each, for who must not lack the memory
 * in the middle of something.
 */
int file_alloc(struct file **out) MUST_CHECK;
int file_open_at(struct file *f, struct path path, u32 flags) MUST_CHECK;
void file_close(struct file *f);
void file_discard(struct file *f);

/* Counts of writers, for -ETXTBSY (file.c). */
int inode_get_write(struct inode *i) MUST_CHECK;
void inode_put_write(struct inode *i);

/* A path of a file without a name: "kind:[ino]"; takes over inode on 0. */
int path_create_anon_take(
    const char *kind, struct inode *inode, struct path *out) MUST_CHECK;
/* Boot: the place of such files. */
void anon_init(void);

/* Any character device, and what cannot be opened at all. */
extern const struct file_ops unopenable_file_ops;

#endif

/*
 * Files and their names, whatever file system they are in.
 *
 *	mount --> filesystem            which tree is to be seen where
 *	  |
 *	dentry --> dentry --> ...       names in use, each with its parent
 *	  |
 *	inode                           the file itself
 *
 * The truth about names is the file system's.  A dentry exists while a walk,
 * an open file, a working directory, a mount or another dentry below it uses
 * that name, and after that for a while if the file system keeps names: it says
 * where we are, what `..` is, what getcwd prints, and it is what rename and
 * unlink must keep up to date.  For one name in one directory there is at most
 * one.  Missing names are not kept.  The laws of it are in dentry.c.
 *
 * A name (in a directory) and a file's size and attributes change under the
 * inode's mutex.  Two directories are locked ancestor first, or if neither is
 * that by address, the parents under the RENAME mutex when a directory moves;
 * files after directories.  DENTRY, one spin lock, guards dentries' names,
 * parents and their hash table, MOUNT the tree of mounts; both for moments.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include "core/clock.h"
#include "core/mutex.h"
#include "fs/cred.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/refcount.h"
#include "mm/object.h"

#define NAME_MAX_BYTES 255  /* of one component */
#define PATH_MAX_BYTES 4096 /* of a path, its zero byte included */

struct dentry;
struct file;
struct file_ops;
struct blockdev;
struct filesystem;
struct fs_who;
struct inode;
struct lock_book;
struct mount;
struct pipe;
struct socket;

/* ---- a place in the tree ---------------------------------------------- */

/* A name as seen through a mount.  Holds a reference to both, or both NULL. */
struct path {
	struct mount *mount;
	struct dentry *dentry;
};

static inline bool
path_is(struct path a, struct path b)
{
	return a.mount == b.mount && a.dentry == b.dentry;
}

/* ---- inodes ----------------------------------------------------------- */

/* Which attributes a change is about. */
enum {
	ATTR_MODE = 1u << 0,
	ATTR_UID = 1u << 1,
	ATTR_GID = 1u << 2,
	ATTR_SIZE = 1u << 3,
	ATTR_ATIME = 1u << 4,
	ATTR_MTIME = 1u << 5,
};

struct inode_attr {
	u32 valid; /* ATTR_* */
	u32 mode;  /* permission bits and suid, sgid, sticky */
	u32 uid;
	u32 gid;
	u64 size_bytes;
	s64 atime_ns;
	s64 mtime_ns;
};

/* What an inode forbids to everybody, root too (chattr). */
enum {
	INODE_IMMUTABLE = 1u << 0, /* any change */
	INODE_APPEND = 1u << 1,    /* all but more bytes or names */
};

/* What stat tells, before it is put into one of the ABI's forms. */
struct file_stat {
	u32 dev;
	u32 rdev;
	u64 ino;
	u32 mode;
	u32 nlink;
	u32 uid;
	u32 gid;
	u64 size_bytes;
	u64 blocks; /* of 512 bytes */
	u32 block_size;
	u32 mount_id;
	bool is_mount_root;
	s64 atime_ns;
	s64 mtime_ns;
	s64 ctime_ns;
	s64 btime_ns;
};

/*
 * A name as a file system gets it: not terminated.  The hash is the same for
 * the same bytes until the next boot, and nobody outside can guess it.
 */
struct name {
	const char *text;
	u32 len;
	u64 hash;
};

struct name name_make(const char *text, u32 len);

/* What a new file begins with. */
struct inode_new {
	u32 mode; /* type and permission bits */
	u32 uid;
	u32 gid;
	u32 rdev;           /* of a device node */
	const char *target; /* of a symbolic link */
};

/*
 * What a file system does.  Permissions, the type of what is acted on, names
 * like `..`, read-only mounts and existing names are checked before: a file
 * system does the thing or fails (-ENOSPC, -ENOMEM, -EDQUOT, -EIO), and then
 * nothing has changed.  It keeps nlink and times of all inodes involved.
 * Locks: the mutexes of the directories are held, those of files that are
 *        named too except where it says otherwise.
 * Functions for directories may be NULL: the answer is then -EPERM.
 */
struct inode_ops {
	/* Gives a reference.  Errors: -ENOENT.  Locks: dir's. */
	int (*lookup)(struct inode *dir, struct name name, struct inode **out);
	/* Gives a reference to what was made. */
	int (*create)(struct inode *dir, struct name name,
	    const struct inode_new *new, struct inode **out);
	int (*link)(struct inode *dir, struct name name, struct inode *inode);
	/* Files and empty directories; -ENOTEMPTY is its to find out. */
	int (*unlink)(struct inode *dir, struct name name, struct inode *inode);
	/* victim is NULL or goes; with exchange it takes the old name. */
	int (*rename)(struct inode *from_dir, struct name from,
	    struct inode *inode, struct inode *to_dir, struct name to,
	    struct inode *victim, bool exchange);
	/* A file without a name; nlink 0.  NULL: -EOPNOTSUPP. */
	int (*tmpfile)(
	    struct inode *dir, const struct inode_new *new, struct inode **out);
	/*
	 * A symbolic link's text, terminated, into buf; cap is more than its
	 * size_bytes, or if that is 0, PATH_MAX_BYTES.  Locks: none.
	 */
	int (*readlink)(struct inode *inode, char *buf, size_t cap);
	/*
	 * Links that lead elsewhere than their text says (/proc); gives path.
	 * Locks: none.
	 */
	int (*follow)(struct inode *inode, struct path *out);
	/* After the checks of fs/attr.c; NULL: only the inode's own fields. */
	int (*setattr)(struct inode *inode, const struct inode_attr *attr);
	/*
	 * The inode's own fields have changed: they are to be kept.  NULL:
	 * nothing else keeps them.  Locks: the inode's.
	 */
	int (*keep)(struct inode *inode);
	/*
	 * The time of access has changed: it is to be kept some time.  NULL:
	 * nothing else keeps it.  Locks: none, or some; takes no mutex.
	 */
	void (*accessed)(struct inode *inode);
	/*
	 * The FS_*_FL that FS_IOC_GETFLAGS shows and FS_IOC_SETFLAGS changes;
	 * those that cannot be changed stay.  NULL: there are none.
	 * Locks: the inode's.
	 */
	u32 (*get_flags)(struct inode *inode);
	int (*set_flags)(struct inode *inode, u32 flags);
	/* Corrects what inode_stat filled in.  Locks: the inode's. */
	void (*stat)(struct inode *inode, struct file_stat *out);
	/* May somebody?  NULL: mode bits decide.  Locks: none. */
	int (*permission)(
	    struct inode *inode, const struct cred *cred, u32 want);
	/* The last reference is gone: free it. */
	void (*release)(struct inode *inode);
};

/*
 * struct inode: one file.  Its file system makes it, embedded in something of
 * its own; references are held by dentries, by the file system's directories
 * as it likes, and by callers; the last one calls ops->release.
 * Locks  i lock   d DENTRY   a atomic   c fixed   i* written under lock, read
 *        without it where one word's worth of truth is enough
 */
struct inode {
	struct refcount refs;         /* a */
	struct mutex lock;            /* rank INODE */
	const struct inode_ops *ops;  /* c */
	const struct file_ops *files; /* c: of files opened on it */
	struct filesystem *fs;        /* c */
	struct lock_book *locks;      /* LOCK_BOOKS: NULL: nobody has any */
	union {
		struct object *object; /* c: a regular file's pages, or NULL */
		struct pipe *pipe;     /* i: a FIFO's, while it is open */
		struct socket *socket; /* who is bound there: net/'s */
		struct dentry *dentry; /* d: a directory's, see D4 */
	};
	u64 ino;         /* c */
	u64 size_bytes;  /* i* */
	s64 atime_ns;    /* i*: since 1970 */
	u64 quiet_until; /* a: in ticks, see file_accessed */
	s64 mtime_ns;    /* i* */
	s64 ctime_ns;    /* i* */
	s64 btime_ns;    /* c */
	u32 mode;        /* i*: type (c) and permissions */
	u32 nlink;       /* i* */
	u32 uid;         /* i* */
	u32 gid;         /* i* */
	u32 rdev;        /* c */
	u32 flags;       /* i*: INODE_* */
	s32 nr_writers;  /* a: files open for writing; < 0: they are denied */
	bool dead;       /* i: a directory that was removed */
	bool linkable;   /* i: has no name yet and may get one: O_TMPFILE */
	bool watched;    /* a, written with NOTIFY: see notify_impl.h */
};

static inline bool
inode_is_dir(const struct inode *i)
{
	return (i->mode & 0170000) == 0040000;
}

static inline bool
inode_is_regular(const struct inode *i)
{
	return (i->mode & 0170000) == 0100000;
}

static inline bool
inode_is_symlink(const struct inode *i)
{
	return (i->mode & 0170000) == 0120000;
}

/* For file systems: all fields from new, one reference, times now, nlink 1. */
void inode_init(struct inode *i, struct filesystem *fs, u64 ino,
    const struct inode_new *new);
/* One that is in no directory: of a pipe, a socket and the like.  -ENOMEM. */
int inode_create_anon(
    u32 mode, const struct cred *cred, struct inode **out) MUST_CHECK;
static inline struct inode *
inode_get(struct inode *i)
{
	refcount_get(&i->refs);
	return i;
}
/* Sleeps. */
void inode_put(struct inode *i);
/* By mode bits, or as the file system says.  Errors: -EACCES; -EPERM. */
int inode_may(struct inode *i, const struct cred *cred, u32 want) MUST_CHECK;
/* Locks: takes the inode's. */
void inode_stat(struct inode *i, struct file_stat *out);
/* The time that files are stamped with. */
static inline s64
inode_now_ns(void)
{
	return (s64)clock_real_ns();
}
/* mtime and ctime become now.  Locks: the inode's. */
void inode_touch(struct inode *i);

/* ---- dentries --------------------------------------------------------- */

#define DENTRY_INLINE_NAME 32

/*
 * struct dentry: one known name.  dentry_lookup and dentry_publish make it;
 * freed with its last reference, which takes it out of the hash table.
 * States  named -> deleted   unlink, rmdir, being replaced by rename
 * Laws    D1  among those that are named, (parent, name) is unique but for one
 *             whose count is 0 already
 *         D2  a root of a file system has parent NULL and the name ""
 *         D3  inode never changes
 *         D4  a directory has one at most that is not about to be freed, so
 *             that what is above it in the tree of names is no part of what is
 *             below; a disk may say otherwise
 * Locks   d DENTRY   c fixed   a atomic
 */
struct dentry {
	struct refcount refs;  /* a */
	struct dentry *parent; /* d: counted; NULL: root, or no directory */
	struct inode *inode;   /* c: counted */
	struct dentry *next;   /* d: in its hash bucket */
	char *name;            /* d: inline_name, or memory of its own */
	u32 hash;              /* d: of the name */
	u8 len;                /* d: of the name */
	bool hashed;           /* d: it can be found by its name */
	bool deleted;          /* d, read without it for a hint */
	bool kept;             /* d: the table has a reference to it */
	bool wanted;           /* d: was looked for since the hand came by */
	u32 nr_mounts;         /* a: mounts that cover it, through any mount */
	struct list in_kept;   /* d: in the list of the kept ones */
	char inline_name[DENTRY_INLINE_NAME]; /* d */
};

static inline struct dentry *
dentry_get(struct dentry *d)
{
	refcount_get(&d->refs);
	return d;
}
/* Frees d, whose last reference is gone, and what it alone kept. */
void dentry_free(struct dentry *d);
/* Sleeps. */
static inline void
dentry_put(struct dentry *d)
{
	if (d && refcount_put(&d->refs))
		dentry_free(d);
}
/*
 * The path of p as seen from root, into the end of buf: *out points into it.
 * Errors: -ERANGE too long, -ENOENT p or what is above it was deleted or
 *         cannot be reached from root; with any the path is given anyway, with
 *         "(unreachable)" before or " (deleted)" behind it, which a file in
 *         memory that never had a name has, too.
 * Locks: takes MOUNT and DENTRY only.
 */
int path_text(struct path p, struct path root, bool any, char *buf, size_t cap,
    char **out) MUST_CHECK;
/*
 * The path of d from the top of its file system, in the same way; "//deleted"
 * stands behind it when d has no name any more.  Errors: -ERANGE.
 * Locks: takes DENTRY only.
 */
int dentry_text(struct dentry *d, char *buf, size_t cap, char **out) MUST_CHECK;

/* ---- file systems and mounts ------------------------------------------ */

struct fs_statfs {
	u64 type; /* the magic number */
	u64 block_size;
	u64 nr_blocks;
	u64 nr_free;
	u64 nr_kept; /* of these, not for everybody */
	u64 nr_files;
	u64 nr_free_files;
	u32 name_max;
	u32 dev;
	u64 flags; /* ST_* of the mount; filled in above the file system */
};

struct filesystem_ops {
	void (*statfs)(struct filesystem *fs, struct fs_statfs *out);
	int (*sync)(struct filesystem *fs); /* NULL: nothing to write */
	/*
	 * May it be only read from now on, with all that is open?  NULL: yes.
	 * Locks: none.  Errors: -EBUSY.
	 */
	int (*may_stop)(struct filesystem *fs);
	/*
	 * From writable to only read, or the other way round, or neither, with
	 * the options given (may be NULL) in place of those it has.  Nobody
	 * changes anything of it meanwhile, but by mappings.  NULL: fine.
	 * Locks: none.  Sleeps.  Errors: with any, all is as it was.
	 */
	int (*remount)(
	    struct filesystem *fs, bool read_only, const char *options);
	/*
	 * Tells the disk that it may forget what is free in some bytes of it,
	 * where that are min_bytes in a row; *done is how many it was told.
	 * NULL: -ENOTTY.  It may be written to, and stays so.
	 * Sleeps.  Errors: -EINVAL, -EOPNOTSUPP, -EIO, -ERESTARTSYS.
	 */
	int (*trim)(
	    struct filesystem *fs, u64 from, u64 len, u64 min_bytes, u64 *done);
	/* For /proc/mounts, each with a comma before it.  NULL: none. */
	void (*options)(struct filesystem *fs, char *buf, size_t cap);
	/* No mount shows it any more: let go of the tree, from the root on. */
	void (*unmount)(struct filesystem *fs);
	/* The last reference is gone. */
	void (*release)(struct filesystem *fs);
};

/*
 * struct filesystem: one tree of files.  Mounts hold references, and what must
 * outlive them (pages still mapped).
 * Laws: nr_writers is 0 while it is only read, but for one that is broken
 * Locks: c fixed   a atomic
 */
struct filesystem {
	struct refcount refs;             /* a */
	const struct filesystem_ops *ops; /* c */
	const char *type;                 /* c: as in /proc/mounts */
	struct inode *root;               /* c, a reference, until unmount */
	struct dentry *top; /* MOUNT: root's, counted, while it is mounted */
	u32 dev;            /* c: st_dev of its files */
	s64 oldest_ns;      /* c: times that it can keep; newest 0: any */
	s64 newest_ns;      /* c */
	bool read_only;     /* a: no mount of it may write */
	bool broken;        /* a: nor ever again: what it has makes no sense */
	bool changing;      /* MOUNT: somebody remounts it */
	bool keeps_names;   /* c: names change by the calls of namei.h alone */
	u32 nr_kept;        /* DENTRY: names that are kept */
	u32 nr_mounts;      /* MOUNT */
	u32 nr_writers;     /* MOUNT: of all its mounts */
};

/* What mount(2) was asked for, as far as a file system has a say in it. */
struct mount_request {
	const char *source;    /* may be NULL */
	const char *data;      /* the option string, may be NULL */
	u32 flags;             /* MS_* */
	struct blockdev *disk; /* what source names, for types on a disk */
};

/* Kinds of file systems that mount(2) knows; static, registered at boot. */
struct filesystem_type {
	const char *name;
	/* With one reference. */
	int (*open)(
	    const struct mount_request *request, struct filesystem **out);
	bool on_disk; /* source must name a disk */
	struct filesystem_type *next;
};

void filesystem_register(struct filesystem_type *type);
/* A device number for a file system that lives on no device. */
u32 filesystem_new_dev(void);
void filesystem_put(struct filesystem *fs);

/*
 * struct mount: a file system seen at a place.  The tree of mounts holds one
 * reference to each that is in it; paths hold others.
 * States  in the tree -> detached   umount
 * Locks   m MOUNT   c fixed   a atomic
 */
struct mount {
	struct refcount refs;  /* a: tree, paths, child mounts */
	struct filesystem *fs; /* c: counted */
	struct dentry *root;   /* c: counted; what is seen there */
	struct mount *parent;  /* m: counted; NULL: the root or detached */
	struct dentry *at;     /* m: counted: covered by root */
	struct list all;       /* m: in the order in which they were made */
	u32 flags;             /* a: MOUNT_FLAGS */
	u32 nr_writers;        /* m: calls that change, files open to write */
	u32 id;                /* c */
	char *source;          /* c: as mount(2) named it */
};

/*
 * What a mount has of the flags of mount(2).  Of MS_NOATIME and MS_RELATIME at
 * most one is there; without both, each access is noted.
 */
#define MOUNT_FLAGS                                                            \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MOUNT_ATIME_FLAGS)
#define MOUNT_ATIME_FLAGS (MS_NOATIME | MS_NODIRATIME | MS_RELATIME)

static inline struct mount *
mount_get(struct mount *m)
{
	refcount_get(&m->refs);
	return m;
}
/* Takes m down, whose last reference is gone. */
void mount_free(struct mount *m);
/* Sleeps. */
static inline void
mount_put(struct mount *m)
{
	if (refcount_put(&m->refs))
		mount_free(m);
}

static inline struct path
path_get(struct path p)
{
	if (p.mount)
		mount_get(p.mount);
	if (p.dentry)
		dentry_get(p.dentry);
	return p;
}

/*
 * The name first: the mount's end takes its file system down.
 * Sleeps: the last user of a deleted file frees it.
 */
static inline void
path_put(struct path p)
{
	dentry_put(p.dentry);
	if (p.mount)
		mount_put(p.mount);
}

bool filesystem_is_read_only(const struct filesystem *fs);
/* The number of the mount that m stands on; its own where there is none. */
u32 mount_parent_id(const struct mount *m);
/* It, or all of its file system, is only read. */
bool mount_is_read_only(const struct mount *m);
/* -EROFS when nothing may be changed through it. */
int mount_may_write(const struct mount *m) MUST_CHECK;
/*
 * The same for who then changes something: until mount_put_write nobody can
 * make it, or its file system, read-only.
 * Locks: takes MOUNT.
 */
int mount_get_write(struct mount *m) MUST_CHECK;
void mount_put_write(struct mount *m);
/*
 * The oldest mount in the tree that is younger than the one with id after (0:
 * the first), with a reference; NULL when there is none.  For /proc/mounts.
 */
struct mount *mount_next(u32 after);
/* Errors: the first that a file system had. */
int mount_sync_all(void);

/* ---- start ------------------------------------------------------------ */

/*
 * Boot: file-system types, device nodes, and an empty tmpfs as root.  After
 * mm and the drivers, before anything else of fs/ is used.
 */
void vfs_init(void);
/* The initial root, borrowed. */
struct path vfs_root(void);
/* Who asks when the kernel does: root, at the initial root. */
const struct fs_who *fs_who_kernel(void);
/* Walks what there is and panics where a law is broken.  Boot and tests. */
void vfs_check(void);

#endif

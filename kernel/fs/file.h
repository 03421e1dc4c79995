/*
 * Open files: what a descriptor stands for, and what can be done with it.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "core/poll_table.h"
#include "fs/fs_context.h"
#include "fs/lock.h"
#include "fs/vfs.h"
#include "mm/iovec.h"

struct file;

/*
 * Takes one directory entry; false when it has no room, and the entry is given
 * again next time.  next_pos is where the directory goes on after it; type is
 * DT_* of the ABI.  Locks: the directory's mutex is held.
 */
struct dir_sink {
	bool (*emit)(struct dir_sink *sink, struct name name, u64 ino, u32 type,
	    u64 next_pos);
};

/*
 * What a kind of file does.  Access modes, O_PATH, negative positions and so on
 * are checked before.  Any may be NULL; the comment says what then.
 * Byte counts are returned as s64; a wait that a signal ended before anything
 * was moved returns -ERESTARTSYS.
 */
struct file_ops {
	/* The file is new; what it sets up, release undoes.  NULL: fine. */
	int (*open)(struct file *f);
	/* The last reference is gone.  Sleeps. */
	void (*release)(struct file *f);
	/* Moves *pos on.  NULL: -EINVAL. */
	s64 (*read)(struct file *f, struct iov_iter *to, u64 *pos);
	s64 (*write)(const struct fs_who *who, struct file *f,
	    struct iov_iter *from, u64 *pos);
	/* POLL* bits that hold now.  NULL: always readable and writable. */
	u32 (*poll)(struct file *f, struct poll_table *t);
	/* NULL: -ENOTTY.  A few commands are done above, see file_ioctl. */
	s64 (*ioctl)(
	    const struct fs_who *who, struct file *f, u32 cmd, u64 arg);
	/* From *pos on until the sink is full.  NULL: -ENOTDIR. */
	int (*readdir)(struct file *f, struct dir_sink *sink, u64 *pos);
	/* Gives an object; *out NULL: private zeroes.  NULL: -ENODEV. */
	int (*map)(struct file *f, struct object **out);
	/* Data or hole from pos on, for lseek.  NULL: all is data. */
	int (*seek_extent)(struct file *f, u64 pos, bool hole, u64 *out);
	/* NULL: -EINVAL. */
	int (*sync)(struct file *f, bool data_only);
	/* Memory for [pos, pos + len), mode as fallocate's.  NULL: EOPNOTSUPP
	 */
	int (*allocate)(const struct fs_who *who, struct file *f, u32 mode,
	    u64 pos, u64 len);
	/* Of a file without a name, as /proc/PID/fd shows it: "pipe". */
	const char *kind;
	bool seekable; /* it has a position; else lseek and pread: -ESPIPE */
};

/* What may be done with an open file; fixed when it is opened. */
enum {
	FILE_READ = 1u << 0,
	FILE_WRITE = 1u << 1,
	FILE_PATH_ONLY = 1u << 2, /* O_PATH: a place, not a file */
	FILE_SEEKABLE = 1u << 3,
};

/*
 * struct file: an open file description, shared by dup and fork.  Made by
 * namei_open and the like with one reference; the last one closes it.
 * Locks: p pos_lock   a atomic   c fixed
 */
struct file {
	struct refcount refs;       /* a */
	u32 access;                 /* c: FILE_* */
	u32 flags;                  /* a: O_* as F_GETFL shows them */
	const struct file_ops *ops; /* c */
	struct inode *inode;        /* c: counted */
	struct path path;      /* c: counted; NULLs for a file without a name */
	struct mutex pos_lock; /* rank FILE_POS */
	u64 pos;               /* p: a byte, or a directory's cookie */
	void *private;         /* the ops' own */
	struct lock_owner locks; /* flock's, and fcntl's F_OFD ones */
	bool was_watched;    /* a: by an epoll, once; see epoll_forget_file */
	struct list watches; /* EPOLL_GRAPH: struct epoll_item */
};

static inline struct file *
file_get(struct file *f)
{
	refcount_get(&f->refs);
	return f;
}
/* NULL is fine.  Sleeps: the last one closes the file. */
void file_put(struct file *f);

/*
 * A file without a name (epoll, socket), shown by its kind and, with an inode
 * given, that one's number.
 * inode NULL: one of its own; else a reference is taken.  flags: O_ACCMODE and
 * O_NONBLOCK count.
 * Calls no ops->open.  Errors: -ENOMEM, -ENFILE.
 */
int file_create_anon(const struct file_ops *ops, struct inode *inode, u32 flags,
    void *private, struct file **out) MUST_CHECK;
/*
 * Opens an inode at a place whose permissions were checked: flags are O_*.
 * Takes references of its own.  Errors: -ENOMEM, -ENFILE, what ops->open says.
 */
int file_create(struct path path, u32 flags, struct file **out) MUST_CHECK;

/*
 * How many there are, and how many there may be that were made without
 * CAP_SYS_ADMIN: to begin with, an arbitrary number.
 */
#define FILE_MAX_AT_LEAST 8192ul
u64 file_count(void);
u64 file_max(void);
void file_set_max(u64 max);

/*
 * Bytes moved, or an error when there are none.
 * Sleeps.  Errors: -EBADF not open for this, -ERESTARTSYS, -EAGAIN, -EISDIR,
 * -EINVAL; writing also -EPIPE (the caller raises SIGPIPE), -EFBIG (and when
 * file_is_over_limit then SIGXFSZ), -ENOSPC.
 */
s64 file_read(struct file *f, struct iov_iter *to);
s64 file_write(const struct fs_who *who, struct file *f, struct iov_iter *from);
/* At a position of the caller's; also -ESPIPE, and -EINVAL below zero. */
s64 file_pread(struct file *f, struct iov_iter *to, s64 pos);
s64 file_pwrite(
    const struct fs_who *who, struct file *f, struct iov_iter *from, s64 pos);
/* Into kernel memory, until len bytes or the end; for exec.  Ignores mode. */
int file_read_kernel(
    struct file *f, u64 pos, void *buf, size_t len, size_t *done) MUST_CHECK;
/*
 * From one file to another through a buffer; NULL positions mean the files'
 * own. sendfile: errors also -EINVAL, in has no positions, or out is written at
 * its end.  copy_file_range: also -EISDIR, and -EINVAL when one is no regular
 * file or the ranges overlap, and -EBADF when out is written at its end.
 */
s64 file_send(const struct fs_who *who, struct file *in, u64 *in_pos,
    struct file *out, u64 len_bytes);
s64 file_copy_range(const struct fs_who *who, struct file *in, u64 *in_pos,
    struct file *out, u64 *out_pos, u64 len_bytes);

/* whence: SEEK_* of the ABI.  The new position. */
s64 file_seek(struct file *f, s64 offset, int whence);
/* Errors: -EINVAL not open for writing or not a regular file. */
int file_truncate(
    const struct fs_who *who, struct file *f, s64 size) MUST_CHECK;
int file_allocate(const struct fs_who *who, struct file *f, u32 mode, s64 pos,
    s64 len) MUST_CHECK;
u32 file_poll(struct file *f, struct poll_table *t);
/* False for those that are always ready, which epoll refuses. */
bool file_can_poll(const struct file *f);
/* FIONBIO, and FIONREAD of regular files; the rest is the ops'. */
s64 file_ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg);
/* Errors: -EBADF, -ENOTDIR, -ENOENT the directory is deleted. */
int file_readdir(struct file *f, struct dir_sink *sink) MUST_CHECK;
int file_sync(struct file *f, bool data_only) MUST_CHECK;
/* sync_file_range, for SYNC_FILE_RANGE_*.  Errors: also -EINVAL, -ESPIPE. */
int file_sync_range(struct file *f, s64 offset, s64 len, u32 flags) MUST_CHECK;
/* The whole file system that it is on. */
int file_sync_fs(struct file *f) MUST_CHECK;
/* Nothing is run that lies on a mount with MS_NOEXEC. */
bool file_may_run(const struct file *f);
/*
 * What mmap maps, with a reference; *out NULL means private zeroes.  shared
 * and writable are what the mapping will be.
 * Errors: -EACCES, -EBADF (O_PATH), -ENODEV, -EPERM (exec, on noexec; or it is
 * sealed).  Locks: between memfd_map_begin and memfd_map_end.
 */
int file_map(
    struct file *f, bool shared, u32 prot, struct object **out) MUST_CHECK;
u32 file_flags(const struct file *f);
/* F_SETFL: only the flags that may change do. */
int file_set_flags(
    const struct fs_who *who, struct file *f, u32 flags) MUST_CHECK;
void file_stat(struct file *f, struct file_stat *out);
int file_statfs(struct file *f, struct fs_statfs *out) MUST_CHECK;
/* As /proc/PID/fd/N shows it; see path_text. */
int file_text(struct file *f, struct path root, char *buf, size_t cap,
    char **out) MUST_CHECK;

/*
 * While a program runs from f nobody may open the file for writing, and the
 * other way round.  Errors: -ETXTBSY.
 */
int file_deny_write(struct file *f) MUST_CHECK;
void file_allow_write(struct file *f);

/* The f-calls; see the same names in fs/namei.h. */
struct file_times;
int file_chmod(const struct fs_who *who, struct file *f, u32 mode) MUST_CHECK;
/* ~0u leaves one as it is. */
int file_chown(
    const struct fs_who *who, struct file *f, u32 uid, u32 gid) MUST_CHECK;
int file_utimens(const struct fs_who *who, struct file *f,
    const struct file_times *times) MUST_CHECK;
int file_chdir(const struct fs_who *who, struct file *f) MUST_CHECK;

#endif

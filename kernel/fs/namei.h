/*
 * Everything that is done by path.
 *
 * A path is a string of the kernel's, a base says where a relative one begins.
 * Names that stand for something to be made or to go are looked up to the
 * directory before them; the directory is locked, and only then the last name
 * is looked at.  Errors come in Linux's order: what exists (-EEXIST) before
 * what may not be written (-EROFS, -EACCES), and so on.
 *
 * Look-up itself can say: -ENOENT, -ENOTDIR, -EACCES, -ELOOP (more than 40
 * symbolic links), -ENAMETOOLONG, -ENOMEM.  These are not named again below.
 * Everything here sleeps and takes the locks of the directories on the way.
 */
#ifndef FS_NAMEI_H
#define FS_NAMEI_H

#include "fs/file.h"

/*
 * base is where a relative path begins: an open file, which must be a
 * directory, or NULL for the working directory.  An absolute path does not
 * look at it.  Passed by value; everything is borrowed.
 */
struct fs_name {
	struct file *base;
	const char *path;
};

static inline struct fs_name
fs_name(struct file *base, const char *path)
{
	return (struct fs_name){base, path};
}

enum {
	NAMEI_NOFOLLOW = 1u << 0,  /* the last name may be a symbolic link */
	NAMEI_DIRECTORY = 1u << 1, /* -ENOTDIR if it is anything else */
	NAMEI_EMPTY = 1u << 2,     /* "" is the base itself, of any type */
};

/* A place, with references.  flags: NAMEI_*. */
int namei_lookup(const struct fs_who *who, struct fs_name name, u32 flags,
    struct path *out) MUST_CHECK;

/* ---- files (namei_open.c) --------------------------------------------- */

/*
 * open: flags are O_* of the ABI, all of them; mode counts with O_CREAT and
 * O_TMPFILE.  A FIFO may wait for its other end.
 * Errors: -EEXIST, -EISDIR, -EACCES, -EROFS, -ENXIO, -ETXTBSY, -EINVAL,
 *         -EOPNOTSUPP, -EPERM (O_NOATIME), -ERESTARTSYS.
 */
int namei_open(const struct fs_who *who, struct fs_name name, u32 flags,
    u32 mode, struct file **out) MUST_CHECK;
/*
 * A program to be run: a regular file that who may execute.
 * flags: NAMEI_NOFOLLOW, NAMEI_EMPTY.  Errors: -EACCES, -ELOOP, -ETXTBSY: it
 * is open for writing.
 */
int namei_open_exec(const struct fs_who *who, struct fs_name name, u32 flags,
    struct file **out) MUST_CHECK;

/* ---- names (namei_names.c, namei_rename.c) --------------------------------
 */

int namei_mkdir(
    const struct fs_who *who, struct fs_name name, u32 mode) MUST_CHECK;
/* mode: type and permissions; type 0 is a regular file. */
int namei_mknod(const struct fs_who *who, struct fs_name name, u32 mode,
    u32 rdev) MUST_CHECK;
/* A socket's node, and where it is, with references. */
int namei_make_socket(const struct fs_who *who, struct fs_name name, u32 mode,
    struct path *out) MUST_CHECK;
int namei_symlink(const struct fs_who *who, const char *target,
    struct fs_name name) MUST_CHECK;
/* flags: NAMEI_* for the old name; without NOFOLLOW a link is followed. */
int namei_link(const struct fs_who *who, struct fs_name old, struct fs_name new,
    u32 flags) MUST_CHECK;
int namei_unlink(const struct fs_who *who, struct fs_name name) MUST_CHECK;
int namei_rmdir(const struct fs_who *who, struct fs_name name) MUST_CHECK;
/* flags: RENAME_NOREPLACE, RENAME_EXCHANGE of the ABI; others -EINVAL. */
int namei_rename(const struct fs_who *who, struct fs_name from,
    struct fs_name to, u32 flags) MUST_CHECK;

/* ---- attributes (namei_attr.c) ---------------------------------------------
 */

int namei_stat(const struct fs_who *who, struct fs_name name, u32 flags,
    struct file_stat *out) MUST_CHECK;
int namei_statfs(const struct fs_who *who, struct fs_name name,
    struct fs_statfs *out) MUST_CHECK;
/*
 * want: MAY_* bits, 0 for existence.  Who asks as himself and not as he acts
 * comes with a cred of cred_dup_real.
 */
int namei_access(const struct fs_who *who, struct fs_name name, u32 flags,
    u32 want) MUST_CHECK;
/*
 * The text, not terminated, at most cap bytes; *len_out says how many.
 * An empty path is the link that base was opened on with O_PATH.
 */
int namei_readlink(const struct fs_who *who, struct fs_name name, char *buf,
    size_t cap, size_t *len_out) MUST_CHECK;
int namei_chmod(const struct fs_who *who, struct fs_name name, u32 flags,
    u32 mode) MUST_CHECK;
/* ~0u leaves one as it is. */
int namei_chown(const struct fs_who *who, struct fs_name name, u32 flags,
    u32 uid, u32 gid) MUST_CHECK;

/* For each time: leave it, set it to now, or to a value. */
enum file_time_how {
	FILE_TIME_OMIT,
	FILE_TIME_NOW,
	FILE_TIME_SET,
};
struct file_times {
	u8 atime_how;
	u8 mtime_how;
	s64 atime_ns; /* since 1970 */
	s64 mtime_ns;
};
int namei_utimens(const struct fs_who *who, struct fs_name name, u32 flags,
    const struct file_times *times) MUST_CHECK;
int namei_truncate(
    const struct fs_who *who, struct fs_name name, s64 size) MUST_CHECK;

/* ---- where one stands (getcwd.c) -------------------------------------------
 */

int namei_chdir(const struct fs_who *who, struct fs_name name) MUST_CHECK;
int namei_chroot(const struct fs_who *who, struct fs_name name) MUST_CHECK;
/*
 * The working directory's path, at the end of buf; *out points into it.
 * Errors: -ENOENT deleted, -ERANGE.  One that lies outside the root begins
 * with "(unreachable)".
 */
int namei_getcwd(
    struct fs_context *ctx, char *buf, size_t cap, char **out) MUST_CHECK;

/* ---- mounts (namei_mount.c) ------------------------------------------------
 */

/*
 * mount: flags are MS_* of the ABI: a new file system of a type, MS_BIND (of
 * one mount, not of what is mounted below it), MS_REMOUNT; propagation flags
 * are taken and mean nothing, MS_MOVE is refused.  source, type and data may be
 * NULL.
 * Errors: -EPERM, -ENODEV no such type, -EBUSY, -EINVAL, -ENOTDIR.
 */
int namei_mount(const struct fs_who *who, const char *source,
    struct fs_name target, const char *type, u32 flags,
    const char *data) MUST_CHECK;
/* flags: MNT_* and UMOUNT_NOFOLLOW.  Errors: -EPERM, -EINVAL, -EBUSY. */
int namei_umount(
    const struct fs_who *who, struct fs_name target, u32 flags) MUST_CHECK;

#endif

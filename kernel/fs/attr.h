/* Changes to an inode's attributes, with the rights that they take. */
#ifndef FS_ATTR_H
#define FS_ATTR_H

#include "fs/vfs_impl.h"

/* Who has CAP_FOWNER counts as everybody's. */
bool inode_is_owner(const struct inode *i, const struct cred *cred);

/*
 * See the namei_ functions of the same name.
 * Locks: these take the inode's.
 */
int inode_chmod(const struct fs_who *who, struct inode *i, u32 mode) MUST_CHECK;
int inode_chown(
    const struct fs_who *who, struct inode *i, u32 uid, u32 gid) MUST_CHECK;
int inode_utimens(const struct fs_who *who, struct inode *i,
    const struct file_times *times) MUST_CHECK;
/* Errors: -EFBIG beyond who's limit. */
int inode_truncate(
    const struct fs_who *who, struct inode *i, s64 size) MUST_CHECK;

#endif

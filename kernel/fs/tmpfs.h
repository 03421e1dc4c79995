/* The file system that lives in memory; also the tree of /dev. */
#ifndef FS_TMPFS_H
#define FS_TMPFS_H

#include "fs/vfs.h"

/*
 * data: options as in mount -o: size=, nr_inodes=, mode=, uid=, gid=; NULL for
 * none.  Without size= it may use half of memory.  One reference.
 * Errors: -EINVAL, -ENOMEM.
 */
int tmpfs_create(
    const char *type, const char *data, struct filesystem **out) MUST_CHECK;
/* Boot: makes the type known. */
void tmpfs_init(void);

#endif

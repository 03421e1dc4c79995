/* Disks as files: what opening a block device means. */
#ifndef FS_BLOCKDEV_H
#define FS_BLOCKDEV_H

#include "fs/file.h"

extern const struct file_ops blockdev_file_ops;

/* Bytes of the disk that f was opened on. */
u64 blockdev_size(const struct file *f);

#endif

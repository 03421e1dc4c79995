/*
 * /dev: a tree in memory with a node for every registered character device
 * that has a name (dev/chardev.h).  There is one, however often it is mounted,
 * and nodes, links and directories can be made in it.
 *
 * null, zero, full, random and urandom are in fs/devmem.c.
 */
#ifndef FS_DEVFS_H
#define FS_DEVFS_H

#include "fs/file.h"

/* Boot: makes the type "devtmpfs" known, and the devices that are ours. */
void devfs_init(void);

/* What an inode that is a character device opens as: its driver's. */
extern const struct file_ops chardev_file_ops;
/* Of a file with those: its driver has a poll. */
bool chardev_can_poll(const struct file *f);

#endif

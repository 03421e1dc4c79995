/*
 * /dev: a tree in memory with a node for every registered character device
 * that has a name (dev/chardev.h).  There is one, however often it is mounted,
 * and nodes, links and directories can be made in it.
 *
 * null, zero, full, random and urandom are in fs/devmem.c.
 */
#ifndef FS_DEVFS_H
#define FS_DEVFS_H

#include "dev/chardev.h"
#include "fs/file.h"

/* Boot: makes the type "devtmpfs" known, and the devices that are ours. */
void devfs_init(void);

/* What an inode that is a character device opens as: its driver's. */
extern const struct file_ops chardev_file_ops;
/* Of a file with those: its driver has a poll. */
bool chardev_can_poll(const struct file *f);
/*
 * f, which is being opened, is a device of these functions, whatever its number
 * says.  open, if there is one, is called with arg in place of theirs.
 * Errors: -ENOMEM, what open says.
 */
int device_open_as(struct file *f, const struct chardev_ops *ops,
    int (*open)(struct chardev_open *o, void *arg), void *arg) MUST_CHECK;
/* What open left as private, if f is an open device of these functions. */
void *device_private(struct file *f, const struct chardev_ops *ops);

#endif

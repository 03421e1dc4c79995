/*
 * The names of pseudo-terminals: a file system with a node for each slave whose
 * master is open, usually seen at /dev/pts.  Each mount is a file system of its
 * own, with its own numbers.
 *
 * Opening the device PTMX_DEVICE makes a pair.  It has its slave in the devpts
 * that the node is in, or that is mounted as "pts" beside the node.
 */
#ifndef FS_DEVPTS_H
#define FS_DEVPTS_H

#include "dev/chardev.h"
#include "fs/file.h"

#define PTMX_DEVICE dev_make(5, 2)

/* Boot: makes the type "devpts" known. */
void devpts_init(void);
/*
 * f, which is being opened, is the master of a new pair.
 * Errors: -ENODEV there is no devpts, -ENOSPC, -ENOMEM.
 */
int devpts_open_master(struct file *f) MUST_CHECK;
bool devpts_is_master(struct file *f);
/*
 * The slave of a master, opened with flags.  Errors: -ENODEV its devpts is not
 * to be seen from the master's node, -EIO.
 */
int devpts_open_peer(
    struct file *master, u32 flags, struct file **out) MUST_CHECK;

#endif

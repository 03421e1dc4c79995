/* The archive that a machine starts with. */
#ifndef FS_INITRAMFS_H
#define FS_INITRAMFS_H

#include "lib/types.h"

/*
 * Unpacks cpio archives (newc), one behind another, into the root, which
 * vfs_init has made.  What is malformed ends it with one line in the log; what
 * was unpacked before stays.  The bytes are copied: the caller may free them.
 */
void initramfs_unpack(const void *archive, size_t len_bytes);

#endif

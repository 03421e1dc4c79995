/*
 * Uses a mounted file system as programs can, whatever comes of it: what may
 * not happen is a panic, an end that does not come, or a law that is broken.
 */
#ifndef HOST_DISK_USE_H
#define HOST_DISK_USE_H

#include "fs/vfs.h"
#include "lib/types.h"

/* The tree at dir, as far as a bounded walk goes: names, bytes, attributes. */
void disk_look(const struct fs_who *who, const char *dir);
/* nr things that are drawn with fake_random, with names that were seen. */
void disk_change(const struct fs_who *who, const char *dir, u32 nr);

#endif

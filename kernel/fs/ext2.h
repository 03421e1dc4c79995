/*
 * ext2 and ext3 on disks, for reading: what mke2fs makes and e2fsck checks.
 */
#ifndef FS_EXT2_H
#define FS_EXT2_H

/* Boot: makes the types "ext2" and "ext3" known. */
void ext2_init(void);

#endif

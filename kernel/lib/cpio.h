/*
 * Reads cpio archives in the "newc" format, as an initramfs comes: any number
 * of archives one behind the other, with zeros before, between and after them.
 * Not a byte outside the given range is looked at, whatever it holds.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include "lib/types.h"

/* A walk over the entries; all fields are private. */
struct cpio {
	const u8 *data;
	size_t len_bytes;
	size_t at;
	u32 archive;
};

struct cpio_entry {
	const char *name; /* in the archive, terminated, not empty */
	const u8 *data;   /* in the archive */
	u32 len_bytes;
	u32 mode; /* type and permissions, as stat has them */
	u32 uid;
	u32 gid;
	u32 nlink;
	u32 mtime_s;
	/* Entries of one archive with the same device and ino are links of one
	 * file; the last of them has the data. */
	u32 archive;
	u32 dev_major;
	u32 dev_minor;
	u32 ino;
	u32 rdev_major; /* what a device node stands for */
	u32 rdev_minor;
};

void cpio_init(struct cpio *it, const void *data, size_t len_bytes);

/*
 * The next entry; the trailers that end archives are not shown.
 * Errors: ENOENT there is none; EINVAL malformed, and so is all that follows.
 */
int cpio_next(struct cpio *it, struct cpio_entry *entry) MUST_CHECK;

#endif

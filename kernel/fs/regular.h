/*
 * Regular files whose bytes lie in the pages of an object: read, write and
 * mmap all see the same ones.
 */
#ifndef FS_REGULAR_H
#define FS_REGULAR_H

#include "fs/file.h"

struct regular;

/* What the file system has a say in.  Locks: the inode's held. */
struct regular_ops {
	/*
	 * How many of the len bytes from pos on there is room for; what is
	 * there already may be written over.  Errors: -ENOSPC.
	 */
	s64 (*room)(struct regular *r, u64 pos, u64 len);
	/* Pages have come or gone.  NULL: that is nobody's business. */
	void (*changed)(struct regular *r);
	/*
	 * After room: so many bytes have come into the pages from pos on, and
	 * are to have a place on the disk; with the size, if it grows.  Bytes
	 * that get none are not there any more.  Of what room allows at a time
	 * a longer write makes many.  Errors: -EIO, -ENOSPC, -EROFS. NULL: the
	 * pages are all there is.
	 */
	int (*written)(struct regular *r, u64 pos, u64 len);
	/*
	 * The first hole, or else data, from byte from on, which lies below the
	 * size.  *out may be beyond the size: none.  NULL: as pages are there.
	 * Locks: none of the inode's.
	 */
	int (*seek)(struct regular *r, u64 from, bool hole, u64 *out);
};

/*
 * struct regular: an inode with an object, for file systems to embed.  The
 * inode holds one reference to the object, mappings hold others: the memory is
 * freed by the object's release, after the inode's.
 * Locks: o the object's   i the inode's   c fixed
 */
struct regular {
	struct inode inode;
	struct object object;
	const struct regular_ops *ops; /* c */
	char *mapped_as; /* o: its name when it was mapped, or NULL */
	u32 seals;       /* i: F_SEAL_*, see fs/memfd.c; with a store none */
	bool sealable;   /* c: more may come */
};

/* object_ops: release, and regular_describe for describe. */
void regular_init(struct regular *r, struct filesystem *fs, u64 ino,
    const struct inode_new *new, const struct regular_ops *ops,
    const struct object_ops *object_ops);
/* For inode_ops->release: lets go of the object. */
void regular_release(struct inode *i);
/* For object_ops->release: what regular_init set up. */
void regular_destroy(struct regular *r);
/* For inode_ops: the size. */
int regular_setattr(struct inode *i, const struct inode_attr *attr) MUST_CHECK;
/* For object_ops. */
int regular_sync_object(struct object *o) MUST_CHECK;
void regular_describe(
    struct object *o, char *buf, size_t cap, u64 *dev, u64 *ino);

extern const struct file_ops regular_file_ops;

static inline struct regular *
regular_of(struct inode *i)
{
	return container_of(i, struct regular, inode);
}

#endif

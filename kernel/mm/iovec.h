/*
 * Where the bytes of a read go, or those of a write come from: one or more
 * pieces of user memory, or a buffer of the kernel.
 *
 * An iterator stands at the next byte to be moved.  A copy that meets a bad
 * user address moves what lies before it; who finds fewer bytes moved than he
 * asked for reports those, and -EFAULT only when there are none at all.
 */
#ifndef MM_IOVEC_H
#define MM_IOVEC_H

#include "lib/types.h"

/* One piece; laid out as struct iovec of the ABI is. */
struct iov_segment {
	u64 base; /* a user address, or for the kernel's own a pointer */
	u64 len_bytes;
};

/* The most pieces that a call may have, UIO_MAXIOV of the ABI. */
#define IOV_MAX_SEGMENTS 1024
/* The most bytes that one call moves: what Linux takes, a page below 2^31. */
#define IOV_MAX_BYTES 0x7ffff000ul

/*
 * struct iov_iter: lives on the stack of one call.
 * Laws   I1  skip < segments[0].len_bytes, or nothing is left
 *        I2  left_bytes is what the segments hold, less skip
 */
struct iov_iter {
	const struct iov_segment *segments;
	u64 skip;               /* bytes of segments[0] that are done */
	u64 left_bytes;         /* what is still to be moved */
	bool is_kernel;         /* segments are kernel memory */
	bool out_of_range;      /* no address space has what was asked for */
	bool lost_reader;       /* where it went nobody reads any more */
	struct iov_segment one; /* the segment of those that have just one */
};

/*
 * A range that no address space could have: it begins, is long, or ends beyond
 * INT64_MAX.  One that merely leaves the user's half is met when its bytes are
 * copied, after those that are good.
 */
static inline bool
iov_is_out_of_range(u64 base, u64 len_bytes)
{
	return (s64)(base | len_bytes | (base + len_bytes)) < 0;
}

static inline void
iov_init_one(struct iov_iter *it, u64 base, u64 len_bytes, bool is_kernel)
{
	it->one.base = base;
	it->one.len_bytes = len_bytes;
	it->segments = &it->one;
	it->skip = 0;
	it->left_bytes = len_bytes;
	it->is_kernel = is_kernel;
	it->out_of_range = false;
	it->lost_reader = false;
}

/* One range of user memory; addresses are checked when they are used. */
static inline void
iov_init_user(struct iov_iter *it, uaddr_t base, u64 len_bytes)
{
	iov_init_one(it, base.val, MIN(len_bytes, IOV_MAX_BYTES), false);
	it->out_of_range = iov_is_out_of_range(base.val, len_bytes);
}

static inline void
iov_init_kernel(struct iov_iter *it, void *buf, u64 len_bytes)
{
	iov_init_one(it, (u64)buf, len_bytes, true);
}

/*
 * A list that the caller has copied in and keeps while the iterator is used.
 * Cut to IOV_MAX_BYTES.  Errors: -EINVAL a length, or their sum, is negative
 * as a signed number; -EFAULT no address space has a piece.
 */
int iov_init_vector(
    struct iov_iter *it, const struct iov_segment *segments, u32 nr) MUST_CHECK;

/*
 * Moves up to len bytes, fewer at the end of the iterator or at a bad address,
 * and returns how many.
 * Locks: user memory may fault, so none below MM in the order.
 */
size_t iov_put(struct iov_iter *it, const void *src, size_t len) MUST_CHECK;
size_t iov_put_zeroes(struct iov_iter *it, size_t len) MUST_CHECK;
size_t iov_get(struct iov_iter *it, void *dst, size_t len) MUST_CHECK;

struct object;
/* The same from and to the pages of an object, at pos; see mm/object.h. */
int iov_put_object(
    struct iov_iter *it, struct object *o, u64 pos, size_t len, size_t *done);
int iov_get_object(
    struct iov_iter *it, struct object *o, u64 pos, size_t len, size_t *done);

/* Leaves len bytes out, which are not more than are left. */
void iov_skip(struct iov_iter *it, u64 len);
/* Lets no more than len bytes be moved from here on. */
static inline void
iov_truncate(struct iov_iter *it, u64 len_bytes)
{
	if (it->left_bytes > len_bytes)
		it->left_bytes = len_bytes;
}

#endif

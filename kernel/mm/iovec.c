#include "mm/iovec.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/audit.h"
#include "mm/object.h"
#include "mm/usercopy.h"

int
iov_init_vector(struct iov_iter *it, const struct iov_segment *segments, u32 nr)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		u64 len = segments[i].len_bytes;

		if ((s64)len < 0)
			return -EINVAL;
		if (iov_is_out_of_range(segments[i].base, len))
			return -EFAULT;
		sum += MIN(len, IOV_MAX_BYTES - sum);
	}
	it->segments = segments;
	it->skip = 0;
	it->left_bytes = sum;
	it->is_kernel = false;
	it->out_of_range = false;
	it->lost_reader = false;
	return 0;
}

/* What can be moved next in one go, at most len bytes; 0 at the end. */
static struct iov_segment
next_piece(struct iov_iter *it, size_t len)
{
	struct iov_segment piece;

	len = MIN(len, it->left_bytes);
	if (len == 0)
		return (struct iov_segment){0, 0};
	while (it->segments->len_bytes == it->skip) {
		it->segments++;
		it->skip = 0;
	}
	piece.base = it->segments->base + it->skip;
	piece.len_bytes = MIN(len, it->segments->len_bytes - it->skip);
	return piece;
}

static void
advance(struct iov_iter *it, u64 len)
{
	it->skip += len;
	it->left_bytes -= len;
}

void
iov_skip(struct iov_iter *it, u64 len)
{
	struct iov_segment piece;

	for (; len > 0; len -= piece.len_bytes) {
		piece = next_piece(it, len);
		assert(piece.len_bytes > 0);
		advance(it, piece.len_bytes);
	}
}

/* How many bytes were not copied. */
static inline size_t
put_piece(const struct iov_iter *it, struct iov_segment piece, const void *from)
{
	if (likely(!it->is_kernel))
		return user_write_some(
		    uaddr(piece.base), from, piece.len_bytes);
	memcpy((void *)piece.base, from, piece.len_bytes);
	return 0;
}

size_t
iov_put(struct iov_iter *it, const void *src, size_t len)
{
	size_t done = 0;

	for (;;) {
		struct iov_segment piece = next_piece(it, len - done);
		size_t left;

		if (piece.len_bytes == 0)
			return done;
		left = put_piece(it, piece, (const char *)src + done);
		advance(it, piece.len_bytes - left);
		done += piece.len_bytes - left;
		if (left > 0)
			return done;
	}
}

size_t
iov_get(struct iov_iter *it, void *dst, size_t len)
{
	size_t done = 0;

	for (;;) {
		struct iov_segment piece = next_piece(it, len - done);
		char *to = (char *)dst + done;
		size_t left = 0;

		if (piece.len_bytes == 0)
			return done;
		if (it->is_kernel)
			memcpy(to, (const void *)piece.base, piece.len_bytes);
		else
			left = user_read_some(
			    to, uaddr(piece.base), piece.len_bytes);
		advance(it, piece.len_bytes - left);
		done += piece.len_bytes - left;
		if (left > 0)
			return done;
	}
}

size_t
iov_put_zeroes(struct iov_iter *it, size_t len)
{
	size_t done = 0, n, put;

	do {
		n = MIN(len - done, PAGE_SIZE);
		put = iov_put(it, page_kva(zero_page), n);
		done += put;
	} while (put == n && done < len);
	return done;
}

/* Up to the end of a page, or of a segment. */
static int
put_from_page(struct iov_iter *it, struct object *o, u64 pos, size_t len)
{
	u64 in_page = pos & PAGE_MASK;
	struct iov_segment piece =
	    next_piece(it, MIN(len, PAGE_SIZE - in_page));
	struct page *p;
	size_t left;
	int err = object_page_to_read(o, pos >> PAGE_SHIFT, &p);

	if (err < 0)
		return err;
	left = put_piece(it, piece, (const char *)page_kva(p) + in_page);
	page_put(p);
	advance(it, piece.len_bytes - left);
	return left > 0 ? -EFAULT : 0;
}

int
iov_put_object(
    struct iov_iter *it, struct object *o, u64 pos, size_t len, size_t *done)
{
	u64 before = it->left_bytes;
	int err = 0;

	len = MIN(len, before);
	*done = 0;
	audit_enter();
	while (err == 0 && *done < len) {
		err = put_from_page(it, o, pos + *done, len - *done);
		*done = before - it->left_bytes;
	}
	audit_leave();
	return err;
}

static int
get_piece(struct object *o, u64 pos, struct iov_segment piece, bool is_kernel,
    size_t *done)
{
	if (!is_kernel)
		return object_write_user(
		    o, pos, uaddr(piece.base), piece.len_bytes, done);
	*done = piece.len_bytes;
	return object_write(o, pos, (const void *)piece.base, piece.len_bytes);
}

int
iov_get_object(
    struct iov_iter *it, struct object *o, u64 pos, size_t len, size_t *done)
{
	int err = 0;

	*done = 0;
	while (err == 0) {
		struct iov_segment piece = next_piece(it, len - *done);
		size_t moved;

		if (piece.len_bytes == 0)
			break;
		err = get_piece(o, pos + *done, piece, it->is_kernel, &moved);
		advance(it, moved);
		*done += moved;
	}
	return err;
}

#include "mm/iovec.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/usercopy.h"

static void
init_one(struct iov_iter *it, u64 base, u64 len_bytes, bool is_kernel)
{
	it->one.base = base;
	it->one.len_bytes = len_bytes;
	it->segments = &it->one;
	it->skip = 0;
	it->left_bytes = len_bytes;
	it->is_kernel = is_kernel;
	it->out_of_range = false;
}

/*
 * A range that no address space could have.  One that merely leaves the user's
 * half is met when its bytes are copied, after those that are good.
 */
static bool
is_out_of_range(u64 base, u64 len_bytes)
{
	return base > INT64_MAX || len_bytes > INT64_MAX - base;
}

void
iov_init_user(struct iov_iter *it, uaddr_t base, u64 len_bytes)
{
	init_one(it, base.val, MIN(len_bytes, IOV_MAX_BYTES), false);
	it->out_of_range = is_out_of_range(base.val, len_bytes);
}

void
iov_init_kernel(struct iov_iter *it, void *buf, u64 len_bytes)
{
	init_one(it, (u64)buf, len_bytes, true);
}

int
iov_init_vector(struct iov_iter *it, const struct iov_segment *segments, u32 nr)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		u64 len = segments[i].len_bytes;

		if ((s64)len < 0)
			return -EINVAL;
		if (is_out_of_range(segments[i].base, len))
			return -EFAULT;
		sum += MIN(len, IOV_MAX_BYTES - sum);
	}
	it->segments = segments;
	it->skip = 0;
	it->left_bytes = sum;
	it->is_kernel = false;
	it->out_of_range = false;
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

size_t
iov_put(struct iov_iter *it, const void *src, size_t len)
{
	size_t done = 0;

	for (;;) {
		struct iov_segment piece = next_piece(it, len - done);
		const char *from = (const char *)src + done;
		size_t left = 0;

		if (piece.len_bytes == 0)
			return done;
		if (it->is_kernel)
			memcpy((void *)piece.base, from, piece.len_bytes);
		else
			left = user_write_some(
			    uaddr(piece.base), from, piece.len_bytes);
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

/* One direction of moving a piece between an object and a segment. */
typedef int move_fn(struct object *o, u64 pos, struct iov_segment piece,
    bool is_kernel, size_t *done);

static int
put_piece(struct object *o, u64 pos, struct iov_segment piece, bool is_kernel,
    size_t *done)
{
	if (!is_kernel)
		return object_read_user(
		    o, pos, uaddr(piece.base), piece.len_bytes, done);
	*done = piece.len_bytes;
	return object_read(o, pos, (void *)piece.base, piece.len_bytes);
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

static int
move(struct iov_iter *it, struct object *o, u64 pos, size_t len, size_t *done,
    move_fn *fn)
{
	int err = 0;

	*done = 0;
	while (err == 0) {
		struct iov_segment piece = next_piece(it, len - *done);
		size_t moved;

		if (piece.len_bytes == 0)
			break;
		err = fn(o, pos + *done, piece, it->is_kernel, &moved);
		advance(it, moved);
		*done += moved;
	}
	return err;
}

int
iov_put_object(
    struct iov_iter *it, struct object *o, u64 pos, size_t len, size_t *done)
{
	return move(it, o, pos, len, done, put_piece);
}

int
iov_get_object(
    struct iov_iter *it, struct object *o, u64 pos, size_t len, size_t *done)
{
	return move(it, o, pos, len, done, get_piece);
}

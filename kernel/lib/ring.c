#include "lib/ring.h"

#include "lib/assert.h"
#include "lib/string.h"

void
ring_init(struct ring *r, void *buf, u32 size_bytes)
{
	assert(size_bytes != 0 && (size_bytes & (size_bytes - 1)) == 0);
	*r = (struct ring){.buf = buf, .size_bytes = size_bytes};
}

void
ring_clear(struct ring *r)
{
	r->tail = r->head;
}

bool
ring_put(struct ring *r, u8 byte)
{
	return ring_write(r, &byte, 1) == 1;
}

bool
ring_get(struct ring *r, u8 *byte)
{
	return ring_read(r, byte, 1) == 1;
}

u32
ring_write(struct ring *r, const void *src, u32 len)
{
	u32 start = r->head & (r->size_bytes - 1);
	u32 to_end;

	assert(ring_used(r) <= r->size_bytes);
	len = MIN(len, ring_space(r));
	to_end = MIN(len, r->size_bytes - start);
	memcpy(r->buf + start, src, to_end);
	memcpy(r->buf, (const u8 *)src + to_end, len - to_end);
	r->head += len;
	return len;
}

u32
ring_peek(const struct ring *r, void *dst, u32 len)
{
	u32 start = r->tail & (r->size_bytes - 1);
	u32 to_end;

	assert(ring_used(r) <= r->size_bytes);
	len = MIN(len, ring_used(r));
	to_end = MIN(len, r->size_bytes - start);
	memcpy(dst, r->buf + start, to_end);
	memcpy((u8 *)dst + to_end, r->buf, len - to_end);
	return len;
}

u32
ring_read(struct ring *r, void *dst, u32 len)
{
	len = ring_peek(r, dst, len);
	r->tail += len;
	return len;
}

u32
ring_span(const struct ring *r, u32 from, u8 **at)
{
	u32 start = (r->tail + from) & (r->size_bytes - 1);

	assert(from <= ring_used(r));
	*at = r->buf + start;
	return MIN(ring_used(r) - from, r->size_bytes - start);
}

void
ring_skip(struct ring *r, u32 len)
{
	assert(len <= ring_used(r));
	r->tail += len;
}

void
ring_cut(struct ring *r, u32 len)
{
	assert(len <= ring_used(r));
	r->head = r->tail + len;
}

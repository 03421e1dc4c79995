/*
 * A first-in first-out queue of bytes in a buffer that the caller owns.
 * Locking is the caller's too.
 */
#ifndef LIB_RING_H
#define LIB_RING_H

#include "lib/types.h"

/*
 * head and tail count the bytes ever put and taken, modulo 2^32; their
 * difference is what the ring holds, so full and empty need no extra mark.
 * Law: head - tail <= size, and size is a power of two up to 2^31.
 */
struct ring {
	u8 *buf;
	u32 size_bytes;
	u32 head; /* where the next byte is put */
	u32 tail; /* where the next byte is taken */
};

void ring_init(struct ring *r, void *buf, u32 size_bytes);
void ring_clear(struct ring *r);

static inline u32
ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

static inline u32
ring_space(const struct ring *r)
{
	return r->size_bytes - ring_used(r);
}

/* False when the ring is full. */
bool ring_put(struct ring *r, u8 byte) MUST_CHECK;
/* False when the ring is empty. */
bool ring_get(struct ring *r, u8 *byte) MUST_CHECK;

/* As much as there is room, or content, for; the result says how much. */
u32 ring_write(struct ring *r, const void *src, u32 len);
u32 ring_read(struct ring *r, void *dst, u32 len);
/* Like ring_read, and leaves the bytes in the ring. */
u32 ring_peek(const struct ring *r, void *dst, u32 len);

/*
 * For who reads a ring in its place: where its bytes from the from-th on lie,
 * and how many of them in one piece; 0: there is none.
 */
u32 ring_span(const struct ring *r, u32 from, u8 **at);
/* The first len bytes, which there must be, have been read. */
void ring_skip(struct ring *r, u32 len);
/* Forgets all but the first len bytes, which there must be. */
void ring_cut(struct ring *r, u32 len);

#endif

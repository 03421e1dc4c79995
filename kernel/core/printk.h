/*
 * The kernel's log: every line goes into a ring (for dmesg) and to the
 * console, whole, whatever the other harts print.
 */
#ifndef CORE_PRINTK_H
#define CORE_PRINTK_H

#include "lib/types.h"

void printk(const char *fmt, ...) PRINTF(1, 2);
/* For what a program can provoke at will: at most some lines a second. */
void printk_limited(const char *fmt, ...) PRINTF(1, 2);

/*
 * Where lines go beside the ring.  write may be called with interrupts off and
 * must not sleep; polled means: nothing else works any more, wait for the
 * device.
 */
struct printk_sink {
	void (*write)(const char *text, size_t len, bool polled);
};
void printk_set_sink(const struct printk_sink *sink);
/* Frames each console line with this tag (see docs/testing.md); NULL: plain. */
void printk_set_frame(const char *nonce);
/* Only the ring, not the console. */
void printk_set_quiet(bool quiet);
/* Copies out of the ring from *pos on; returns the bytes, moves *pos. */
size_t printk_read(u64 *pos, char *buf, size_t len);

#endif

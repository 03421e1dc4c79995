/*
 * The kernel's log: every line goes into a ring (for dmesg) and to the
 * console, whole, whatever the other harts print.
 */
#ifndef CORE_PRINTK_H
#define CORE_PRINTK_H

#include "lib/types.h"

/*
 * Each call prints at least one line: what lacks its newline gets it, and
 * what is longer than a line is cut.  Control characters are shown as '?'.
 * Locks: any but printk's own.
 */
void printk(const char *fmt, ...) PRINTF(1, 2);
/* For what a program can provoke at will: at most some lines a second. */
void printk_limited(const char *fmt, ...) PRINTF(1, 2);

/*
 * Where lines go beside the ring.  write gets whole lines; it may be called
 * with interrupts off and must not sleep.  It may refuse, by false, and has
 * printk_flush called when it would take the line.  polled means: nothing
 * else works any more, take no lock and wait for the device.
 */
struct printk_sink {
	bool (*write)(const char *text, size_t len, bool polled);
	/* Waits until everything has left. */
	void (*drain)(void);
};
void printk_set_sink(const struct printk_sink *sink);
/* Sends what the sink has not had yet.  Locks: none that the sink takes. */
void printk_flush(void);
/* Before the power goes: waits until the console has shown everything. */
void printk_drain(void);
/* Frames each console line with this tag (see docs/testing.md); NULL: plain. */
void printk_set_frame(const char *nonce);
/* Only the ring, not the console, until a panic. */
void printk_set_quiet(bool quiet);
/* Copies out of the ring from *pos on; returns the bytes, moves *pos. */
size_t printk_read(u64 *pos, char *buf, size_t len);

#endif

/*
 * A disk in memory for tests of file systems.  It remembers each write and
 * flush, does requests in any order while somebody waits, and can fail any of
 * them.  Needs tests/host/fake_kernel.c.
 */
#ifndef HOST_FAKE_DISK_H
#define HOST_FAKE_DISK_H

#include "dev/block.h"

#define FAKE_DISK_MAX (10u << 20)

extern struct blockdev fake_disk;
/* What is on it now. */
extern u8 fake_disk_bytes[FAKE_DISK_MAX];

enum fake_event_kind {
	FAKE_WRITE,
	FAKE_FLUSH,
	FAKE_MARK, /* nothing of the disk's: the test's own */
};

struct fake_event {
	enum fake_event_kind kind;
	u64 sector;
	u32 len_bytes;
	u32 mark;
	u8 *data;
};

extern struct fake_event *fake_events;
extern u32 fake_nr_events;

/* So many more reads, or writes and flushes, work; ~0: all. */
extern u64 fake_reads_left, fake_writes_left;

/* A new disk with these bytes.  What was recorded stays; no more is. */
void fake_disk_set(const u8 *bytes, u64 len_bytes);
/* From now on what happens is noted, and what was is forgotten. */
void fake_disk_record(void);
void fake_disk_record_end(void);
void fake_disk_mark(u32 mark);
/*
 * There are two recordings: from now on the other one is noted; and what was
 * noted before counts again, or the other way round, and nothing is noted.
 */
void fake_disk_again(void);
void fake_disk_swap(void);
/*
 * What the disk has after a cut, into image: all writes of the events before
 * from, and any sectors of those from there up to to.
 */
void fake_disk_cut(u8 *image, u32 from, u32 to);

/* Runs a shell command; its status. */
int fake_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fake_file_write(const char *path, const u8 *bytes, u64 len_bytes);
/* How many bytes it has, at most max. */
u64 fake_file_read(const char *path, u8 *bytes, u64 max);

#endif

/*
 * A disk that remembers each write and flush, over an ext3 that mke2fs made,
 * for tests of the journal.  Requests are done in any order while somebody
 * waits; any of them can fail.  Needs tests/host/fake_kernel.c, and fs/buf.c.
 */
#ifndef HOST_FAKE_RECORDER_H
#define HOST_FAKE_RECORDER_H

#include "dev/block.h"
#include "fake_kernel.h"
#include "fs/journal_impl.h"

#define REC_BLOCK  1024u
#define REC_BLOCKS 2560u
#define REC_BYTES  (REC_BLOCKS * REC_BLOCK)
#define REC_LOG    1024u /* blocks of the log */
/* From here on nothing of ext3 is in use. */
#define REC_FREE 1200u

extern struct blockdev rec_disk;
/* What is on the disk. */
extern u8 rec_bytes[REC_BYTES];
/* And was, when the recorder started. */
extern u8 rec_base[REC_BYTES];
extern u32 rec_log[REC_LOG];

enum rec_kind {
	REC_WRITE,
	REC_FLUSH,
	REC_TOLD, /* nothing of the disk's: somebody was told of a commit */
};

struct rec_event {
	enum rec_kind kind;
	u32 block;  /* of a write */
	u32 number; /* of a transaction */
	u8 *data;   /* of a write */
};

extern struct rec_event rec_events[];
extern u32 rec_nr_events;

/* After so many more writes and flushes, or reads, one fails; ~0: none. */
extern u64 rec_writes_left, rec_reads_left;
/* Writes and flushes there were, and the most requests at a time. */
extern u64 rec_nr_requests;
extern u32 rec_most_pending;

/* The disk as mke2fs made it, but for the length of the log. */
void rec_fresh(u32 nr_log);
struct journal_super *rec_super(void);
/* Forgets the events, and notes those that come. */
void rec_start(void);
void rec_stop(void);
void rec_note_told(u32 number);

/*
 * The disk after a cut: as it was, with all writes of [0, from) and any sectors
 * of those of [from, to).
 */
void rec_cut(u32 from, u32 to);
/* One write at once, which is recorded.  Errors: -EIO. */
int rec_write(u32 block, const u8 *data) MUST_CHECK;

/*
 * Has e2fsck recover the disk and leaves it so in image; says whether it did.
 */
bool rec_e2fsck(u8 *image);
/*
 * The first block that differs from the disk, or -1.  ext3's own superblock
 * does by design: e2fsck clears the sign that there is something to recover,
 * and notes when.
 */
s64 rec_first_difference(const u8 *image);

/* Of cmocka's groups. */
int rec_make(void **state);
int rec_remove(void **state);

#endif

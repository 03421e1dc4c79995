/* A growing text, for the files of /proc. */
#ifndef FS_SEQ_H
#define FS_SEQ_H

#include "lib/types.h"

/*
 * struct seq: printing never fails; when memory runs out the text is marked
 * lost, and the read returns -ENOMEM.
 */
struct seq {
	char *buf;
	size_t len_bytes;
	size_t cap_bytes;
	bool lost;
};

void seq_init(struct seq *s);
void seq_free(struct seq *s);
/* Locks: no spin lock. */
void seq_print(struct seq *s, const char *fmt, ...) PRINTF(2, 3);
void seq_write(struct seq *s, const void *bytes, size_t len);
void seq_puts(struct seq *s, const char *text);
/* A name with what would break a line or a column as \ooo. */
void seq_escape(struct seq *s, const char *text);

#endif

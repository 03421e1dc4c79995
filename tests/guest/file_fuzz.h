/* What the parts of file_fuzz.c share; it says what for. */
#ifndef GUEST_FILE_FUZZ_H
#define GUEST_FILE_FUZZ_H

#include "files.h"

enum {
	PAGE = 4096,
	MOST_BYTES = 65536, /* that one operation moves */
};

struct fuzz {
	uint64_t seed;
	size_t most; /* the file's size at most */
	bool past;   /* mappings write behind the file's end, too */

	/* The file, and what must be in it; behind `size` that is zero. */
	int fd;
	size_t size;
	unsigned char *good;

	/* A mapping of all that the file may become, or NULL. */
	unsigned char *held;

	unsigned char buf[MOST_BYTES];
};

extern struct fuzz fuzz;

size_t fuzz_least(size_t a, size_t b);
/* A number in [0, end). */
size_t fuzz_below(size_t end);
/* A place in [0, end). */
size_t fuzz_draw_at(size_t end);
/* How much, `room` at most, which may be 0. */
size_t fuzz_draw_len(size_t room);
/* How much of the file, and where; it may be nothing. */
size_t fuzz_draw_within(size_t *at);
void fuzz_draw_bytes(unsigned char *p, size_t n);

/* An operation begins. */
void fuzz_did(const char *name, size_t at, size_t n);
/* Ends the process with what differs, and the last operations. */
void fuzz_wrong(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
void fuzz_want(bool as_expected, const char *what);
/* The bytes that were found at a place of the file. */
void fuzz_compare(
    const unsigned char *got, size_t at, size_t n, const char *how);
/* Bytes have come into the file. */
void fuzz_put(size_t at, const unsigned char *p, size_t n);

void fuzz_map_read(void);
void fuzz_map_write(void);
void fuzz_map_private(void);
void fuzz_hold(void);
void fuzz_held_read(void);
void fuzz_held_write(void);
void fuzz_beyond(void);
void fuzz_past(void);
void fuzz_forget(void);
void fuzz_child(void);

#endif

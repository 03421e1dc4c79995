/*
 * Every system call of the first tier that takes a pointer, with arguments
 * that are good, as data: hostile_pointer puts bad pointers in the place of
 * good ones, hostile_border moves good ones up to the edge of memory, and
 * hostile_fuzz mixes everything.
 */
#ifndef GUEST_HOSTILE_H
#define GUEST_HOSTILE_H

#include "files.h"

/* Descriptors that hostile_setup() opens; all names are of its making too. */
enum {
	FD_FILE = 20, /* "file", read and write, with contents */
	FD_DIR,       /* "." */
	FD_PIPE_R,    /* a pipe with something in it */
	FD_PIPE_W,
	FD_ZERO,  /* /dev/zero */
	FD_SOCKET /* of datagrams, its own peer */
};

enum hostile_kind {
	H_NONE, /* not an argument of this call: 0 */
	H_VALUE,
	H_STRING, /* read up to its zero byte */
	H_IN,     /* so many bytes are read */
	H_OUT,    /* so many bytes are written */
	H_INOUT   /* read, then written */
};

enum {
	/* NULL means something else than a bad pointer. */
	H_NULL_OK = 1,
	/* Less than all may be touched, or a part may be done. */
	H_PARTIAL = 2,
	/* What is not a multiple of four is EINVAL. */
	H_ALIGNED = 4
};

struct hostile_arg {
	enum hostile_kind kind;
	int flags;
	long value;       /* H_VALUE */
	size_t len_bytes; /* the others */
	const void *data; /* what is read; NULL for zeros */
};

struct hostile_call {
	const char *name;
	long nr;
	struct hostile_arg arg[6];
	void (*prepare)(void); /* before every call; may be NULL */
	int fails; /* with good arguments, by this errno; 0 if it does not */
	bool only_bad; /* with good arguments it would not come back */
};

extern const struct hostile_call hostile_calls[];
extern const int hostile_calls_count;

/* Makes the files and descriptors, in the working directory. */
void hostile_setup(void);

/* Fills in good arguments; those that are pointers point into `room`. */
#define HOSTILE_SLOT_BYTES 1024
#define HOSTILE_ROOM_BYTES (6 * HOSTILE_SLOT_BYTES)
void hostile_good_args(
    const struct hostile_call *call, long args[6], char *room);

/* Makes the call: -1 and errno, or its result. */
long hostile_do(const struct hostile_call *call, const long args[6]);

/*
 * Runs fn(call, argument's number) in a child, for every pointer of every
 * call, and says of each whether the child found nothing wrong.
 */
void hostile_each_pointer(
    int (*fn)(const struct hostile_call *, int), const char *what);

static inline bool
hostile_is_pointer(const struct hostile_arg *a)
{
	return a->kind > H_VALUE;
}

#endif

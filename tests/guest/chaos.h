/*
 * What the deeds of chaos.c are written with.
 *
 * A deed is a short function that does one thing with whatever is drawn: it
 * expects nothing, and says whether its call succeeded, so that a deed which
 * never does can be seen.  What it draws comes from chaos_draw(), a stream of
 * the calling thread that the seed fixes.
 */
#ifndef GUEST_CHAOS_H
#define GUEST_CHAOS_H

#include "files.h"

struct chaos_deed {
	const char *name;
	bool (*act)(void);
	unsigned often; /* beside the others of all tables */
};

/* The tables, one a file; each ends with a deed without a name. */
extern const struct chaos_deed chaos_tty_deeds[];
extern const struct chaos_deed chaos_proc_deeds[];
extern const struct chaos_deed chaos_file_deeds[];
extern const struct chaos_deed chaos_wait_deeds[];
extern const struct chaos_deed chaos_look_deeds[];

#define CHAOS_FDS      16
#define CHAOS_FAMILY   64
#define CHAOS_DEPTH    2 /* a child's child makes no children */
#define CHAOS_CHILDREN 3 /* that one process makes */

/* One of an array's. */
#define CHAOS_PICK(array)                                                      \
	((array)[chaos_draw(sizeof(array) / sizeof(*(array)))])

/* ------------------------------------------------ chance (chaos.c) */

unsigned chaos_draw(unsigned below);

/* Once in so many times. */
static inline bool
chaos_once(unsigned in)
{
	return chaos_draw(in) == 0;
}

/* What a thread or child begins its own stream with. */
unsigned long chaos_fork_stream(void);
void chaos_start_stream(unsigned long from);

/* ------------------------------------------------ processes (chaos.c) */

/* The reaper of all, which nothing may be done to. */
pid_t chaos_parent(void);

/*
 * A process of the family, perhaps one that has ended; never another, so it
 * can be killed.  0, the caller, when nobody is known yet.
 */
pid_t chaos_relative(void);

/* Any number that a process might have: only to be asked for. */
pid_t chaos_number(void);

/* Puts a process among the family. */
void chaos_adopt(pid_t pid);

/* Does what is drawn until that is enough; for processes and for threads. */
void chaos_live(unsigned deeds);

/* A process's whole life, by its stream and its depth below the first. */
void chaos_be_child(unsigned long stream, int depth) __attribute__((noreturn));
int chaos_depth(void);

/* ------------------------------------------------ descriptors (chaos.c) */

/* What a descriptor was made as; others take it for what it is not, too. */
enum chaos_kind {
	CHAOS_OTHER,
	CHAOS_TTY,
	CHAOS_PIPE,
	CHAOS_SOCKET,
	CHAOS_EPOLL,
	CHAOS_INOTIFY,
	CHAOS_TIMER,
	CHAOS_PROCESS,
	CHAOS_FOLDER,
};

/* One of those that the process keeps, or -1; mostly one of that kind. */
int chaos_fd(void);
int chaos_fd_of(enum chaos_kind kind);

/* Keeps a descriptor, if it is one, in a drawn place; what was there is closed.
 */
bool chaos_keep(enum chaos_kind kind, int fd);
bool chaos_close(void);

/* For deeds that do not come back: this one succeeded. */
void chaos_succeed(void);

/* O_NONBLOCK, mostly: some shall wait, and be killed while they do. */
static inline int
chaos_nonblock(void)
{
	return chaos_once(12) ? 0 : O_NONBLOCK;
}

/* Bytes to write and to read into, the calling thread's own. */
#define CHAOS_BYTES 5000
char *chaos_bytes(void);

/* Looks at so many files of /proc. */
void chaos_look(int files);

#endif

/* What the parts of usertests have in common. */
#ifndef USERTESTS_H
#define USERTESTS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define PAGE 4096ul
#define MIB  (1ul << 20)

#define NR_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * A test fails by saying so, or by ending otherwise than by returning.  It runs
 * in a process group of its own and in an empty folder; what processes and
 * files it leaves are taken away behind it.
 */
struct test {
	const char *name; /* NULL behind the last one */
	void (*run)(void);
	bool slow; /* left out with -q */
};

extern const struct test pointer_tests[];
extern const struct test memory_tests[];
extern const struct test heap_tests[];
extern const struct test file_tests[];
extern const struct test name_tests[];
extern const struct test race_tests[];
extern const struct test pipe_tests[];
extern const struct test proc_tests[];
extern const struct test kill_tests[];
extern const struct test exec_tests[];
/* They go wrong, to be asked for by name by who tests us. */
extern const struct test wrong_tests[];

/* Says what is wrong and ends the test, with all processes of its group. */
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Ends the test, which this machine or user cannot make, and says why. */
void leave_out(const char *why) __attribute__((noreturn));

/* X holds, or the test fails and says which X did not. */
#define needs(X)                                                               \
	((X) ? (void)0                                                         \
	     : fail("%s, line %d: not so: %s (%s)", __func__, __LINE__, #X,    \
		   strerror(errno)))

/* The call X gives -1 and the errno E. */
#define fails(X, E) must_fail((errno = 0, (long)(X)), E, __func__, __LINE__, #X)
void must_fail(
    long got, int want, const char *where, int line, const char *what);

/* fork, or the test fails. */
pid_t start(void);
/* Waits for a child; its wait status. */
int status_of(pid_t child);
/* Waits for a child that must have exited so. */
void must_exit(pid_t child, int status);
/* Waits for a child that a signal must have ended. */
void must_die(pid_t child, int sig);
/* Runs it in a child, which must exit with 0. */
void in_child(void (*run)(void));
/* Waits until a process is in that state, a letter of /proc/PID/stat. */
void await_state(pid_t pid, char state);
/* Becomes somebody without rights, if it was root. */
void drop_rights(void);

/* Fresh private memory; the same, which children share. */
char *area(size_t len_bytes);
void *shared_area(size_t len_bytes);
/* One page; the page behind it cannot be touched. */
char *edge_page(void);
/* Whether a page is mapped at an address. */
bool is_mapped(uintptr_t at);

enum touch {
	LOAD,
	STORE,
	JUMP
};
/* The signal that comes of touching a place; 0: none. */
int touch(volatile void *at, enum touch how);

/* Creates (or empties) a file with this in it. */
void put_file(const char *name, const char *text);
/* Its size. */
off_t size_of(const char *name);
/* A pipe. */
void make_pipe(int fds[2]);
/* Waits for the byte that another process writes to the pipe, or its end. */
void await_pipe(int fds[2]);
/* The number that stands behind a word in a file of /proc. */
long proc_number(const char *file, const char *word);

/* This program again with these arguments, as what exec's tests look at. */
#define PROBE "usertests-probe"
int probe_main(char **argv);

#endif

/*
 * What a guest test is written with.
 *
 * A test is an ordinary Linux program's part: tests/guest/X.c says TEST(X) and
 * a body, and is linked with all the others into one static program (run.c),
 * which runs each test in a process of its own: a session of its own, an empty
 * folder as working directory (removed afterwards), standard input at its end,
 * a time limit.  A test fails when a check fails, when it made no check, when
 * it ends in any other way than by returning, and when it hangs.
 *
 *	#include "tap.h"
 *
 *	TEST(proc_example)
 *	{
 *		int fd = must(open("x", O_CREAT | O_RDWR, 0600));
 *
 *		is(write(fd, "abc", 3), 3, "write says how much");
 *		is_errno(close(-1), EBADF, "close of no descriptor");
 *	}
 *
 * Checks may be made in any thread and in any child that keeps its standard
 * output: each is one short write into a pipe, and run.c does the counting.
 *
 * Nothing here sleeps to be in time for something.  Processes wait for each
 * other with a gate, or by repeating what the other must notice.
 */
#ifndef GUEST_TAP_H
#define GUEST_TAP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* ------------------------------------------------ tests and helpers */

struct tap_test {
	const char *name;
	void (*run)(void);
	int needs_mib;
};

struct tap_helper {
	const char *name;
	int (*main)(int argc, char **argv);
};

/* A test that wants `mib` MiB of free memory; see --skip-big in run.c. */
#define TEST_NEEDS(X, mib)                                                     \
	static void X(void);                                                   \
	static const struct tap_test tap_test_##X = {#X, X, mib};              \
	static const struct tap_test *const tap_test_at_##X                    \
	    __attribute__((section("tap_tests"), used)) = &tap_test_##X;       \
	static void X(void)

#define TEST(X) TEST_NEEDS(X, 0)

/*
 * A main function for tests of exec: this program (tap_self), started with
 * "@NAME" as its first argument, or with TAP_HELPER=NAME in its environment, is
 * that function and nothing else.
 */
#define HELPER(NAME)                                                           \
	static int NAME(int, char **);                                         \
	static const struct tap_helper tap_helper_##NAME = {#NAME, NAME};      \
	static const struct tap_helper *const tap_helper_at_##NAME             \
	    __attribute__((section("tap_helpers"), used)) =                    \
		&tap_helper_##NAME;                                            \
	static int NAME(int argc __attribute__((unused)),                      \
	    char **argv __attribute__((unused)))

/* The absolute path of this program. */
extern const char *tap_self;

/* An address where nothing is; the compiler does not know it. */
extern void *volatile tap_nowhere;
#define NOWHERE tap_nowhere

/* ------------------------------------------------ behind the checks */

#define TAP_PRINTF(n) __attribute__((format(printf, n, n + 1)))

bool tap_ok(const char *file, int line, const char *wrong, const char *fmt, ...)
    TAP_PRINTF(4);
bool tap_is(const char *file, int line, const char *expr, long long got,
    long long want, const char *fmt, ...) TAP_PRINTF(6);
bool tap_is_errno(const char *file, int line, const char *expr, long ret,
    int got, int want, const char *fmt, ...) TAP_PRINTF(7);
bool tap_str_is(const char *file, int line, const char *expr, const char *got,
    const char *want, const char *fmt, ...) TAP_PRINTF(6);
bool tap_ends(const char *file, int line, const char *expr, void (*fn)(void),
    int want, const char *fmt, ...) TAP_PRINTF(6);
void tap_skip(const char *fmt, ...) TAP_PRINTF(1);
void tap_note(const char *fmt, ...) TAP_PRINTF(1);
void tap_give_up(const char *file, int line, const char *expr, int err)
    __attribute__((noreturn));

/* ------------------------------------------------ checks */

/*
 * Each is an expression, true when the check holds.  The words say what must
 * hold, in the manner of printf; they are the name of the check.
 */

/* A condition. */
#define ok(cond, ...)                                                          \
	tap_ok(__FILE__, __LINE__, (cond) ? NULL : #cond, __VA_ARGS__)

/* Two integers (or pointers) are equal. */
#define is(got, want, ...)                                                     \
	tap_is(__FILE__, __LINE__, #got, (long long)(got), (long long)(want),  \
	    __VA_ARGS__)

/* A call failed: it gave -1 (or MAP_FAILED) and set errno to `want`. */
#define is_errno(call, want, ...)                                              \
	({                                                                     \
		errno = 0;                                                     \
		long tap_ret_ = (long)(call);                                  \
		tap_is_errno(__FILE__, __LINE__, #call, tap_ret_, errno, want, \
		    __VA_ARGS__);                                              \
	})

/* Two strings are equal; either may be NULL. */
#define str_is(got, want, ...)                                                 \
	tap_str_is(__FILE__, __LINE__, #got, got, want, __VA_ARGS__)

/* `fn`, a void function of nothing, run in a child: returns, … */
#define lives(fn, ...) tap_ends(__FILE__, __LINE__, #fn, fn, 0, __VA_ARGS__)
/* … is killed by signal `sig`, … */
#define dies(sig, fn, ...)                                                     \
	tap_ends(__FILE__, __LINE__, #fn, fn, sig, __VA_ARGS__)
/* … ends with exit status `code`. */
#define exits(code, fn, ...)                                                   \
	tap_ends(__FILE__, __LINE__, #fn, fn, (code) << 8, __VA_ARGS__)

/* Says that something was not tried, and why. */
#define skip(...) tap_skip(__VA_ARGS__)

/* Adds a line to the output. */
#define note(...) tap_note(__VA_ARGS__)

/*
 * What a test builds on: the value of a call that must not give -1 (nor
 * MAP_FAILED), and a condition without which there is no going on.  When they
 * don't hold, the process that asked ends.
 */
#define must(call)                                                             \
	({                                                                     \
		__typeof__(call) tap_val_ = (call);                            \
		if ((long)tap_val_ == -1)                                      \
			tap_give_up(__FILE__, __LINE__, #call, errno);         \
		tap_val_;                                                      \
	})
#define ensure(cond)                                                           \
	((cond) ? (void)0 : tap_give_up(__FILE__, __LINE__, #cond, errno))

/* ------------------------------------------------ children and gates */

/* The wait status of a child of the caller, which is reaped. */
static inline int
wait_status(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Forks a child that calls `fn` and then exits with status 0. */
static inline pid_t
spawn(void (*fn)(void))
{
	pid_t pid = must(fork());

	if (pid == 0) {
		fn();
		_exit(0);
	}
	return pid;
}

/*
 * A gate lets whoever holds it (made before a fork, or shared by threads) wait
 * until another opens it: once for each opening.
 */
struct gate {
	int r, w;
};

static inline struct gate
gate_make(void)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		abort();
	return (struct gate){fd[0], fd[1]};
}

static inline void
gate_open(struct gate *g)
{
	if (write(g->w, "!", 1) != 1)
		abort();
}

static inline void
gate_wait(struct gate *g)
{
	char c;

	while (read(g->r, &c, 1) != 1)
		if (errno != EINTR)
			abort();
}

static inline void
gate_close(struct gate *g)
{
	close(g->r);
	close(g->w);
}

#endif

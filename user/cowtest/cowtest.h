/* What the parts of cowtest have in common. */
#ifndef COWTEST_H
#define COWTEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096ul
#define MIB  (1ul << 20)

/* Says what is wrong and ends the test, with all processes that it made. */
void fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Words that stand behind the test's "ok". */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Bytes that nobody uses. */
size_t free_bytes(void);
/* Fresh private memory, or the test fails. */
char *area(size_t len);
/* The same, which children share. */
void *shared_area(size_t len);
void area_free(void *at, size_t len);

/* fork, or the test fails. */
pid_t start(void);
/* Waits for a child; its wait status. */
int status_of(pid_t child);
/* Waits for a child that must have exited with 0. */
void must_succeed(pid_t child, const char *what);

/* A place to wait at: a pipe that is empty until somebody opens it. */
struct gate {
	int fds[2];
};
void gate_init(struct gate *g);
void gate_wait(struct gate *g);
void gate_open(struct gate *g);

/* The tests: each returns when all is well. */
void test_simple(void);
void test_three(void);
void test_file(void);
void test_text(void);
void test_kernel(void);
void test_orders(void);
void test_idle(void);
void test_threads(void);
void test_memory(void);
void test_addresses(void);

#endif

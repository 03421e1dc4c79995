/* What the tests of memory have in common. */
#ifndef GUEST_MEM_H
#define GUEST_MEM_H

#include "tap.h"

#include <setjmp.h>
#include <sys/mman.h>

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* Fresh private memory. */
static inline char *
anon(size_t pages)
{
	return must(mmap(NULL, pages * PAGE, RW, ANON, -1, 0));
}

/* Fresh memory that children share. */
static inline char *
shared(size_t pages)
{
	return must(
	    mmap(NULL, pages * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

/* Whether anything is mapped at a page. */
static inline bool
is_mapped(const void *at)
{
	unsigned char vec;

	return syscall(SYS_mincore, (uintptr_t)at & -PAGE, PAGE, &vec) == 0;
}

/*
 * What comes of touching an address: 0, or the signal; its siginfo is left in
 * `fault`.
 */
extern siginfo_t fault;

int try_read(const volatile void *at);
int try_write(volatile void *at);
int try_run(void *at);

#endif

/*
 * What stands between a program of the classic teaching kernel and Linux's
 * system calls.  Its own headers come from the program's tree, so that its
 * limits are that tree's; README.md lists what is kept to, and how.
 *
 * All runs on the program's stack, which is one page: large things are static.
 * The program's pointers may be anything, and nothing here may be what dies of
 * them: they are tried first (memory.c).
 */
#ifndef XV6_LAYER_H
#define XV6_LAYER_H

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

/* Names that the tree's headers have for other numbers. */
enum {
	LINUX_RDONLY = O_RDONLY,
	LINUX_WRONLY = O_WRONLY,
	LINUX_RDWR = O_RDWR,
	LINUX_CREAT = O_CREAT,
	LINUX_TRUNC = O_TRUNC,
	LINUX_NOFOLLOW = O_NOFOLLOW,
	LINUX_PATH = O_PATH,
};
#undef O_RDONLY
#undef O_WRONLY
#undef O_RDWR
#undef O_TRUNC
#undef O_NOFOLLOW

#include "kernel/types.h"

#include "kernel/param.h"

#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/stat.h"

#define PAGE 4096ul
/* The console's number here, 5 and 1. */
#define CONSOLE 0x501
#ifndef MAXPATH
#define MAXPATH 128
#endif
#ifndef USERSTACK
#define USERSTACK 1
#endif

/* What only some exercises have. */
#ifndef T_SYMLINK
#define T_SYMLINK T_DEVICE
#endif
#ifndef O_NOFOLLOW
#define O_NOFOLLOW 0
#endif

/* As in vm.h, which not every tree has. */
#define EAGER 1
#define LAZY  2
/* In the exercise of that name all is lazy. */
#ifdef LAB_LAZY
#define SBRK_KIND LAZY
#else
#define SBRK_KIND EAGER
#endif

/* A call that a tree's own library may have as well, which then wins. */
#define CALL __attribute__((weak))

static inline long
linux_call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long a0 asm("a0") = a;
	register long a1 asm("a1") = b;
	register long a2 asm("a2") = c;
	register long a3 asm("a3") = d;
	register long a4 asm("a4") = e;
	register long a5 asm("a5") = f;
	register long a7 asm("a7") = nr;

	asm volatile("ecall"
		     : "+r"(a0)
		     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
		     : "memory");
	return a0;
}

#define LINUX1(nr, a)    linux_call(nr, (long)(a), 0, 0, 0, 0, 0)
#define LINUX2(nr, a, b) linux_call(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define LINUX3(nr, a, b, c)                                                    \
	linux_call(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define LINUX4(nr, a, b, c, d)                                                 \
	linux_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define LINUX5(nr, a, b, c, d, e)                                              \
	linux_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define LINUX6(nr, a, b, c, d, e, f)                                           \
	linux_call(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e),  \
	    (long)(f))

/* Every failure is -1. */
static inline int
answer(long r)
{
	return r < 0 ? -1 : (int)r;
}

/* ---- memory.c -------------------------------------------------------------
 */

/* May the 8 bytes at this address be read; the word is aligned. */
int xv6_can_read(uint64 word);
/* May len bytes be written there?  They have other contents afterwards. */
int xv6_can_write(uint64 at, uint64 len);
/* Its length, or -1: it can't be read, or is not shorter than cap. */
long xv6_string_length(const char *s, long cap);

/* ---- names.c --------------------------------------------------------------
 */

/*
 * The name as the file system has it: each part cut at DIRSIZ.  There are two,
 * for link.  NULL: it can't be read or is too long.
 */
const char *xv6_name(const char *user, int which);

/* ---- dirs.c ---------------------------------------------------------------
 */

int xv6_read_dir(int fd, uint64 to, int n);
/* An inode's number in the 16 bits that a directory has for it; never 0. */
ushort xv6_short_ino(uint64 ino);

/* ---- start.c --------------------------------------------------------------
 */

/* The stack: its first byte, and the one behind it, which is the heap's. */
extern char xv6_stack[], xv6_stack_end[];

/* Where so many bytes lie that are pushed; as exec has always done it. */
static inline uint64
xv6_push(uint64 sp, uint64 bytes)
{
	return (sp - bytes) & ~15ul;
}

#endif

/*
 * The kernel reading and writing user memory of the current process.  Each
 * returns 0 or -EFAULT, for any address at all; what was copied before the
 * bad byte stays copied.  They take page faults as user code would, so they
 * may sleep and take the address space's lock.
 */
#ifndef MM_USERCOPY_H
#define MM_USERCOPY_H

#include "lib/types.h"

int user_read(void *dst, uaddr_t src, size_t len) MUST_CHECK;
int user_write(uaddr_t dst, const void *src, size_t len) MUST_CHECK;
/* The same, but tell how many bytes could not be copied: for read and write,
 * which report the part that was. */
size_t user_read_some(void *dst, uaddr_t src, size_t len) MUST_CHECK;
size_t user_write_some(uaddr_t dst, const void *src, size_t len) MUST_CHECK;
/*
 * A string with its zero byte; *len_out is its length without.
 * Errors: -EFAULT, -ENAMETOOLONG when no zero byte fits into cap.
 */
int user_read_string(
    char *dst, size_t cap, uaddr_t src, size_t *len_out) MUST_CHECK;
int user_load32(uaddr_t src, u32 *out) MUST_CHECK;
/*
 * The same without waiting for a page that is not there.
 * Locks: any.  Errors: -EFAULT, and user_load32 may yet succeed.
 */
int user_peek32(uaddr_t src, u32 *out) MUST_CHECK;
/* *old becomes what was found; the word changed if that was the old *old. */
int user_cas32(uaddr_t dst, u32 *old, u32 new) MUST_CHECK;

/*
 * Boot: what is done when there is no memory for a page that the kernel
 * touches for the current process; the same as for its own touch.
 */
void usercopy_set_no_memory(void (*fn)(void));

/* True when [addr, addr + len) lies in the user's half. */
bool user_range_ok(uaddr_t addr, size_t len);

#endif

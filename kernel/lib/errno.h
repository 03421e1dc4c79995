/*
 * Error numbers, and the codes by which a system call that a signal cut short
 * says how it is to go on.  Those never reach a program: signal_deliver turns
 * them into -EINTR or into the same call once more.
 */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#include <asm/errno.h>

#define ERESTARTSYS    512 /* again, unless a handler without SA_RESTART ran */
#define ERESTARTNOINTR 513 /* again, whatever ran */
#define ERESTARTNOHAND 514 /* again, unless a handler ran */
#define ERESTART_BLOCK 516 /* the same, by way of restart_syscall */

/* Within the kernel alone: locks were let go, start again from the look-up. */
#define ERETRY 530
/* -EPIPE that raises no signal: of datagrams. */
#define EPIPE_QUIET 531

/* The name of an errno of either sign, or "E?", for logs. */
const char *errno_name(int err);

#endif

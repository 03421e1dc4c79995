/*
 * System calls: decoding and encoding, and nothing else.  Each handler reads
 * its arguments, copies structures in, turns numbers into things with
 * references, calls one function below, and copies the result out.
 */
#ifndef SYS_SYSCALL_H
#define SYS_SYSCALL_H

#include "lib/types.h"

/* How an argument is shown in the log; see syscalls.tbl. */
enum syscall_arg {
	ARG_NONE,
	ARG_INT,
	ARG_UINT,
	ARG_LONG,
	ARG_SIZE,
	ARG_FD,
	ARG_DIRFD,
	ARG_PID,
	ARG_SIG,
	ARG_HEX,
	ARG_HEXL,
	ARG_OCT,
	ARG_PATH,
	ARG_STR,
	ARG_IN,
	ARG_PTR,
};

struct syscall {
	s64 (*call)(const u64 *args);
	const char *name;
	u8 args[7]; /* enum syscall_arg, ARG_NONE at the end */
};

/* The log (trace.c).  Both may read user memory. */
void trace_enter(const struct syscall *call, const u64 *args);
void trace_exit(const struct syscall *call, s64 result);

#endif

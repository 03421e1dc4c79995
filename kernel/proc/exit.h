/* The end of threads and processes. */
#ifndef PROC_EXIT_H
#define PROC_EXIT_H

#include "lib/types.h"

struct proc;

/* exit(2): this thread alone; code is its low 8 bits of exit status. */
NORETURN void proc_exit_thread(int code);
/* exit_group(2): the whole process. */
NORETURN void proc_exit_group(int code);
/*
 * The current thread of a process that signal_begin_exit has told to end, or
 * that another thread's exec has: leaves.  Locks: none.
 */
NORETURN void proc_exit_now(void);

/*
 * A zombie leaves the tree and its number is free.  The caller drops the tree's
 * reference with proc_put after PROC_TREE is released.
 * Locks: PROC_TREE.
 */
void proc_reap_locked(struct proc *p);

#endif

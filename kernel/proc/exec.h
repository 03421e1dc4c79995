/* execve. */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include "lib/errno.h"
#include "lib/types.h"

/*
 * Replaces the current program.  path is the kernel's copy, argv and envp are
 * where user memory has the lists (0: empty); flags: AT_EMPTY_PATH,
 * AT_SYMLINK_NOFOLLOW.  On 0 the thread's user frame is that of the new
 * program; on an error the old one goes on.
 * Errors: those of path look-up, -EACCES, -ENOEXEC, -E2BIG, -ENOMEM, -EFAULT,
 *         -ELOOP, -EINVAL; -EAGAIN somebody else ends the process meanwhile.
 */
int proc_exec(int dirfd, const char *path, uaddr_t argv, uaddr_t envp,
    int flags) MUST_CHECK;

/*
 * The same with words of the kernel's (lists that end with NULL), for process
 * 1, whose thread begins in the kernel and without memory.
 */
int proc_exec_kernel(const char *path, const char *const *argv,
    const char *const *envp) MUST_CHECK;

#endif

/* What calls on sockets take and give in user memory. */
#ifndef SYS_SOCKET_ARGS_H
#define SYS_SOCKET_ARGS_H

#include "net/socket.h"
#include "proc/fdtable.h"

/* A descriptor that must be a socket's.  Errors: -EBADF, -ENOTSOCK. */
int sys_socket_get(int n, struct fd *fd) MUST_CHECK;

/* Errors: -EINVAL a length that no address has, -EFAULT. */
int sys_address_get(
    uaddr_t user, int len, struct socket_address *out) MUST_CHECK;
/* As much as there is room for, and how long it is.  -EFAULT, -EINVAL. */
int sys_address_put(
    const struct socket_address *a, uaddr_t user, uaddr_t user_len) MUST_CHECK;

/*
 * What comes beside the bytes of a message that is to be sent: m's cred and
 * files.  Errors: -EINVAL, -EBADF, -EPERM, -ESRCH, -ENOBUFS, -EFAULT, -ENOMEM.
 */
int sys_control_get(uaddr_t user, u64 len, struct socket_message *m) MUST_CHECK;
/*
 * The same, received: descriptors are made as far as there is room, the other
 * files are closed.  *len is what was used; flags gets MSG_CTRUNC.
 */
void sys_control_put(
    struct socket_message *m, uaddr_t user, u64 *len, u32 *flags);

#endif

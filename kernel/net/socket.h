/*
 * Local sockets (AF_UNIX), as calls on open files.  docs/sockets.md tells how
 * they are made.
 *
 * A file that is no socket is -ENOTSOCK for all of these.  Waits end with
 * -EAGAIN where the file is not to wait or the time is over, and for a signal
 * with -ERESTARTSYS, or -EINTR if there is a time.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "fs/file.h"
#include "mm/iovec.h"
#include "net/abi.h"

struct fs_who;
struct socket_files;

/* A name as the ABI has it: len bytes of it count. */
struct socket_address {
	struct __kernel_sockaddr_storage storage;
	u32 len;
};

/*
 * struct socket_message: one message, sent or received.
 * Owns: who sends keeps files on an error only; who receives gets them.
 */
struct socket_message {
	struct iov_iter iov;
	u32 flags;                   /* MSG_*, as asked for */
	u32 out_flags;               /* out: MSG_TRUNC */
	bool has_address;            /* in, of a message to be sent */
	bool wants_credentials;      /* out: SO_PASSCRED is on */
	struct socket_address *name; /* receiving: may be NULL; len 0: none */
	struct ucred cred;           /* of the sender */
	struct socket_files *files;  /* or NULL */
};

/* ---- making (socket.c) ------------------------------------------------ */

/*
 * type: SOCK_*; flags: O_NONBLOCK.  Errors: -EAFNOSUPPORT, -EINVAL,
 * -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENOMEM.
 */
int socket_create(int family, int type, int protocol, u32 flags,
    struct file **out) MUST_CHECK;
int socket_create_pair(int family, int type, int protocol, u32 flags,
    struct file *ends[2]) MUST_CHECK;
bool file_is_socket(const struct file *f);
/* how: SHUT_*.  Errors: -EINVAL. */
int socket_shutdown(struct file *f, int how) MUST_CHECK;

/* ---- names (unix_name.c) ---------------------------------------------- */

/* Errors: -EINVAL no name, or it has one; -EADDRINUSE; those of mknod. */
int socket_bind(const struct fs_who *who, struct file *f,
    const struct socket_address *a) MUST_CHECK;
/* Its own, or its peer's.  Errors: -ENOTCONN. */
int socket_get_name(
    struct file *f, bool of_peer, struct socket_address *out) MUST_CHECK;

/* ---- connections (unix_connect.c) ------------------------------------- */

/* Errors: -EOPNOTSUPP, -EINVAL. */
int socket_listen(struct file *f, int backlog) MUST_CHECK;
/* Errors: -ECONNREFUSED, -EPROTOTYPE, -EISCONN, -EPERM, those of a walk. */
int socket_connect(const struct fs_who *who, struct file *f,
    const struct socket_address *a) MUST_CHECK;
/* Errors: -EOPNOTSUPP, -EINVAL it does not listen. */
int socket_accept(struct file *f, u32 flags, struct file **out) MUST_CHECK;

/* ---- messages (unix_send.c, unix_receive.c) ---------------------------- */

/* Who sends, if he does not say otherwise. */
struct ucred socket_sender_cred(void);
/* Bytes that were sent.  Errors: -EPIPE, -EPIPE_QUIET, -EMSGSIZE, ... */
s64 socket_send(const struct fs_who *who, struct file *f,
    struct socket_message *m) MUST_CHECK;
s64 socket_receive(struct file *f, struct socket_message *m) MUST_CHECK;
/* What the next call is to fail with. */
void socket_set_error(struct file *f, int err);

/* ---- options (socket_option.c) ------------------------------------------ */

/* A value of SOL_SOCKET's options, as large as any is. */
union socket_value {
	s32 number;
	struct ucred cred;
	s64 time[2]; /* seconds, microseconds */
};

/* *len is what it is for most; user: how much there is.  -ENOPROTOOPT, ... */
int socket_set_option(struct file *f, int name, const union socket_value *val,
    u32 len) MUST_CHECK;
int socket_get_option(
    struct file *f, int name, union socket_value *val, u32 *len) MUST_CHECK;

/* ---- files on their way (unix_rights.c) -------------------------------- */

/*
 * struct socket_files: what a message carries beside its bytes.
 * Owns: a reference to each.
 */
struct socket_files {
	u32 nr;
	u32 uid; /* who is charged while they are in flight */
	struct file *files[];
};

/* Drops the references and frees it; NULL is fine.  Sleeps. */
void socket_files_free(struct socket_files *s);

#endif

/* The inside of local sockets. */
#ifndef NET_UNIX_IMPL_H
#define NET_UNIX_IMPL_H

#include "core/clock.h"
#include "core/mutex.h"
#include "core/spinlock.h"
#include "core/waitq.h"
#include "net/socket.h"

/* ---- what there is ------------------------------------------------------ */

/*
 * struct socket_name: where a socket is bound; fixed, and shared by a listener
 * and the ends of its connections.
 * Locks: a atomic   c fixed
 */
struct socket_name {
	struct refcount refs;          /* a */
	struct socket_address address; /* c */
};

static inline struct sockaddr_un *
socket_sun(const struct socket_address *a)
{
	return (struct sockaddr_un *)&a->storage;
}

/* Where the family ends and the name begins. */
#define SUN_PATH_AT offsetof(struct sockaddr_un, sun_path)

enum socket_state {
	SOCKET_IDLE,
	SOCKET_LISTENING,
	SOCKET_CONNECTED, /* or it was: its peer may have gone */
};

/* Bits of shut: it receives, or sends, no more. */
enum {
	SHUT_RECEIVE = 1u << 0,
	SHUT_SEND = 1u << 1,
	SHUT_BOTH = SHUT_RECEIVE | SHUT_SEND,
};

/* Switches that SO_* set. */
enum {
	SOCKET_PASSCRED = 1u << 0,
	SOCKET_REUSEADDR = 1u << 1,
	SOCKET_KEEPALIVE = 1u << 2,
	SOCKET_BROADCAST = 1u << 3,
};

/*
 * struct socket: one end.  socket_new makes it for a file, or for a connection
 * that waits to be accepted and has no file yet.  References: its file, or the
 * listener's list of connections; each socket whose peer it is; each message
 * that it sent and that is not received yet; who looks at it for a moment.
 * States  IDLE -> LISTENING   socket_listen
 *         IDLE -> CONNECTED   socket_connect, socket_create_pair; back by a
 *                             datagram socket that is let go of its peer
 *         any -> dead         its file is closed, or its listener's was
 * Laws    S1  a dead socket gets no message and no connection any more: who
 *             gives it one looks at dead under the lock that sets it
 *         S2  peer of a dead socket is NULL, so no circle of peers stays
 *         S3  name changes once, from NULL; so does what hangs on it
 *         S4  nr_queued is how many messages and connections wait
 *         S5  charge is what the messages in queues that it sent weigh
 *         S6  only the holder of reading takes messages out of the queue of a
 *             socket that is not dead, but for the collector, which takes them
 *             from sockets that nobody can read
 * Locks   s lock   b binding   n socket_names_lock   g socket_rights_lock
 *         a atomic   c fixed
 */
struct socket {
	struct refcount refs;     /* a */
	u8 type;                  /* c: SOCK_STREAM, _DGRAM or _SEQPACKET */
	struct mutex binding;     /* rank SOCKET_BIND */
	struct mutex reading;     /* rank SOCKET_READ */
	struct spinlock lock;     /* rank SOCKET, two by address */
	u8 state;                 /* s: enum socket_state */
	u8 shut;                  /* s: SHUT_* */
	bool dead;                /* s */
	u16 error;                /* s: for the next call, SO_ERROR */
	struct socket *peer;      /* s: counted */
	struct socket_name *name; /* s: counted */
	struct ucred self;        /* s: who listened: what its clients see */
	struct ucred other;       /* s: SO_PEERCRED */
	struct list queue;        /* s: struct message */
	struct list embryos;      /* s: sockets to be accepted, by link */
	struct list link;         /* the listener's s */
	u32 nr_queued;            /* s */
	u32 max_queued;           /* s: one more than that may wait */
	struct list starving;     /* s: who polled for room here, by starve */
	struct list starve;       /* the peer's s: a reference while on it */
	struct waitq readable;    /* something to read or accept, or the end */
	struct waitq writable;    /* some of charge is gone, or the end */
	struct waitq room;        /* fewer are queued, or the end */
	u64 charge;               /* a */
	u32 flags;                /* a: SOCKET_PASSCRED, ... */
	u32 send_bytes;           /* a: SO_SNDBUF */
	u32 receive_bytes;        /* a: SO_RCVBUF, for the books */
	u64 send_timeout_ns;      /* a: 0: none */
	u64 receive_timeout_ns;   /* a */
	struct path path;         /* b: of a name in the file system */
	struct list named;        /* n: in the table of abstract names */
	struct file *file;        /* c: borrowed; NULL before accept */
	u32 nr_in_flight;         /* g: references to file in messages */
	u32 nr_unexplained;       /* g: the collector's */
	bool reached;             /* g: the collector's */
	struct list in_flight;    /* g: while nr_in_flight is not 0 */
	struct list found;        /* g: the collector's */
	struct list carriers;     /* g: messages in queue that have files */
};

/* Bytes of a message lie in pieces of a page. */
#define MESSAGE_BYTES_PER_PIECE PAGE_SIZE

/*
 * struct message: what one send gave, or a part of it.
 * Owns: a reference to sender; pieces; files, which it may lose before.
 * Locks: q the lock of the socket that it is queued at   g socket_rights_lock
 *        r that socket's reading   c fixed
 */
struct message {
	struct list link;           /* q */
	struct list carrier;        /* g */
	struct socket *sender;      /* c */
	struct ucred cred;          /* c */
	struct socket_files *files; /* g */
	u32 len_bytes;              /* c */
	u32 done_bytes;             /* r: of a stream: that were read */
	u32 charge;                 /* c */
	u32 nr_pieces;              /* c */
	void *pieces[];             /* c */
};

extern struct spinlock socket_names_lock;
extern struct mutex socket_rights_lock;

/* ---- life (socket.c) ---------------------------------------------------- */

int socket_new(u8 type, struct socket **out) MUST_CHECK;
static inline struct socket *
socket_get(struct socket *s)
{
	refcount_get(&s->refs);
	return s;
}
/* NULL is fine. */
void socket_put(struct socket *s);
/* A file for a socket that comes later, by socket_set_file_take. */
int socket_file_create(
    const struct cred *cred, u32 flags, struct file **out) MUST_CHECK;
void socket_set_file_take(struct file *f, struct socket *s);
/* Its file is closed; takes over the file's reference.  Sleeps. */
void socket_close_take(struct socket *s);
/* The same for connections that were never accepted: a list, by link. */
void socket_close_embryos(struct list *embryos);
/* The socket of f, borrowed.  Errors: -ENOTSOCK, -EBADF. */
int socket_of(struct file *f, struct socket **out) MUST_CHECK;
struct ucred socket_current_cred(void);
/* The peer with a reference, or NULL. */
struct socket *socket_get_peer(struct socket *s);
/* The error that waits, which is then told. */
int socket_take_error(struct socket *s);
/* All who wait for anything of s look again. */
void socket_wake_all(struct socket *s);
/* Two, by address; the same one once. */
void socket_lock_both(struct socket *a, struct socket *b);
void socket_unlock_both(struct socket *a, struct socket *b);

static inline bool
socket_is_datagram(const struct socket *s)
{
	return s->type == SOCK_DGRAM;
}

/* ---- waiting (socket_wait.c) -------------------------------------------- */

/* When a call on f ends that may take so long: 0 is at once. */
u64 socket_deadline(const struct file *f, u32 msg_flags, u64 timeout_ns);
/*
 * Until ready(s), which q is woken for.  One waiter is woken at a time if alone
 * is set: who then leaves something for another wakes the queue again.
 * Errors: -EAGAIN, -EINTR, -ERESTARTSYS.
 */
int socket_wait(struct socket *s, struct waitq *q,
    bool (*ready)(struct socket *s), bool alone, u64 deadline_ns,
    const char *what) MUST_CHECK;
/* There is something, or there is not going to be. */
bool socket_can_receive(struct socket *s);
/* Nothing is there, and nothing comes. */
bool socket_is_at_end(struct socket *s);
/* It takes one more, or never again. */
bool socket_has_room(struct socket *s);
/* It may send more, or never again. */
bool socket_can_send(struct socket *s);
/* A message or a connection left its queue: who waited for room has it. */
void socket_made_room(struct socket *s);
/*
 * Has the peer, which is another's or nobody's peer, no room for s?  Then s is
 * woken when there is some.
 */
bool socket_starves(struct socket *s);
/* Who polled for room at s looks again: there is some, or it needs none. */
void socket_wake_starving(struct socket *s);
/* s waits no more for room at peer, to which it was connected. */
void socket_feed(struct socket *s, struct socket *peer);

/* ---- names (unix_name.c) ------------------------------------------------ */

/* Errors: -EINVAL. */
int socket_address_check(const struct socket_address *a) MUST_CHECK;
/* Whoever is bound there, with a reference.  Errors: -ECONNREFUSED, ... */
int socket_find(const struct fs_who *who, const struct socket_address *a,
    u8 type, struct socket **out) MUST_CHECK;
/* A name of its own, if it has none and tells others who it is. */
int socket_bind_if_needed(struct socket *s) MUST_CHECK;
void socket_unbind(struct socket *s);
void socket_name_put(struct socket_name *n);
/* The name of s, or len 0. */
void socket_tell_name(struct socket *s, struct socket_address *out);

/* ---- datagram sockets' peers (unix_connect.c) ---------------------------- */

/* May s send to other?  Locks: other's. */
bool socket_may_send_locked(struct socket *s, struct socket *other);
/* s is not connected to old any more, to whom it was. */
void socket_parted(struct socket *s, struct socket *old);

/* ---- messages (unix_message.c) ------------------------------------------- */

/* The next len bytes of from, which s is charged for.  Sleeps. */
int message_create(struct socket *s, struct iov_iter *from, u32 len,
    struct message **out) MUST_CHECK;
/* It is in no queue.  Sleeps: with its files. */
void message_free(struct message *m);
/* All of a list, by link.  Sleeps.  Files in their queues do not nest. */
void message_free_all(struct list *messages);
/* Bytes [at, at + len).  Errors: -EFAULT. */
int message_copy(struct message *m, struct iov_iter *to, u32 at, u32 len,
    u32 *done) MUST_CHECK;

/* ---- files in flight (unix_rights.c) --------------------------------------
 */

/*
 * Puts m at the end of to's queue, unless refuse(sender, to), called with both
 * locked, says otherwise; charges who sent its files, if it has any.
 * Errors: refuse's; -ETOOMANYREFS.
 */
int socket_queue(struct socket *from, struct socket *to, struct message *m,
    int (*refuse)(struct socket *from, struct socket *to)) MUST_CHECK;
/* The files of m, which loses them. */
struct socket_files *message_take_files(struct message *m);
/* The same files once more.  Errors: -ENOMEM. */
int message_copy_files(struct message *m, struct socket_files **out) MUST_CHECK;
/*
 * They were taken out of a queue to be freed: the collector, and the end of
 * the socket whose queue that was, have no more to do with them.
 */
void message_orphan_all(struct list *messages);
void message_orphan_locked(struct message *m) MUST_HOLD(&socket_rights_lock);
extern struct list sockets_in_flight; /* g: by in_flight */
extern u64 nr_sockets_in_flight;      /* g, read without for a hint */
static inline struct socket *
socket_in_file(const struct file *f)
{
	return file_is_socket(f) ? f->private : NULL;
}

/* ---- the collector (unix_collect.c) ----------------------------------------
 */

/*
 * A socket was closed, or files were sent: time to close those that only they
 * themselves keep open?  Sleeps.
 */
void socket_collect_if_worth_it(void);

extern const struct file_ops socket_file_ops;

#endif

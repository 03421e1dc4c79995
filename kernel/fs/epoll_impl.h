/*
 * What the files of epoll share: epoll.c waits, epoll_item.c watches,
 * epoll_graph.c knows who watches whom.
 */
#ifndef FS_EPOLL_IMPL_H
#define FS_EPOLL_IMPL_H

#include "core/mutex.h"
#include "core/poll_table.h"
#include "fs/epoll.h"
#include "fs/file.h"
#include "lib/rbtree.h"

/* What is not an event but says how to tell of events. */
#define EPOLL_WAYS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

struct epoll_user;

/*
 * struct epoll: made by epoll_create, freed with its file, when all its items
 * have gone.
 * Laws   E1  an item that has something to report is in ready, or it is being
 *            looked at under lock by who found it there, or it waits for an
 *            edge, or it has reported its one shot
 *        E2  while ready has items and sleepers has any, a thread was woken and
 *            has yet to look
 * Locks  e lock   r ready_lock   g EPOLL_GRAPH   c fixed
 */
struct epoll {
	struct mutex lock;          /* rank EPOLL */
	struct rb_tree items;       /* e: by file and descriptor */
	struct spinlock ready_lock; /* rank EPOLL_READY */
	struct list ready;          /* r: epoll_item, the oldest first */
	bool looking;            /* r: some of ready are in who looks' list */
	struct list sleepers;    /* r: struct sleeper, not woken, by age */
	struct waitq pollers;    /* who polls, or watches, the epoll itself */
	struct file *file;       /* c */
	struct epoll_user *user; /* c */
	struct list inner;       /* g: items whose file is an epoll, too */
	u64 down_mark;           /* g: of a walk, see epoll_graph.c */
	u64 up_mark;             /* g */
	u32 height;              /* g: of that walk: epolls above in a row */
	u32 nr_ways;             /* g: of that walk: ways up from here */
};

/*
 * struct epoll_item: one watch.  Made by EPOLL_CTL_ADD; goes with that of DEL,
 * the last reference to its file, which it does not hold, or its epoll.
 * Locks  e the epoll's lock   r its ready_lock   g EPOLL_GRAPH   c fixed
 *        a atomic
 */
struct epoll_item {
	struct rb_node node;        /* e */
	struct epoll *epoll;        /* c */
	struct file *file;          /* c */
	int fd;                     /* c */
	u32 events;                 /* a, written with e: EPOLL* */
	u64 data;                   /* e */
	struct list ready;          /* r */
	struct list in_file;        /* g */
	struct list in_inner;       /* g */
	struct epoll_place *places; /* e: in the file's queues */
};

/* The epoll behind a file, or NULL. */
struct epoll *epoll_of(const struct file *f);

/* ---- epoll.c: what is ready ---- */

/*
 * The item may have something to report.  True when a thread was woken for it.
 * within: by the wake-up of a queue of the file, whose lock is held.
 */
bool epoll_mark_ready(struct epoll_item *i, bool within);

/* ---- epoll_item.c ---- */

/* Locks: EPOLL_GRAPH and the epoll's. */
void epoll_item_free(struct epoll_item *i);

/* ---- epoll_graph.c ---- */

extern struct mutex epoll_graph_lock; /* rank EPOLL_GRAPH */

/* One user, counted by his epolls.  Locks: EPOLL_GRAPH. */
int epoll_user_get(u32 uid, struct epoll_user **out) MUST_CHECK;
void epoll_user_put(struct epoll_user *u);
/*
 * The item watches its file from now on, or does not any more.
 * Locks: EPOLL_GRAPH.
 * Errors: -ENOSPC, -ELOOP, -EINVAL there would be too many ways up.
 */
int epoll_graph_add(struct epoll_item *i) MUST_CHECK;
void epoll_graph_remove(struct epoll_item *i);

#endif

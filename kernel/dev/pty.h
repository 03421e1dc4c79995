/*
 * Pseudo-terminals: a terminal (tty.h), called the slave, whose wire ends at a
 * program and not at a person.  That program has the other end, the master: it
 * types by writing and sees by reading.
 *
 *	program -- slave: struct tty, line discipline -- master -- program
 *
 * Who makes them (fs/devpts.c) numbers them and gives them names.
 */
#ifndef DEV_PTY_H
#define DEV_PTY_H

#include "dev/chardev.h"
#include "dev/tty.h"

struct pty;

/* What the maker wants to hear.  Sleep. */
struct pty_owner {
	/* Its master is closed: nobody is to find the slave any more. */
	void (*closed)(struct pty *p, void *arg);
	/* Neither end is in use any more: its number is free. */
	void (*released)(u32 index, void *arg);
};

/* How many there may be, whoever made them: some 10 MiB of memory. */
#define MAX_PTYS 256

/*
 * A pair with an open master; the slave is locked.  o becomes the master's
 * open device, of pty_master_ops, and its release ends it.  Both functions of
 * owner get arg; neither is called upon an error.
 * Sleeps.  Errors: -ENOSPC there are MAX_PTYS, -ENOMEM.
 */
int pty_create(const struct pty_owner *owner, void *arg, u32 index,
    struct pty **out) MUST_CHECK;
/* The last use of the master.  Locks: none. */
void pty_close_master(struct pty *p);
/* The slave's terminal, borrowed. */
struct tty *pty_slave(struct pty *p);
/* Of an open master. */
u32 pty_index(const struct pty *p);

/* The master's functions; private is the struct pty. */
extern const struct chardev_ops pty_master_ops;

#endif

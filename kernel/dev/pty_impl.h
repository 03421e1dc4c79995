/* A pseudo-terminal's two sides: pty.c has the slave's, pty_master.c the other.
 */
#ifndef DEV_PTY_IMPL_H
#define DEV_PTY_IMPL_H

#include "dev/pty.h"
#include "dev/tty_impl.h"

#define PTY_OUTPUT_BYTES 16384

/*
 * struct pty: a pair.  pty_create makes it with one reference of the slave's
 * struct tty, which is the master's; open slaves and a session hold others.
 * The last one frees it.
 * States  open -> closed       pty_close_master; the slave is hung up
 *         locked <-> unlocked  TIOCSPTLCK: the slave may be opened
 * What the slave shows lies in a ring; positions count bytes since ever, and
 *
 *	taken ....... shown ....... written
 *	  may be read    held back (^S)
 *
 * Laws    Y1  taken <= shown <= written <= taken + PTY_OUTPUT_BYTES
 *         Y2  shown == written unless output is held
 * Locks   q  tty.queue_lock   r  read_lock   w  write_lock   c  fixed
 */
struct pty {
	struct tty tty;                /* the slave */
	const struct pty_owner *owner; /* c */
	void *owner_arg;               /* c */
	u32 index;                     /* c */
	struct tty_file asker;         /* c: the master, as requests see it */

	struct mutex read_lock;  /* rank TTY: one reader of the master */
	struct mutex write_lock; /* rank TTY_WRITE: one writer */
	struct waitq read_wait;  /* there is something to read, or an end */
	struct waitq write_wait; /* there is room for what is typed */

	bool closed;      /* q: there is no master any more */
	bool locked;      /* q */
	bool was_opened;  /* q: the slave, ever */
	u32 nr_open;      /* q: open files of the slave */
	bool master_held; /* q: the master's writers wait (TCXONC) */
	bool packets;     /* q: what is read begins with a byte of TIOCPKT_* */
	u8 status;        /* q: the TIOCPKT_* that were not read yet */

	u32 taken;                     /* q */
	u32 shown;                     /* q */
	u32 written;                   /* q */
	char output[PTY_OUTPUT_BYTES]; /* q */
};

/* The slave was open, and nobody has it open any more. */
static inline bool
pty_slave_is_gone(const struct pty *p)
{
	return p->was_opened && p->nr_open == 0;
}

#endif

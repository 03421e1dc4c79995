/*
 * Terminals: what lies between a character device that is a wire with a person
 * at its end, and the programs that read and write it.
 *
 *	programs       tty.c        waiting, job control, hang-up
 *	               tty_ioctl.c  settings and requests
 *	               line.c       editing, echo, translation (pure)
 *	the wire       a tty_driver: the serial port (uart.c), or a program that
 *	               plays the person (pty.c)
 *
 * Sessions and process groups are known to proc/ alone, which registers its
 * part of the rules (struct tty_job_ops).
 */
#ifndef DEV_TTY_H
#define DEV_TTY_H

#include "core/mutex.h"
#include "core/poll_table.h"
#include "core/spinlock.h"
#include "core/waitq.h"
#include "dev/line.h"
#include "lib/refcount.h"
#include "lib/types.h"
#include "mm/iovec.h"

#include <asm/termbits.h>
#include <asm/termios.h>

struct pgrp;
struct session;
struct tty;

/*
 * The wire.  Each is called with TTY_QUEUE held unless it says otherwise, and
 * may not sleep.
 */
struct tty_driver {
	/* Takes as much as there is room for; returns how much. */
	size_t (*write)(struct tty *t, const char *buf, size_t len);
	size_t (*write_room)(struct tty *t);
	/* Bytes written that have not left yet. */
	size_t (*write_pending)(struct tty *t);
	/* Throws those away; who waits for room is told by the caller. */
	void (*flush)(struct tty *t);
	/* Holds output back, or lets it go on. */
	void (*hold)(struct tty *t, bool hold);
	/* Input that the driver had to leave may be offered again. */
	void (*input_wanted)(struct tty *t);
	/* Input was thrown away.  NULL: that is nothing to it. */
	void (*input_flushed)(struct tty *t);
	/* Somebody opens it, or closes it again.  NULL: fine. */
	int (*open)(struct tty *t);
	void (*close)(struct tty *t);
	/*
	 * Makes of the usual settings those it begins with, and has again after
	 * a hang-up.  NULL: the usual ones, and a hang-up changes none.
	 * Locks: none.
	 */
	void (*usual)(struct termios2 *set);
	/* The settings were others; corrects those it has not.  NULL: fine. */
	void (*set)(struct tty *t, const struct termios2 *old);
	/* The last reference is gone.  Locks: none.  NULL: it lives for ever.
	 */
	void (*release)(struct tty *t);
	/* Room for output that programs leave to echo. */
	size_t echo_reserve_bytes;
	/* The end of its session is no hang-up. */
	bool outlives_session;
	/*
	 * Echo without room is lost.  Else input waits for it: who types is not
	 * the one who has to make that room.
	 */
	bool loses_echo;
};

/*
 * struct tty: one terminal.  Made by its driver, which holds a reference as
 * long as the wire is there; open files and a session hold others.
 * Locks  q  queue_lock   r  read_lock   c  fixed   a  atomic
 *        j  whatever the job hooks lock: PROC_TREE
 */
struct tty {
	struct refcount refs;            /* a */
	const struct tty_driver *driver; /* c */
	void *driver_data;               /* c */
	u32 device;                      /* c: its number, see dev_make */
	struct tty *next;                /* c: of those that are registered */

	struct spinlock queue_lock; /* rank TTY_QUEUE */
	struct line line;           /* q: settings and input */
	struct winsize size;        /* q */
	bool held;                  /* q: output is held back */
	bool held_by_call;          /* q: by TCXONC, so ^Q does not matter */
	bool exclusive;             /* q: others may not open it (TIOCEXCL) */
	bool input_stalled;         /* q: the driver was refused room */
	u32 nr_hangups;             /* a, written under q */
	u32 nr_at_read;             /* r: nr_hangups when its read began */
	struct waitq read_wait;     /* input came, or the wire is gone */
	struct waitq write_wait;    /* there is room, or all has left */

	struct mutex read_lock;  /* rank TTY: one reader at a time */
	struct mutex write_lock; /* rank TTY_WRITE: one write at a time */

	struct session *session; /* j: whose controlling terminal it is */
	struct pgrp *foreground; /* j: who gets its signals and may read */
};

/* Who opens a terminal or asks something of it. */
struct tty_caller {
	u32 uid;
	u32 gid;
	bool is_admin; /* may do what others may not */
};

/*
 * What only proc/ can do.  All may be called with no lock held only; signal is
 * called in interrupts too.  Every one acts for the current process, but
 * signal.
 */
struct tty_job_ops {
	/* Sends signo to the foreground group, if there is one. */
	void (*signal)(struct tty *t, int signo);
	/*
	 * May the caller read (SIGTTIN), or write or change settings
	 * (SIGTTOU)?  0 for yes: not its controlling terminal, in the
	 * foreground, or a SIGTTOU that it blocks or ignores.
	 * Errors: -EIO it blocks or ignores SIGTTIN, or its group is orphaned;
	 * -ERESTARTSYS signo was sent to its group.
	 */
	int (*may_use)(struct tty *t, int signo);
	/*
	 * At open without O_NOCTTY: t becomes the controlling terminal of a
	 * session leader who has none, unless another session has it.
	 */
	void (*opened)(struct tty *t);
	/* TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID. */
	int (*set_controlling)(struct tty *t, bool steal);
	int (*give_up)(struct tty *t);
	/* any: of a terminal that is not the caller's, too. */
	int (*get_foreground)(struct tty *t, bool any, s32 *pgid);
	int (*set_foreground)(struct tty *t, s32 pgid);
	int (*get_session)(struct tty *t, bool any, s32 *sid);
	/* The wire is gone: SIGHUP, SIGCONT; t is nobody's any more. */
	void (*hung_up)(struct tty *t);
	/* The caller's controlling terminal with a reference, or NULL. */
	struct tty *(*get_controlling)(void);
	void (*caller)(struct tty_caller *out);
};

void tty_set_job_ops(const struct tty_job_ops *ops);
/* Before there are processes: root, who may do everything. */
void tty_caller(struct tty_caller *out);

/* --- For drivers ------------------------------------------------------- */

/* A terminal with one reference and the usual settings. */
void tty_init(
    struct tty *t, const struct tty_driver *driver, void *data, u32 device);
static inline void
tty_get(struct tty *t)
{
	refcount_get(&t->refs);
}
void tty_put(struct tty *t);

/*
 * How many bytes of input it would take now.  For 0, input_wanted is called
 * when that changes.  Locks: any but TTY_QUEUE.
 */
size_t tty_input_room(struct tty *t);
/* Input; at most what tty_input_room said.  Locks: none. */
void tty_input(struct tty *t, const char *buf, size_t len);
/* There is room for output again, or none is left.  Locks: below WAITQ. */
void tty_output_done(struct tty *t);
/*
 * The wire is gone, or its session has ended: who has it open reads an end of
 * file and can't write; those who open it later are not concerned.
 */
void tty_hangup(struct tty *t);

/* --- For the character device ------------------------------------------ */

/*
 * struct tty_file: one open file of a terminal.
 */
struct tty_file {
	struct tty *tty; /* c: counted */
	u32 nr_hangups;  /* c: of the tty when it was opened */
	bool is_console; /* c: opened as /dev/console: never hung up */
	bool is_master;  /* c: no open file but the other end, which asks */
};

/*
 * Opens t for the current process.  may_control: it may become its controlling
 * terminal.  Errors: -ENOMEM, -EBUSY (TIOCEXCL), what its driver says.
 */
int tty_open(struct tty *t, bool is_console, bool may_control,
    struct tty_file **out) MUST_CHECK;
void tty_close(struct tty_file *f);

/*
 * Bytes moved, or an error when there are none; 0 read is an end of file.
 * Sleep, unless nonblock.
 * Errors: -EAGAIN, -ERESTARTSYS, -EIO, -EFAULT.
 */
s64 tty_read(struct tty_file *f, struct iov_iter *to, bool nonblock);
s64 tty_write(struct tty_file *f, struct iov_iter *from, bool nonblock);
/* POLL* bits; pt may be NULL. */
u32 tty_poll(struct tty_file *f, struct poll_table *pt);
/* Errors: -ENOTTY for what it does not know, and what each request says. */
s64 tty_ioctl(struct tty_file *f, u32 cmd, u64 arg);

/* What a device's functions get as private is a struct tty_file. */
struct chardev_open;
struct chardev_ops;
extern const struct chardev_ops tty_chardev_ops;
/* Opens t for o, whose flags say how.  Errors: as tty_open. */
int tty_open_device(struct chardev_open *o, struct tty *t) MUST_CHECK;

/*
 * Boot: t under its own name, which lives for ever, and number.
 * Errors: -ENOMEM.
 */
int tty_register(struct tty *t, const char *name) MUST_CHECK;
/* The same, and t as /dev/console; and /dev/tty. */
int tty_register_console(struct tty *t, const char *name) MUST_CHECK;

#endif

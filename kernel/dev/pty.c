/*
 * A pseudo-terminal as a terminal's driver: its wire is a ring that the master
 * reads.  See pty_impl.h for the structure.
 *
 * The numbers that decide what a program sees who does not read at once follow
 * Linux, where what was written lies in two places: a reader's buffer, and
 * behind it what did not fit.  Throwing output away (^C, TCOFLUSH) reaches only
 * the second.
 */
#include "dev/pty_impl.h"

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#include <linux/major.h>

/* What a flush leaves of output that was not read: the reader's buffer. */
#define KEPT_BYTES 4096u
/* What echo has when programs have filled theirs. */
#define ECHO_RESERVE_BYTES 4096

static u32 nr_ptys; /* a */

static struct pty *
pty_of(struct tty *t)
{
	return container_of(t, struct pty, tty);
}

static u32
used(const struct pty *p)
{
	return p->written - p->taken;
}

/* The master is told of something, if it wants to know. */
static void
tell(struct pty *p, u8 forget, u8 status)
{
	if (!p->packets)
		return;
	p->status = (p->status & ~forget) | status;
	waitq_wake(&p->read_wait);
}

/* --- The wire ------------------------------------------------------------- */

static size_t
pty_write(struct tty *t, const char *buf, size_t len)
{
	struct pty *p = pty_of(t);
	size_t n = MIN(len, PTY_OUTPUT_BYTES - used(p));

	for (size_t i = 0; i < n; i++)
		p->output[p->written++ % PTY_OUTPUT_BYTES] = buf[i];
	if (t->held)
		return n;
	p->shown = p->written;
	waitq_wake(&p->read_wait);
	return n;
}

static size_t
pty_room(struct tty *t)
{
	return t->held ? 0 : PTY_OUTPUT_BYTES - used(pty_of(t));
}

/* What was written has arrived. */
static size_t
pty_pending(struct tty *t)
{
	(void)t;
	return 0;
}

static void
pty_flush(struct tty *t)
{
	struct pty *p = pty_of(t);

	if (used(p) > KEPT_BYTES)
		p->written = p->taken + KEPT_BYTES;
	p->shown = MIN(p->shown - p->taken, KEPT_BYTES) + p->taken;
	tell(p, 0, TIOCPKT_FLUSHWRITE);
}

static void
pty_hold(struct tty *t, bool hold)
{
	struct pty *p = pty_of(t);

	if (hold) {
		tell(p, TIOCPKT_START, TIOCPKT_STOP);
		return;
	}
	p->shown = p->written;
	tell(p, TIOCPKT_STOP, TIOCPKT_START);
	waitq_wake(&p->read_wait);
	waitq_wake(&t->write_wait);
}

static void
pty_input_wanted(struct tty *t)
{
	waitq_wake(&pty_of(t)->write_wait);
}

static void
pty_input_flushed(struct tty *t)
{
	tell(pty_of(t), 0, TIOCPKT_FLUSHREAD);
}

/* --- Settings ------------------------------------------------------------- */

static void
pty_usual(struct termios2 *set)
{
	set->c_cflag = B38400 | CS8 | CREAD;
	set->c_ispeed = 38400;
	set->c_ospeed = 38400;
}

/* Is it the master that could best heed ^S and ^Q? */
static bool
has_usual_flow(const struct termios2 *set)
{
	return (set->c_iflag & IXON) &&
	    set->c_cc[VSTOP] == line_usual.c_cc[VSTOP] &&
	    set->c_cc[VSTART] == line_usual.c_cc[VSTART];
}

static void
pty_set(struct tty *t, const struct termios2 *old)
{
	struct pty *p = pty_of(t);
	struct termios2 *set = &t->line.set;
	bool flow = has_usual_flow(set);

	set->c_cflag = (set->c_cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
	if (flow != has_usual_flow(old))
		tell(p, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP,
		    flow ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
	if ((set->c_lflag | old->c_lflag) & EXTPROC)
		tell(p, 0, TIOCPKT_IOCTL);
}

/* --- Ends ----------------------------------------------------------------- */

static int
pty_open(struct tty *t)
{
	struct pty *p = pty_of(t);

	if (p->closed || p->locked)
		return -EIO;
	p->was_opened = true;
	p->nr_open++;
	return 0;
}

static void
pty_close(struct tty *t)
{
	struct pty *p = pty_of(t);

	assert(p->nr_open > 0);
	if (--p->nr_open > 0)
		return;
	p->shown = p->written;
	waitq_wake_all(&p->read_wait);
}

static void
pty_release(struct tty *t)
{
	struct pty *p = pty_of(t);
	const struct pty_owner *owner = p->owner;
	void *arg = p->owner_arg;
	u32 index = p->index;

	assert(p->closed && p->nr_open == 0);
	kfree(p);
	atomic_sub(&nr_ptys, 1);
	owner->released(index, arg);
}

static const struct tty_driver driver = {
    .write = pty_write,
    .write_room = pty_room,
    .write_pending = pty_pending,
    .flush = pty_flush,
    .hold = pty_hold,
    .input_wanted = pty_input_wanted,
    .input_flushed = pty_input_flushed,
    .open = pty_open,
    .close = pty_close,
    .usual = pty_usual,
    .set = pty_set,
    .release = pty_release,
    .echo_reserve_bytes = ECHO_RESERVE_BYTES,
    .outlives_session = true,
    .loses_echo = true,
};

/* --- Pairs ---------------------------------------------------------------- */

int
pty_create(
    const struct pty_owner *owner, void *arg, u32 index, struct pty **out)
{
	struct pty *p;

	if (atomic_add(&nr_ptys, 1) > MAX_PTYS) {
		atomic_sub(&nr_ptys, 1);
		return -ENOSPC;
	}
	p = kzalloc(sizeof(*p));
	if (p == NULL) {
		atomic_sub(&nr_ptys, 1);
		return -ENOMEM;
	}
	tty_init(&p->tty, &driver, p, dev_make(UNIX98_PTY_SLAVE_MAJOR, index));
	p->owner = owner;
	p->owner_arg = arg;
	p->index = index;
	p->asker = (struct tty_file){.tty = &p->tty, .is_master = true};
	mutex_init(&p->read_lock, RANK_TTY);
	mutex_init(&p->write_lock, RANK_TTY_WRITE);
	waitq_init(&p->read_wait);
	waitq_init(&p->write_wait);
	p->locked = true;
	*out = p;
	return 0;
}

/*
 * Nobody opens the slave once closed is set, and who has opened it is hung up
 * after that.
 */
void
pty_close_master(struct pty *p)
{
	spin_lock(&p->tty.queue_lock);
	p->closed = true;
	spin_unlock(&p->tty.queue_lock);
	p->owner->closed(p, p->owner_arg);
	tty_hangup(&p->tty);
	tty_put(&p->tty);
}

struct tty *
pty_slave(struct pty *p)
{
	return &p->tty;
}

u32
pty_index(const struct pty *p)
{
	return p->index;
}

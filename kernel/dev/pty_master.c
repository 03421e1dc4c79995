/*
 * The master of a pseudo-terminal: reading what the slave shows, typing, and
 * requests.  It has no settings of its own: those that it asks for or changes
 * are the slave's.
 */
#include "core/thread.h"
#include "dev/pty_impl.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/usercopy.h"

#include <asm-generic/poll.h>
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/signal.h>

/* Bytes moved at a time between a program and the ring. */
#define READ_BYTES 256
/*
 * Fewer the other way: one byte may show a whole line again (VREPRINT), and all
 * is done with interrupts off.
 */
#define TYPE_BYTES 32

static struct pty *
pty_of(struct chardev_open *o)
{
	return o->private;
}

static bool
may_block(const struct chardev_open *o)
{
	return (o->flags & O_NONBLOCK) == 0;
}

/* --- Reading -------------------------------------------------------------- */

static bool
has_status(const struct pty *p)
{
	return p->packets && p->status != 0;
}

static bool
has_output(const struct pty *p)
{
	return p->shown != p->taken;
}

/* Errors: -EAGAIN, -EIO nothing is left and nothing comes, -ERESTARTSYS. */
static int
wait_output(struct pty *p, bool block) MUST_HOLD(&p->tty.queue_lock)
{
	int err = 0;

	while (err == 0 && !has_output(p) && !has_status(p)) {
		if (pty_slave_is_gone(p))
			return -EIO;
		if (!block)
			return -EAGAIN;
		err = waitq_wait_spin(&p->read_wait, &p->tty.queue_lock,
		    PARK_INTERRUPTIBLE, NO_DEADLINE, "pseudo-terminal output");
	}
	return err == -EINTR ? -ERESTARTSYS : err;
}

static u32
take_bytes(struct pty *p, char *buf, u32 len)
{
	u32 n = MIN(len, p->shown - p->taken);

	for (u32 i = 0; i < n; i++)
		buf[i] = p->output[p->taken++ % PTY_OUTPUT_BYTES];
	return n;
}

/*
 * What there is, into buf.  In packets, the first byte of a read says what has
 * happened, and then is alone, or that bytes follow.
 */
static u32
take_output(struct pty *p, char *buf, u32 len, bool first, bool *last)
    MUST_HOLD(&p->tty.queue_lock)
{
	u32 n = 0;

	*last = has_status(p);
	if (*last && !first)
		return 0;
	if (*last) {
		buf[0] = (char)p->status;
		p->status = 0;
		return 1;
	}
	if (p->packets && first)
		buf[n++] = TIOCPKT_DATA;
	n += take_bytes(p, buf + n, len - n);
	*last = !has_output(p);
	return n;
}

static s64
read_locked(struct pty *p, struct iov_iter *to, bool block) NO_LOCK_CHECK
{
	char buf[READ_BYTES];
	size_t copied = 0;
	bool last = false;

	while (to->left_bytes > 0 && !last) {
		u32 want = MIN(to->left_bytes, sizeof(buf));
		int n;

		spin_lock(&p->tty.queue_lock);
		n = wait_output(p, block && copied == 0);
		if (n == 0)
			n = take_output(p, buf, want, copied == 0, &last);
		spin_unlock(&p->tty.queue_lock);
		waitq_wake(&p->tty.write_wait);
		if (n > 0 && iov_put(to, buf, n) < (size_t)n)
			n = -EFAULT;
		if (n < 0)
			return copied > 0 ? (s64)copied : n;
		copied += n;
		/* More is another read: a writer may be as fast as we are. */
		last |= copied >= PTY_OUTPUT_BYTES;
		thread_preempt_point();
	}
	return copied;
}

static s64
master_read(struct chardev_open *o, struct iov_iter *to, u64 pos) NO_LOCK_CHECK
{
	struct pty *p = pty_of(o);
	s64 n;

	(void)pos;
	if (to->left_bytes == 0)
		return 0;
	n = tty_lock_side(&p->read_lock, !may_block(o));
	if (n < 0)
		return n;
	n = read_locked(p, to, may_block(o));
	mutex_unlock(&p->read_lock);
	return n;
}

/* --- Typing --------------------------------------------------------------- */

static bool
may_type(struct pty *p) MUST_HOLD(&p->tty.queue_lock)
{
	return !p->master_held && tty_input_room_locked(&p->tty) > 0;
}

static int
wait_room(struct pty *p, bool block) MUST_HOLD(&p->tty.queue_lock)
{
	int err = 0;

	while (err == 0 && !may_type(p)) {
		if (!block)
			return -EAGAIN;
		err = waitq_wait_spin(&p->write_wait, &p->tty.queue_lock,
		    PARK_INTERRUPTIBLE, NO_DEADLINE, "pseudo-terminal input");
	}
	return err == -EINTR ? -ERESTARTSYS : err;
}

/* Some of buf, once there is room; how much, or an error. */
static int
type_some(struct pty *p, const char *buf, size_t len, bool block) NO_LOCK_CHECK
{
	u32 events = 0;
	int n;

	spin_lock(&p->tty.queue_lock);
	n = wait_room(p, block);
	if (n == 0) {
		n = MIN(len, tty_input_room_locked(&p->tty));
		events = tty_input_locked(&p->tty, buf, n);
	}
	spin_unlock(&p->tty.queue_lock);
	tty_act_on(&p->tty, events);
	return n;
}

static s64
write_locked(struct pty *p, struct iov_iter *from, bool block)
{
	char buf[TYPE_BYTES];
	size_t done = 0;

	while (from->left_bytes > 0) {
		size_t want = MIN(from->left_bytes, sizeof(buf));
		size_t got = iov_get(from, buf, want);
		int n = 0;

		for (size_t at = 0; at < got; at += n, done += n) {
			n = type_some(p, buf + at, got - at, block);
			if (n < 0)
				return done > 0 ? (s64)done : n;
		}
		if (got < want)
			return done > 0 ? (s64)done : -EFAULT;
		if (thread_must_end())
			break;
		thread_preempt_point();
	}
	return done;
}

static s64
master_write(
    struct chardev_open *o, struct iov_iter *from, u64 pos) NO_LOCK_CHECK
{
	struct pty *p = pty_of(o);
	s64 n;

	(void)pos;
	n = tty_lock_side(&p->write_lock, !may_block(o));
	if (n < 0)
		return n;
	n = write_locked(p, from, may_block(o));
	mutex_unlock(&p->write_lock);
	return n;
}

static u32
master_poll(struct chardev_open *o, struct poll_table *pt)
{
	struct pty *p = pty_of(o);
	u32 ready = 0;

	poll_wait(pt, &p->read_wait);
	poll_wait(pt, &p->write_wait);
	spin_lock(&p->tty.queue_lock);
	if (has_output(p) || has_status(p))
		ready |= POLLIN | POLLRDNORM;
	if (has_status(p))
		ready |= POLLPRI;
	if (pty_slave_is_gone(p))
		ready |= POLLHUP;
	if (may_type(p))
		ready |= POLLOUT | POLLWRNORM;
	spin_unlock(&p->tty.queue_lock);
	return ready;
}

/* --- Requests ------------------------------------------------------------- */

static s64
give(u64 arg, s32 n)
{
	return user_write(uaddr(arg), &n, sizeof(n));
}

static s64
get_number(struct pty *p, u64 arg)
{
	return give(arg, (s32)p->index);
}

static s64
set_flag(struct pty *p, bool *flag, u64 arg)
{
	s32 on;
	int err = user_read(&on, uaddr(arg), sizeof(on));

	if (err < 0)
		return err;
	spin_lock(&p->tty.queue_lock);
	*flag = on != 0;
	spin_unlock(&p->tty.queue_lock);
	return 0;
}

static s64
get_flag(struct pty *p, const bool *flag, u64 arg)
{
	bool on;

	spin_lock(&p->tty.queue_lock);
	on = *flag;
	spin_unlock(&p->tty.queue_lock);
	return give(arg, on);
}

static s64
set_locked(struct pty *p, u64 arg)
{
	return set_flag(p, &p->locked, arg);
}

static s64
get_locked(struct pty *p, u64 arg)
{
	return get_flag(p, &p->locked, arg);
}

/* What happened before nobody wanted to know. */
static s64
set_packets(struct pty *p, u64 arg)
{
	s32 on;
	int err = user_read(&on, uaddr(arg), sizeof(on));

	if (err < 0)
		return err;
	spin_lock(&p->tty.queue_lock);
	if (!p->packets)
		p->status = 0;
	p->packets = on != 0;
	spin_unlock(&p->tty.queue_lock);
	return 0;
}

static s64
get_packets(struct pty *p, u64 arg)
{
	return get_flag(p, &p->packets, arg);
}

/* A signal as a key would send it. */
static s64
send_signal(struct pty *p, u64 arg)
{
	if (arg != SIGINT && arg != SIGQUIT && arg != SIGTSTP)
		return -EINVAL;
	if (tty_job_ops() != NULL)
		tty_job_ops()->signal(&p->tty, (int)arg);
	return 0;
}

static s64
count_output(struct pty *p, u64 arg)
{
	s32 n;

	spin_lock(&p->tty.queue_lock);
	n = p->shown - p->taken;
	spin_unlock(&p->tty.queue_lock);
	return give(arg, n);
}

/* What was typed has arrived. */
static s64
count_typed(struct pty *p, u64 arg)
{
	(void)p;
	return give(arg, 0);
}

static s64
flush(struct pty *p, u64 arg)
{
	if (arg != TCIFLUSH && arg != TCOFLUSH && arg != TCIOFLUSH)
		return -EINVAL;
	if (arg == TCOFLUSH)
		return 0;
	spin_lock(&p->tty.queue_lock);
	p->taken = p->shown;
	spin_unlock(&p->tty.queue_lock);
	waitq_wake(&p->tty.write_wait);
	return 0;
}

static s64
flow(struct pty *p, u64 arg)
{
	bool stops = arg == TCIOFF;
	char key = line_usual.c_cc[stops ? VSTOP : VSTART];
	int n;

	if (arg > TCION)
		return -EINVAL;
	if (arg == TCIOFF || arg == TCION) {
		n = type_some(p, &key, 1, false);
		return MIN(n, 0);
	}
	spin_lock(&p->tty.queue_lock);
	p->master_held = arg == TCOOFF;
	spin_unlock(&p->tty.queue_lock);
	waitq_wake(&p->write_wait);
	return 0;
}

/* Nobody can open the master again, nor is it anybody's terminal. */
static s64
nothing(struct pty *p, u64 arg)
{
	(void)p;
	(void)arg;
	return 0;
}

static s64
no_terminal(struct pty *p, u64 arg)
{
	(void)p;
	(void)arg;
	return -ENOTTY;
}

static const struct {
	u32 cmd;
	s64 (*fn)(struct pty *p, u64 arg);
} requests[] = {
    {TIOCGPTN, get_number},
    {TIOCSPTLCK, set_locked},
    {TIOCGPTLCK, get_locked},
    {TIOCPKT, set_packets},
    {TIOCGPKT, get_packets},
    {TIOCSIG, send_signal},
    {FIONREAD, count_output},
    {TIOCOUTQ, count_typed},
    {TCFLSH, flush},
    {TCXONC, flow},
    {TCSBRK, nothing},
    {TCSBRKP, nothing},
    {TIOCEXCL, nothing},
    {TIOCNXCL, nothing},
    {TIOCNOTTY, no_terminal},
    {TIOCSTI, no_terminal},
    {TIOCVHANGUP, no_terminal},
};

static s64
master_ioctl(struct chardev_open *o, u32 cmd, u64 arg)
{
	struct pty *p = pty_of(o);

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].cmd == cmd)
			return requests[i].fn(p, arg);
	return tty_ioctl(&p->asker, cmd, arg);
}

static void
master_release(struct chardev_open *o)
{
	pty_close_master(pty_of(o));
}

const struct chardev_ops pty_master_ops = {
    .release = master_release,
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
};

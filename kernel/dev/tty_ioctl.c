/*
 * Requests to a terminal.  Each is one function in a table; those that change
 * something say so there, and are refused to a background process as a write
 * would be.
 */
#include "dev/tty_impl.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/usercopy.h"

#include <asm/ioctls.h>
#include <asm/signal.h>

/* The older form of the settings is the newer one's beginning. */
#define OLD_SETTINGS_BYTES sizeof(struct termios)

static_assert(offsetof(struct termios2, c_ispeed) == OLD_SETTINGS_BYTES,
    "termios2 must begin with what termios is");

/* By the bits of c_cflag; those above CBAUDEX follow the ones below. */
static const u32 speeds[] = {0, 50, 75, 110, 134, 150, 200, 300, 600, 1200,
    1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 500000,
    576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000,
    3500000, 4000000};

#define NR_LOW_SPEEDS 16 /* 0 to 38400 */

static u32
speed_of(u32 cflag, u32 given)
{
	u32 i = cflag & CBAUD;

	if (i == BOTHER)
		return given;
	if (i & CBAUDEX)
		i = (i & ~CBAUDEX) + NR_LOW_SPEEDS - 1;
	return i < ARRAY_SIZE(speeds) ? speeds[i] : given;
}

static s64
get_settings(struct tty_file *f, uaddr_t arg, size_t len_bytes)
{
	struct tty *t = f->tty;
	struct termios2 set;

	spin_lock(&t->queue_lock);
	set = t->line.set;
	spin_unlock(&t->queue_lock);
	return user_write(arg, &set, len_bytes);
}

static s64
get_old(struct tty_file *f, u64 arg)
{
	return get_settings(f, uaddr(arg), OLD_SETTINGS_BYTES);
}

static s64
get_new(struct tty_file *f, u64 arg)
{
	return get_settings(f, uaddr(arg), sizeof(struct termios2));
}

enum when {
	NOW,         /* TCSETS */
	DRAINED,     /* TCSETSW: after what was written has left */
	AND_FLUSHED, /* TCSETSF: and without the input that nobody read */
};

static void
apply(struct tty *t, const struct termios2 *set, bool flush)
{
	spin_lock(&t->queue_lock);
	if (flush)
		tty_flush_input_locked(t);
	tty_set_locked(t, set);
	spin_unlock(&t->queue_lock);
	/* What can be read, and how, may have changed. */
	waitq_wake_all(&t->read_wait);
}

static s64
set_settings(struct tty_file *f, uaddr_t arg, size_t len_bytes, enum when when)
{
	struct tty *t = f->tty;
	struct termios2 set;
	int err;

	spin_lock(&t->queue_lock);
	set = t->line.set;
	spin_unlock(&t->queue_lock);
	err = user_read(&set, arg, len_bytes);
	if (err == 0 && when != NOW)
		err = tty_drain(f);
	if (err < 0)
		return err;
	set.c_ospeed = speed_of(set.c_cflag, set.c_ospeed);
	set.c_ispeed = speed_of(set.c_cflag >> IBSHIFT, set.c_ispeed);
	if ((set.c_cflag >> IBSHIFT & CBAUD) == B0)
		set.c_ispeed = set.c_ospeed;
	apply(t, &set, when == AND_FLUSHED);
	return 0;
}

static s64
set_old(struct tty_file *f, u64 arg)
{
	return set_settings(f, uaddr(arg), OLD_SETTINGS_BYTES, NOW);
}

static s64
set_old_drained(struct tty_file *f, u64 arg)
{
	return set_settings(f, uaddr(arg), OLD_SETTINGS_BYTES, DRAINED);
}

static s64
set_old_flushed(struct tty_file *f, u64 arg)
{
	return set_settings(f, uaddr(arg), OLD_SETTINGS_BYTES, AND_FLUSHED);
}

static s64
set_new(struct tty_file *f, u64 arg)
{
	return set_settings(f, uaddr(arg), sizeof(struct termios2), NOW);
}

static s64
set_new_drained(struct tty_file *f, u64 arg)
{
	return set_settings(f, uaddr(arg), sizeof(struct termios2), DRAINED);
}

static s64
set_new_flushed(struct tty_file *f, u64 arg)
{
	return set_settings(
	    f, uaddr(arg), sizeof(struct termios2), AND_FLUSHED);
}

static s64
get_size(struct tty_file *f, u64 arg)
{
	struct tty *t = f->tty;
	struct winsize size;

	spin_lock(&t->queue_lock);
	size = t->size;
	spin_unlock(&t->queue_lock);
	return user_write(uaddr(arg), &size, sizeof(size));
}

static s64
set_size(struct tty_file *f, u64 arg)
{
	struct tty *t = f->tty;
	struct winsize size;
	bool changed;
	int err = user_read(&size, uaddr(arg), sizeof(size));

	if (err < 0)
		return err;
	spin_lock(&t->queue_lock);
	changed = memcmp(&t->size, &size, sizeof(size)) != 0;
	t->size = size;
	spin_unlock(&t->queue_lock);
	if (changed && tty_job_ops() != NULL)
		tty_job_ops()->signal(t, SIGWINCH);
	return 0;
}

/* A request about sessions: proc/ answers with a number. */
static s64
give_number(int err, s32 nr, u64 arg)
{
	return err < 0 ? err : user_write(uaddr(arg), &nr, sizeof(nr));
}

static s64
get_foreground(struct tty_file *f, u64 arg)
{
	s32 pgid = 0;
	int err = tty_job_ops()->get_foreground(f->tty, f->is_master, &pgid);

	return give_number(err, pgid, arg);
}

static s64
get_session(struct tty_file *f, u64 arg)
{
	s32 sid = 0;
	int err = tty_job_ops()->get_session(f->tty, f->is_master, &sid);

	return give_number(err, sid, arg);
}

static s64
set_foreground(struct tty_file *f, u64 arg)
{
	s32 pgid;
	int err = tty_check_job(f->tty, SIGTTOU);

	/* As Linux has it: to an orphan this is no terminal. */
	if (err == -EIO)
		err = -ENOTTY;
	if (err == 0)
		err = user_read(&pgid, uaddr(arg), sizeof(pgid));
	return err < 0 ? err : tty_job_ops()->set_foreground(f->tty, pgid);
}

static s64
set_controlling(struct tty_file *f, u64 arg)
{
	return tty_job_ops()->set_controlling(f->tty, arg == 1);
}

static s64
give_up(struct tty_file *f, u64 arg)
{
	(void)arg;
	return tty_job_ops()->give_up(f->tty);
}

static s64
flush(struct tty_file *f, u64 arg)
{
	struct tty *t = f->tty;

	if (arg != TCIFLUSH && arg != TCOFLUSH && arg != TCIOFLUSH)
		return -EINVAL;
	spin_lock(&t->queue_lock);
	if (arg != TCOFLUSH)
		tty_flush_input_locked(t);
	if (arg != TCIFLUSH)
		tty_flush_output_locked(t);
	spin_unlock(&t->queue_lock);
	return 0;
}

/* A break is not sent: nothing at the other end would see it. */
static s64
drain(struct tty_file *f, u64 arg)
{
	(void)arg;
	return tty_drain(f);
}

/* To the other end: stop sending, or go on. */
static void
send_key(struct tty *t, int key) MUST_HOLD(&t->queue_lock)
{
	char c = t->line.set.c_cc[key];

	if (c != 0)
		t->driver->write(t, &c, 1);
}

/* What the call held back, only the call lets go, and the other way round. */
static void
hold_by_call(struct tty *t, bool hold) MUST_HOLD(&t->queue_lock)
{
	if (t->held_by_call == hold)
		return;
	t->held_by_call = hold;
	tty_hold_locked(t, hold);
}

static s64
flow(struct tty_file *f, u64 arg)
{
	struct tty *t = f->tty;

	if (arg > TCION)
		return -EINVAL;
	spin_lock(&t->queue_lock);
	if (arg == TCOOFF || arg == TCOON)
		hold_by_call(t, arg == TCOOFF);
	else
		send_key(t, arg == TCIOFF ? VSTOP : VSTART);
	spin_unlock(&t->queue_lock);
	waitq_wake(&t->write_wait);
	return 0;
}

static s64
set_exclusive(struct tty_file *f, bool exclusive)
{
	struct tty *t = f->tty;

	spin_lock(&t->queue_lock);
	t->exclusive = exclusive;
	spin_unlock(&t->queue_lock);
	return 0;
}

static s64
begin_exclusive(struct tty_file *f, u64 arg)
{
	(void)arg;
	return set_exclusive(f, true);
}

static s64
end_exclusive(struct tty_file *f, u64 arg)
{
	(void)arg;
	return set_exclusive(f, false);
}

static s64
get_exclusive(struct tty_file *f, u64 arg)
{
	s32 on = atomic_load(&f->tty->exclusive);

	return user_write(uaddr(arg), &on, sizeof(on));
}

/* A character as if it were typed, which is a way to rule others: for few. */
static s64
type_char(struct tty_file *f, u64 arg)
{
	struct tty *t = f->tty;
	struct tty_caller caller;
	u32 events = 0;
	char c;

	tty_caller(&caller);
	if (!caller.is_admin)
		return -EIO;
	if (user_read(&c, uaddr(arg), 1) < 0)
		return -EFAULT;
	spin_lock(&t->queue_lock);
	if (line_room(&t->line) > 0)
		events = tty_input_locked(t, &c, 1);
	spin_unlock(&t->queue_lock);
	tty_act_on(t, events);
	return 0;
}

static s64
hang_up(struct tty_file *f, u64 arg)
{
	struct tty_caller caller;

	(void)arg;
	tty_caller(&caller);
	if (!caller.is_admin)
		return -EPERM;
	tty_hangup(f->tty);
	return 0;
}

static s64
set_discipline(struct tty_file *f, u64 arg)
{
	s32 n;
	int err = user_read(&n, uaddr(arg), sizeof(n));

	(void)f;
	if (err < 0)
		return err;
	return n == 0 ? 0 : -EINVAL;
}

/* A master's request, which is answered where files are opened. */
static s64
no_peer(struct tty_file *f, u64 arg)
{
	(void)f;
	(void)arg;
	return -EIO;
}

/* There is no wire on which a break could be. */
static s64
nothing(struct tty_file *f, u64 arg)
{
	(void)f;
	(void)arg;
	return 0;
}

static s64
count_input(struct tty_file *f, u64 arg)
{
	struct tty *t = f->tty;
	s32 n;

	spin_lock(&t->queue_lock);
	n = line_available(&t->line);
	spin_unlock(&t->queue_lock);
	return user_write(uaddr(arg), &n, sizeof(n));
}

static s64
count_output(struct tty_file *f, u64 arg)
{
	struct tty *t = f->tty;
	s32 n;

	spin_lock(&t->queue_lock);
	n = t->driver->write_pending(t);
	spin_unlock(&t->queue_lock);
	return user_write(uaddr(arg), &n, sizeof(n));
}

/* There is one line discipline, number 0. */
static s64
get_discipline(struct tty_file *f, u64 arg)
{
	s32 n = 0;

	(void)f;
	return user_write(uaddr(arg), &n, sizeof(n));
}

static s64
get_device(struct tty_file *f, u64 arg)
{
	u32 device = f->tty->device;

	return user_write(uaddr(arg), &device, sizeof(device));
}

static const struct request {
	u32 cmd;
	bool changes; /* asks tty_check_job first */
	bool is_job;  /* needs proc/ */
	s64 (*fn)(struct tty_file *f, u64 arg);
} requests[] = {
    {TCGETS, .fn = get_old},
    {TCGETS2, .fn = get_new},
    {TCSETS, .changes = true, .fn = set_old},
    {TCSETSW, .changes = true, .fn = set_old_drained},
    {TCSETSF, .changes = true, .fn = set_old_flushed},
    {TCSETS2, .changes = true, .fn = set_new},
    {TCSETSW2, .changes = true, .fn = set_new_drained},
    {TCSETSF2, .changes = true, .fn = set_new_flushed},
    {TIOCGWINSZ, .fn = get_size},
    {TIOCSWINSZ, .fn = set_size},
    {TIOCGPGRP, .is_job = true, .fn = get_foreground},
    {TIOCSPGRP, .is_job = true, .fn = set_foreground},
    {TIOCGSID, .is_job = true, .fn = get_session},
    {TIOCSCTTY, .is_job = true, .fn = set_controlling},
    {TIOCNOTTY, .is_job = true, .fn = give_up},
    {TCFLSH, .changes = true, .fn = flush},
    {TCSBRK, .changes = true, .fn = drain},
    {TCSBRKP, .changes = true, .fn = drain},
    {TCXONC, .changes = true, .fn = flow},
    {FIONREAD, .fn = count_input},
    {TIOCOUTQ, .fn = count_output},
    {TIOCSBRK, .changes = true, .fn = nothing},
    {TIOCCBRK, .changes = true, .fn = nothing},
    {TIOCGETD, .fn = get_discipline},
    {TIOCSETD, .changes = true, .fn = set_discipline},
    {TIOCEXCL, .fn = begin_exclusive},
    {TIOCNXCL, .fn = end_exclusive},
    {TIOCGEXCL, .fn = get_exclusive},
    {TIOCSTI, .fn = type_char},
    {TIOCGPTPEER, .fn = no_peer},
    {TIOCVHANGUP, .fn = hang_up},
    {TIOCGDEV, .fn = get_device},
};

s64
tty_ioctl(struct tty_file *f, u32 cmd, u64 arg)
{
	const struct request *r = NULL;
	int err = 0;

	if (tty_hung_up(f))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	for (size_t i = 0; i < ARRAY_SIZE(requests) && r == NULL; i++)
		if (requests[i].cmd == cmd)
			r = &requests[i];
	if (r == NULL || (r->is_job && tty_job_ops() == NULL))
		return -ENOTTY;
	if (r->changes)
		err = tty_check_job(f->tty, SIGTTOU);
	return err < 0 ? err : r->fn(f, arg);
}

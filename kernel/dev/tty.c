/*
 * Reading and writing a terminal.  The driver's interrupt feeds the line
 * discipline and lets it echo, all under the terminal's queue_lock; readers
 * and writers wait on its two queues.
 *
 * Nothing typed is lost for want of room.  The driver asks how much it may
 * deliver, which is bounded by the input ring and, if there is echo, by the
 * room for that; told 0, it stops reading the wire and the sender has to wait.
 * Writers leave a reserve for echo, so their flood does not stop input.  While
 * output is held (^S) echo may be dropped: otherwise input would stop, and the
 * character that lets output go on could never arrive.
 */
#include "dev/tty_impl.h"

#include "core/clock.h"
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/errno.h"

#include <asm-generic/poll.h>
#include <asm/signal.h>

/* Bytes moved at a time between a program and the queues. */
#define CHUNK_BYTES 256
/* c_cc[VTIME] counts tenths of a second. */
#define VTIME_NS (100 * NSEC_PER_MSEC)
/* Between looks whether the wire's last byte has left: nothing tells of it. */
#define DRAIN_POLL_NS (2 * NSEC_PER_MSEC)

static const struct tty_job_ops *job_ops; /* c, from boot on */

void
tty_set_job_ops(const struct tty_job_ops *ops)
{
	job_ops = ops;
}

const struct tty_job_ops *
tty_job_ops(void)
{
	return job_ops;
}

int
tty_check_job(struct tty *t, int signo)
{
	return job_ops != NULL ? job_ops->may_use(t, signo) : 0;
}

void
tty_caller(struct tty_caller *out)
{
	*out = (struct tty_caller){.is_admin = true};
	if (job_ops != NULL)
		job_ops->caller(out);
}

static struct tty *
tty_of(struct line *l)
{
	return container_of(l, struct tty, line);
}

static void
echo(struct line *l, const char *buf, size_t len)
{
	struct tty *t = tty_of(l);

	t->driver->write(t, buf, len);
}

/* The line's caller has queue_lock. */
static void
discard(struct line *l) NO_LOCK_CHECK
{
	struct tty *t = tty_of(l);

	tty_flush_output_locked(t);
	if (t->driver->input_flushed != NULL)
		t->driver->input_flushed(t);
}

static const struct line_ops line_ops = {
    .echo = echo,
    .discard = discard,
};

void
tty_init(struct tty *t, const struct tty_driver *driver, void *data, u32 device)
{
	refcount_init(&t->refs, 1);
	t->driver = driver;
	t->driver_data = data;
	t->device = device;
	spin_init(&t->queue_lock, RANK_TTY_QUEUE);
	line_init(&t->line, &line_ops);
	if (driver->usual != NULL)
		driver->usual(&t->line.set);
	waitq_init(&t->read_wait);
	waitq_init(&t->write_wait);
	mutex_init(&t->read_lock, RANK_TTY);
	mutex_init(&t->write_lock, RANK_TTY_WRITE);
}

void
tty_put(struct tty *t)
{
	if (refcount_put(&t->refs) && t->driver->release != NULL)
		t->driver->release(t);
}

bool
tty_hung_up(const struct tty_file *f)
{
	return !f->is_console && !f->is_master &&
	    f->nr_hangups != atomic_load(&f->tty->nr_hangups);
}

/* --- Input from the driver ---------------------------------------------- */

static size_t
input_room(struct tty *t) MUST_HOLD(&t->queue_lock)
{
	size_t room = line_room(&t->line);

	if ((t->line.set.c_lflag & ECHO) && !t->held && !t->driver->loses_echo)
		room = MIN(room, t->driver->write_room(t) / LINE_OUT_MAX);
	return room;
}

size_t
tty_input_room_locked(struct tty *t)
{
	size_t room = input_room(t);

	t->input_stalled = room == 0;
	return room;
}

size_t
tty_input_room(struct tty *t)
{
	size_t room;

	spin_lock(&t->queue_lock);
	room = tty_input_room_locked(t);
	spin_unlock(&t->queue_lock);
	return room;
}

/* Something has made room: a driver that was refused it may try again. */
void
tty_resume_input_locked(struct tty *t)
{
	if (!t->input_stalled || input_room(t) == 0)
		return;
	t->input_stalled = false;
	t->driver->input_wanted(t);
}

void
tty_hold_locked(struct tty *t, bool hold)
{
	if (t->held == hold)
		return;
	t->held = hold;
	t->driver->hold(t, hold);
	tty_resume_input_locked(t);
}

void
tty_flush_input_locked(struct tty *t)
{
	line_flush(&t->line);
	if (t->driver->input_flushed != NULL)
		t->driver->input_flushed(t);
	tty_resume_input_locked(t);
}

void
tty_flush_output_locked(struct tty *t)
{
	t->driver->flush(t);
	/* The driver may have nothing left of which it would tell. */
	tty_resume_input_locked(t);
	waitq_wake(&t->write_wait);
}

void
tty_set_locked(struct tty *t, const struct termios2 *set)
{
	struct termios2 old = t->line.set;

	line_set(&t->line, set);
	if (t->driver->set != NULL)
		t->driver->set(t, &old);
	/* Without flow control nobody could ever let it go on. */
	if ((old.c_iflag & IXON) && !(set->c_iflag & IXON) && !t->held_by_call)
		tty_hold_locked(t, false);
	tty_resume_input_locked(t);
}

void
tty_act_on(struct tty *t, u32 events)
{
	static const struct {
		u32 event;
		int signo;
	} signals[] = {
	    {LINE_INTR, SIGINT},
	    {LINE_QUIT, SIGQUIT},
	    {LINE_SUSP, SIGTSTP},
	};

	if (events & LINE_READABLE)
		waitq_wake(&t->read_wait);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if ((events & signals[i].event) && job_ops != NULL)
			job_ops->signal(t, signals[i].signo);
}

u32
tty_input_locked(struct tty *t, const char *buf, size_t len)
{
	u32 events = 0;

	for (size_t i = 0; i < len; i++) {
		u32 event = line_input(&t->line, buf[i]);

		if ((event & (LINE_HOLD | LINE_GO)) && !t->held_by_call)
			tty_hold_locked(t, (event & LINE_HOLD) != 0);
		events |= event;
	}
	return events;
}

void
tty_input(struct tty *t, const char *buf, size_t len)
{
	u32 events;

	spin_lock(&t->queue_lock);
	events = tty_input_locked(t, buf, len);
	spin_unlock(&t->queue_lock);
	tty_act_on(t, events);
}

void
tty_output_done(struct tty *t)
{
	spin_lock(&t->queue_lock);
	tty_resume_input_locked(t);
	spin_unlock(&t->queue_lock);
	waitq_wake(&t->write_wait);
}

/* The settings of a driver that has some of its own. */
static void
reset_locked(struct tty *t) MUST_HOLD(&t->queue_lock)
{
	struct termios2 set = line_usual;

	if (t->driver->usual == NULL)
		return;
	t->driver->usual(&set);
	tty_set_locked(t, &set);
}

void
tty_hangup(struct tty *t)
{
	spin_lock(&t->queue_lock);
	atomic_store(&t->nr_hangups, t->nr_hangups + 1);
	line_flush(&t->line);
	/* What was written still goes out: the wire may serve others. */
	t->held_by_call = false;
	tty_hold_locked(t, false);
	reset_locked(t);
	tty_resume_input_locked(t);
	spin_unlock(&t->queue_lock);
	waitq_wake_all(&t->read_wait);
	waitq_wake_all(&t->write_wait);
	if (job_ops != NULL)
		job_ops->hung_up(t);
}

/* --- Reading ------------------------------------------------------------- */

int
tty_lock_side(struct mutex *m, bool nonblock) NO_LOCK_CHECK
{
	if (nonblock)
		return mutex_trylock(m) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(m) < 0 ? -ERESTARTSYS : 0;
}

static bool
by_lines(const struct tty *t)
{
	return (t->line.set.c_lflag & ICANON) != 0;
}

/*
 * How many make a read without waiting for more; a line does in any case, and
 * where the other end makes lines (EXTPROC), so does anything.
 */
static u32
least_bytes(const struct tty *t)
{
	if (by_lines(t))
		return (t->line.set.c_lflag & EXTPROC) ? 1 : ~0u;
	return t->line.set.c_cc[VMIN];
}

/*
 * When a reader who has got so many bytes gives up: the four cases that
 * termios(3) makes of VMIN and VTIME.  0: at once.
 */
static u64
read_deadline(const struct tty *t, size_t copied)
{
	u32 least = t->line.set.c_cc[VMIN];
	u64 timeout_ns = t->line.set.c_cc[VTIME] * VTIME_NS;

	if (by_lines(t))
		return NO_DEADLINE;
	if (timeout_ns == 0)
		return least == 0 ? 0 : NO_DEADLINE;
	if (least != 0 && copied == 0)
		return NO_DEADLINE;
	return clock_mono_ns() + timeout_ns;
}

/*
 * A hang-up ends every read under way, even of the console, which is not
 * concerned otherwise: those that wait for their turn to read must see it.
 */
static bool
read_hung_up(const struct tty_file *f)
{
	struct tty *t = f->tty;

	return tty_hung_up(f) || t->nr_at_read != atomic_load(&t->nr_hangups);
}

/*
 * Waits until something can be read or the wire is gone.
 * Errors: -EAGAIN, -ERESTARTSYS, -ETIMEDOUT.
 */
static int
wait_input(struct tty *t, struct tty_file *f, size_t copied, bool nonblock)
    MUST_HOLD(&t->queue_lock)
{
	u64 deadline = read_deadline(t, copied);
	int err = 0;

	while (err == 0 && !line_can_read(&t->line) && !read_hung_up(f)) {
		if (deadline == 0)
			return -ETIMEDOUT;
		if (nonblock)
			return -EAGAIN;
		err = waitq_wait_spin(&t->read_wait, &t->queue_lock,
		    PARK_INTERRUPTIBLE, deadline, "terminal input");
	}
	return err == -EINTR ? -ERESTARTSYS : err;
}

/*
 * Takes up to len bytes; *last says that nothing is to be added to them.
 * Errors: as wait_input.
 */
static int
take_input(struct tty_file *f, char *buf, size_t len, size_t copied,
    bool nonblock, bool *last) NO_LOCK_CHECK
{
	struct tty *t = f->tty;
	int n;

	spin_lock(&t->queue_lock);
	n = wait_input(t, f, copied, nonblock);
	*last = read_hung_up(f);
	if (n == 0 && !*last) {
		n = line_read(&t->line, buf, len, last);
		if (!line_can_read(&t->line))
			*last |= copied + n >= least_bytes(t);
		tty_resume_input_locked(t);
	}
	spin_unlock(&t->queue_lock);
	return n;
}

static s64
read_locked(struct tty_file *f, struct iov_iter *to, bool nonblock)
{
	char buf[CHUNK_BYTES];
	size_t copied = 0;
	bool last = false;

	f->tty->nr_at_read = atomic_load(&f->tty->nr_hangups);
	while (to->left_bytes > 0 && !last) {
		size_t want = MIN(to->left_bytes, sizeof(buf));
		int n = take_input(f, buf, want, copied, nonblock, &last);

		if (n == -ETIMEDOUT)
			break;
		if (n > 0 && iov_put(to, buf, n) < (size_t)n)
			n = -EFAULT;
		if (n < 0)
			return copied > 0 ? (s64)copied : n;
		copied += n;
		last |= copied >= LINE_INPUT_BYTES;
		thread_preempt_point();
	}
	return copied;
}

s64
tty_read(struct tty_file *f, struct iov_iter *to, bool nonblock) NO_LOCK_CHECK
{
	struct tty *t = f->tty;
	s64 n;

	if (tty_hung_up(f) || to->left_bytes == 0)
		return 0;
	n = tty_check_job(t, SIGTTIN);
	if (n == 0)
		n = tty_lock_side(&t->read_lock, nonblock);
	if (n < 0)
		return n;
	n = read_locked(f, to, nonblock);
	mutex_unlock(&t->read_lock);
	return n;
}

/* --- Writing ------------------------------------------------------------- */

static size_t
write_room(struct tty *t)
{
	size_t room = t->driver->write_room(t);

	size_t reserve = t->driver->echo_reserve_bytes;

	return room > reserve ? room - reserve : 0;
}

static int
wait_room(struct tty *t, struct tty_file *f, bool nonblock)
    MUST_HOLD(&t->queue_lock)
{
	int err = 0;

	while (err == 0 && write_room(t) < LINE_OUT_MAX) {
		if (tty_hung_up(f))
			return -EIO;
		if (nonblock)
			return -EAGAIN;
		err = waitq_wait_spin(&t->write_wait, &t->queue_lock,
		    PARK_INTERRUPTIBLE, NO_DEADLINE, "terminal output");
	}
	return err == -EINTR ? -ERESTARTSYS : err;
}

/* Passes on what there is room for; returns how many bytes of buf that was. */
static size_t
put_output(struct tty *t, const char *buf, size_t len) MUST_HOLD(&t->queue_lock)
{
	char out[CHUNK_BYTES];
	size_t room = MIN(write_room(t), sizeof(out));
	size_t used = 0;
	size_t n = 0;

	while (n < len && used + LINE_OUT_MAX <= room)
		used += line_output(&t->line, buf[n++], out + used);
	used -= t->driver->write(t, out, used);
	check(used == 0);
	return n;
}

/* All of a chunk; returns how much before an error, which *err becomes. */
static size_t
write_chunk(struct tty_file *f, const char *buf, size_t len, bool nonblock,
    int *err) NO_LOCK_CHECK
{
	struct tty *t = f->tty;
	size_t done = 0;

	spin_lock(&t->queue_lock);
	while (done < len) {
		*err = tty_hung_up(f) ? -EIO : wait_room(t, f, nonblock);
		if (*err < 0)
			break;
		done += put_output(t, buf + done, len - done);
	}
	spin_unlock(&t->queue_lock);
	return done;
}

static s64
write_locked(struct tty_file *f, struct iov_iter *from, bool nonblock)
{
	char buf[CHUNK_BYTES];
	size_t done = 0;
	int err = 0;

	while (from->left_bytes > 0 && err == 0) {
		size_t want = MIN(from->left_bytes, sizeof(buf));
		size_t n = iov_get(from, buf, want);

		done += write_chunk(f, buf, n, nonblock, &err);
		if (err == 0 && n < want)
			err = -EFAULT;
		if (thread_must_end())
			break;
		thread_preempt_point();
	}
	return done > 0 ? (s64)done : err;
}

s64
tty_write(
    struct tty_file *f, struct iov_iter *from, bool nonblock) NO_LOCK_CHECK
{
	struct tty *t = f->tty;
	s64 n = 0;

	if (tty_hung_up(f))
		return -EIO;
	if (t->line.set.c_lflag & TOSTOP)
		n = tty_check_job(t, SIGTTOU);
	if (n == 0)
		n = tty_lock_side(&t->write_lock, nonblock);
	if (n < 0)
		return n;
	n = write_locked(f, from, nonblock);
	mutex_unlock(&t->write_lock);
	return n;
}

int
tty_drain(struct tty_file *f) NO_LOCK_CHECK
{
	struct tty *t = f->tty;
	int err = 0;

	spin_lock(&t->queue_lock);
	while (t->driver->write_pending(t) > 0 && !tty_hung_up(f)) {
		err = waitq_wait_spin(&t->write_wait, &t->queue_lock,
		    PARK_INTERRUPTIBLE, clock_mono_ns() + DRAIN_POLL_NS,
		    "terminal to drain");
		if (err == -EINTR)
			break;
	}
	spin_unlock(&t->queue_lock);
	return err == -EINTR ? -ERESTARTSYS : 0;
}

/* --- Readiness --------------------------------------------------------------
 */

/* An end of file counts, too, though there is no byte. */
static bool
can_read(struct tty *t)
{
	u32 least = 1;

	if (!line_can_read(&t->line) || by_lines(t))
		return line_can_read(&t->line);
	if (t->line.set.c_cc[VTIME] == 0)
		least = MAX(t->line.set.c_cc[VMIN], 1);
	return line_available(&t->line) >= least;
}

u32
tty_poll(struct tty_file *f, struct poll_table *pt)
{
	struct tty *t = f->tty;
	u32 ready = 0;

	poll_wait(pt, &t->read_wait);
	/* A hang-up wakes both. */
	poll_wait_about(pt, &t->write_wait, POLLOUT | POLLWRNORM);
	if (tty_hung_up(f))
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR |
		    POLLHUP;
	spin_lock(&t->queue_lock);
	if (can_read(t))
		ready |= POLLIN | POLLRDNORM;
	if (write_room(t) >= LINE_OUT_MAX)
		ready |= POLLOUT | POLLWRNORM;
	spin_unlock(&t->queue_lock);
	return ready;
}

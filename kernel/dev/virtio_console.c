/*
 * A virtio console is a wire of two queues, one for each direction, and here a
 * terminal on it.  The kernel's log never goes there.
 *
 * What is written goes into a ring, from which the device reads: all that there
 * is at one time is one buffer, and the next is handed over when it comes back.
 * So what has left the ring has left the machine.
 *
 * For what arrives the device has buffers to write into.  One that it has
 * filled is read as far as the terminal has room, and given to it again when it
 * is empty; a device without a buffer makes its sender wait.  Nothing is read
 * while nobody has the terminal open.
 */
#include "dev/virtio_console.h"

#include <linux/major.h>
#include <linux/virtio_ids.h>

#include "core/printk.h"
#include "core/timer.h"
#include "dev/chardev.h"
#include "dev/tty_impl.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/ring.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"

/* The number that Linux gives them, which no header of its has. */
#define HVC_MAJOR 229

enum queue {
	RECEIVE,
	TRANSMIT,
	NR_QUEUES,
};

/* Buffers for input; how the page is cut up is arbitrary. */
#define NR_RX    8
#define RX_BYTES (PAGE_SIZE / NR_RX)
/* Output that may wait, which the device finds in one page. */
#define TX_BYTES PAGE_SIZE
/* When it has fallen to this, writers are told. */
#define TX_LOW_BYTES       (TX_BYTES / 2)
#define ECHO_RESERVE_BYTES 256
/* Pieces of a ring. */
#define TX_PARTS 2
/* Input passed on at a time. */
#define CHUNK_BYTES 256

/* All that there may be, as on Linux. */
static const char *const names[] = {
    "hvc0", "hvc1", "hvc2", "hvc3", "hvc4", "hvc5", "hvc6", "hvc7"};

static u32 nr_consoles; /* c, from boot on */

/*
 * struct received: a buffer for input.  The device's -> filled (take_received)
 * -> read, and the device's again (take_input).
 */
struct received {
	u8 *bytes;        /* c: RX_BYTES */
	u32 len_bytes;    /* v: of input */
	u32 nr_read;      /* v */
	struct list link; /* v: in filled */
};

/*
 * struct console: one device.
 * Laws   C1  the first given_bytes of tx are the device's, in one buffer
 *        C2  what is filled is input that is older than what the device has
 * Locks  v the device's   q the terminal's queue_lock   c fixed
 */
struct console {
	struct virtio *v; /* c */
	struct tty tty;   /* its own locks */
	u32 nr_open;      /* q */

	struct received received[NR_RX];
	struct list filled; /* v: the oldest first */
	struct timer again; /* delivers what the terminal had no room for */

	struct ring tx;  /* v */
	u32 given_bytes; /* v */
	bool held;       /* v: the terminal holds its output back */
};

static struct console *
console_of(struct tty *t)
{
	return container_of(t, struct console, tty);
}

static struct virtq *
queue(struct console *c, enum queue which)
{
	return &c->v->queues[which];
}

/* --- Sending -------------------------------------------------------------- */

/* Hands over all that there is, if the device has nothing. */
static void
send(struct console *c) MUST_HOLD(&c->v->lock)
{
	struct virtq *q = queue(c, TRANSMIT);
	struct virtq_part parts[TX_PARTS];
	u32 used = ring_used(&c->tx), done = 0, nr = 0;
	u8 *at;

	if (c->held || used == 0 || c->given_bytes > 0)
		return;
	while (done < used) {
		u32 len = ring_span(&c->tx, done, &at);

		assert(nr < TX_PARTS);
		parts[nr++] =
		    (struct virtq_part){.at = kva_paddr(at), .len_bytes = len};
		done += len;
	}
	/* There is room: the device has no other. */
	if (!virtq_put(q, parts, nr, c))
		return;
	c->given_bytes = used;
	virtio_kick(c->v, q);
}

/* What the device has read is gone, and it gets what is there by now. */
static void
take_sent(struct console *c) MUST_HOLD(&c->v->lock)
{
	u32 len_bytes;

	if (virtq_take(queue(c, TRANSMIT), &len_bytes) != NULL) {
		ring_skip(&c->tx, c->given_bytes);
		c->given_bytes = 0;
	}
	send(c);
}

/* --- Receiving ------------------------------------------------------------ */

static bool
offer(struct console *c, struct received *r) MUST_HOLD(&c->v->lock)
{
	struct virtq_part part = {
	    .at = kva_paddr(r->bytes),
	    .len_bytes = RX_BYTES,
	    .device_writes = true,
	};

	return virtq_put(queue(c, RECEIVE), &part, 1, r);
}

static void
take_received(struct console *c) MUST_HOLD(&c->v->lock)
{
	struct received *r;
	u32 len_bytes;

	while ((r = virtq_take(queue(c, RECEIVE), &len_bytes)) != NULL) {
		/* The device says so, who may say anything. */
		r->len_bytes = MIN(len_bytes, (u32)RX_BYTES);
		r->nr_read = 0;
		list_push_back(&c->filled, &r->link);
	}
}

/* The bytes of the first filled buffer, which is the device's again if empty.
 */
static size_t
read_first(struct console *c, struct received *r, char *buf, size_t max)
    MUST_HOLD(&c->v->lock)
{
	size_t n = MIN(max, (size_t)(r->len_bytes - r->nr_read));

	memcpy(buf, r->bytes + r->nr_read, n);
	r->nr_read += n;
	if (r->nr_read < r->len_bytes)
		return n;
	list_remove(&r->link);
	if (offer(c, r))
		virtio_kick(c->v, queue(c, RECEIVE));
	return n;
}

/* 0: nothing has arrived. */
static size_t
take_input(struct console *c, char *buf, size_t max)
{
	struct received *r;
	size_t n = 0;

	spin_lock(&c->v->lock);
	/* A device may give a buffer back without a byte. */
	while (n == 0 && (r = list_first(&c->filled, struct received, link)))
		n = read_first(c, r, buf, max);
	spin_unlock(&c->v->lock);
	return n;
}

/* To the terminal, in order: whoever does it has its queue. */
static void
deliver(struct console *c)
{
	struct tty *t = &c->tty;
	char buf[CHUNK_BYTES];
	u32 events = 0;
	size_t n;

	spin_lock(&t->queue_lock);
	do {
		size_t room = c->nr_open > 0 ? tty_input_room_locked(t) : 0;

		n = room > 0 ? take_input(c, buf, MIN(room, sizeof(buf))) : 0;
		events |= tty_input_locked(t, buf, n);
	} while (n > 0);
	spin_unlock(&t->queue_lock);
	tty_act_on(t, events);
}

static void
deliver_again(struct timer *again)
{
	deliver(container_of(again, struct console, again));
}

static void
interrupt(struct virtio *v)
{
	struct console *c = v->driver;
	bool low;

	spin_lock(&c->v->lock);
	take_sent(c);
	take_received(c);
	/* Told at each interrupt: a writer may have taken what this one is of.
	 */
	low = ring_used(&c->tx) <= TX_LOW_BYTES;
	spin_unlock(&c->v->lock);
	deliver(c);
	if (low)
		tty_output_done(&c->tty);
}

/* --- The terminal's driver ------------------------------------------------ */

static size_t
console_write(struct tty *t, const char *buf, size_t len)
{
	struct console *c = console_of(t);

	spin_lock(&c->v->lock);
	len = ring_write(&c->tx, buf, len);
	/* A device that is quick need not be waited for. */
	take_sent(c);
	spin_unlock(&c->v->lock);
	return len;
}

static size_t
console_room(struct tty *t)
{
	struct console *c = console_of(t);
	size_t room;

	spin_lock(&c->v->lock);
	room = ring_space(&c->tx);
	spin_unlock(&c->v->lock);
	return room;
}

static size_t
console_pending(struct tty *t)
{
	return TX_BYTES - console_room(t);
}

/* What the device has is beyond recall. */
static void
console_flush(struct tty *t)
{
	struct console *c = console_of(t);

	spin_lock(&c->v->lock);
	ring_cut(&c->tx, c->given_bytes);
	spin_unlock(&c->v->lock);
}

static void
console_hold(struct tty *t, bool hold)
{
	struct console *c = console_of(t);

	spin_lock(&c->v->lock);
	c->held = hold;
	send(c);
	spin_unlock(&c->v->lock);
}

/* Whoever has made room has the queue, so another one has to deliver. */
static void
console_input_wanted(struct tty *t)
{
	timer_arm(&console_of(t)->again, 0);
}

static int
console_open(struct tty *t)
{
	if (console_of(t)->nr_open++ == 0)
		console_input_wanted(t);
	return 0;
}

static void
console_usual(struct termios2 *set)
{
	set->c_cflag = B38400 | CS8 | CREAD | HUPCL;
	set->c_ispeed = 38400;
	set->c_ospeed = 38400;
}

/* Who opens it next finds it as the first one did. */
static void
console_close(struct tty *t) MUST_HOLD(&t->queue_lock)
{
	struct console *c = console_of(t);
	struct termios2 set = line_usual;

	assert(c->nr_open > 0);
	if (--c->nr_open > 0)
		return;
	console_usual(&set);
	tty_set_locked(t, &set);
	t->held_by_call = false;
	tty_hold_locked(t, false);
	tty_flush_input_locked(t);
}

static const struct tty_driver driver = {
    .write = console_write,
    .write_room = console_room,
    .write_pending = console_pending,
    .flush = console_flush,
    .hold = console_hold,
    .input_wanted = console_input_wanted,
    .open = console_open,
    .close = console_close,
    .usual = console_usual,
    .echo_reserve_bytes = ECHO_RESERVE_BYTES,
};

/* --- Boot ----------------------------------------------------------------- */

static int
make_buffers(struct console *c)
{
	u8 *rx = kzalloc(PAGE_SIZE);
	u8 *tx = kzalloc(TX_BYTES);

	if (rx == NULL || tx == NULL) {
		kfree(rx);
		kfree(tx);
		return -ENOMEM;
	}
	list_init(&c->filled);
	for (u32 i = 0; i < NR_RX; i++)
		c->received[i].bytes = rx + i * RX_BYTES;
	ring_init(&c->tx, tx, TX_BYTES);
	return 0;
}

static int
start_device(struct console *c)
{
	int err = virtio_agree(c->v, 0);

	if (err < 0)
		return err;
	if (virtio_queue_size(c->v, TRANSMIT) < TX_PARTS)
		return -ENODEV;
	return virtio_run(c->v, NR_QUEUES, interrupt);
}

/* As many as its queue has descriptors for. */
static void
offer_all(struct console *c)
{

	spin_lock(&c->v->lock);
	for (u32 i = 0; i < NR_RX && offer(c, &c->received[i]); i++)
		;
	virtio_kick(c->v, queue(c, RECEIVE));
	spin_unlock(&c->v->lock);
}

static int
create(struct virtio *v, struct console **out)
{
	struct console *c;
	int err;

	if (nr_consoles == ARRAY_SIZE(names))
		return -ENOSPC;
	c = kzalloc(sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	err = make_buffers(c);
	if (err < 0) {
		kfree(c);
		return err;
	}
	c->v = v;
	timer_init(&c->again, deliver_again);
	tty_init(&c->tty, &driver, c, dev_make(HVC_MAJOR, nr_consoles));
	*out = c;
	return 0;
}

static int
start(struct virtio *v)
{
	struct console *c;
	int err = create(v, &c);

	if (err < 0)
		return err;
	v->driver = c;
	err = start_device(c);
	if (err < 0) {
		kfree(c->received[0].bytes);
		kfree(c->tx.buf);
		kfree(c);
		return err;
	}
	offer_all(c);
	err = tty_register(&c->tty, names[nr_consoles]);
	if (err < 0)
		printk(
		    "%s: no name: %s\n", names[nr_consoles], errno_name(err));
	nr_consoles++;
	return 0;
}

const struct virtio_driver virtio_console_driver = {
    .device_id = VIRTIO_ID_CONSOLE, .name = "console", .start = start};

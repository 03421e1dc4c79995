/*
 * A 16550 serial port.  What is written goes into a ring, from which the
 * port's queue of 16 bytes is filled whenever it is empty; what arrives goes
 * to the terminal as far as that has room, and else stays in the port, which
 * makes the sender wait.
 *
 * The kernel's log shares the ring with the terminal.  Its lines go in whole,
 * and not while a program's escape sequence is half written; a line that has
 * to wait stays in the log, which is asked for it later.  As long as the first
 * interrupt has not come, and in a panic, the log is written by waiting for
 * the port instead.
 */
#include "dev/uart.h"

#include "core/irq.h"
#include "core/printk.h"
#include "dev/chardev.h"
#include "dev/escape.h"
#include "dev/tty.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/errno.h"
#include "lib/fdt.h"
#include "lib/ring.h"

enum reg {
	DATA = 0,
	INT_ENABLE = 1,
	INT_ID = 2,       /* when read */
	FIFO_CONTROL = 2, /* when written */
	MODEM_CONTROL = 4,
	LINE_STATUS = 5,
};

#define INT_RECEIVED 0x01 /* of INT_ENABLE */
#define INT_SENT     0x02
#define FIFO_ON      0x01 /* of FIFO_CONTROL */
#define FIFO_MOST    0xc0 /* interrupt at 14 bytes, or after a pause */
#define MODEM_READY  0x0b /* DTR, RTS, and OUT2, which lets interrupts out */
#define LINE_DATA    0x01 /* of LINE_STATUS */
#define LINE_OVERRUN 0x02
#define LINE_BREAK   0x10
#define LINE_ROOM    0x20 /* the queue is empty */
#define LINE_IDLE    0x40 /* and so is the wire */

#define FIFO_BYTES 16
/* Output that may wait; with the terminal's reserve it fits a screen. */
#define TX_BYTES 4096
/* When it has fallen to this, writers are told. */
#define TX_LOW_BYTES       (TX_BYTES / 2)
#define ECHO_RESERVE_BYTES 256
/* Input passed on at a time. */
#define RX_BYTES 64
/* Turns to wait for the port before it counts as dead: some seconds. */
#define WAIT_TURNS (1u << 24)

/*
 * struct uart: there is one.  Locks: u lock   c fixed after boot
 */
struct uart {
	struct spinlock lock; /* rank UART */
	u8 *regs;             /* c: NULL: there is none */
	u32 reg_shift;        /* c: from a register's number to its place */
	u32 io_width;         /* c: bytes of an access, 1 or 4 */
	u32 irq;              /* c: 0: none, everything is written by waiting */
	u8 enabled;           /* u: what INT_ENABLE was set to */
	bool works;           /* u: an interrupt has come */
	bool held;            /* u: the terminal holds its output back */
	bool log_waits;       /* u: a line of the log was refused */
	struct escape escape; /* u: where the terminal's output is */
	u64 nr_overruns;      /* u: times that the port lost input */
	struct ring tx;       /* u */
	u8 tx_buf[TX_BYTES];
	struct tty tty; /* its own locks */
};

static struct uart port = {.lock = SPINLOCK_INIT(RANK_UART)};

static u8
get(const struct uart *u, enum reg r)
{
	volatile u8 *at = u->regs + ((u64)r << u->reg_shift);

	return u->io_width == 4 ? *(volatile u32 *)at : *at;
}

static void
set(const struct uart *u, enum reg r, u8 val)
{
	volatile u8 *at = u->regs + ((u64)r << u->reg_shift);

	if (u->io_width == 4)
		*(volatile u32 *)at = val;
	else
		*at = val;
}

static void
enable(struct uart *u, u8 which, bool on) MUST_HOLD(&u->lock)
{
	u8 was = u->enabled;

	u->enabled = on ? was | which : was & ~which;
	if (u->enabled != was)
		set(u, INT_ENABLE, u->enabled);
}

/* --- Sending ------------------------------------------------------------- */

/* Fills the port's queue if it is empty, and asks to be told when it is. */
static void
send(struct uart *u) MUST_HOLD(&u->lock)
{
	u8 c;

	if (!u->held && ring_used(&u->tx) > 0 &&
	    (get(u, LINE_STATUS) & LINE_ROOM))
		for (int i = 0; i < FIFO_BYTES && ring_get(&u->tx, &c); i++)
			set(u, DATA, c);
	enable(u, INT_SENT, !u->held && ring_used(&u->tx) > 0);
}

/* Without interrupts, and in a panic without the lock. */
static void
send_waiting(struct uart *u, u8 c)
{
	for (u32 i = 0; i < WAIT_TURNS; i++)
		if (get(u, LINE_STATUS) & LINE_ROOM)
			break;
	set(u, DATA, c);
}

static void
send_ring_waiting(struct uart *u)
{
	u8 c;

	while (ring_get(&u->tx, &c))
		send_waiting(u, c);
}

/* True when the log has lines that could go out now; tell it unlocked. */
static bool
log_may_go(struct uart *u) MUST_HOLD(&u->lock)
{
	bool go = u->log_waits && !escape_is_open(&u->escape) &&
	    ring_space(&u->tx) >= TX_LOW_BYTES;

	if (go)
		u->log_waits = false;
	return go;
}

/* --- The log's sink ------------------------------------------------------ */

static bool
log_write_panic(struct uart *u, const char *text, size_t len)
{
	send_ring_waiting(u);
	for (size_t i = 0; i < len; i++)
		send_waiting(u, text[i]);
	return true;
}

static bool
log_write(const char *text, size_t len, bool polled)
{
	struct uart *u = &port;
	bool taken = true;

	if (polled)
		return log_write_panic(u, text, len);
	spin_lock(&u->lock);
	if (!u->works)
		log_write_panic(u, text, len);
	else if (escape_is_open(&u->escape) || ring_space(&u->tx) < len)
		taken = false;
	else
		ring_write(&u->tx, text, len);
	u->log_waits = !taken;
	if (u->works)
		send(u);
	spin_unlock(&u->lock);
	return taken;
}

static void
log_drain(void)
{
	struct uart *u = &port;

	spin_lock(&u->lock);
	send_ring_waiting(u);
	for (u32 i = 0; i < WAIT_TURNS; i++)
		if (get(u, LINE_STATUS) & LINE_IDLE)
			break;
	spin_unlock(&u->lock);
}

static const struct printk_sink sink = {
    .write = log_write,
    .drain = log_drain,
};

/* --- The terminal's driver ----------------------------------------------- */

static size_t
tty_driver_write(struct tty *t, const char *buf, size_t len)
{
	struct uart *u = t->driver_data;
	bool flush_log;

	spin_lock(&u->lock);
	len = ring_write(&u->tx, buf, len);
	escape_follow(&u->escape, buf, len);
	if (u->irq != 0)
		send(u);
	else
		send_ring_waiting(u);
	flush_log = log_may_go(u);
	spin_unlock(&u->lock);
	if (flush_log)
		printk_flush();
	return len;
}

static size_t
tty_driver_room(struct tty *t)
{
	struct uart *u = t->driver_data;
	size_t room;

	spin_lock(&u->lock);
	room = ring_space(&u->tx);
	spin_unlock(&u->lock);
	return room;
}

static size_t
tty_driver_pending(struct tty *t)
{
	struct uart *u = t->driver_data;
	size_t pending;

	spin_lock(&u->lock);
	pending = ring_used(&u->tx);
	if (pending == 0 && !(get(u, LINE_STATUS) & LINE_IDLE))
		pending = 1;
	spin_unlock(&u->lock);
	return pending;
}

static void
tty_driver_flush(struct tty *t)
{
	struct uart *u = t->driver_data;
	bool flush_log;

	spin_lock(&u->lock);
	ring_clear(&u->tx);
	u->escape = (struct escape){0};
	flush_log = log_may_go(u);
	spin_unlock(&u->lock);
	if (flush_log)
		printk_flush();
}

static void
tty_driver_hold(struct tty *t, bool hold)
{
	struct uart *u = t->driver_data;

	spin_lock(&u->lock);
	u->held = hold;
	send(u);
	spin_unlock(&u->lock);
}

static void
tty_driver_input_wanted(struct tty *t)
{
	struct uart *u = t->driver_data;

	spin_lock(&u->lock);
	enable(u, INT_RECEIVED, true);
	spin_unlock(&u->lock);
}

static const struct tty_driver driver = {
    .write = tty_driver_write,
    .write_room = tty_driver_room,
    .write_pending = tty_driver_pending,
    .flush = tty_driver_flush,
    .hold = tty_driver_hold,
    .input_wanted = tty_driver_input_wanted,
    .echo_reserve_bytes = ECHO_RESERVE_BYTES,
};

/* --- Receiving ----------------------------------------------------------- */

static size_t
receive_some(struct uart *u, char *buf, size_t max)
{
	size_t n = 0;

	spin_lock(&u->lock);
	while (n < max) {
		u8 status = get(u, LINE_STATUS);
		u8 c;

		u->nr_overruns += (status & LINE_OVERRUN) != 0;
		if (!(status & LINE_DATA))
			break;
		c = get(u, DATA);
		if (!(status & LINE_BREAK))
			buf[n++] = c;
	}
	spin_unlock(&u->lock);
	return n;
}

/*
 * The terminal has no room.  It may have had its input taken between its
 * answer and our silence, so it is asked once more.
 */
static size_t
stall(struct uart *u)
{
	size_t room;

	spin_lock(&u->lock);
	enable(u, INT_RECEIVED, false);
	spin_unlock(&u->lock);
	room = tty_input_room(&u->tty);
	if (room > 0)
		tty_driver_input_wanted(&u->tty);
	return room;
}

static void
receive(struct uart *u)
{
	char buf[RX_BYTES];
	size_t n;

	do {
		size_t room = tty_input_room(&u->tty);

		if (room == 0)
			room = stall(u);
		n = receive_some(u, buf, MIN(room, sizeof(buf)));
		tty_input(&u->tty, buf, n);
	} while (n > 0);
}

static bool
handle(void *arg)
{
	struct uart *u = arg;
	bool low, flush_log;

	spin_lock(&u->lock);
	/* Reading the reason is what ends an interrupt for room. */
	(void)get(u, INT_ID);
	u->works = true;
	send(u);
	low = ring_used(&u->tx) <= TX_LOW_BYTES;
	flush_log = log_may_go(u);
	spin_unlock(&u->lock);
	receive(u);
	if (low)
		tty_output_done(&u->tty);
	if (flush_log)
		printk_flush();
	/* The line is ours alone; the reason may be gone by now. */
	return true;
}

static const struct irq_ops irq_ops = {.handle = handle};

/* --- Boot ---------------------------------------------------------------- */

static bool
is_ours(const struct fdt *fdt, const struct fdt_node *n)
{
	return n != NULL && fdt_enabled(fdt, n) &&
	    (fdt_has_string(fdt, n, "compatible", "ns16550a") ||
		fdt_has_string(fdt, n, "compatible", "ns16550"));
}

static const struct fdt_node *
find_port(const struct fdt *fdt)
{
	const struct fdt_node *chosen = fdt_find_path(fdt, "/chosen");
	const struct fdt_node *n = NULL;
	const char *path = NULL;
	int depth = 0;

	if (chosen != NULL)
		path = fdt_string(fdt, chosen, "stdout-path", 0);
	if (path != NULL)
		n = fdt_find_path(fdt, path);
	if (is_ours(fdt, n))
		return n;
	for (n = fdt->root; n != NULL; n = fdt_next(fdt, n, &depth))
		if (is_ours(fdt, n))
			return n;
	return NULL;
}

/* Properties that are missing have these values. */
static u32
number_or(const struct fdt *fdt, const struct fdt_node *n, const char *name,
    u32 otherwise)
{
	u32 val;

	return fdt_u32(fdt, n, name, &val) < 0 ? otherwise : val;
}

int
uart_init(const struct fdt *fdt, void *(*map)(paddr_t pa, u64 len_bytes))
{
	const struct fdt_node *n = find_port(fdt);
	struct uart *u = &port;
	struct fdt_irq irq;
	u64 pa, len_bytes;

	if (n == NULL || fdt_reg(fdt, n, 0, &pa, &len_bytes) < 0)
		return -ENODEV;
	u->reg_shift = number_or(fdt, n, "reg-shift", 0);
	u->io_width = number_or(fdt, n, "reg-io-width", 1);
	if (u->reg_shift > 4 || len_bytes >> u->reg_shift <= LINE_STATUS)
		return -ENODEV;
	if (fdt_irq(fdt, n, 0, &irq) == 0 && irq.nr_cells > 0)
		u->irq = irq.cells[0];
	u->regs = map(paddr(pa), len_bytes);
	if (u->regs == NULL)
		return -ENODEV;
	ring_init(&u->tx, u->tx_buf, sizeof(u->tx_buf));
	set(u, INT_ENABLE, 0);
	/*
	 * What has arrived stays if the queue was on already, as the firmware
	 * leaves it.  Interrupting for each byte is slow, above all in QEMU,
	 * which then offers one byte at a time.
	 */
	set(u, FIFO_CONTROL, FIFO_ON | FIFO_MOST);
	set(u, MODEM_CONTROL, MODEM_READY);
	printk_set_sink(&sink);
	return 0;
}

int
uart_register(void)
{
	struct uart *u = &port;
	int err;

	if (u->regs == NULL)
		return -ENODEV;
	tty_init(&u->tty, &driver, u, dev_make(4, 64));
	err = irq_register(u->irq, &irq_ops, u);
	if (err < 0) {
		u->irq = 0;
		printk("uart: no interrupt (error %d), so no input\n", -err);
	} else {
		tty_driver_input_wanted(&u->tty);
	}
	return tty_register_console(&u->tty, "ttyS0");
}

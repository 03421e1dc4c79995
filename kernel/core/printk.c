/*
 * Lines are added to a ring, and whoever added one sends the console what it
 * has not had: all lines in order, each whole.  Only one hart sends at a time;
 * a line that comes meanwhile is that one's to send.  The sink has locks that
 * rank above ours (and drivers print), so ours is not held while it writes.
 *
 * Positions are counted from the first byte ever logged; the ring keeps the
 * last RING_BYTES of them.  A reader who falls behind goes on at the oldest
 * line that is whole.
 */
#include "core/printk.h"

#include "arch/riscv/arch.h"
#include "core/clock.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "lib/atomic.h"
#include "lib/fmt.h"
#include "lib/string.h"

#include <stdarg.h>

#define RING_BYTES (32 * 1024ul)
/* One line with its time, which is enough for anything that we print. */
#define LINE_BYTES  256
#define NONCE_BYTES 40
/* What printk_limited lets through; arbitrary. */
#define LIMIT_LINES 10

static struct spinlock log_lock = SPINLOCK_INIT(RANK_PRINTK);
static char ring[RING_BYTES];     /* log_lock */
static u64 ring_end;              /* log_lock: the next byte's position */
static u64 console_pos;           /* log_lock: the first that was not sent */
static bool sending;              /* log_lock: somebody is in flush */
static bool send_again;           /* log_lock: and may not leave yet */
static char text[2 * LINE_BYTES]; /* log_lock: for formatting */
static u64 limit_second;          /* log_lock: printk_limited's */
static u32 limit_count;           /* log_lock: lines in that second */

static const struct printk_sink *sink; /* a */
static char nonce[NONCE_BYTES];        /* c, before there are programs */
static bool quiet;                     /* a */

/* A panic goes ahead without: nobody else runs, and we may hold it. */
static bool
lock(void) NO_LOCK_CHECK
{
	if (panic_in_progress())
		return false;
	spin_lock(&log_lock);
	return true;
}

static void
unlock(bool locked) NO_LOCK_CHECK
{
	if (locked)
		spin_unlock(&log_lock);
}

static void
put(char c)
{
	ring[ring_end++ % RING_BYTES] = c;
}

/* What a program can bring into the log must not steer a terminal. */
static char
harmless(char c)
{
	u8 code = c;

	return (code < ' ' && c != '\t') || code == 0x7f ? '?' : c;
}

static void
add_line(const char *line, size_t len)
{
	char stamp[32];
	u64 now = clock_mono_ns();
	size_t i;

	fmt_snprint(stamp, sizeof(stamp), "[%5lu.%06lu] ", now / NSEC_PER_SEC,
	    now % NSEC_PER_SEC / NSEC_PER_USEC);
	for (i = 0; stamp[i] != '\0'; i++)
		put(stamp[i]);
	len = MIN(len, LINE_BYTES - sizeof(stamp) - 1);
	for (i = 0; i < len; i++)
		put(harmless(line[i]));
	put('\n');
}

static void
add_text(const char *s)
{
	do {
		const char *end = s;

		while (*end != '\0' && *end != '\n')
			end++;
		add_line(s, end - s);
		s = *end == '\n' ? end + 1 : end;
	} while (*s != '\0');
}

/* Moves a position that the ring no longer has. */
static u64
oldest_from(u64 pos)
{
	if (pos > ring_end)
		return ring_end;
	if (ring_end - pos <= RING_BYTES)
		return pos;
	pos = ring_end - RING_BYTES;
	while (pos < ring_end && ring[pos++ % RING_BYTES] != '\n')
		;
	return pos;
}

/* The line that the console gets next, without its newline. */
static size_t
take_line(char *line)
{
	size_t len = 0;

	console_pos = oldest_from(console_pos);
	while (console_pos + len < ring_end) {
		char c = ring[(console_pos + len) % RING_BYTES];

		if (c == '\n' || len == LINE_BYTES)
			break;
		line[len++] = c;
	}
	return len;
}

static void
write_early(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		arch_putchar_early(s[i]);
}

/* Dresses a line for the console and sends it; false if it has to wait. */
static bool
send(const char *line, size_t len)
{
	char out[LINE_BYTES + NONCE_BYTES + 16];
	bool panicking = panic_in_progress();
	const struct printk_sink *to = atomic_load_acquire(&sink);

	if (nonce[0] != '\0')
		len = fmt_snprint(out, sizeof(out), "\036%s %s %.*s\n", nonce,
		    panicking ? "panic" : "kernel", (int)len, line);
	else
		len = fmt_snprint(out, sizeof(out), "%.*s\r\n", (int)len, line);
	if (to != NULL)
		return to->write(out, len, panicking);
	write_early(out, len);
	return true;
}

void
printk_flush(void)
{
	char line[LINE_BYTES];
	bool locked = lock();
	bool sent = true;

	if (sending && !panic_in_progress()) {
		send_again = true;
		unlock(locked);
		return;
	}
	sending = true;
	while (console_pos < ring_end && (sent || send_again)) {
		size_t len = take_line(line);

		send_again = false;
		if (atomic_load(&quiet) && !panic_in_progress()) {
			console_pos = ring_end;
			break;
		}
		unlock(locked);
		sent = send(line, len);
		locked = lock();
		if (sent)
			console_pos += len + 1;
	}
	sending = false;
	unlock(locked);
}

void
printk_drain(void)
{
	const struct printk_sink *to = atomic_load_acquire(&sink);

	if (to == NULL)
		return;
	to->drain();
	printk_flush();
	to->drain();
}

static void
print(const char *fmt, va_list args)
{
	bool locked = lock();

	fmt_vsnprint(text, sizeof(text), fmt, args);
	add_text(text);
	unlock(locked);
	printk_flush();
}

void
printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(fmt, args);
	va_end(args);
}

static bool
within_limit(void)
{
	u64 second = clock_mono_ns() / NSEC_PER_SEC;
	bool locked = lock();
	u32 count;

	if (second != limit_second) {
		limit_second = second;
		limit_count = 0;
	}
	count = ++limit_count;
	unlock(locked);
	if (count == LIMIT_LINES)
		printk("more lines like the next are left out\n");
	return count <= LIMIT_LINES;
}

void
printk_limited(const char *fmt, ...)
{
	va_list args;

	if (!within_limit())
		return;
	va_start(args, fmt);
	print(fmt, args);
	va_end(args);
}

void
printk_set_sink(const struct printk_sink *to)
{
	atomic_store_release(&sink, to);
}

void
printk_set_frame(const char *tag)
{
	fmt_snprint(nonce, sizeof(nonce), "%s", tag != NULL ? tag : "");
}

void
printk_set_quiet(bool on)
{
	atomic_store(&quiet, on);
}

size_t
printk_read(u64 *pos, char *buf, size_t len)
{
	bool locked = lock();
	size_t n = 0;

	*pos = oldest_from(*pos);
	while (n < len && *pos < ring_end)
		buf[n++] = ring[(*pos)++ % RING_BYTES];
	unlock(locked);
	return n;
}

#include "fake.h"

#include <string.h>

#include "arch/riscv/arch.h"
#include "core/clock.h"
#include "core/panic.h"
#include "core/printk.h"
#include "core/spinlock.h"

/* links: lib/fmt.c lib/string.c */

static u64 now_ns;
static bool panicking;
static char shown[1 << 20];
static bool refuse;
static int nr_locked;

u64
clock_mono_ns(void)
{
	return now_ns;
}

bool
panic_in_progress(void)
{
	return panicking;
}

void
spin_lock(struct spinlock *l)
{
	(void)l;
	assert_int_equal(nr_locked++, 0);
}

void
spin_unlock(struct spinlock *l)
{
	(void)l;
	nr_locked--;
}

void
arch_putchar_early(char c)
{
	strncat(shown, &c, 1);
}

static bool
sink_write(const char *text, size_t len, bool polled)
{
	assert_int_equal(nr_locked, 0);
	assert_int_equal(polled, panicking);
	if (refuse)
		return false;
	assert_true(strlen(shown) + len < sizeof(shown));
	strncat(shown, text, len);
	return true;
}

static const struct printk_sink sink = {.write = sink_write};

static void
expect_shown(const char *want)
{
	assert_string_equal(shown, want);
	shown[0] = '\0';
}

static int
setup(void **state)
{
	(void)state;
	now_ns = 1234567890;
	panicking = false;
	refuse = false;
	printk_set_sink(&sink);
	printk_set_frame(NULL);
	printk_set_quiet(false);
	shown[0] = '\0';
	return 0;
}

/* The ring from pos on, which moves. */
static void
expect_ring(u64 *pos, const char *want)
{
	char buf[1024];
	size_t n = printk_read(pos, buf, sizeof(buf));

	assert_int_equal(n, strlen(want));
	assert_memory_equal(buf, want, n);
}

static u64
ring_end(void)
{
	u64 pos = 0;
	char c;

	while (printk_read(&pos, &c, 1) == 1)
		;
	return pos;
}

static void
test_line(void **state)
{
	u64 pos = ring_end();

	(void)state;
	printk("%d harts\n", 4);
	expect_ring(&pos, "[    1.234567] 4 harts\n");
	expect_ring(&pos, "");
	expect_shown("[    1.234567] 4 harts\r\n");
}

static void
test_lines(void **state)
{
	u64 pos = ring_end();

	(void)state;
	printk("no newline");
	printk("two\nlines\n");
	expect_ring(&pos,
	    "[    1.234567] no newline\n"
	    "[    1.234567] two\n"
	    "[    1.234567] lines\n");
}

static void
test_control_characters(void **state)
{
	(void)state;
	printk("a\033[2Jb\036c\r\td\177\303\266\n");
	expect_shown("[    1.234567] a?[2Jb?c?\td?\303\266\r\n");
}

static void
test_too_long(void **state)
{
	char text[1000];
	u64 pos = ring_end();
	char buf[1024];
	size_t n;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	printk("%s\n", text);
	n = printk_read(&pos, buf, sizeof(buf));
	assert_true(n > 200 && n <= 256);
	assert_int_equal(buf[n - 1], '\n');
	assert_int_equal(strlen(shown), n + 1);
}

static void
test_frames(void **state)
{
	(void)state;
	printk_set_frame("abc");
	printk("hello\n");
	expect_shown("\036abc kernel [    1.234567] hello\n");
	panicking = true;
	printk("bye\n");
	expect_shown("\036abc panic [    1.234567] bye\n");
}

static void
test_quiet(void **state)
{
	u64 pos = ring_end();

	(void)state;
	printk_set_quiet(true);
	printk("hidden\n");
	expect_shown("");
	expect_ring(&pos, "[    1.234567] hidden\n");
	panicking = true;
	printk("seen\n");
	expect_shown("[    1.234567] seen\r\n");
}

static void
test_refused(void **state)
{
	(void)state;
	refuse = true;
	printk("one\n");
	printk("two\n");
	expect_shown("");
	refuse = false;
	printk_flush();
	expect_shown("[    1.234567] one\r\n[    1.234567] two\r\n");
	printk_flush();
	expect_shown("");
}

static void
test_ring_wraps(void **state)
{
	u64 pos = ring_end();
	char buf[64];
	size_t n;

	(void)state;
	printk_set_quiet(true);
	for (int i = 0; i < 5000; i++)
		printk("line %d\n", i);
	/* What is left begins with a whole line. */
	n = printk_read(&pos, buf, sizeof(buf));
	assert_true(n > 0);
	assert_int_equal(buf[0], '[');
	pos = ring_end();
	printk("last\n");
	expect_ring(&pos, "[    1.234567] last\n");
	/* A position from the future is the end. */
	pos += 1000;
	expect_ring(&pos, "");
	printk("later\n");
	expect_ring(&pos, "[    1.234567] later\n");
}

static int
count_shown_lines(void)
{
	int n = 0;

	for (const char *p = shown; *p != '\0'; p++)
		n += *p == '\n';
	shown[0] = '\0';
	return n;
}

static void
test_limited(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		printk_limited("again\n");
	assert_int_equal(count_shown_lines(), 11);
	now_ns += NSEC_PER_SEC;
	printk_limited("again\n");
	assert_int_equal(count_shown_lines(), 1);
}

static void
test_early(void **state)
{
	(void)state;
	printk_set_sink(NULL);
	printk("early\n");
	expect_shown("[    1.234567] early\r\n");
}

#define TEST(fn) cmocka_unit_test_setup(fn, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_line),
	    TEST(test_lines),
	    TEST(test_control_characters),
	    TEST(test_too_long),
	    TEST(test_frames),
	    TEST(test_quiet),
	    TEST(test_refused),
	    TEST(test_ring_wraps),
	    TEST(test_limited),
	    TEST(test_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

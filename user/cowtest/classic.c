/* What the classic exercise asks of copy-on-write fork. */
#include "cowtest.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* One number in each page. */
static void
write_pages(char *at, size_t len, int number)
{
	for (size_t i = 0; i < len; i += PAGE)
		*(volatile int *)(at + i) = number;
}

static void
check_pages(const char *at, size_t len, int number, const char *whose)
{
	for (size_t i = 0; i < len; i += PAGE)
		if (*(volatile int *)(at + i) != number)
			fail("%s page %zu has %d, not %d", whose, i / PAGE,
			    *(volatile int *)(at + i), number);
}

/*
 * More than half of what there is: a fork that copied would have nowhere to
 * copy to.
 */
void
test_simple(void)
{
	size_t len = free_bytes() / 3 * 2 & -PAGE;
	char *at = area(len);
	int me = getpid();
	pid_t child;

	write_pages(at, len, me);
	child = start();
	if (child == 0) {
		check_pages(at, len, me, "the child's");
		_exit(0);
	}
	must_succeed(child, "the child");
	check_pages(at, len, me, "the parent's");
	area_free(at, len);
}

/* A process, its child and its grandchild write at the same time. */
void
test_three(void)
{
	size_t len = free_bytes() / 4 & -PAGE;
	char *at = area(len);
	pid_t child = start();

	if (child == 0) {
		pid_t grandchild = start();

		if (grandchild == 0) {
			size_t half = len / 2 & -PAGE;

			write_pages(at, half, getpid());
			check_pages(at, half, getpid(), "the grandchild's");
			check_pages(at + half, len - half, 0,
			    "the grandchild's untouched");
			_exit(0);
		}
		write_pages(at, len / 5 * 4 & -PAGE, getpid());
		check_pages(at, len / 5 * 4 & -PAGE, getpid(), "the child's");
		must_succeed(grandchild, "the grandchild");
		_exit(0);
	}
	write_pages(at, len, getpid());
	must_succeed(child, "the child");
	check_pages(at, len, getpid(), "the parent's");
	area_free(at, len);
}

/* Children read from pipes into a page that they share with their parent. */
void
test_file(void)
{
	static int buffer[PAGE / sizeof(int)];
	pid_t children[4];
	int fds[2];

	buffer[0] = 99;
	for (int i = 0; i < 4; i++) {
		if (pipe(fds))
			fail("pipe: %s", strerror(errno));
		children[i] = start();
		if (children[i] == 0) {
			if (read(fds[0], buffer, sizeof(i)) != sizeof(i))
				fail("read: %s", strerror(errno));
			if (buffer[0] != i)
				fail("child %d read %d", i, buffer[0]);
			_exit(0);
		}
		if (write(fds[1], &i, sizeof(i)) != sizeof(i))
			fail("write: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
	}
	for (int i = 0; i < 4; i++)
		must_succeed(children[i], "a child");
	if (buffer[0] != 99)
		fail("the parent's buffer has %d, which a child read",
		    buffer[0]);
}

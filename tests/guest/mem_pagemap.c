/* /proc/PID/pagemap: what a process may know of its pages. */
#include "files.h"

#include <sys/uio.h>

#define PAGE      4096ul
#define PRESENT   (1ull << 63)
#define OF_FILE   (1ull << 61)
#define EXCLUSIVE (1ull << 56)
#define FRAME     ((1ull << 55) - 1)

static int fd;

static uint64_t
word(const void *at)
{
	uint64_t w;

	ensure(pread(fd, &w, 8, (uintptr_t)at / PAGE * 8) == 8);
	return w;
}

static void
is_word(const void *at, uint64_t bits, const char *what)
{
	uint64_t w = word(at);

	ok((w & ~FRAME) == bits, "%s: %#llx", what, (unsigned long long)w);
	ok(!bits == !(w & FRAME), "%s: has a frame if it is there", what);
}

static char *
map(int pages, int flags, int file)
{
	char *p = must(
	    mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, file, 0));

	/* Pages one by one. */
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	return p;
}

static void
kinds(void)
{
	char *p = map(4, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *shared = map(2, MAP_SHARED | MAP_ANONYMOUS, -1);
	int file = must(open("file", O_CREAT | O_RDWR, 0600));
	char *f;

	must(ftruncate(file, 2 * PAGE));
	f = map(2, MAP_SHARED, file);
	is_word(p, 0, "a page that nobody has touched");
	p[0] = 1;
	is_word(p, PRESENT | EXCLUSIVE, "one that was written");
	(void)*(volatile char *)(p + PAGE);
	(void)*(volatile char *)(p + 2 * PAGE);
	is_word(p + PAGE, PRESENT, "one that was read: the page of zeroes");
	is(word(p + PAGE), word(p + 2 * PAGE), "which is always the same");
	is_word(p + 3 * PAGE, 0, "one beside it");
	shared[0] = 1;
	is_word(shared, PRESENT | EXCLUSIVE | OF_FILE, "shared memory");
	is_word(shared + PAGE, 0, "and what is not there of it");
	f[0] = 1;
	is_word(f, PRESENT | EXCLUSIVE | OF_FILE, "a file's");
	must(mprotect(p, PAGE, PROT_NONE));
	is_word(p, PRESENT | EXCLUSIVE, "one that may not be touched");
	must(madvise(p, PAGE, MADV_DONTNEED));
	is_word(p, 0, "one that was given back");
	must(munmap(p, 4 * PAGE));
	is_word(p + PAGE, 0, "a hole");
	close(file);
}

static struct gate to_child, to_parent;

static void
child_of(char *p, uint64_t before)
{
	fd = must(open("/proc/self/pagemap", O_RDONLY));
	is_word(p, PRESENT, "shared with the parent");
	is(word(p) & FRAME, before & FRAME, "it is the same frame");
	p[0] = 2;
	is_word(p, PRESENT | EXCLUSIVE, "written: a copy of its own");
	ok((word(p) & FRAME) != (before & FRAME), "which is another frame");
	gate_open(&to_parent);
	gate_wait(&to_child);
	_exit(0);
}

static void
forks(void)
{
	char *p = map(1, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t before, own;
	char path[64];
	pid_t child;
	int mine = fd;

	to_child = gate_make();
	to_parent = gate_make();
	p[0] = 1;
	before = word(p);
	child = must(fork());
	if (child == 0)
		child_of(p, before);
	gate_wait(&to_parent);
	own = word(p);
	is(own, before, "the parent's is its own again, where it was");
	snprintf(path, sizeof(path), "/proc/%d/pagemap", child);
	fd = must(open(path, O_RDONLY));
	ok((word(p) & FRAME) != (own & FRAME), "another's can be read");
	gate_open(&to_child);
	wait_status(child);
	is(pread(fd, &before, 8, 0), 0, "of who has ended there is nothing");
	close(fd);
	fd = mine;
}

/* One read of many is many reads of one. */
static void
ranges(void)
{
	enum {
		PAGES = 1500
	};
	static uint64_t all[PAGES];
	char *p = map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int i, wrong = 0;

	for (i = 0; i < PAGES; i++)
		if (i % 3 != 0)
			p[i * PAGE] = 1;
	is(pread(fd, all, sizeof(all), (uintptr_t)p / PAGE * 8), sizeof(all),
	    "all at once");
	for (i = 0; i < PAGES; i++)
		if (!(all[i] & PRESENT) != (i % 3 == 0))
			wrong++;
	is(wrong, 0, "just those that were written are there");
	for (i = 0; i < 60; i++)
		if (word(p + i * PAGE) != all[i])
			wrong++;
	is(wrong, 0, "one by one they are the same");
	is(lseek(fd, (uintptr_t)p / PAGE * 8, SEEK_SET),
	    (uintptr_t)p / PAGE * 8, "a position can be set");
	is(read(fd, &all[700], 16), 16, "and read from");
	is(all[701], all[1], "the same");
	is(read(fd, &all[700], 8), 8, "it goes on");
	is(all[700], all[2], "from there");
	must(munmap(p, PAGES * PAGE));
}

/* The last position from which a word can be read. */
static uint64_t
last_position(void)
{
	uint64_t low = 0, high = 1ull << 60, w;

	while (high - low > 8) {
		uint64_t mid = (low + (high - low) / 2) & ~7ull;

		if (pread(fd, &w, 8, mid) == 8)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static void
ends(void)
{
	uint64_t w[4] = {~0ull, ~0ull, ~0ull, ~0ull}, last = last_position();

	ok(last >= (uintptr_t)w / PAGE * 8, "all that is mapped is before it");
	is((last / 8 + 1) & (last / 8), 0, "a space of a power of two");
	is(pread(fd, w, 32, last - 8), 16, "a read ends with the space");
	is(w[0] | w[1], 0, "where nothing is");
	is(w[2], -1, "and no more is written");
	is(pread(fd, w, 8, last + 8), 0, "behind it is the end");
	is(pread(fd, w, 8, 1ull << 62), 0, "however far");
	is(pread(fd, w, 8, 0x7ffffffffffffff0), 0, "and at the last");
	is(pread(fd, w, 8, 0), 8, "the first page's");
	is(w[0], 0, "is not there");
}

static void
errors(void)
{
	uint64_t w[2];

	is_errno(pread(fd, w, 8, 4), EINVAL, "a position between two");
	is_errno(pread(fd, w, 4, 0), EINVAL, "half a word");
	is_errno(pread(fd, w, 12, 0), EINVAL, "one and a half");
	is(pread(fd, w, 0, 0), 0, "nothing");
	is_errno(pread(fd, NOWHERE, 8, 0), EFAULT, "bad memory");
}

HELPER(pagemap_user)
{
	char path[64];
	char *p = map(1, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	fd = must(open("/proc/self/pagemap", O_RDONLY));
	p[0] = 1;
	is(word(p), PRESENT | EXCLUSIVE, "a user is told of no frame");
	snprintf(path, sizeof(path), "/proc/%d/pagemap", getppid());
	is_errno(open(path, O_RDONLY), EACCES, "another's is not his");
	return 0;
}

static void
users(void)
{
	struct stat st;
	pid_t child;

	must(stat("/proc/self/pagemap", &st));
	is(st.st_mode, S_IFREG | 0400, "its owner may read it");
	child = must(fork());
	if (child == 0) {
		must(setgid(USER));
		must(setuid(USER));
		ensure(!execl(tap_self, tap_self, "@pagemap_user", NULL));
	}
	is(wait_status(child), 0, "as a user");
}

TEST(mem_pagemap)
{
	fd = must(open("/proc/self/pagemap", O_RDONLY));
	kinds();
	forks();
	ranges();
	ends();
	errors();
	users();
}

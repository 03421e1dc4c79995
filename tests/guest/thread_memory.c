/* One address space changed by one thread while others use it. */
#include "thread.h"

#include <setjmp.h>
#include <sys/mman.h>

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static volatile bool stop;
static char *volatile page;
static __thread sigjmp_buf back;
static volatile long faults, writes;

static void
on_fault(int sig)
{
	siglongjmp(back, sig);
}

static void *
write_always(void *arg)
{
	while (!stop) {
		if (sigsetjmp(back, 1) == 0) {
			*(volatile long *)page += 1;
			writes++;
		} else {
			faults++;
		}
	}
	return arg;
}

/* When mprotect has returned, no other thread can write. */
static void
test_protect(void)
{
	pthread_t t[3];
	int good = 0;

	page = must(mmap(NULL, PAGE, RW, ANON, -1, 0));
	signal(SIGSEGV, on_fault);
	stop = false;
	for (int i = 0; i < 3; i++)
		t[i] = thread_start(write_always, NULL);
	while (writes < 10)
		sched_yield();
	for (int i = 0; i < 8; i++) {
		long before;

		must(mprotect(page, PAGE, PROT_READ));
		before = *(volatile long *)page;
		for (int n = 0; n < 200; n++)
			good += *(volatile long *)page == before;
		must(mprotect(page, PAGE, RW));
	}
	is(good, 8 * 200, "what mprotect made read-only stays as it is");
	while (faults == 0) {
		must(mprotect(page, PAGE, PROT_READ));
		sched_yield();
		must(mprotect(page, PAGE, RW));
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		thread_join(t[i]);
	ok(true, "others have noticed");
	signal(SIGSEGV, SIG_DFL);
}

/*
 * When munmap has returned, no other thread reads what was there, and what
 * takes its place is what they see.
 */
static void *
read_always(void *arg)
{
	volatile long bad = 0;

	(void)arg;
	while (!stop) {
		if (sigsetjmp(back, 1) == 0) {
			char c = *(volatile char *)page;

			bad += c != 1 && c != 2;
		} else {
			faults++;
		}
	}
	return (void *)bad;
}

static void
test_replace(void)
{
	pthread_t t[3];
	long bad = 0;

	signal(SIGSEGV, on_fault);
	*page = 1;
	stop = false;
	for (int i = 0; i < 3; i++)
		t[i] = thread_start(read_always, NULL);
	for (int i = 0; i < 12; i++) {
		char *fresh = must(mmap(NULL, PAGE, RW, ANON, -1, 0));

		*fresh = i % 2 + 1;
		must(mremap(
		    fresh, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page));
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		bad += thread_join(t[i]);
	is(bad, 0, "a page replaced again and again is one or the other");
	signal(SIGSEGV, SIG_DFL);
}

/* All threads touch fresh memory at once; each page becomes one page. */
static char *area;
static pthread_barrier_t barrier;

static void *
touch_all(void *arg)
{
	long self = (long)arg;

	for (int round = 0; round < 2; round++) {
		pthread_barrier_wait(&barrier);
		for (int i = 0; i < 40; i++)
			area[i * PAGE + self] = round + 1;
		pthread_barrier_wait(&barrier);
		if (self == 0)
			must(madvise(area, 40 * PAGE, MADV_DONTNEED));
	}
	return NULL;
}

static void *
touch_and_check(void *arg)
{
	long self = (long)arg, bad = 0;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 40; i++)
		area[i * PAGE + self] = 7;
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 40; i++)
		for (int k = 0; k < 8; k++)
			bad += area[i * PAGE + k] != 7;
	return (void *)bad;
}

static void
test_touch(void)
{
	pthread_t t[8];
	long bad = 0;

	area = must(mmap(NULL, 40 * PAGE, RW, ANON, -1, 0));
	pthread_barrier_init(&barrier, NULL, 8);
	for (long i = 0; i < 8; i++)
		t[i] = thread_start(touch_and_check, (void *)i);
	for (int i = 0; i < 8; i++)
		bad += thread_join(t[i]);
	is(bad, 0, "eight threads touch fresh pages at once: none is lost");
	for (long i = 0; i < 8; i++)
		t[i] = thread_start(touch_all, (void *)i);
	for (int i = 0; i < 8; i++)
		thread_join(t[i]);
	ok(true, "and again, as they are thrown away");
}

/* Each thread maps, uses and unmaps for itself. */
static void *
map_always(void *arg)
{
	long self = (long)arg, bad = 0;

	for (int i = 0; i < 3; i++) {
		size_t pages = 1 + (i * 7 + self) % 9;
		char *p = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);

		if (p == MAP_FAILED)
			return (void *)-1;
		for (size_t k = 0; k < pages; k++) {
			bad += p[k * PAGE] != 0;
			p[k * PAGE] = self;
		}
		if (i % 3 == 0)
			mprotect(p, PAGE, PROT_READ);
		for (size_t k = 0; k < pages; k++)
			bad += p[k * PAGE] != self;
		bad += munmap(p, pages * PAGE) != 0;
	}
	return (void *)bad;
}

static void
test_map(void)
{
	pthread_t t[8];
	long bad = 0;

	for (long i = 0; i < 8; i++)
		t[i] = thread_start(map_always, (void *)(i + 1));
	for (int i = 0; i < 8; i++)
		bad += thread_join(t[i]);
	is(bad, 0, "eight threads map and unmap at once");
}

/* Malloc in all threads, blocks freed by others than who took them. */
static char *blocks[8][6];

static void *
take_blocks(void *arg)
{
	long self = (long)arg;

	for (int i = 0; i < 6; i++) {
		blocks[self][i] = malloc(100 + i * 300);
		memset(blocks[self][i], self, 100);
	}
	pthread_barrier_wait(&barrier);
	self = (self + 1) % 8;
	for (int i = 0; i < 6; i++) {
		if (blocks[self][i][99] != self)
			return (void *)-1;
		free(blocks[self][i]);
	}
	return NULL;
}

static void
test_malloc(void)
{
	pthread_t t[8];
	long bad = 0;

	for (long i = 0; i < 8; i++)
		t[i] = thread_start(take_blocks, (void *)i);
	for (int i = 0; i < 8; i++)
		bad += thread_join(t[i]);
	is(bad, 0, "malloc here and free there");
}

/*
 * While a child has every page too, one thread writes one after the other, and
 * tells of it in shared memory; another looks at each page up to then.  Once it
 * has been told, it must find what was written.
 */
enum {
	TOLD_PAGES = 64,
	TOLD_ROUNDS = 3
};

static struct telling {
	int looks; /* how many pages the reader has begun to look at */
	int told;  /* how many the writer has written to */
} * telling;

static volatile int *
told_word(int n)
{
	return (volatile int *)(area + n % TOLD_PAGES * PAGE);
}

static void *
look_until_told(void *arg)
{
	long bad = 0;

	(void)arg;
	for (int n = 0; n < TOLD_PAGES * TOLD_ROUNDS; n++) {
		do {
			(void)*told_word(n);
			__atomic_store_n(
			    &telling->looks, n + 1, __ATOMIC_RELEASE);
			sched_yield();
			(void)*told_word(n);
		} while (
		    __atomic_load_n(&telling->told, __ATOMIC_ACQUIRE) <= n);
		bad += *told_word(n) != n + 1;
	}
	return (void *)bad;
}

static void
write_and_tell(int n)
{
	while (__atomic_load_n(&telling->looks, __ATOMIC_ACQUIRE) <= n)
		sched_yield();
	*told_word(n) = n + 1;
	__atomic_store_n(&telling->told, n + 1, __ATOMIC_RELEASE);
}

static void
test_tell(void)
{
	pthread_t t;

	area = must(mmap(NULL, (TOLD_PAGES + 1) * PAGE, RW, ANON, -1, 0));
	telling = must(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	memset(area, 0, (TOLD_PAGES + 1) * PAGE);
	t = thread_start(look_until_told, NULL);
	for (int round = 0; round < TOLD_ROUNDS; round++) {
		pid_t pid = must(fork());

		if (pid == 0)
			for (;;)
				pause();
		/* The tables are this process's own from now on. */
		area[TOLD_PAGES * PAGE] = round;
		for (int i = 0; i < TOLD_PAGES; i++)
			write_and_tell(round * TOLD_PAGES + i);
		kill(pid, SIGKILL);
		wait_status(pid);
	}
	is(thread_join(t), 0, "what one writes to a page copied, others read");
}

TEST(thread_memory)
{
	test_tell();
	test_protect();
	test_replace();
	test_touch();
	test_map();
	test_malloc();
}

/*
 * Cases from history: mappings that move, go or lose a right while other
 * threads are in the middle of using them.
 */
#include "mem.h"
#include "thread.h"

enum {
	THREADS = 3,
	ROUNDS = 150,
	PAGES = 6,
};

static volatile bool stop;
static __thread sigjmp_buf back;
static volatile long nr_faults;

static void
on_fault(int sig)
{
	siglongjmp(back, sig);
}

static void
catch_faults(void (*handler)(int))
{
	signal(SIGSEGV, handler);
	signal(SIGBUS, handler);
}

/* ------------------------------------------------ moving under faults */

static char *place[2];

/* Each word of ours that is there has our number, or zero when fresh. */
static void *
touch_always(void *arg)
{
	volatile long bad = 0;
	long self = (long)arg;

	for (volatile long i = 0; !stop; i++) {
		volatile long *w =
		    (long *)(place[i & 1] + i % PAGES * PAGE) + self;
		int sig = sigsetjmp(back, 1);

		if (sig == 0) {
			long seen = *w;

			bad += seen != 0 && seen != self;
			*w = self;
		} else {
			bad += sig != SIGSEGV;
			nr_faults++;
		}
	}
	return (void *)bad;
}

static void
map_again(char *at)
{
	must(mmap(at, PAGES * PAGE, RW, ANON | MAP_FIXED, -1, 0));
}

static void
change(int round)
{
	char *from = place[round & 1], *to = place[~round & 1];

	switch (round % 4) {
	case 0:
		must(mremap(from, PAGES * PAGE, PAGES * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED, to));
		map_again(from);
		break;
	case 1:
		must(munmap(from, PAGES * PAGE));
		map_again(from);
		break;
	case 2:
		must(mremap(from + PAGE, 2 * PAGE, 2 * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED, to + 3 * PAGE));
		map_again(from);
		break;
	default:
		must(madvise(to, PAGES * PAGE, MADV_DONTNEED));
	}
}

static void
test_moves(bool forks)
{
	pthread_t t[THREADS];
	long bad = 0;

	/* In two tables, and nothing else of ours beside them. */
	place[0] = must(mmap(NULL, 4096 * PAGE, PROT_NONE, ANON, -1, 0));
	place[1] = place[0] + 2048 * PAGE;
	map_again(place[0]);
	map_again(place[1]);
	catch_faults(on_fault);
	stop = false;
	nr_faults = 0;
	for (long i = 0; i < THREADS; i++)
		t[i] = thread_start(touch_always, (void *)(i + 1));
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = forks && i % 3 == 0 ? must(fork()) : -1;

		if (pid == 0)
			_exit(0);
		change(i);
		if (pid > 0)
			bad += wait_status(pid) != 0;
	}
	stop = true;
	for (int i = 0; i < THREADS; i++)
		bad += thread_join(t[i]);
	catch_faults(SIG_DFL);
	is(bad, 0,
	    "pages that move and go%s: everybody finds his own, or "
	    "nothing",
	    forks ? " between forks" : "");
	must(munmap(place[0], 4096 * PAGE));
}

/* ------------------------------------------------ rights that change */

/*
 * A read into three pages, both ends at odd places, of which the middle one
 * loses the right to be written and gets it back all the while.  While it may
 * not be written it must not change, however far the call had come.
 */
#define LEN (PAGE + 2001)

static char *target;

static void *
read_always(void *arg)
{
	int fd = *(int *)arg;
	long odd = 0;

	for (long at = 0; !stop; at++) {
		long n = pread(fd, target + PAGE - 1001 + at % 7, LEN, at % 5);

		odd += n >= 0 ? n == 0 || n > (long)LEN : errno != EFAULT;
	}
	return (void *)odd;
}

/* The same outward: what cannot be read is EFAULT or a shorter write. */
static void *
write_always(void *arg)
{
	int fd = *(int *)arg;
	long odd = 0;

	for (long at = 0; !stop; at++) {
		long n =
		    pwrite(fd, target + PAGE - 1001 + at % 7, LEN, 1 << 20);

		odd += n >= 0 ? n == 0 || n > (long)LEN : errno != EFAULT;
	}
	return (void *)odd;
}

/* A file whose bytes differ from one place to the next. */
static int
file_of_many(void)
{
	char bytes[3 * PAGE];
	int fd = must(open(".", O_RDWR | O_TMPFILE, 0600));

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 + i / 251;
	must(pwrite(fd, bytes, sizeof(bytes), 0));
	return fd;
}

static void
test_rights(void)
{
	int fd = file_of_many();
	pthread_t t[2];
	long bad = 0, odd = 0;

	target = anon(4);
	stop = false;
	t[0] = thread_start(read_always, &fd);
	t[1] = thread_start(write_always, &fd);
	for (int i = 0; i < ROUNDS; i++) {
		static char kept[PAGE];
		pid_t pid = i % 4 == 0 ? must(fork()) : -1;

		if (pid == 0)
			_exit(0);
		must(mprotect(target + PAGE, PAGE, PROT_READ));
		memcpy(kept, target + PAGE, PAGE);
		for (int n = 0; n < 5; n++) {
			sched_yield();
			bad += memcmp(kept, target + PAGE, PAGE) != 0;
		}
		must(mprotect(target + PAGE, PAGE, PROT_NONE));
		sched_yield();
		must(mprotect(target + PAGE, PAGE, RW));
		if (pid > 0)
			bad += wait_status(pid) != 0;
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		odd += thread_join(t[i]);
	is(bad, 0, "what may only be read does not change under a call");
	is(odd, 0, "which is whole, or short, or EFAULT");
	must(munmap(target, 4 * PAGE));
	close(fd);
}

/* ------------------------------------------------ each border */

/* Whether the line of /proc/self/maps lets it be written. */
struct part {
	char *start, *end;
	bool write;
};

static int
read_parts(struct part *parts, int room)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512], mode[8];
	unsigned long start, end;
	int n = 0;

	ensure(f != NULL);
	while (n < room && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, mode) != 3 ||
		    strstr(line, "[stack]") || strstr(line, "[heap]"))
			continue;
		parts[n++] =
		    (struct part){(char *)start, (char *)end, mode[1] == 'w'};
	}
	fclose(f);
	return n;
}

/* A store of eight bytes that lies half within. */
static int
try_half(char *at)
{
	volatile char *p = at;
	volatile int sig = 0;

	for (int i = 0; i < 8 && sig == 0; i++) {
		char old;

		sig = try_read(p + i);
		if (sig != 0)
			break;
		old = p[i];
		sig = try_write(p + i);
		if (sig == 0)
			p[i] = old;
	}
	return sig;
}

static void
test_borders(void)
{
	struct part parts[64];
	char *p = anon(6);
	int n, wrong = 0;

	must(mprotect(p + PAGE, PAGE, PROT_READ));
	must(mprotect(p + 3 * PAGE, PAGE, PROT_NONE));
	must(munmap(p + 5 * PAGE, PAGE));
	n = read_parts(parts, 64);
	ok(n > 6, "%d mappings", n);
	for (int i = 0; i < n; i++) {
		struct part *a = &parts[i], *b = &parts[i + 1];
		bool joined = i + 1 < n && a->end == b->start;

		wrong += (try_half(a->start) == 0) != a->write;
		wrong += (try_half(a->end - 8) == 0) != a->write;
		wrong += (try_half(a->end - 4) == 0) !=
		    (a->write && joined && b->write);
		if (wrong) {
			note("wrong at %p-%p", a->start, a->end);
			break;
		}
	}
	is(wrong, 0, "wild stores at every border");
	ok(try_write(p + 6 * PAGE - 1) == SIGSEGV, "and in a hole");
	must(munmap(p, 6 * PAGE));
}

TEST(history_race)
{
	test_moves(false);
	test_moves(true);
	test_rights();
	test_borders();
}

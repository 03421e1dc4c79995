/* mremap: growing, shrinking, moving. */
#include "mem.h"

#include <sys/resource.h>
#include <sys/sysinfo.h>

static long
free_kib(void)
{
	struct sysinfo info;

	must(sysinfo(&info));
	return (long)(info.freeram * info.mem_unit / 1024);
}

/* Fills pages with numbers of their own; and checks them. */
static void
fill(char *p, int pages)
{
	for (int i = 0; i < pages; i++)
		memset(p + i * PAGE, i + 1, PAGE);
}

static bool
filled(const char *p, int pages)
{
	for (int i = 0; i < pages; i++)
		if (p[i * PAGE] != i + 1 || p[(i + 1) * PAGE - 1] != i + 1)
			return false;
	return true;
}

static void
test_shrink(void)
{
	char *p = anon(4);

	fill(p, 4);
	ok(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p, "shrinking stays in place");
	ok(filled(p, 2), "with what is there");
	ok(!is_mapped(p + 2 * PAGE), "the rest is gone");
	ok(mremap(p, 2 * PAGE, 2 * PAGE, 0) == p, "the same size is no change");
	ok(mremap(p, 2 * PAGE, PAGE + 1, 0) == p, "sizes are rounded up");
	ok(filled(p, 2), "so this is none either");
	must(munmap(p, 2 * PAGE));
	p = anon(4);
	fill(p, 1);
	must(munmap(p + PAGE, 2 * PAGE));
	ok(mremap(p, 4 * PAGE, PAGE, 0) == p, "what is cut off may have holes");
	ok(filled(p, 1) && !is_mapped(p + 3 * PAGE), "and goes all the same");
	must(munmap(p, PAGE));
}

static void
test_grow(void)
{
	char *p = anon(6), *q;

	must(munmap(p + 2 * PAGE, 2 * PAGE));
	fill(p, 2);
	ok(mremap(p, 2 * PAGE, 4 * PAGE, 0) == p, "growing into a hole");
	ok(filled(p, 2) && p[2 * PAGE] == 0 && p[3 * PAGE] == 0,
	    "what is new is zero");
	fill(p, 4);
	is_errno(mremap(p, 4 * PAGE, 6 * PAGE, 0), ENOMEM,
	    "without room, it may not move");
	ok(filled(p, 4), "and nothing is changed");
	q = must(mremap(p, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE));
	ok(q != p && filled(q, 4), "with MREMAP_MAYMOVE it moves");
	ok(q[4 * PAGE] == 0 && q[5 * PAGE] == 0, "and grows");
	ok(!is_mapped(p) && !is_mapped(p + 3 * PAGE), "away from here");
	is(try_write(q + 5 * PAGE), 0, "it can be written");
	must(munmap(q, 6 * PAGE));
}

static void
test_fixed(void)
{
	char *p = anon(3), *to = anon(5);

	fill(p, 3);
	fill(to, 5);
	ok(mremap(p, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
	       to + PAGE) == to + PAGE,
	    "MREMAP_FIXED moves there");
	ok(filled(to + PAGE, 3), "with what it has");
	ok(to[0] == 1 && to[4 * PAGE] == 5, "and replaces nothing else");
	ok(!is_mapped(p), "the old place is empty");
	is_errno(mremap(to, PAGE, PAGE, MREMAP_FIXED, p), EINVAL,
	    "not without MREMAP_MAYMOVE");
	is_errno(mremap(to, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     to + PAGE),
	    EINVAL, "nor onto itself");
	is_errno(mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 1),
	    EINVAL, "nor within a page");
	is_errno(mremap(to, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     (void *)0xffffffff80000000),
	    EINVAL, "nor into the kernel's half");
	is(to[0], 1, "which changes nothing");
	is_errno(mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		     p + PAGE),
	    EFAULT, "that nothing is there is seen first");
	must(munmap(to, 5 * PAGE));
}

/* What does not go along is cut off, and may be anything. */
static void
test_fixed_shorter(void)
{
	char *p = anon(4), *to = anon(1);

	fill(p, 4);
	must(mprotect(p + 2 * PAGE, PAGE, PROT_READ));
	must(munmap(p + PAGE, PAGE));
	ok(mremap(p, 4 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to,
	    "a shorter one moves from before a hole");
	ok(filled(to, 1), "with what it has");
	ok(!is_mapped(p) && !is_mapped(p + 2 * PAGE) &&
		!is_mapped(p + 3 * PAGE),
	    "and all of the old place is empty");
	must(munmap(to, PAGE));
}

static void
test_refusals(void)
{
	char *p = anon(4);

	is_errno(mremap(p + 1, PAGE, PAGE, 0), EINVAL, "within a page");
	is_errno(mremap(p, PAGE, 0, 0), EINVAL, "to nothing");
	is_errno(mremap(p, PAGE, PAGE, 0x80), EINVAL, "no such flag");
	is_errno(mremap(p, PAGE, 1ul << 60, MREMAP_MAYMOVE), ENOMEM,
	    "to more than there is");
	must(munmap(p + PAGE, PAGE));
	is_errno(mremap(p, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE), EFAULT,
	    "over a hole");
	is_errno(mremap(p + PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT,
	    "of nothing");
	is_errno(mremap(p, 0, PAGE, MREMAP_MAYMOVE), EINVAL,
	    "from nothing, unless shared");
	must(munmap(p, 4 * PAGE));
}

/* A part of a mapping moves and leaves a hole. */
static void
test_part(void)
{
	char *p = anon(5), *q;

	fill(p, 5);
	q = must(mremap(p + PAGE, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE));
	ok(q[0] == 2 && q[PAGE] == 3 && q[2 * PAGE] == 0, "the midst moves");
	ok(is_mapped(p) && !is_mapped(p + PAGE) && !is_mapped(p + 2 * PAGE) &&
		p[3 * PAGE] == 4 && p[4 * PAGE] == 5,
	    "and leaves a hole");
	must(munmap(p, 5 * PAGE));
	must(munmap(q, 3 * PAGE));
}

static void
test_protection(void)
{
	char *p = anon(3), *q;

	fill(p, 3);
	must(mprotect(p, 2 * PAGE, PROT_READ));
	q = must(mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE));
	ok(filled(q, 2), "read-only memory moves");
	is(try_write(q), SIGSEGV, "and stays read-only");
	is(try_write(q + 3 * PAGE), SIGSEGV, "as does what was added");
	must(munmap(p, 3 * PAGE));
	must(munmap(q, 4 * PAGE));
}

/* Pages that a child shares move in one process alone. */
static void
test_fork(void)
{
	char *p = anon(8), *q;
	struct gate moved = gate_make();
	pid_t pid;

	fill(p, 8);
	pid = must(fork());
	if (pid == 0) {
		gate_wait(&moved);
		ok(filled(p, 8), "a child's pages stay where they were");
		q = must(mremap(p, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE));
		ok(filled(q, 8), "until it moves them");
		_exit(0);
	}
	q = must(mremap(p, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE));
	ok(filled(q, 8), "the parent's move");
	memset(q, 9, 8 * PAGE);
	gate_open(&moved);
	is(wait_status(pid), 0, "the child ends");
	is(q[0], 9, "and each has its own");
	must(munmap(q, 16 * PAGE));
}

static void
test_shared(void)
{
	char *p = shared(2), *q;

	fill(p, 2);
	q = must(mremap(p, 0, 2 * PAGE, MREMAP_MAYMOVE));
	ok(q != p && filled(q, 2), "a shared mapping's second place");
	q[0] = 77;
	is(p[0], 77, "is the same memory");
	if (must(fork()) == 0) {
		q = must(mremap(q, 2 * PAGE, 2 * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED, anon(2)));
		q[0] = 78;
		_exit(0);
	}
	wait(NULL);
	is(p[0], 78, "wherever it moves");
	is_errno(mremap(q, 0, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q),
	    EFAULT, "not where it is itself");
	is_errno(mremap(q, 0, 2 * PAGE, MREMAP_MAYMOVE), EFAULT,
	    "and then it is gone");
	q = must(mremap(p, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE));
	q[0] = 79;
	is(p[0], 79, "but within itself");
	must(munmap(p, 2 * PAGE));
	must(munmap(q, 2 * PAGE));
}

/* With no old length: a second place, if the memory is shared. */
static void
test_duplicate(void)
{
	int fd = must(open("f", O_RDWR | O_CREAT, 0600));
	char *p = anon(2), *q = shared(2);

	is_errno(mremap(p, 0, PAGE, 0), EINVAL, "private memory has none");
	is_errno(mremap(p, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q), EINVAL,
	    "not in a place of its choice");
	ok(!is_mapped(q) && is_mapped(q + PAGE), "which is taken for it");
	is_errno(
	    mremap(p, 0, 1ul << 60, MREMAP_MAYMOVE), EINVAL, "of any length");
	is_errno(mremap(q + PAGE, 0, PAGE, 0), ENOMEM,
	    "a shared one's has to be elsewhere");
	is_errno(mremap(q + PAGE, 0, 1ul << 60, MREMAP_MAYMOVE), ENOMEM,
	    "and of some length");
	is_errno(mremap(q + PAGE, 0, 0, MREMAP_MAYMOVE), EINVAL, "not of none");
	is_errno(
	    mremap(q, 0, PAGE, MREMAP_MAYMOVE), EFAULT, "nothing has none");
	must(munmap(p, 2 * PAGE));
	must(munmap(q, 2 * PAGE));
	must(ftruncate(fd, PAGE));
	p = must(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	is_errno(mremap(p, 0, PAGE, MREMAP_MAYMOVE), EINVAL,
	    "a file's private mapping");
	must(munmap(p, PAGE));
	p = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	q = must(mremap(p, 0, PAGE, MREMAP_MAYMOVE));
	must(pwrite(fd, "x", 1, 0));
	ok(*p == 'x' && *q == 'x', "a file's shared one");
	is(try_write(q), SIGSEGV, "with the rights of the first");
	must(munmap(p, PAGE));
	must(munmap(q, PAGE));
	close(fd);
}

/* ---- the page that signals return by ---- */

static char *vdso;
static size_t vdso_len;

static void
find_vdso(void)
{
	FILE *f = must(fopen("/proc/self/maps", "r"));
	unsigned long start, end;
	char line[400];

	while (fgets(line, sizeof(line), f))
		if (strstr(line, "[vdso]") &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2) {
			vdso = (char *)start;
			vdso_len = end - start;
		}
	fclose(f);
	ensure(vdso != NULL);
}

static volatile sig_atomic_t nr_handled;

static void
handle(int signo)
{
	(void)signo;
	nr_handled++;
}

static void
move_and_signal(void)
{
	char *to = anon(8);

	signal(SIGUSR1, handle);
	ok(mremap(vdso, vdso_len, vdso_len, MREMAP_MAYMOVE | MREMAP_FIXED,
	       to) == to,
	    "the signal page moves");
	raise(SIGUSR1);
	is(nr_handled, 1, "a signal returns by it");
	if (must(fork()) == 0) {
		raise(SIGUSR1);
		_exit(nr_handled);
	}
	wait(NULL);
	vdso = mremap(to, vdso_len, vdso_len, MREMAP_MAYMOVE | MREMAP_FIXED,
	    to + 4 * PAGE);
	ok(vdso == to + 4 * PAGE, "it moves once more");
	raise(SIGUSR1);
	is(nr_handled, 2, "and a signal returns");
}

static void
take_and_signal(void)
{
	signal(SIGUSR1, handle);
	must(munmap(vdso, vdso_len));
	raise(SIGUSR1);
}

/* Where it was there may be what was never meant to be run. */
static void
replace_and_signal(void)
{
	signal(SIGUSR1, handle);
	ok(mmap(vdso, vdso_len, RW, ANON | MAP_FIXED, -1, 0) == vdso,
	    "other memory takes its place");
	raise(SIGUSR1);
}

static void
test_vdso(void)
{
	char *p;

	find_vdso();
	/* What try_write leaves behind is no way back here. */
	signal(SIGSEGV, SIG_DFL);
	is(wait_status(spawn(move_and_signal)), 0, "as if it had not moved");
	dies(SIGSEGV, take_and_signal, "without it a signal has no return");
	dies(SIGSEGV, replace_and_signal, "nor if it can't be run");
	is_errno(mremap(vdso, vdso_len, vdso_len + PAGE, MREMAP_MAYMOVE),
	    EFAULT, "it does not grow");
	is_errno(
	    mremap(vdso, vdso_len, vdso_len, MREMAP_MAYMOVE | MREMAP_DONTUNMAP),
	    EINVAL, "nor leaves its place empty");
	is_errno(mremap(vdso, 0, vdso_len, MREMAP_MAYMOVE), EINVAL,
	    "nor is it in two places");
	p = anon(4);
	is_errno(mremap(vdso, vdso_len, vdso_len + PAGE,
		     MREMAP_MAYMOVE | MREMAP_FIXED, p),
	    EFAULT, "nor grows elsewhere");
	must(munmap(p, 4 * PAGE));
}

/* Two MiB and more move by whole tables; none of it may be lost. */
static void
test_large(void)
{
	enum {
		PAGES = 1500
	};
	char *p = anon(PAGES), *q;
	int good = 0;

	for (int i = 0; i < PAGES; i += 10)
		*(int *)(p + i * PAGE) = i + 1;
	q = must(mremap(p, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE));
	q = must(mremap(q, 2 * PAGES * PAGE, 2 * PAGES * PAGE,
	    MREMAP_MAYMOVE | MREMAP_FIXED, anon(2 * PAGES + 1) + PAGE));
	for (int i = 0; i < 2 * PAGES; i++)
		good += *(int *)(q + i * PAGE) ==
		    (i < PAGES && i % 10 == 0 ? i + 1 : 0);
	is(good, 2 * PAGES, "12 MiB, sparsely used, moved twice");
	must(munmap(q, 2 * PAGES * PAGE));
}

/*
 * A page that goes through many places takes no more memory than one that
 * stays: the tables that it has left go, too.  They would be 64 MiB; Linux lets
 * go of each a moment later, so that some may be there still.
 */
static void
test_many_places(void)
{
	const size_t places = 16384, apart = 512 * PAGE;
	char *area = must(mmap(NULL, (places + 1) * apart, PROT_NONE,
	    ANON | MAP_NORESERVE, -1, 0));
	char *p = anon(1);
	long before;

	must(munmap(area, (places + 1) * apart));
	*p = 7;
	before = free_kib();
	for (size_t i = 0; i < places; i++)
		p = must(mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    area + i * apart));
	ok(free_kib() > before - 32 * 1024,
	    "a page that has been in 16384 places takes up one: %ld KiB free, "
	    "%ld",
	    before, free_kib());
	is(*p, 7, "and holds what it held");
	must(munmap(p, PAGE));
}

/* No more may be mapped than is. */
static void
limit_to_what_is(void)
{
	FILE *f = must(fopen("/proc/self/statm", "r"));
	struct rlimit rl = {.rlim_max = RLIM_INFINITY};
	unsigned long pages = 0;

	must(fscanf(f, "%lu", &pages));
	fclose(f);
	rl.rlim_cur = pages * PAGE;
	must(setrlimit(RLIMIT_AS, &rl));
}

/* What moves, or takes another's place, is not counted twice. */
static int
at_the_limit(void)
{
	char *p = anon(64), *q = anon(64);

	fill(p, 64);
	limit_to_what_is();
	if (mmap(q, 64 * PAGE, RW, ANON | MAP_FIXED, -1, 0) != q)
		return 1;
	if (mremap(p, 64 * PAGE, 64 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, q) !=
	    q)
		return 2;
	if (!filled(q, 64))
		return 3;
	limit_to_what_is();
	if (mmap(NULL, PAGE, RW, ANON, -1, 0) != MAP_FAILED)
		return 4;
	if (mremap(q, 64 * PAGE, 65 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED)
		return 5;
	/* A part can only grow elsewhere. */
	if (mremap(q, 32 * PAGE, 33 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED)
		return 6;
	if (mremap(q, 64 * PAGE, 64 * PAGE,
		MREMAP_MAYMOVE | MREMAP_DONTUNMAP) != MAP_FAILED)
		return 7;
	return 0;
}

/* The C library passes a place on with MREMAP_FIXED alone. */
static long
leave(char *p, int pages, char *wish)
{
	return syscall(SYS_mremap, p, pages * PAGE, pages * PAGE,
	    MREMAP_MAYMOVE | MREMAP_DONTUNMAP, wish);
}

/* What leaves its old place behind may have a wish where to go. */
static void
test_wish(void)
{
	char *p = anon(4), *free = anon(8), *q;

	must(munmap(free, 8 * PAGE));
	fill(p, 4);
	is_errno(leave(p, 4, p), EINVAL, "a wish for where it is");
	is_errno(leave(p, 4, p + 3 * PAGE), EINVAL, "or partly is");
	is_errno(leave(p, 4, free + 1), EINVAL, "or within a page");
	is_errno(leave(p, 4, (char *)0xffffffff80000000), EINVAL,
	    "or in the kernel's half");
	ok(filled(p, 4), "is refused, and nothing is changed");
	ok((char *)leave(p, 4, free) == free, "one that can be is granted");
	ok(filled(free, 4), "with all there was");
	is(p[0], 0, "and zeroes where it was");
	fill(p, 4);
	q = (char *)must(leave(p, 4, free));
	ok(q != free && filled(q, 4), "one that is taken is passed over");
	ok(filled(free, 4), "what has it keeps it");
	must(munmap(p, 4 * PAGE));
	must(munmap(q, 4 * PAGE));
	must(munmap(free, 4 * PAGE));
}

static void
test_limit(void)
{
	int status;

	if (must(fork()) == 0)
		_exit(at_the_limit());
	must(wait(&status));
	is(status, 0, "a move at the limit of the address space");
}

TEST_NEEDS(mem_remap, 24)
{
	test_shrink();
	test_grow();
	test_fixed();
	test_fixed_shorter();
	test_refusals();
	test_part();
	test_protection();
	test_fork();
	test_shared();
	test_duplicate();
	test_vdso();
	test_large();
	test_many_places();
	test_wish();
	test_limit();
}

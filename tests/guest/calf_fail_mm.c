/*
 * Allocations fail, as in calf_fail, on the ways that memory goes: faults of
 * every kind, by a program's hand and by the kernel's; and the calls that
 * change an address space.  A fault without memory kills; a call without memory
 * says ENOMEM, and then the list of regions and what they hold are as before.
 *
 * Each try is a child of a process whose memory fills parts of four level-0
 * tables below two level-1 tables, so that everything there is shared.
 */
#include "fail.h"
#include "mem.h"

#include <pthread.h>
#include <sys/prctl.h>
#include <sys/uio.h>

/* Two mebibytes: what one level-0 table spans. */
#define SPAN (512 * PAGE)
/* Page 2048 begins a gibibyte. */
#define AREA ((char *)0x1000000000 - 4 * SPAN)

/* Pages from AREA: anonymous ones, then a few of each other kind. */
enum {
	ANON_PAGES = 1024,
	READ_ONLY = ANON_PAGES,
	SHARED = READ_ONLY + 8,
	FILE_PRIVATE = SHARED + 8,
	FILE_SHARED = FILE_PRIVATE + 8,
	HOLE = FILE_SHARED + 8,
	BORDER = 2048 - 16, /* the end of the first gibibyte, and beyond */
	BORDER_PAGES = 32,
	NOWHERE_YET = 4096, /* where tables are missing */
	KIND_PAGES = 8,
	STACK_BYTES = 1 << 20,
};

static int file, pipe_r, pipe_w;

static char *
page_at(int page)
{
	return AREA + page * PAGE;
}

static volatile long *
word_at(int page)
{
	return (volatile long *)page_at(page);
}

/* ------------------------------------------------ what there is to change */

/* Pages that hold a value: their number plus one.  The rest is zero. */
static const int held[] = {0, 1, 2, 3, 255, 509, 510, 511, 512, 513, 514, 1023,
    READ_ONLY, READ_ONLY + 7, SHARED, SHARED + 1, FILE_PRIVATE,
    FILE_PRIVATE + 1, FILE_SHARED, BORDER, BORDER + 15, BORDER + 16,
    BORDER + 31};

#define NR_HELD (sizeof(held) / sizeof(*held))

static void
map_at(int page, int n, int flags, int fd)
{
	must(mmap(page_at(page), n * PAGE, RW, flags | MAP_FIXED, fd, 0));
}

static void
make_area(void)
{
	file = must(open("file", O_RDWR | O_CREAT, 0600));
	must(ftruncate(file, KIND_PAGES * PAGE));
	map_at(0, ANON_PAGES, ANON, -1);
	map_at(READ_ONLY, KIND_PAGES, ANON, -1);
	map_at(SHARED, KIND_PAGES, MAP_SHARED | MAP_ANONYMOUS, -1);
	map_at(FILE_PRIVATE, KIND_PAGES, MAP_PRIVATE, file);
	map_at(FILE_SHARED, KIND_PAGES, MAP_SHARED, file);
	map_at(BORDER, BORDER_PAGES, ANON, -1);
	map_at(NOWHERE_YET, 4, ANON, -1);
	for (size_t i = 0; i < NR_HELD; i++)
		*word_at(held[i]) = held[i] + 1;
	must(mprotect(page_at(READ_ONLY), KIND_PAGES * PAGE, PROT_READ));
}

struct view {
	long resident;
	char maps[8192];
	long words[NR_HELD];
};

static struct view before, after;

static void
read_maps(char *text, size_t room)
{
	int fd = must(open("/proc/self/maps", O_RDONLY));
	size_t len = 0;
	ssize_t n;

	while ((n = must(read(fd, text + len, room - 1 - len))) > 0)
		len += n;
	text[len] = '\0';
	close(fd);
}

static long
resident_pages(void)
{
	char text[128] = "";
	int fd = must(open("/proc/self/statm", O_RDONLY));

	must(read(fd, text, sizeof(text) - 1));
	close(fd);
	return strtol(strchr(text, ' '), NULL, 10);
}

static void
look(struct view *v)
{
	read_maps(v->maps, sizeof(v->maps));
	for (size_t i = 0; i < NR_HELD; i++)
		v->words[i] = *word_at(held[i]);
	v->resident = resident_pages();
}

/* Whether all is as it was; says so if it isn't. */
static bool
unchanged(const char *name, long n)
{
	long resident = resident_pages();

	if (resident != before.resident) {
		note("%s, allocation %ld: %ld pages resident, were %ld", name,
		    n, resident, before.resident);
		return false;
	}
	read_maps(after.maps, sizeof(after.maps));
	if (strcmp(before.maps, after.maps) != 0) {
		note("%s, allocation %ld: regions\n%s\nwere\n%s", name, n,
		    after.maps, before.maps);
		return false;
	}
	look(&after);
	for (size_t i = 0; i < NR_HELD; i++) {
		if (after.words[i] == before.words[i])
			continue;
		note("%s, allocation %ld: page %d holds %ld, not %ld", name, n,
		    held[i], after.words[i], before.words[i]);
		return false;
	}
	return true;
}

/* ------------------------------------------------ faults */

/* Each gives 0, an error number, or -1 for a wrong result. */

static int
reads(int page, long value)
{
	return *word_at(page) == value ? 0 : -1;
}

static int
writes(int page, long value)
{
	int err = reads(page, value);

	word_at(page)[1] = 77;
	return err == 0 && word_at(page)[1] == 77 ? reads(page, value) : -1;
}

static int
read_held(void)
{
	return reads(1, 2);
}

static int
read_fresh(void)
{
	return reads(100, 0);
}

static int
read_fresh_tables(void)
{
	return *word_at(BORDER + 1) == 0 && *word_at(BORDER + 17) == 0 ? 0 : -1;
}

static int
write_held(void)
{
	return writes(1, 2);
}

static int
write_fresh(void)
{
	word_at(100)[0] = 5;
	return reads(100, 5);
}

static int
write_zero_page(void)
{
	return writes(101, 0);
}

static int
write_border(void)
{
	return writes(BORDER + 15, BORDER + 16) == 0
	    ? writes(BORDER + 16, BORDER + 17)
	    : -1;
}

static int
write_no_tables(void)
{
	word_at(NOWHERE_YET)[0] = 6;
	return reads(NOWHERE_YET, 6);
}

static int
read_file(void)
{
	return reads(FILE_PRIVATE + 2, 0);
}

static int
write_file_private(void)
{
	return writes(FILE_PRIVATE + 3, 0);
}

static int
write_file_shared(void)
{
	return writes(FILE_SHARED + 4, 0);
}

static int
write_shared(void)
{
	return writes(SHARED + 5, 0);
}

static int
grow_stack(void)
{
	volatile char deep[STACK_BYTES];

	deep[0] = 1;
	return deep[0] == 1 ? 0 : -1;
}

/* The kernel writes: into held, fresh and file pages, across their borders. */

static int
kernel_writes(int page)
{
	char *at = page_at(page) - 4;
	long n = read(pipe_r, at, 8);

	if (n < 0)
		return errno;
	return n == 8 && memcmp(at, "eeeeeeee", 8) == 0 ? 0 : -1;
}

static int
kernel_held(void)
{
	return kernel_writes(512);
}

static int
kernel_fresh(void)
{
	return kernel_writes(200);
}

static int
kernel_file(void)
{
	return kernel_writes(FILE_PRIVATE + 6);
}

static int
kernel_status(void)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(9);
	if (pid < 0)
		return errno;
	if (syscall(SYS_wait4, pid, page_at(300), 0, NULL) != pid)
		return -1;
	return *(volatile int *)page_at(300) == 9 << 8 ? 0 : -1;
}

/* ------------------------------------------------ calls */

static int
map_fixed(int page, int n)
{
	char *p = mmap(page_at(page), n * PAGE, RW, ANON | MAP_FIXED, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	return reads(page, 0) == 0 && reads(page + n - 1, 0) == 0 ? 0 : -1;
}

static int
map_edge(void)
{
	return map_fixed(508, 8);
}

static int
map_one(void)
{
	return map_fixed(510, 1);
}

static int
map_border(void)
{
	return map_fixed(BORDER + 8, 16);
}

static int
map_tables(void)
{
	return map_fixed(0, 1024);
}

static int
map_most(void)
{
	return map_fixed(2, BORDER + 20);
}

static int
map_file(void)
{
	char *p =
	    mmap(page_at(1), 3 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, file, 0);

	if (p == MAP_FAILED)
		return errno;
	return reads(2, 0);
}

static int
unmap(int page, int n)
{
	if (munmap(page_at(page), n * PAGE))
		return errno;
	return is_mapped(page_at(page)) || is_mapped(page_at(page + n - 1)) ? -1
									    : 0;
}

static int
unmap_edge(void)
{
	return unmap(508, 8);
}

static int
unmap_border(void)
{
	return unmap(BORDER + 8, 16);
}

static int
unmap_kinds(void)
{
	return unmap(READ_ONLY + 4, FILE_SHARED - READ_ONLY);
}

static int
unmap_most(void)
{
	return unmap(2, BORDER + 20);
}

static int
protect(int page, int n, int prot)
{
	return mprotect(page_at(page), n * PAGE, prot) ? errno : 0;
}

static int
protect_edge(void)
{
	return protect(508, 8, PROT_READ);
}

static int
protect_most(void)
{
	return protect(3, HOLE - 3, PROT_NONE);
}

static int
protect_border(void)
{
	return protect(BORDER + 8, 16, PROT_READ);
}

/* ---- mremap */

static int
remap(int page, int n, int new_n, int flags, int to)
{
	long word = *word_at(page);
	char *p =
	    mremap(page_at(page), n * PAGE, new_n * PAGE, flags, page_at(to));

	if (p == MAP_FAILED)
		return errno;
	return *(volatile long *)p == word ? 0 : -1;
}

static int
remap_grow(void)
{
	return remap(FILE_SHARED, 8, 12, 0, 0);
}

static int
remap_grow_away(void)
{
	return remap(510, 4, 600, MREMAP_MAYMOVE, 0);
}

static int
remap_move(void)
{
	return remap(509, 6, 6, MREMAP_MAYMOVE | MREMAP_FIXED, NOWHERE_YET + 5);
}

static int
remap_onto(void)
{
	return remap(509, 6, 6, MREMAP_MAYMOVE | MREMAP_FIXED, BORDER + 13);
}

/* Where a whole table and more is replaced. */
static int
remap_onto_tables(void)
{
	return remap(BORDER, 32, 1100, MREMAP_MAYMOVE | MREMAP_FIXED, 0);
}

static int
remap_shrink(void)
{
	return remap(0, 1024, 511, 0, 0);
}

static int
remap_shrink_onto(void)
{
	return remap(509, 515, 3, MREMAP_MAYMOVE | MREMAP_FIXED, BORDER + 15);
}

static int
remap_leave(void)
{
	return remap(509, 6, 6, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
}

static int
remap_double(void)
{
	return remap(SHARED, 0, 8, MREMAP_MAYMOVE, 0);
}

/* ---- madvise and others */

static int
advise(int page, int n, int advice)
{
	return madvise(page_at(page), n * PAGE, advice) ? errno : 0;
}

static int
drop_edge(void)
{
	int err = advise(508, 8, MADV_DONTNEED);

	return err == 0 ? reads(511, 0) : err;
}

static int
drop_kinds(void)
{
	int err = advise(1, HOLE - 1, MADV_DONTNEED);

	return err == 0 ? reads(511, 0) : err;
}

static int
advise_fork(void)
{
	return advise(508, 8, MADV_DONTFORK);
}

static int
populate_write(void)
{
	return advise(500, 40, MADV_POPULATE_WRITE);
}

static int
populate_read(void)
{
	return advise(500, 40, MADV_POPULATE_READ);
}

static int
lock(void)
{
	return mlock(page_at(500), 40 * PAGE) ? errno : 0;
}

static int
fork_once(void)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	int status;

	if (pid == 0)
		_exit(7);
	if (pid < 0)
		return errno;
	if (syscall(SYS_wait4, pid, &status, 0, NULL) != pid)
		return -1;
	return status == 7 << 8 ? 0 : -1;
}

static void
wipe_some(void)
{
	must(advise(508, 8, MADV_WIPEONFORK));
	must(advise(BORDER + 8, 16, MADV_WIPEONFORK));
}

static void
withhold_some(void)
{
	must(advise(508, 8, MADV_DONTFORK));
	must(advise(BORDER + 8, 16, MADV_DONTFORK));
}

static void *
wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void
start_threads(void)
{
	pthread_t t;

	for (int i = 0; i < 3; i++)
		ensure(pthread_create(&t, NULL, wait_for_ever, NULL) == 0);
}

static int
grow_break(void)
{
	char *now = sbrk(0);

	/* brk's answer is where the break is, moved or not. */
	return (char *)syscall(SYS_brk, now + SPAN) == now + SPAN ? 0 : ENOMEM;
}

static int
shrink_break(void)
{
	char *now = sbrk(0);

	return (char *)syscall(SYS_brk, now - 600 * PAGE) == now - 600 * PAGE
	    ? 0
	    : ENOMEM;
}

static void
grow_heap(void)
{
	char *at = sbrk(700 * PAGE);

	ensure(at != (void *)-1);
	for (int i = 0; i < 700; i += 50)
		at[i * PAGE] = 1;
}

/* ------------------------------------------------ all of them */

static const struct act {
	const char *name;
	int (*try)(void);
	void (*prepare)(void);
} acts[] = {
    {"reading a page", read_held, NULL},
    {"reading a fresh page", read_fresh, NULL},
    {"reading at a border of tables", read_fresh_tables, NULL},
    {"writing a page", write_held, NULL},
    {"writing a fresh page", write_fresh, NULL},
    {"writing a page of zeroes", write_zero_page, NULL},
    {"writing at a border of tables", write_border, NULL},
    {"writing where tables are missing", write_no_tables, NULL},
    {"reading a file's page", read_file, NULL},
    {"writing a file's page, private", write_file_private, NULL},
    {"writing a file's page, shared", write_file_shared, NULL},
    {"writing a shared page", write_shared, NULL},
    {"a stack that grows", grow_stack, NULL},
    {"read into pages", kernel_held, NULL},
    {"read into fresh pages", kernel_fresh, NULL},
    {"read into a file's pages", kernel_file, NULL},
    {"wait4's status", kernel_status, NULL},
    {"mmap over an edge of tables", map_edge, NULL},
    {"mmap over one page", map_one, NULL},
    {"mmap over a gibibyte's border", map_border, NULL},
    {"mmap over whole tables", map_tables, NULL},
    {"mmap over most of it", map_most, NULL},
    {"mmap of a file", map_file, NULL},
    {"munmap over an edge", unmap_edge, NULL},
    {"munmap over a gibibyte's border", unmap_border, NULL},
    {"munmap of many kinds", unmap_kinds, NULL},
    {"munmap of most of it", unmap_most, NULL},
    {"mprotect over an edge", protect_edge, NULL},
    {"mprotect of many kinds", protect_most, NULL},
    {"mprotect over a gibibyte's border", protect_border, NULL},
    {"mremap, growing", remap_grow, NULL},
    {"mremap, growing elsewhere", remap_grow_away, NULL},
    {"mremap to a place", remap_move, NULL},
    {"mremap onto others", remap_onto, NULL},
    {"mremap onto whole tables", remap_onto_tables, NULL},
    {"mremap, shrinking", remap_shrink, NULL},
    {"mremap, shrinking onto others", remap_shrink_onto, NULL},
    {"mremap that leaves the place", remap_leave, NULL},
    {"mremap that doubles", remap_double, NULL},
    {"MADV_DONTNEED", drop_edge, NULL},
    {"MADV_DONTNEED of many kinds", drop_kinds, NULL},
    {"MADV_DONTFORK", advise_fork, NULL},
    {"MADV_POPULATE_WRITE", populate_write, NULL},
    {"MADV_POPULATE_READ", populate_read, NULL},
    {"mlock", lock, NULL},
    {"fork", fork_once, NULL},
    {"fork with MADV_WIPEONFORK", fork_once, wipe_some},
    {"fork with MADV_DONTFORK", fork_once, withhold_some},
    {"fork beside threads", fork_once, start_threads},
    {"the break, up", grow_break, NULL},
    {"the break, down", shrink_break, grow_heap},
};

/*
 * What the test itself needs shall be there before anything fails: some stack,
 * and all of the program's code, whose pages count as resident too.
 */
static void
touch_own(void)
{
	extern char __executable_start[], etext[];
	uintptr_t start = (uintptr_t)__executable_start & -PAGE;
	volatile char deep[32 << 10];

	for (size_t i = 0; i < sizeof(deep); i += 512)
		deep[i] = 1;
	must(madvise(
	    (void *)start, (uintptr_t)etext - start, MADV_POPULATE_READ));
}

static long tables_before;

/* One that is refused leaves none of the tables that it made for a place. */
static bool
is_move(const struct act *a)
{
	return a->try == remap_grow_away || a->try == remap_leave;
}

static int
verdict(const struct act *a, int err, long n)
{
	int v = fail_verdict(err < 0 ? 0 : err, n);

	if (err < 0)
		return WRONG;
	if (v != REFUSED)
		return v;
	/* What a fault filled is no change that anybody can see. */
	if (!unchanged(a->name, n))
		return CHANGED;
	if (is_move(a) && fail_tables() != tables_before) {
		note("%s, allocation %ld: %ld tables, were %ld", a->name, n,
		    fail_tables(), tables_before);
		return CHANGED;
	}
	return v;
}

static int
one_act(const void *arg, long n, bool and_after)
{
	const struct act *a = arg;
	pid_t pid = must(fork());
	int err;

	if (pid > 0)
		return wait_status(pid);
	touch_own();
	if (a->prepare != NULL)
		a->prepare();
	tables_before = is_move(a) ? fail_tables() : 0;
	/* Twice: where the first look is kept is memory of ours as well. */
	look(&after);
	look(&before);
	before.resident = resident_pages();
	fail_after(n, and_after);
	err = a->try();
	_exit(verdict(a, err, n));
}

/* The end of a process needs no memory. */
static void
test_exit(bool and_after)
{
	int good = 0;

	for (int n = 1; n <= 8; n++) {
		pid_t pid = must(fork());

		if (pid == 0) {
			fail_after(n, and_after);
			syscall(SYS_exit_group, 33);
		}
		good += wait_status(pid) == 33 << 8;
	}
	is(good, 8, "exit fails for want of nothing");
}

static void
all_acts(bool and_after)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		fail_all_tries(acts[i].name, and_after, one_act, &acts[i]);
	test_exit(and_after);
}

static void
make_pipe(void)
{
	int fd[2];

	must(pipe(fd));
	pipe_r = fd[0];
	pipe_w = fd[1];
}

/* The pipe always holds more than a try takes. */
static void
fill_pipe(void)
{
	while (write(pipe_w, "eeeeeeee", 8) == 8)
		;
}

TEST_NEEDS(calf_fail_mm, 8)
{
	pid_t filler;
	long used;

	if (fail_after(0, false) < 0) {
		skip("only the debug build fails on purpose");
		return;
	}
	make_pipe();
	filler = spawn(fill_pipe);
	make_area();
	touch_own();
	all_acts(true);
	/* All that is kept for the next time has been made by now. */
	used = fail_frames_used();
	all_acts(false);
	ok(labs(fail_frames_used() - used) < 8, "and nothing is lost: %ld, %ld",
	    used, fail_frames_used());
	kill(filler, SIGKILL);
	wait_status(filler);
	fail_audit();
}

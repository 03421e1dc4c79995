/*
 * A storm of forks: eight threads of one process fork, and their children fork,
 * start threads, run programs, are stopped and killed, while all of them write
 * to memory that they share by the tree and the parent's threads map, move and
 * drop parts of it.  Every child must see what its maker had at the fork, and
 * nobody may see what others have written since.  In the end the books must be
 * right, and memory as it was before.
 *
 * A thousand forks and more, as a test.  By hand, as many as one likes:
 *
 *	./calf exec --smp 8 --timeout 7200 -- /tests/guest @storm_of 100000
 */
#include "mem.h"
#include "thread.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

enum {
	WORKERS = 8,
	TABLES = 6,          /* level-0 tables that the common memory takes */
	COMMON = 8 * TABLES, /* its pages, eight to a table */
	PART = 64,           /* pages that a worker maps and moves */
	SHORT = 1500,        /* forks of the short form, */
	SHORT_S = 8,         /* or as many as there is time for */
	WARM_UP = 400,       /* forks before memory is measured */
	SPINS = 16,          /* at most, before a child is killed */
	HELPER_STATUS = 42,
};

/* Who prints what we say may touch a page or two for the first time. */
#define SLACK_ANON 3
/* Small objects leave a page of each size in use here and there. */
#define SLACK_SMALL 64
/*
 * Stacks are kept for the next threads: 64 at most, and the tables that map
 * them.
 */
#define SLACK_KERNEL 280

#define TABLE_SPAN (512 * PAGE)

struct worker {
	int id;
	uint64_t random;
	long value[COMMON]; /* what it wrote last to its column */
	char *part, *spare; /* its own pages, and where they may move */
	long held[PART];    /* what these hold */
	long bad;
};

/* Every worker has a word in each page: its column. */
static char *common;
static long *forks; /* shared by all processes */
static long wanted;
static time_t limit_s; /* when to end though fewer were made; 0: never */

/* ------------------------------------------------ helpers */

static unsigned
draw(struct worker *w, unsigned below)
{
	w->random = w->random * 6364136223846793005u + 1442695040888963407u;
	return (w->random >> 33) % below;
}

static volatile long *
word_at(int page, int column)
{
	size_t at = page / 8 * TABLE_SPAN + page % 8 * 37 * PAGE;

	return (volatile long *)(common + at) + column;
}

static time_t
now_s(void)
{
	struct timespec t;

	must(clock_gettime(CLOCK_MONOTONIC, &t));
	return t.tv_sec;
}

static pid_t
counted_fork(void)
{
	pid_t pid = must(fork());

	if (pid == 0)
		__atomic_add_fetch(forks, 1, __ATOMIC_RELAXED);
	return pid;
}

/* ------------------------------------------------ what is written and seen */

static void
write_column(struct worker *w)
{
	for (int n = 0; n < 6; n++) {
		int page = draw(w, COMMON);

		w->value[page] = (long)(w->random >> 1);
		*word_at(page, w->id) = w->value[page];
	}
}

/* How much of its column, and of its part, is not what it should be. */
static long
wrong_words(struct worker *w)
{
	long wrong = 0;

	for (int page = 0; page < COMMON; page++)
		wrong += *word_at(page, w->id) != w->value[page];
	for (int page = 0; page < PART; page++)
		wrong +=
		    *(volatile long *)(w->part + page * PAGE) != w->held[page];
	return wrong;
}

/* A child writes to everybody's words, as nobody else may notice. */
static long
scribble(struct worker *w)
{
	for (int n = 0; n < 4; n++)
		for (int page = draw(w, COMMON), c = 0; c < WORKERS; c++)
			*word_at(page, c) = -1;
	for (int page = 0; page < COMMON; page++)
		w->value[page] = *word_at(page, w->id);
	write_column(w);
	return wrong_words(w);
}

static long
child_work(struct worker *w)
{
	return wrong_words(w) + scribble(w);
}

/* ------------------------------------------------ the worker's own part */

static void
reserve(char *at)
{
	must(mmap(at, PART * PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0));
}

static void
replace(struct worker *w, int page, int n)
{
	must(
	    mmap(w->part + page * PAGE, n * PAGE, RW, ANON | MAP_FIXED, -1, 0));
	memset(&w->held[page], 0, n * sizeof(w->held[0]));
}

static void
move_part(struct worker *w)
{
	char *from = w->part;

	must(mremap(from, PART * PAGE, PART * PAGE,
	    MREMAP_MAYMOVE | MREMAP_FIXED, w->spare));
	reserve(from);
	w->part = w->spare;
	w->spare = from;
}

static void
change_part(struct worker *w)
{
	int page = draw(w, PART), n = draw(w, PART - page) + 1;
	char *at = w->part + page * PAGE;

	switch (draw(w, 5)) {
	case 0:
		replace(w, page, n);
		break;
	case 1:
		must(madvise(at, n * PAGE, MADV_DONTNEED));
		memset(&w->held[page], 0, n * sizeof(w->held[0]));
		break;
	case 2:
		move_part(w);
		break;
	case 3:
		must(munmap(at, n * PAGE));
		replace(w, page, n);
		break;
	default:
		must(mprotect(at, n * PAGE, PROT_READ));
		must(mprotect(at, n * PAGE, RW));
	}
	for (int i = 0; i < 4; i++) {
		page = draw(w, PART);
		w->held[page] = page + 1;
		*(volatile long *)(w->part + page * PAGE) = page + 1;
	}
}

/* ------------------------------------------------ rounds: one storm each */

/* Each gives the number of things that went wrong. */

static long
ended(pid_t pid, int status)
{
	return wait_status(pid) != status;
}

static long
round_writes(struct worker *w)
{
	pid_t pid = counted_fork();

	if (pid == 0)
		_exit(child_work(w) ? 1 : 0);
	write_column(w);
	return ended(pid, 0);
}

static long
round_changes(struct worker *w)
{
	pid_t pid = counted_fork();

	if (pid == 0) {
		long bad = wrong_words(w);

		change_part(w);
		_exit(bad + wrong_words(w) ? 1 : 0);
	}
	change_part(w);
	return ended(pid, 0);
}

/* Each generation has what it wrote, whatever the next one writes. */
static long
nested(struct worker *w, int depth)
{
	long bad = child_work(w);
	pid_t pid;

	if (depth == 0)
		return bad;
	pid = counted_fork();
	if (pid == 0)
		_exit(nested(w, depth - 1) ? 1 : 0);
	write_column(w);
	return bad + ended(pid, 0) + wrong_words(w);
}

static long
round_nested(struct worker *w)
{
	pid_t pid = counted_fork();

	if (pid == 0)
		_exit(nested(w, 3) ? 1 : 0);
	write_column(w);
	return ended(pid, 0);
}

HELPER(storm_child)
{
	return HELPER_STATUS;
}

static long
round_exec(struct worker *w)
{
	char *argv[] = {"x", "@storm_child", NULL}, *envp[] = {NULL};
	pid_t pid = counted_fork();

	if (pid == 0) {
		scribble(w);
		execve("/proc/self/exe", argv, envp);
		_exit(1);
	}
	write_column(w);
	return ended(pid, HELPER_STATUS << 8);
}

static void
scribble_always(struct worker *w)
{
	for (;;) {
		scribble(w);
		sched_yield();
	}
}

static long
round_kill(struct worker *w)
{
	int spins = draw(w, SPINS);
	pid_t pid = counted_fork();

	if (pid == 0)
		scribble_always(w);
	for (int i = 0; i < spins; i++)
		sched_yield();
	write_column(w);
	kill(pid, SIGKILL);
	return ended(pid, SIGKILL);
}

static long
round_stop(struct worker *w)
{
	pid_t pid = counted_fork();
	int status = 0;
	long bad = 0;

	if (pid == 0)
		scribble_always(w);
	kill(pid, SIGSTOP);
	bad += waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status);
	write_column(w);
	kill(pid, SIGCONT);
	bad +=
	    waitpid(pid, &status, WCONTINUED) != pid || !WIFCONTINUED(status);
	kill(pid, SIGKILL);
	return bad + ended(pid, SIGKILL);
}

/* A child's thread: writes to a column of its own, and forks. */
static void *
child_thread(void *arg)
{
	struct worker mine = *(struct worker *)arg;
	long bad = 0;
	pid_t pid;

	for (int page = 0; page < COMMON; page++)
		mine.value[page] = *word_at(page, mine.id);
	write_column(&mine);
	pid = counted_fork();
	if (pid == 0)
		_exit(wrong_words(&mine) ? 1 : 0);
	write_column(&mine);
	bad += ended(pid, 0) + wrong_words(&mine);
	return (void *)bad;
}

static long
round_threads(struct worker *w)
{
	struct worker other[2] = {*w, *w};
	pthread_t t[2];
	pid_t pid = counted_fork();
	long bad;

	if (pid > 0) {
		write_column(w);
		return ended(pid, 0);
	}
	bad = wrong_words(w);
	for (int i = 0; i < 2; i++) {
		other[i].id = (w->id + 1 + i) % WORKERS;
		t[i] = thread_start(child_thread, &other[i]);
	}
	write_column(w);
	for (int i = 0; i < 2; i++)
		bad += thread_join(t[i]);
	_exit(bad + wrong_words(w) ? 1 : 0);
}

/* Killed, with all its threads, whatever they are doing by then. */
static long
round_kill_threads(struct worker *w)
{
	int spins = draw(w, SPINS);
	pid_t pid = counted_fork();

	if (pid == 0) {
		struct worker other = *w;

		other.id = (w->id + 1) % WORKERS;
		thread_start(child_thread, &other);
		scribble_always(w);
	}
	for (int i = 0; i < spins; i++)
		sched_yield();
	kill(pid, SIGKILL);
	return ended(pid, SIGKILL);
}

/* The child's child is left to whoever takes it. */
static long
round_orphan(struct worker *w)
{
	pid_t pid = counted_fork();

	if (pid == 0) {
		if (counted_fork() == 0)
			_exit(child_work(w) ? 1 : 0);
		_exit(child_work(w) ? 1 : 0);
	}
	write_column(w);
	return ended(pid, 0);
}

static long (*const rounds[])(struct worker *w) = {
    round_writes,
    round_changes,
    round_nested,
    round_exec,
    round_kill,
    round_stop,
    round_threads,
    round_kill_threads,
    round_orphan,
};

/* ------------------------------------------------ the storm */

static void *
work(void *arg)
{
	struct worker *w = arg;
	const unsigned nr_rounds = sizeof(rounds) / sizeof(*rounds);

	while (__atomic_load_n(forks, __ATOMIC_RELAXED) < wanted &&
	    (limit_s == 0 || now_s() < limit_s)) {
		unsigned kind = draw(w, nr_rounds);
		long bad = rounds[kind](w) + wrong_words(w);

		if (bad != 0 && w->bad == 0)
			note(
			    "worker %d, round %u: %ld wrong", w->id, kind, bad);
		w->bad += bad;
	}
	return (void *)w->bad;
}

static struct worker workers[WORKERS];

/* The process that forks, a child of the one that measures. */
static void
storm(void)
{
	pthread_t t[WORKERS];
	long bad = 0;

	common = must(mmap(NULL, TABLES * TABLE_SPAN, RW, ANON, -1, 0));
	for (int i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];

		w->id = i;
		w->random = i + 1;
		w->part = anon(2 * PART);
		w->spare = w->part + PART * PAGE;
		reserve(w->spare);
	}
	for (int i = 0; i < WORKERS; i++)
		t[i] = thread_start(work, &workers[i]);
	for (int i = 0; i < WORKERS; i++)
		bad += thread_join(t[i]);
	_exit(bad ? 1 : 0);
}

/* Orphans come to us. */
static long
run_storm(long count)
{
	long bad = 1;
	pid_t pid, ended;
	int status;

	*forks = 0;
	wanted = count;
	pid = must(fork());
	if (pid == 0)
		storm();
	while ((ended = wait(&status)) > 0)
		if (ended == pid)
			bad = status;
	return bad;
}

/* ------------------------------------------------ memory, before and after */

struct frames {
	long kernel, small, tables, anon;
};

static long
value_of(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	ensure(at != NULL);
	return strtol(at + strlen(name), NULL, 10);
}

static struct frames
frames_now(void)
{
	char text[1024];
	int fd = must(open("/proc/calf/frames", O_RDONLY));
	ssize_t n = must(read(fd, text, sizeof(text) - 1));

	close(fd);
	text[n] = '\0';
	return (struct frames){
	    .kernel = value_of(text, "\nkernel "),
	    .small = value_of(text, "\nsmall_objects "),
	    .tables = value_of(text, "\ntables "),
	    .anon = value_of(text, "\nanonymous "),
	};
}

/* Our own stack shall not grow between the two looks. */
static void
touch_stack(void)
{
	volatile char deep[64 << 10];

	for (size_t i = 0; i < sizeof(deep); i += 512)
		deep[i] = 1;
}

static void
compare(struct frames a, struct frames b)
{
	note("kernel %ld %ld, small objects %ld %ld, tables %ld %ld, "
	     "anonymous %ld %ld",
	    a.kernel, b.kernel, a.small, b.small, a.tables, b.tables, a.anon,
	    b.anon);
	is(b.tables, a.tables, "as many tables as before");
	ok(labs(b.anon - a.anon) < SLACK_ANON, "as many pages as before");
	ok(b.small < a.small + SLACK_SMALL, "small objects but for a few");
	ok(b.kernel < a.kernel + SLACK_KERNEL,
	    "the kernel's own, but for the stacks that it keeps");
}

static void
audit(void)
{
	char text[256] = "";
	int fd = must(open("/proc/calf/audit", O_RDONLY));

	must(read(fd, text, sizeof(text) - 1));
	close(fd);
	ok(!strncmp(text, "ok\n", 3), "the books are right: %.*s",
	    (int)strcspn(text, "\n"), text);
}

static void
whole_storm(long count, time_t seconds)
{
	struct frames before;
	time_t begun;

	must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	forks = (long *)shared(1);
	touch_stack();
	is(run_storm(WARM_UP), 0, "a first storm");
	before = frames_now();
	begun = now_s();
	limit_s = seconds != 0 ? begun + seconds : 0;
	is(run_storm(count), 0, "a storm of forks");
	note("%ld forks in %ld s", *forks, (long)(now_s() - begun));
	ok(*forks >= count || seconds != 0, "as many as were asked for");
	compare(before, frames_now());
	audit();
}

HELPER(storm_of)
{
	if (argc != 3)
		return 2;
	whole_storm(atol(argv[2]), 0);
	return 0;
}

TEST(calf_storm)
{
	whole_storm(SHORT, SHORT_S);
}

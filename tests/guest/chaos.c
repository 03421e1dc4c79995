/*
 * A family of processes that do what is drawn with all that hangs together
 * across processes: terminals and sessions, signals, threads, sockets that
 * carry descriptors, what waits for others, mounts, and /proc.
 *
 *	/tests/guest @chaos_of SECONDS SEED
 *
 * Nothing is expected of any one call.  What must be: the kernel lives, all of
 * the family can be ended and reaped, and on calf memory then holds what it
 * held before, and the audit finds the books in order.  The time is cut into
 * rounds, and this is judged after each.
 *
 * The family is told by descent: a round's first process is the reaper of its
 * orphans, so that all are its children in the end.  It does nothing to others:
 * it kills only those whose numbers it has written down, each first member has
 * a session of its own, names and mounts are in a folder of their own, and
 * nobody has a descriptor that leads out of there.
 *
 * All draws of a process are its own stream's, and the first of each stream is
 * drawn by who began the process or thread.  So a seed repeats what each one
 * tries to do, but not who is faster.
 *
 * The deeds are in chaos_*.c, a table each.
 */
#include "chaos.h"

#include <dirent.h>
#include <ftw.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#define WORKERS       12  /* first members at a time */
#define DEEDS         200 /* of one life */
#define FD_DRAWS      5   /* until a descriptor of a kind is not found */
#define MOST_DEEDS    128 /* in all tables */
#define LIFE_MS       300 /* of a first member, which may wait for ever */
#define LONG_ROUND_MS 3000
#define SHORT_ROUNDS  4     /* that a short run is cut into */
#define PATIENCE_MS   60000 /* for all to end: a debug kernel on a busy host */
#define TICK_NS       20000000
#define REAPER_NICE   -10 /* it shall not wait for those that it ends */
#define FOLDER        "/tmp/chaos.dir"
#define FILE_BYTES    (256 << 10) /* that a file may grow to */
#define DESCRIPTORS   64

static const struct chaos_deed *const tables[] = {chaos_tty_deeds,
    chaos_proc_deeds, chaos_file_deeds, chaos_wait_deeds, chaos_look_deeds};

static struct chaos_deed deeds[MOST_DEEDS];
static unsigned nr_deeds, often_in_all;

static struct {
	_Atomic pid_t family[CHAOS_FAMILY];
	atomic_long tried[MOST_DEEDS];
	atomic_long done[MOST_DEEDS];
} * shared;

static pid_t parent;
static int depth_here;
static int fds[CHAOS_FDS];
static enum chaos_kind kinds[CHAOS_FDS];
static __thread unsigned long state;
static __thread unsigned deed_here;
static bool all_good = true;

/* ------------------------------------------------ what deeds are given */

/* The next number of a stream (splitmix64). */
static unsigned long
next(void)
{
	unsigned long z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned
chaos_draw(unsigned below)
{
	return next() % below;
}

unsigned long
chaos_fork_stream(void)
{
	return next();
}

void
chaos_start_stream(unsigned long from)
{
	state = from;
}

pid_t
chaos_parent(void)
{
	return parent;
}

pid_t
chaos_relative(void)
{
	return shared->family[chaos_draw(CHAOS_FAMILY)];
}

pid_t
chaos_number(void)
{
	pid_t pid = chaos_relative();

	switch (chaos_draw(4)) {
	case 0:
		return chaos_draw(400);
	case 1:
		return pid + chaos_draw(8);
	default:
		return pid;
	}
}

void
chaos_adopt(pid_t pid)
{
	shared->family[chaos_draw(CHAOS_FAMILY)] = pid;
}

int
chaos_depth(void)
{
	return depth_here;
}

int
chaos_fd(void)
{
	return fds[chaos_draw(CHAOS_FDS)];
}

int
chaos_fd_of(enum chaos_kind kind)
{
	unsigned at = 0;

	for (int i = 0; i < FD_DRAWS; i++) {
		at = chaos_draw(CHAOS_FDS);
		if (fds[at] >= 0 && kinds[at] == kind)
			break;
	}
	return fds[at];
}

bool
chaos_keep(enum chaos_kind kind, int fd)
{
	unsigned at = chaos_draw(CHAOS_FDS);
	int old = fds[at];

	if (fd < 0)
		return false;
	fds[at] = fd;
	kinds[at] = kind;
	if (old >= 0)
		close(old);
	return fd >= 0;
}

bool
chaos_close(void)
{
	unsigned at = chaos_draw(CHAOS_FDS);
	int old = fds[at];

	fds[at] = -1;
	return close(old) == 0;
}

char *
chaos_bytes(void)
{
	static __thread char bytes[CHAOS_BYTES];

	return bytes;
}

/* ------------------------------------------------ lives */

static void
gather_deeds(void)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		for (const struct chaos_deed *d = tables[i]; d->name; d++) {
			ensure(nr_deeds < MOST_DEEDS);
			deeds[nr_deeds++] = *d;
			often_in_all += d->often;
		}
}

static unsigned
choose_deed(void)
{
	unsigned at = chaos_draw(often_in_all), i = 0;

	while (at >= deeds[i].often)
		at -= deeds[i++].often;
	return i;
}

void
chaos_succeed(void)
{
	shared->done[deed_here]++;
}

void
chaos_live(unsigned count)
{
	while (count-- > 0) {
		deed_here = choose_deed();
		shared->tried[deed_here]++;
		if (deeds[deed_here].act())
			chaos_succeed();
	}
}

void
chaos_be_child(unsigned long stream, int depth)
{
	chaos_start_stream(stream);
	depth_here = depth;
	alarm(1 + chaos_draw(4));
	chaos_live(DEEDS);
	_exit(0);
}

static void
limit(int what, rlim_t n)
{
	struct rlimit r = {n, n};

	must(setrlimit(what, &r));
}

/* A first member: apart from whoever else there is. */
static void
be_worker(unsigned long stream)
{
	int null = must(open("/dev/null", O_RDWR));
	sigset_t none;

	must(setsid());
	must(setpriority(PRIO_PROCESS, 0, 0));
	for (int fd = 0; fd < 3; fd++)
		must(dup2(null, fd));
	closefrom(3);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, FILE_BYTES);
	limit(RLIMIT_NOFILE, DESCRIPTORS);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		signal(sig, sig == SIGXFSZ ? SIG_IGN : SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; i < CHAOS_FDS; i++)
		fds[i] = -1;
	chaos_be_child(stream, 0);
}

/* ------------------------------------------------ one round */

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until a child ends, but not for long. */
static void
wait_a_tick(void)
{
	struct timespec tick = {0, TICK_NS};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &tick);
}

struct worker {
	pid_t pid;
	long since_ms;
};

static void
reap_workers(struct worker *workers)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < WORKERS; i++)
			if (workers[i].pid == pid)
				workers[i].pid = 0;
}

static void
start_worker(struct worker *w)
{
	unsigned long stream = chaos_fork_stream();

	w->since_ms = now_ms();
	w->pid = must(fork());
	if (w->pid == 0)
		be_worker(stream);
	chaos_adopt(w->pid);
}

/* Starts workers, and new ones for those that end; how many. */
static long
one_round(long ms)
{
	struct worker workers[WORKERS] = {};
	long until = now_ms() + ms, started = 0;

	while (now_ms() < until) {
		for (int i = 0; i < WORKERS; i++) {
			struct worker *w = &workers[i];

			if (!w->pid) {
				start_worker(w);
				started++;
			} else if (now_ms() - w->since_ms > LIFE_MS) {
				kill(i % 2 ? w->pid : -w->pid, SIGKILL);
			}
		}
		wait_a_tick();
		reap_workers(workers);
	}
	return started;
}

/* ------------------------------------------------ the end of all */

/* A process as /proc has it: its parent, and its whole line. */
static pid_t
parent_of(const char *number, char *line, size_t size)
{
	char path[300], *end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", number);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, line, size - 1);
	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = '\0';
	end = strrchr(line, ')');
	return end && strlen(end) > 4 ? atoi(end + 4) : 0;
}

static void
each_child(void (*fn)(pid_t pid, const char *line))
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char line[512];

	ensure(dir);
	while ((entry = readdir(dir)))
		if (atoi(entry->d_name) > 0 &&
		    parent_of(entry->d_name, line, sizeof(line)) == parent)
			fn(atoi(entry->d_name), line);
	closedir(dir);
}

static void
end_child(pid_t pid, const char *line)
{
	(void)line;
	kill(pid, SIGKILL);
}

static void
tell_child(pid_t pid, const char *line)
{
	(void)pid;
	note("left: %.200s", line);
}

/* Those that are known at once, so that they don't take the time of the rest.
 */
static void
end_known(void)
{
	for (int i = 0; i < CHAOS_FAMILY; i++)
		if (shared->family[i] > 1)
			kill(shared->family[i], SIGKILL);
}

/* Whose parent has ended becomes a child of ours, so the last is one, too. */
static bool
end_family(void)
{
	long until = now_ms() + PATIENCE_MS;

	end_known();
	while (now_ms() < until) {
		pid_t pid;
		each_child(end_child);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0 && errno == ECHILD)
			return true;
		wait_a_tick();
	}
	each_child(tell_child);
	return false;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return at->level > 0 && remove(path);
}

/* The folder as it was at first: two folders to mount on. */
static void
tidy(void)
{
	static const char *const mounts[] = {"m0", "m1"};

	for (int i = 0; i < 2; i++)
		while (umount2(mounts[i], MNT_DETACH) == 0)
			;
	nftw(".", remove_one, 8, FTW_DEPTH | FTW_PHYS);
	for (int i = 0; i < 2; i++)
		must(mkdir(mounts[i], 0755));
}

/* ------------------------------------------------ what is judged */

/* Of what memory holds on calf; how much more there may be afterwards. */
static const struct {
	const char *name;
	long slack;
} held[] = {
    {"\ntables", 0}, {"\nanonymous", 0}, {"\ncached", 0},
    {"\nsmall_object_bytes", 4096}, /* in slabs that are shared */
};

#define NR_HELD ((int)(sizeof(held) / sizeof(*held)))

static const char *
read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* No process begins or ends while this counts. */
static void
count_held(long now[NR_HELD])
{
	char text[8192] = "\n";
	size_t len;

	read_text("/proc/calf/frames", text + 1, 2000);
	len = strlen(text);
	read_text("/proc/calf/stat", text + len, sizeof(text) - len);
	for (int i = 0; i < NR_HELD; i++) {
		const char *at = strstr(text, held[i].name);

		ensure(at);
		now[i] = strtol(at + strlen(held[i].name), NULL, 10);
	}
}

static bool
is_calf(void)
{
	return access("/proc/calf/frames", F_OK) == 0;
}

/* Against what was held after the first round, which all begins in. */
static void
judge_memory(int round)
{
	static long before[NR_HELD];
	long now[NR_HELD];
	char text[256];

	if (!is_calf())
		return;
	count_held(now);
	for (int i = 0; round > 0 && i < NR_HELD; i++)
		all_good &= ok(now[i] <= before[i] + held[i].slack,
		    "round %d: of %s there were %ld, are %ld", round,
		    held[i].name + 1, before[i], now[i]);
	if (round == 0)
		memcpy(before, now, sizeof(before));
	read_text("/proc/calf/audit", text, sizeof(text));
	all_good &=
	    ok(!strncmp(text, "ok\n", 3), "round %d: the books are right: %.*s",
		round, (int)strcspn(text, "\n"), text);
}

/* A deed that was never tried, or never once succeeded, proves little. */
static void
tell_deeds(void)
{
	long all = 0;

	for (unsigned i = 0; i < nr_deeds; i++) {
		all += shared->tried[i];
		if (!shared->done[i])
			note("never: %s, of %ld times", deeds[i].name,
			    (long)shared->tried[i]);
	}
	note("%ld deeds of %u kinds", all, nr_deeds);
}

static void
begin(unsigned long seed)
{
	parent = getpid();
	gather_deeds();
	chaos_start_stream(seed);
	shared = must(mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
	mkdir("/dev/pts", 0755);
	if (access("/dev/pts/ptmx", F_OK))
		must(mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=666"));
	must(mkdir(FOLDER, 0777));
	must(chdir(FOLDER));
	tidy();
}

/* The reaper of one round; what it has in memory goes with it. */
static void
be_reaper(unsigned long stream, int round, long ms)
{
	sigset_t set;
	long started;

	parent = getpid();
	chaos_start_stream(stream);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	must(setpriority(PRIO_PROCESS, 0, REAPER_NICE));
	started = one_round(ms);
	if (!ok(end_family(), "round %d: %ld began, all have ended", round,
		started))
		_exit(1);
	tidy();
	_exit(0);
}

static bool
run_round(int round, long ms)
{
	unsigned long stream = chaos_fork_stream();
	pid_t pid;

	for (int i = 0; i < CHAOS_FAMILY; i++)
		shared->family[i] = 0;
	pid = must(fork());
	if (pid == 0)
		be_reaper(stream, round, ms);
	return wait_status(pid) == 0;
}

HELPER(chaos_of)
{
	long seconds = argc == 4 ? atol(argv[2]) : 0, ms, until;

	if (seconds <= 0)
		return 2;
	ms = seconds * 1000 / SHORT_ROUNDS;
	if (ms > LONG_ROUND_MS)
		ms = LONG_ROUND_MS;
	begin(strtoul(argv[3], NULL, 0));
	until = now_ms() + seconds * 1000;
	for (int round = 0; all_good && now_ms() < until; round++) {
		all_good = run_round(round, ms);
		if (all_good)
			judge_memory(round);
	}
	tell_deeds();
	return all_good ? 0 : 1;
}

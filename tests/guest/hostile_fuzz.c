/*
 * A campaign of system calls with arguments from a bag of the hostile and the
 * plausible, the same for the same seed.  Nothing is expected of any one call:
 * the machine must live, every process of the campaign must be killable, and
 * honest work must still be possible afterwards.
 *
 *	/tests/guest @hostile_fuzz_many CALLS SEED
 *
 * runs a longer one.  Two kinds of process make the calls, in sessions of
 * their own and with small limits: a user who isn't root, and root in a root
 * folder of its own without a door to the devices, leaving out what would harm
 * all.  A call may kill its process, or never return; a child's place in the
 * campaign is kept in shared memory, and the next child goes on behind it.
 */
#include "hostile.h"

#include <sys/resource.h>
#include <sys/sysmacros.h>

#define DEFAULT_CALLS 800
#define DEFAULT_SEED  2026

/* A process that has lost its descriptors and its limits is soon of no use. */
#define CALLS_EACH 100

/*
 * A child whose call takes so long waits for ever, and is killed; one that has
 * not begun yet gets more time, for the host may be busy.
 */
#define PATIENCE_MS    100
#define START_PATIENCE 50 /* times that */

static struct {
	long at; /* the call that is made */
	long last;
	bool as_root;
} * place; /* shared with the children */

static unsigned long state;

/* ------------------------------------------------ the bag */

/* The next number of a stream that a seed fixes (splitmix64). */
static unsigned long
next(void)
{
	unsigned long z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

#define PICK(array) ((array)[next() % (sizeof(array) / sizeof(*(array)))])

static const long numbers[] = {0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 63,
    64, 65, 100, 127, 128, 255, 256, 512, 1000, 1024, 1025, 4095, 4096, 4097,
    8192, 65535, 65536, 1 << 20, INT_MAX, -1, -2, -100, INT_MIN, LONG_MIN,
    LONG_MAX, 1L << 31, 1L << 32, 1L << 40, 0x100000001, 0xffffffff};

static const unsigned long pointers[] = {0, 1, 8, 0xff8, 4096, 0x10000,
    0x3fffffff00, 0x4000000000, 0x8000000000000000, 0xffffffc000000000,
    0xffffffff80000000, 0xfffffffffffff000, ULONG_MAX};

static const int descriptors[] = {FD_FILE, FD_DIR, FD_PIPE_R, FD_PIPE_W,
    FD_ZERO, 0, 30, 31, 99, -1, AT_FDCWD};

static const char *const paths[] = {"file", "dir", "link", ".", "..", "dir/x",
    "none", "", "file/", "loop", "/dev/null", "/dev/zero", "/proc/self/maps",
    "/proc/self/status", "fifo", "a", "b", "dir/b"};

/* Calls that take no pointers, or take them only to keep. */
static const long plain[] = {SYS_clone, SYS_getpid, SYS_getppid, SYS_gettid,
    SYS_getpgid, SYS_setpgid, SYS_getsid, SYS_setsid, SYS_getuid,
    SYS_sched_yield, SYS_umask, SYS_brk, SYS_mmap, SYS_munmap, SYS_mprotect,
    SYS_mremap, SYS_madvise, SYS_msync, SYS_close, SYS_close_range, SYS_dup,
    SYS_dup3, SYS_fcntl, SYS_ioctl, SYS_lseek, SYS_fchmod, SYS_fchown,
    SYS_ftruncate, SYS_fchdir, SYS_fsync, SYS_fdatasync, SYS_set_tid_address,
    SYS_set_robust_list, SYS_tkill, SYS_kill, SYS_futex, SYS_prctl,
    SYS_riscv_flush_icache, SYS_setuid, SYS_setgid, SYS_rt_sigaction, SYS_mmap,
    SYS_mremap, SYS_madvise, SYS_clone};

static char room[HOSTILE_ROOM_BYTES] __attribute__((aligned(4096)));
#define PLACE ((void *)0x20000000) /* the same in every run */
static char *page; /* in the middle of a few that may come and go */

static long
any_argument(void)
{
	switch (next() % 8) {
	case 0:
	case 1:
		return PICK(numbers);
	case 2:
		return PICK(pointers);
	case 3:
		return PICK(descriptors);
	case 4:
		return (long)PICK(paths);
	case 5:
		return (long)page + PICK(numbers) % 8192;
	case 6:
		return (long)room + (next() & 0xff8);
	default:
		return next() >> (next() & 63);
	}
}

/* ------------------------------------------------ one call */

/* What would harm others than the campaign; arguments may be made harmless. */
static bool
too_far(long nr, long args[6])
{
	switch (nr) {
	case SYS_reboot:
	case SYS_exit:
	case SYS_exit_group:
		return true;
	case SYS_kill:
	case SYS_tkill:
		args[0] = getpid();
		return false;
	case SYS_execve: /* of what can be run, which is what tests run */
		if (args[0] == (long)room)
			args[0] = (long)"file";
		return false;
	case SYS_prlimit64:
	case SYS_sched_setaffinity:
		args[0] = 0;
		return false;
	case SYS_mount:
	case SYS_umount2:
		return place->as_root;
	default:
		return false;
	}
}

/* Fills in a call; its number. */
static long
choose(long args[6])
{
	unsigned long kind = next() % 16;

	memset(args, 0, 6 * sizeof(*args));
	if (kind < 9) { /* a good call, a little spoilt */
		const struct hostile_call *c =
		    &hostile_calls[next() % hostile_calls_count];

		hostile_good_args(c, args, room);
		for (int i = 0; i < 6; i++)
			if (next() % 4 == 0)
				args[i] = any_argument();
		return c->nr;
	}
	for (int i = 0; i < 6; i++)
		args[i] = any_argument();
	if (kind == 15 && !place->as_root)
		return next() % 512; /* known to others, or to nobody */
	return PICK(plain);
}

static void
one_call(void)
{
	long args[6], nr = choose(args);
	pid_t self = getpid();

	if (too_far(nr, args))
		return;
	syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	if (getpid() != self)
		raw(exit_group, 0); /* a child, which is not needed */
}

/* ------------------------------------------------ the campaign */

static void
limit(int what, rlim_t n)
{
	struct rlimit r = {n, n};

	must(setrlimit(what, &r));
}

static void
make_room(void)
{
	page = must(mmap(PLACE, 8 * 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	must(munmap(page + 6 * 4096, 4096));
	page += 2 * 4096;
	limit(RLIMIT_AS, 256ul << 20);
	limit(RLIMIT_FSIZE, 1 << 20);
	limit(RLIMIT_NPROC, 30);
	limit(RLIMIT_NOFILE, 128);
	limit(RLIMIT_CORE, 0);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

/* A folder with files of its own, that ".." does not lead out of. */
static void
go_to_jail(void)
{
	must(chroot("."));
	must(dup2(must(open("zero", O_RDWR)), FD_ZERO));
}

/* Makes calls from place->at on, until its own end or that of its turn. */
static void
child(unsigned long seed)
{
	int sink = must(open("sink", O_RDWR));

	setsid();
	for (int fd = 0; fd < 3; fd++)
		must(dup2(sink, fd));
	make_room();
	if (place->as_root)
		go_to_jail();
	else
		become(USER, USER);
	for (int n = 0; n < CALLS_EACH && place->at < place->last; n++) {
		state = seed + place->at * 1000003;
		place->at++;
		one_call();
	}
	_exit(0);
}

/* Waits for a child, and ends it when it stands still; whether it could. */
static bool
watch(pid_t pid)
{
	struct timespec t = {0, PATIENCE_MS * 1000000L};
	long first = place->at;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (int waits = 0;; waits++) {
		long was = place->at;

		sigtimedwait(&set, NULL, &t);
		if (waitpid(pid, NULL, WNOHANG) == pid)
			break;
		if (place->at != was ||
		    (was == first && waits < START_PATIENCE))
			continue;
		kill(pid, SIGKILL);
		if (waitpid(pid, NULL, 0) != pid)
			return false;
		break;
	}
	kill(-pid, SIGKILL); /* what it has left behind */
	return true;
}

static void
make_playground(const char *name)
{
	must(mkdir(name, 0777));
	must(chdir(name));
	must(chmod(".", 0777));
	hostile_setup();
	must(chmod("file", 0666));
	must(chmod("dir", 0777));
	must(symlink("loop", "loop"));
	must(mkfifo("fifo", 0666));
	must(mknod("zero", S_IFCHR | 0600, makedev(1, 5)));
	file_make("sink", "");
}

static void
campaign(long calls, unsigned long seed, bool as_root)
{
	sigset_t set;
	int children = 0;

	make_playground(as_root ? "root" : "user");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	place = must(mmap(NULL, sizeof(*place), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	place->last = calls;
	place->as_root = as_root;
	while (place->at < place->last) {
		pid_t pid = must(fork());

		if (pid == 0)
			child(seed);
		children++;
		ensure(watch(pid));
	}
	ok(true, "%s: %ld calls with seed %lu were made, by %d processes",
	    as_root ? "root" : "a user", calls, seed, children);
	must(chdir(".."));
}

static void
honest_work(void)
{
	int p[2];
	char c = 0, *mem = pages(1 << 20, PROT_READ | PROT_WRITE);

	memset(mem, 1, 1 << 20);
	must(pipe(p));
	must(write(p[1], "x", 1));
	must(read(p[0], &c, 1));
	ok(c == 'x', "a pipe works");
	umask(022);
	file_make("honest", "work");
	ok(file_holds("honest", "work"), "files work");
}

HELPER(hostile_fuzz_many)
{
	char dir[] = "/tmp/hostile_fuzz.dir";

	if (argc < 4)
		return 2;
	must(mkdir(dir, 0777));
	must(chdir(dir));
	campaign(atol(argv[2]), strtoul(argv[3], NULL, 0), false);
	campaign(atol(argv[2]), strtoul(argv[3], NULL, 0), true);
	honest_work();
	return 0;
}

TEST(hostile_fuzz)
{
	campaign(DEFAULT_CALLS, DEFAULT_SEED, false);
	campaign(DEFAULT_CALLS, DEFAULT_SEED, true);
	lives(honest_work, "all still works for honest people");
}

/*
 * Runs guest tests and prints one stream of TAP.
 *
 *	guest [--calf] [--skip-big] [--stop] [--timeout SECONDS] [--time]
 *	      [--disk TYPE] [NAME...]
 *	guest --list
 *
 * Every test is this program again, as `guest @run NAME`, in a session of its
 * own with its output in a pipe.  What comes out of the pipe is printed four
 * spaces to the right, its results numbered; then comes one result for the
 * test as a whole.
 *
 *	--calf       also run the tests named calf_…, which test what only calf
 *	             promises
 *	--skip-big   skip the tests that want more memory than is free
 *	--stop       end with the first test that fails
 *	--timeout    seconds until a test is thought to hang; 120 if not given
 *	--time       say how long each test took
 *	--disk       the tests' folders are on /dev/vda, mounted as that type
 *
 * The run must not hang on what a test leaves behind: when the test's own
 * process has ended, or the time is up, its process group is killed, and
 * nobody waits for more output from those who left the group.  Signal handlers
 * see to both, and nothing else here depends on signals: a kernel that has none
 * yet can run well-behaved tests.
 */
#include "tap.h"

#include <ftw.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <time.h>

extern const struct tap_test *const __start_tap_tests[];
extern const struct tap_test *const __stop_tap_tests[];
extern const struct tap_helper *const __start_tap_helpers[]
    __attribute__((weak));
extern const struct tap_helper *const __stop_tap_helpers[]
    __attribute__((weak));

#define MIB (1024ul * 1024)

/* Long enough for the slowest test on an emulator that shares its host. */
#define DEFAULT_TIMEOUT_S 120

const char *tap_self;

static struct {
	bool calf;
	bool skip_big;
	bool stop;
	bool time;
	int timeout_s;
	const char *disk;
} opts = {.timeout_s = DEFAULT_TIMEOUT_S};

/* The test that runs; what the signal handlers need. */
static volatile pid_t running;
static volatile int output;
static volatile sig_atomic_t hung;

/* One test's results so far. */
struct tally {
	int made;
	int failed;
};

static bool
starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* ------------------------------------------------ the test's side */

static const struct tap_test *
test_find(const char *name)
{
	for (size_t i = 0; &__start_tap_tests[i] < __stop_tap_tests; i++)
		if (strcmp(__start_tap_tests[i]->name, name) == 0)
			return __start_tap_tests[i];
	return NULL;
}

static const struct tap_helper *
helper_find(const char *name)
{
	for (size_t i = 0; &__start_tap_helpers[i] < __stop_tap_helpers; i++)
		if (strcmp(__start_tap_helpers[i]->name, name) == 0)
			return __start_tap_helpers[i];
	return NULL;
}

HELPER(run)
{
	const struct tap_test *t = argc == 3 ? test_find(argv[2]) : NULL;

	if (!t)
		return 2;
	t->run();
	return 0;
}

/* The state that every test starts from, whoever started the runner. */
static void
enter_test(const char *folder, int out)
{
	struct rlimit no_core = {0, 0};
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	setsid();
	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setrlimit(RLIMIT_CORE, &no_core);
	umask(022);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	closefrom(3);
	if (chdir(folder))
		tap_note("no folder %s", folder);
}

static void
become_test(const struct tap_test *t, const char *folder, int out)
{
	char *argv[] = {"guest", "@run", (char *)t->name, NULL};

	enter_test(folder, out);
	execve(tap_self, argv, environ);
	tap_note("exec of %s: %s", tap_self, strerror(errno));
	_exit(2);
}

/* ------------------------------------------------ the runner's side */

static bool
has_ended(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid == pid;
}

/* Without blocking, a read of the pipe ends when nothing is there. */
static void
end_group(int sig)
{
	int saved = errno;

	if (running > 0 && (sig == SIGALRM || has_ended(running))) {
		hung |= sig == SIGALRM;
		kill(-running, SIGKILL);
		fcntl(output, F_SETFL, O_NONBLOCK);
	}
	errno = saved;
}

static void
catch_ends(void)
{
	struct sigaction sa = {
	    .sa_handler = end_group, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL);
}

/* Prints one line of a test's output as part of its subtest. */
static void
relay_line(const char *line, struct tally *t)
{
	bool bad = starts_with(line, "not ok");

	if (bad || starts_with(line, "ok ")) {
		const char *words = line + (bad ? strlen("not ok") : 2);

		t->made++;
		t->failed += bad;
		printf("    %s %d%s\n", bad ? "not ok" : "ok", t->made, words);
	} else {
		printf("    %s%s\n", line[0] == '#' ? "" : "# ", line);
	}
}

/* Relays the whole lines of a text, and moves the rest to the front. */
static size_t
relay_lines(char *text, size_t len, struct tally *t)
{
	char *line = text, *end;

	while ((end = memchr(line, '\n', text + len - line))) {
		*end = '\0';
		relay_line(line, t);
		line = end + 1;
	}
	memmove(text, line, text + len - line);
	return text + len - line;
}

static struct tally
relay_output(void)
{
	struct tally t = {0, 0};
	char text[2 * PIPE_BUF + 1];
	size_t len = 0;
	ssize_t n;

	do {
		n = read(output, text + len, sizeof(text) - 1 - len);
		if (n > 0)
			len = relay_lines(text, len + n, &t);
		if (len == sizeof(text) - 1)
			len = 0; /* no line that anyone wants to see */
	} while (n > 0 || (n < 0 && errno == EINTR));
	text[len] = '\0';
	if (len > 0)
		relay_line(text, &t);
	close(output);
	if (t.made)
		printf("    1..%d\n", t.made);
	return t;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_DP)
		rmdir(path);
	else
		unlink(path);
	return 0;
}

static void
remove_folder(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Says what a test did wrong beside its checks; true if nothing. */
static bool
judge_end(int status, const struct tally *t)
{
	bool good = t->failed == 0;

	if (hung)
		printf("# hung: killed after %d s\n", opts.timeout_s);
	else if (WIFSIGNALED(status))
		printf("# killed by signal %d, %s\n", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (status)
		printf("# exit status %d\n", WEXITSTATUS(status));
	else if (t->made == 0)
		printf("# made no check\n");
	else if (t->failed)
		printf("# %d of %d checks failed\n", t->failed, t->made);
	return good && !hung && status == 0 && t->made > 0;
}

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/*
 * The child waits for its turn on `turn`, so that `running` is set before the
 * child can end.
 */
static pid_t
start_test(const struct tap_test *t, const char *folder)
{
	int fd[2], turn[2];
	pid_t pid;
	char c;

	if (pipe(fd) || pipe(turn) || (pid = fork()) < 0) {
		perror("guest: can't start a test");
		exit(1);
	}
	if (pid == 0) {
		if (read(turn[0], &c, 1) == 1)
			become_test(t, folder, fd[1]);
		_exit(2);
	}
	output = fd[0];
	running = pid;
	ensure(write(turn[1], "", 1) == 1);
	close(fd[1]);
	close(turn[0]);
	close(turn[1]);
	return pid;
}

static bool
run_test(int number, const struct tap_test *t)
{
	char folder[128];
	double begun = now_s();
	struct tally tally;
	bool good;
	pid_t pid;

	printf("# Subtest: %s\n", t->name);
	fflush(stdout);
	snprintf(folder, sizeof(folder), "/tmp/%s.%d", t->name, getpid());
	mkdir(folder, 0777);
	chmod(folder, 0777);
	hung = 0;
	pid = start_test(t, folder);
	alarm(opts.timeout_s);
	tally = relay_output();
	good = judge_end(wait_status(pid), &tally);
	alarm(0);
	running = 0;
	remove_folder(folder);
	if (opts.time)
		printf("# %s took %.3f s\n", t->name, now_s() - begun);
	printf("%sok %d - %s\n", good ? "" : "not ", number, t->name);
	fflush(stdout);
	return good;
}

static bool
too_big(const struct tap_test *t)
{
	struct sysinfo si;

	if (!opts.skip_big || t->needs_mib == 0 || sysinfo(&si))
		return false;
	return si.freeram * si.mem_unit < t->needs_mib * MIB;
}

/* Where the tests' folders are is on the disk, or not any more. */
static bool
use_disk(bool use)
{
	if (!opts.disk)
		return true;
	if (use ? mount("/dev/vda", "/tmp", opts.disk, 0, NULL)
		: umount("/tmp")) {
		printf("Bail out! /dev/vda on /tmp: %s\n", strerror(errno));
		return false;
	}
	return true;
}

static int
run_tests(const struct tap_test **tests, int count)
{
	int failed = 0;

	if (!use_disk(true))
		return 1;
	catch_ends();
	for (int i = 0; i < count && !(opts.stop && failed > 0); i++) {
		if (too_big(tests[i]))
			printf("ok %d - %s # SKIP needs %d MiB\n", i + 1,
			    tests[i]->name, tests[i]->needs_mib);
		else
			failed += !run_test(i + 1, tests[i]);
	}
	failed += !use_disk(false);
	printf("1..%d\n", count);
	return failed ? 1 : 0;
}

/* ------------------------------------------------ the command line */

static int
by_name(const void *a, const void *b)
{
	const struct tap_test *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int
choose_all(const struct tap_test **chosen)
{
	int n = 0;

	for (size_t i = 0; &__start_tap_tests[i] < __stop_tap_tests; i++) {
		const struct tap_test *t = __start_tap_tests[i];

		if (opts.calf || !starts_with(t->name, "calf_"))
			chosen[n++] = t;
	}
	qsort(chosen, n, sizeof(chosen[0]), by_name);
	return n;
}

static int
list_tests(void)
{
	const struct tap_test *all[__stop_tap_tests - __start_tap_tests];
	int n;

	opts.calf = true;
	n = choose_all(all);
	for (int i = 0; i < n; i++)
		printf("%s\n", all[i]->name);
	return 0;
}

static int
usage(const char *what, const char *word)
{
	fprintf(stderr, "guest: %s '%s'\n", what, word);
	return 2;
}

/* Reads one option; 1 or 2 words used, or 0 if it is none. */
static int
take_option(char **argv)
{
	if (strcmp(argv[0], "--calf") == 0)
		opts.calf = true;
	else if (strcmp(argv[0], "--skip-big") == 0)
		opts.skip_big = true;
	else if (strcmp(argv[0], "--stop") == 0)
		opts.stop = true;
	else if (strcmp(argv[0], "--time") == 0)
		opts.time = true;
	else if (strcmp(argv[0], "--timeout") == 0 && argv[1])
		return opts.timeout_s = atoi(argv[1]), 2;
	else if (strcmp(argv[0], "--disk") == 0 && argv[1])
		return opts.disk = argv[1], 2;
	else
		return 0;
	return 1;
}

static int
run_chosen(char **names)
{
	const struct tap_test *chosen[__stop_tap_tests - __start_tap_tests];
	int used, n = 0;

	for (; *names && **names == '-'; names += used) {
		used = take_option(names);
		if (!used)
			return usage("no option", *names);
	}
	if (!*names)
		return run_tests(chosen, choose_all(chosen));
	for (; *names; names++) {
		if (n == __stop_tap_tests - __start_tap_tests)
			return usage("too many tests at", *names);
		chosen[n] = test_find(*names);
		if (!chosen[n++])
			return usage("no test", *names);
	}
	return run_tests(chosen, n);
}

static const char *
find_self(const char *argv0)
{
	char *path = strchr(argv0, '/') ? realpath(argv0, NULL) : NULL;

	return path ? path : "/tests/guest";
}

int
main(int argc, char **argv)
{
	const char *name = getenv("TAP_HELPER");

	if (argc > 1 && argv[1][0] == '@')
		name = argv[1] + 1;
	if (name) {
		const struct tap_helper *h = helper_find(name);

		tap_self = getenv("TAP_SELF");
		return h ? h->main(argc, argv) : usage("no helper", name);
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	tap_self = find_self(argv[0]);
	setenv("TAP_SELF", tap_self, 1);
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list_tests();
	return run_chosen(argv + 1);
}

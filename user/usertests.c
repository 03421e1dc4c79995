/*
 * usertests: tests of what a kernel promises to programs, and of what it must
 * bear from them, in the manner of the classic teaching exercise.
 *
 * Nothing here knows how calf works inside: but for the audit at the end, and a
 * few tests that are left out elsewhere, this is an ordinary program, which
 * Linux passes as well.
 *
 * Each test runs in a process group and a folder of its own.  We are the parent
 * of what loses its own (PR_SET_CHILD_SUBREAPER), so that a test that fails or
 * hangs is ended with everything that it started, wherever that went.
 */
#include "usertests/usertests.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "usertests/told.h"

/* No test takes a tenth of it, even where the machine is an emulated one. */
static unsigned int limit_seconds = 120;
/* What is killed is gone by then. */
#define END_SECONDS 20

#define FOLDER "test" /* where a test runs, below ours */

static const struct test *const areas[] = {
    pointer_tests,
    memory_tests,
    heap_tests,
    file_tests,
    name_tests,
    race_tests,
    pipe_tests,
    proc_tests,
    kill_tests,
    exec_tests,
};

static const int ends[] = {SIGHUP, SIGINT, SIGTERM};

static bool quick, forever;
static char folder[32];
static volatile pid_t group;
static volatile sig_atomic_t hangs;
static volatile sig_atomic_t ended_by;

static void
on_alarm(int sig)
{
	(void)sig;
	hangs = 1;
	kill(-group, SIGKILL);
}

/* ^C and its like are for the test as well; then we tidy up. */
static void
on_end(int sig)
{
	ended_by = sig;
	if (group > 0)
		kill(-group, SIGKILL);
}

/* ---- what a test leaves ---------------------------------------------------
 */

/* Kills every process whose parent we are. */
static void
kill_children(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char name[300];
		int pid = atoi(entry->d_name);

		snprintf(name, sizeof(name), "/proc/%s/status", entry->d_name);
		if (pid > 0 && proc_number(name, "PPid:") == getpid())
			kill(pid, SIGKILL);
	}
	if (dir != NULL)
		closedir(dir);
}

/* Whether all that a test started is gone. */
static bool
end_descendants(void)
{
	const struct timespec moment = {0, 1000000};
	time_t until = time(NULL) + END_SECONDS;

	kill(-group, SIGKILL);
	while (time(NULL) <= until) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return true;
		if (pid > 0)
			continue;
		kill_children();
		nanosleep(&moment, NULL);
	}
	return false;
}

/* Removes all that is in the working directory, however deep it is. */
static void
remove_contents(void)
{
	DIR *dir = opendir(".");
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (unlink(name) == 0)
			continue;
		chmod(name, 0700);
		if (chdir(name) == 0) {
			remove_contents();
			if (chdir(".."))
				break;
		}
		rmdir(name);
	}
	if (dir != NULL)
		closedir(dir);
}

static void
remove_folder(const char *name)
{
	if (chdir(name))
		return;
	remove_contents();
	if (chdir("..") == 0)
		rmdir(name);
}

/* ---- running them ---------------------------------------------------------
 */

static int
reap(pid_t child)
{
	int status;
	pid_t pid;

	/* Orphans are ours as well. */
	do
		pid = waitpid(-1, &status, 0);
	while (pid != child && (pid > 0 || errno == EINTR));
	return status;
}

static void
be_test(const struct test *test)
{
	setpgid(0, 0);
	signal(SIGALRM, SIG_DFL);
	for (size_t i = 0; i < NR_OF(ends); i++)
		signal(ends[i], SIG_DFL);
	if (mkdir(FOLDER, 0777) || chdir(FOLDER))
		fail("a folder to work in: %s", strerror(errno));
	test->run();
	_exit(0);
}

/* Says how the test went. */
static bool
judge(int status, bool all_gone)
{
	const char *why = told_failure();
	char text[80];

	if (why == NULL && hangs)
		snprintf(text, sizeof(text), "hangs for %u s", limit_seconds);
	else if (why == NULL && WIFSIGNALED(status))
		snprintf(
		    text, sizeof(text), "signal %d ended it", WTERMSIG(status));
	else if (why == NULL && status != 0)
		snprintf(
		    text, sizeof(text), "exit status %d", WEXITSTATUS(status));
	else if (why == NULL && !all_gone)
		snprintf(text, sizeof(text), "some of its processes stay");
	else if (why == NULL)
		text[0] = '\0';
	if (why == NULL && text[0] == '\0') {
		if (told_left_out() != NULL)
			dprintf(1, "left out, %s\n", told_left_out());
		else
			dprintf(1, "OK\n");
		return true;
	}
	dprintf(1, "FAILED\n\t%s\n", why != NULL ? why : text);
	return false;
}

static bool
run_one(const struct test *test)
{
	bool all_gone;
	pid_t child;
	int status;

	dprintf(1, "test %s: ", test->name);
	told_reset();
	hangs = 0;
	child = fork();
	if (child < 0) {
		dprintf(1, "FAILED\n\tfork: %s\n", strerror(errno));
		return false;
	}
	if (child == 0)
		be_test(test);
	setpgid(child, child);
	group = child;
	alarm(limit_seconds);
	status = reap(child);
	alarm(0);
	all_gone = end_descendants();
	group = 0;
	remove_folder(FOLDER);
	return judge(status, all_gone);
}

/* The kernel's own books, which only calf keeps where they can be seen. */
static bool
run_audit(void)
{
	char text[256] = "";
	ssize_t n;
	int fd;

	if (access("/proc/calf", F_OK))
		return true;
	fd = open("/proc/calf/audit", O_RDONLY);
	if (fd < 0 && errno == EACCES) {
		dprintf(1, "audit: left out, it takes root\n");
		return true;
	}
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		snprintf(text, sizeof(text), "%s", strerror(errno));
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, "ok") == 0) {
		dprintf(1, "audit: OK\n");
		return true;
	}
	dprintf(1, "audit: FAILED\n\t%s\n", text);
	return false;
}

static bool
run_all(void)
{
	bool good = true;

	for (size_t i = 0; i < NR_OF(areas); i++)
		for (const struct test *t = areas[i]; t->name != NULL; t++) {
			if (quick && t->slow)
				continue;
			if (!run_one(t))
				good = false;
			if (ended_by)
				return false;
		}
	return good;
}

static const struct test *
find(const char *name)
{
	for (size_t i = 0; i < NR_OF(areas); i++)
		for (const struct test *t = areas[i]; t->name != NULL; t++)
			if (strcmp(t->name, name) == 0)
				return t;
	for (const struct test *t = wrong_tests; t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

static bool
run_named(char **names)
{
	bool good = true;

	for (; *names != NULL && !ended_by; names++)
		if (!run_one(find(*names)))
			good = false;
	return good;
}

/* ---- the command line -----------------------------------------------------
 */

static void
list(void)
{
	for (size_t i = 0; i < NR_OF(areas); i++)
		for (const struct test *t = areas[i]; t->name != NULL; t++)
			printf("%s%s\n", t->name, t->slow ? " (slow)" : "");
}

static void
help(void)
{
	printf("usage: usertests [-q] [-c] [-t N] [TEST...]\n"
	       "       usertests --list | --help\n\n"
	       "Tests what the kernel promises to programs: everything, or the "
	       "tests named.\n"
	       "Exit status: 0 if all pass, 1 if some do not, 2 for a wrong "
	       "option or name.\n\n"
	       "  -q       leaves out what is slow\n"
	       "  -c       goes on and on until a test fails\n"
	       "  -t N     seconds that a test may take, 120 unless given\n"
	       "  --list   lists the tests\n");
}

/* A folder of ours, where we are or else in /tmp. */
static bool
make_folder(void)
{
	strcpy(folder, "usertests.XXXXXX");
	if (mkdtemp(folder) == NULL) {
		strcpy(folder, "usertests.XXXXXX");
		if (chdir("/tmp") || mkdtemp(folder) == NULL)
			return false;
	}
	/* Tests without rights work in it as well. */
	return chmod(folder, 0755) == 0 && chdir(folder) == 0;
}

static void
set_up(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < NR_OF(ends); i++)
		signal(ends[i], on_end);
	signal(SIGALRM, on_alarm);
	umask(022);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!told_make() || !make_folder()) {
		fprintf(
		    stderr, "usertests: cannot begin: %s\n", strerror(errno));
		exit(1);
	}
}

static int
finish(bool good)
{
	if (chdir("..") == 0)
		remove_folder(folder);
	if (ended_by) {
		signal(ended_by, SIG_DFL);
		raise(ended_by);
	}
	printf("%s\n", good ? "ALL TESTS PASSED" : "SOME TESTS FAILED");
	return good ? 0 : 1;
}

/* Whether it is a time that a test may take. */
static bool
set_limit(const char *text)
{
	char *end;
	unsigned long seconds;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return false;
	seconds = strtoul(text, &end, 10);
	limit_seconds = seconds;
	return *end == '\0' && seconds > 0 && seconds <= 86400;
}

/* Moves over the options; -1, or the exit status if that was all. */
static int
parse_options(char ***args)
{
	char **a = *args + 1;

	for (; *a != NULL && (*a)[0] == '-'; a++) {
		if (strcmp(*a, "-q") == 0) {
			quick = true;
		} else if (strcmp(*a, "-c") == 0) {
			forever = true;
		} else if (strcmp(*a, "-t") == 0 && set_limit(a[1])) {
			a++;
		} else if (strcmp(*a, "--list") == 0) {
			list();
			return 0;
		} else if (strcmp(*a, "--help") == 0) {
			help();
			return 0;
		} else {
			fprintf(stderr,
			    "usertests: wrong option '%s' (see --help)\n", *a);
			return 2;
		}
	}
	*args = a;
	return -1;
}

static bool
are_tests(char **names)
{
	for (; *names != NULL; names++)
		if (find(*names) == NULL) {
			fprintf(stderr,
			    "usertests: there is no test '%s' (see --list)\n",
			    *names);
			return false;
		}
	return true;
}

int
main(int argc, char **argv)
{
	char **names = argv;
	bool good;
	int answer;

	if (argc > 0 && strcmp(argv[0], PROBE) == 0)
		return probe_main(argv);
	answer = parse_options(&names);
	if (answer >= 0)
		return answer;
	if (!are_tests(names))
		return 2;
	set_up();
	printf("usertests starting\n");
	do
		good = *names != NULL ? run_named(names) : run_all();
	while (good && forever && !ended_by);
	return finish(run_audit() && good);
}

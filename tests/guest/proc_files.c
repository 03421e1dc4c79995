/* Files of /proc about a process's descriptors, rights and waits. */
#include "files.h"

#include <dirent.h>
#include <sched.h>

static char text[4096];

static char *
slurp(const char *path)
{
	int fd = must(open(path, O_RDONLY));
	ssize_t n = must(read(fd, text, sizeof(text) - 1));

	text[n] = '\0';
	close(fd);
	return text;
}

static void
user_caps(void)
{
	slurp("/proc/self/status");
	ok(strstr(text, "\nCapPrm:\t0000000000000000\n") != NULL, "a user");
	ok(strstr(text, "\nCapEff:\t0000000000000000\n") != NULL, "has none");
	ok(strstr(text, "\nCapBnd:\t000001ffffffffff\n") != NULL, "as yet");
}

TEST(proc_status_caps)
{
	slurp("/proc/self/status");
	ok(strstr(text, "\nCapInh:\t0000000000000000\n") != NULL, "inherited");
	ok(strstr(text, "\nCapPrm:\t000001ffffffffff\n") != NULL, "permitted");
	ok(strstr(text, "\nCapEff:\t000001ffffffffff\n") != NULL, "effective");
	ok(strstr(text, "\nCapAmb:\t0000000000000000\n") != NULL, "ambient");
	as_user(user_caps);
}

TEST(proc_fdinfo)
{
	unsigned long pos, ino;
	unsigned int flags, mount;
	char path[64];
	int fd, p[2], nr = 0;
	struct stat st;
	DIR *d;

	file_make("f", "0123456789");
	fd = must(open("f", O_RDWR | O_CLOEXEC | O_APPEND));
	must(lseek(fd, 7, SEEK_SET));
	must(fstat(fd, &st));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	is(sscanf(slurp(path),
	       "pos:\t%lu\nflags:\t%o\nmnt_id:\t%u\nino:\t%lu\n", &pos, &flags,
	       &mount, &ino),
	    4, "four lines");
	is(pos, 7, "where it stands");
	is(flags, fcntl(fd, F_GETFL) | O_CLOEXEC, "how it was opened");
	is(ino, st.st_ino, "what it is");
	must(fcntl(fd, F_SETFD, 0));
	sscanf(slurp(path), "pos:\t%lu\nflags:\t%o", &pos, &flags);
	is(flags, fcntl(fd, F_GETFL), "exec keeps it");
	must(pipe(p));
	must(write(p[1], "x", 1));
	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", p[0]);
	ok(!strncmp(slurp(path), "pos:\t0\nflags:\t00\nmnt_id:\t", 25),
	    "a pipe stands nowhere");
	close(p[0]);
	is_errno(open(path, O_RDONLY), ENOENT, "what is closed is not there");
	is_errno(open("/proc/self/fdinfo/x", O_RDONLY), ENOENT, "nor that");
	d = opendir("/proc/self/fdinfo");
	while (readdir(d))
		nr++;
	closedir(d);
	ok(nr >= 2 + 5, "they are listed");
}

static void
waits(void)
{
	pause();
}

TEST(proc_wchan)
{
	char path[64];
	pid_t pid;

	str_is(slurp("/proc/self/wchan"), "0", "who runs waits for nothing");
	pid = spawn(waits);
	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	while (!strcmp(slurp(path), "0"))
		sched_yield();
	ok(strchr(text, ' ') == NULL && strchr(text, '\n') == NULL,
	    "who waits, for something: %s", text);
	kill(pid, SIGKILL);
	wait_status(pid);
}

/* ---- /proc/PID/stat -------------------------------------------------------
 */

enum stat_column {
	START_CODE = 26,
	END_CODE = 27,
	START_STACK = 28,
	START_DATA = 45,
	ENV_END = 51,
	EXIT_CODE = 52,
};

/* One of the numbers behind the name; the name is the second. */
static unsigned long
column(pid_t pid, int nr)
{
	char path[64];
	char *at;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	at = strrchr(slurp(path), ')');
	for (i = 2; at != NULL && i < nr; i++)
		at = strchr(at + 1, ' ');
	return at != NULL ? strtoul(at, NULL, 10) : -1ul;
}

static void
places_are_shown(pid_t pid)
{
	int i;

	ok(column(pid, START_CODE) > 1, "where its code starts");
	ok(column(pid, END_CODE) > 1, "and ends");
	ok(column(pid, START_STACK) > 1, "where its stack is");
	for (i = START_DATA; i <= ENV_END; i++)
		ok(column(pid, i) > 1, "column %d", i);
}

static void
places_are_hidden(pid_t pid)
{
	int i;

	is(column(pid, START_CODE), 1, "that it has code");
	is(column(pid, END_CODE), 1, "that this has an end");
	is(column(pid, START_STACK), 0, "not where its stack is");
	for (i = START_DATA; i <= ENV_END; i++)
		is(column(pid, i), 0, "column %d", i);
	is(column(pid, EXIT_CODE), 0, "nor how it ended");
}

static pid_t waiting, ended;

static void
ends_with_3(void)
{
	_exit(3);
}

static void
user_reads_stat(void)
{
	places_are_hidden(1);
	places_are_hidden(waiting);
	places_are_shown(getpid());
	is(column(ended, START_CODE), 0, "who has ended has no code");
	is(column(ended, EXIT_CODE), 0, "how he ended is not told");
}

TEST(proc_stat_places)
{
	siginfo_t info;
	char path[64];

	waiting = spawn(waits);
	ended = spawn(ends_with_3);
	must(waitid(P_PID, ended, &info, WEXITED | WNOWAIT));
	as_user(user_reads_stat);
	places_are_shown(waiting);
	is(column(ended, START_CODE), 0, "who has ended has no code");
	is(column(ended, EXIT_CODE), 3 << 8, "how he ended");
	snprintf(path, sizeof(path), "/proc/%d/io", ended);
	ok(slurp(path)[0] == 'r', "what he read and wrote");
	kill(waiting, SIGKILL);
	wait_status(waiting);
	wait_status(ended);
}

/* ---- one's own descriptors ------------------------------------------------
 */

static int
nr_names(const char *path)
{
	DIR *d = opendir(path);
	int nr = 0;

	if (d == NULL)
		return -1;
	while (readdir(d))
		nr++;
	closedir(d);
	return nr;
}

static void
finds_own_file(const char *dir, int fd)
{
	char path[64], name[64];
	int again;

	ok(nr_names(dir) >= 2 + 4, "%s: it lists", dir);
	snprintf(path, sizeof(path), "%s/%d", dir, fd);
	ok(readlink(path, name, sizeof(name)) > 0, "reads a link");
	again = open(path, O_RDONLY);
	ok(again >= 0, "and opens it");
	close(again);
}

/* After setuid a process is not to be looked into, but by itself. */
static void
user_finds_own(void)
{
	struct stat st;
	char path[64];
	int fd = must(open("f", O_RDONLY));

	must(stat("/proc/self/fd", &st));
	is(st.st_uid, 0, "root's, though it acts as another");
	finds_own_file("/proc/self/fd", fd);
	finds_own_file("/proc/thread-self/fd", fd);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	ok(slurp(path)[0] == 'p', "what is said of it");
	is_errno(open("/proc/self/environ", O_RDONLY), EACCES,
	    "other files go by their mode");
	snprintf(path, sizeof(path), "/proc/%d/fd", getppid());
	is_errno(nr_names(path), EACCES, "others' descriptors, too");
	snprintf(path, sizeof(path), "/proc/%d/fd/0", getppid());
	is_errno(open(path, O_RDONLY), EACCES, "all of them");
}

TEST(proc_own_fd)
{
	file_make("f", "x");
	must(chmod(".", 0755));
	as_user(user_finds_own);
}

TEST(proc_sys_numbers)
{
	str_is(slurp("/proc/sys/kernel/cap_last_cap"), "40\n", "capabilities");
	str_is(slurp("/proc/sys/kernel/ngroups_max"), "65536\n", "groups");
	str_is(slurp("/proc/sys/kernel/randomize_va_space"), "2\n", "places");
	str_is(slurp("/proc/sys/fs/pipe-max-size"), "1048576\n", "pipes");
	ok(atoi(slurp("/proc/sys/fs/inotify/max_user_watches")) > 0, "watches");
}

/*
 * Every allocation that a call makes fails, alone or with all that follow it:
 * the first in one try, the second in the next, until one goes through.
 * Whichever it was, the call says so and has done nothing, or the program is
 * killed for want of a page; and in the end nothing is lost.
 */
#include "fail.h"

#include <linux/capability.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define PR_CALF_FAIL 0x43414c46
/* More allocations than any of these calls makes. */
#define MAX_TRIES 2000

/* ------------------------------------------------ what is tried */

/* Each gives 0 or an error number. */

static int
try_fork(void)
{
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	int status;

	if (pid == 0)
		_exit(7);
	if (pid < 0)
		return errno;
	if (syscall(SYS_wait4, pid, &status, 0, NULL) != pid)
		return ECHILD;
	return status == 7 << 8 ? 0 : EINVAL;
}

static void *
thread(void *arg)
{
	return arg;
}

static int
try_thread(void)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, thread, NULL);

	return err != 0 ? err : pthread_join(t, NULL);
}

static char tries_left[16];

static int
try_exec(void)
{
	char *argv[] = {"x", "@calf_fail_exec", tries_left, NULL};
	char *envp[] = {"A=1", NULL};

	execve(tap_self, argv, envp);
	return errno;
}

static int
try_script(void)
{
	execl("script", "script", tries_left, NULL);
	return errno;
}

static int
try_action(void)
{
	struct sigaction sa = {.sa_handler = SIG_IGN};

	return sigaction(SIGUSR1, &sa, NULL) ? errno : 0;
}

static int
try_dup(void)
{
	return fcntl(0, F_DUPFD, 900) < 0 ? errno : 0;
}

static int
try_session(void)
{
	return setsid() < 0 ? errno : 0;
}

static int
try_group(void)
{
	return setpgid(0, 0) < 0 ? errno : 0;
}

static int
try_user(void)
{
	return syscall(SYS_setresuid, 1000, 1000, 1000) ? errno : 0;
}

static int
try_caps(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0}};

	return syscall(SYS_capset, &h, none) ? errno : 0;
}

static int
try_bound(void)
{
	return prctl(PR_CAPBSET_DROP, CAP_CHOWN) ? errno : 0;
}

static int
try_open(void)
{
	int fd = open("file", O_CREAT | O_RDWR, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return unlink("file") ? errno : 0;
}

static int
try_pipe(void)
{
	int fd[2];

	return pipe(fd) ? errno : 0;
}

/* Both ends, by name and by request. */
static int
try_pty(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	int slave, peer, err;
	char name[64];

	if (master < 0)
		return errno;
	err = unlockpt(master) ? errno : 0;
	if (err == 0)
		err = ptsname_r(master, name, sizeof(name));
	slave = err ? -1 : open(name, O_RDWR | O_NOCTTY);
	if (!err && slave < 0)
		err = errno;
	peer = err ? -1 : ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	if (!err && peer < 0)
		err = errno;
	close(peer);
	close(slave);
	close(master);
	return err;
}

static int
try_map(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	return munmap(p + 4096, 4096) ? errno : 0;
}

static const struct call {
	const char *name;
	int (*try)(void);
} calls[] = {
    {"fork", try_fork},
    {"a thread", try_thread},
    {"exec", try_exec},
    {"exec of a script", try_script},
    {"sigaction", try_action},
    {"F_DUPFD", try_dup},
    {"setsid", try_session},
    {"setpgid", try_group},
    {"setresuid", try_user},
    {"PR_CAPBSET_DROP", try_bound},
    {"capset", try_caps},
    {"open and unlink", try_open},
    {"pipe", try_pipe},
    {"a pseudo-terminal", try_pty},
    {"mmap", try_map},
};

/* ------------------------------------------------ trying */

long
fail_after(long n, bool and_after)
{
	/* Its page is ours from now on: telling an error takes no memory. */
	*(volatile int *)&errno = 0;
	return prctl(PR_CALF_FAIL, n, and_after, 0, 0);
}

int
fail_verdict(int err, long n)
{
	long seen = fail_after(0, false);

	if (err == 0)
		return seen < n ? DONE : ANYWAY;
	return err == ENOMEM || err == EAGAIN ? REFUSED : BROKEN;
}

/* The program that try_exec and try_script run. */
HELPER(calf_fail_exec)
{
	_exit(fail_verdict(0, strtol(argv[argc - 1], NULL, 0)));
}

/* In a process of its own: its memory is a fork's, shared with ours. */
static int
one_try(const void *arg, long n, bool and_after)
{
	const struct call *c = arg;
	pid_t pid;

	snprintf(tries_left, sizeof(tries_left), "%ld", n);
	pid = must(fork());
	if (pid == 0) {
		int err;

		fail_after(n, and_after);
		err = c->try();
		_exit(fail_verdict(err, n));
	}
	return wait_status(pid);
}

void
fail_all_tries(const char *name, bool and_after,
    int (*one)(const void *arg, long n, bool and_after), const void *arg)
{
	int status = -1;
	int n, nr_refused = 0, nr_killed = 0;

	for (n = 1; n < MAX_TRIES; n++) {
		status = one(arg, n, and_after);
		if (status == SIGKILL)
			nr_killed++;
		else if (status == REFUSED << 8)
			nr_refused++;
		else if (status != ANYWAY << 8)
			break;
	}
	is(status, DONE << 8, "%s, each allocation failing%s", name,
	    and_after ? " with all that follow" : " once");
	note("%s: %d tries, %d refused, %d killed", name, n, nr_refused,
	    nr_killed);
}

static void
all_calls(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		fail_all_tries(calls[i].name, false, one_try, &calls[i]);
		fail_all_tries(calls[i].name, true, one_try, &calls[i]);
	}
}

long
fail_frames_used(void)
{
	char buf[1024], *s;
	long sum = 0;
	int fd = must(open("/proc/calf/frames", O_RDONLY));
	ssize_t n = must(read(fd, buf, sizeof(buf) - 1));

	close(fd);
	buf[n] = '\0';
	for (s = strtok(buf, "\n"); s != NULL; s = strtok(NULL, "\n")) {
		if (!strncmp(s, "small_objects ", 14) ||
		    !strncmp(s, "tables ", 7) || !strncmp(s, "anonymous ", 10))
			sum += strtol(strchr(s, ' '), NULL, 10);
	}
	return sum;
}

/* The columns before those of tables are numbers, but for a name. */
long
fail_tables(void)
{
	static char buf[8192];
	int fd = must(open("/proc/calf/spaces", O_RDONLY));
	ssize_t n = must(read(fd, buf, sizeof(buf) - 1));
	long l1, l1_shared, l0, l0_shared;
	char *line = buf;

	close(fd);
	buf[n] = '\0';
	while (line != NULL && strtol(line, NULL, 10) != getpid()) {
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	ensure(line != NULL &&
	    sscanf(line, "%*d %*s %*d %*d %*d %*d %*d %*d %*d %ld %ld %ld %ld",
		&l1, &l1_shared, &l0, &l0_shared) == 4);
	return l1 + l1_shared + l0 + l0_shared;
}

void
fail_audit(void)
{
	char buf[256] = "";
	int fd = must(open("/proc/calf/audit", O_RDONLY));

	must(read(fd, buf, sizeof(buf) - 1));
	close(fd);
	ok(!strncmp(buf, "ok\n", 3), "the books are right: %.*s",
	    (int)strcspn(buf, "\n"), buf);
}

static void
make_script(void)
{
	int fd = must(open("script", O_CREAT | O_WRONLY, 0755));

	dprintf(fd, "#!%s @calf_fail_exec\n", tap_self);
	close(fd);
}

TEST(calf_fail)
{
	long before;

	if (fail_after(0, false) < 0) {
		skip("only the debug build fails on purpose");
		return;
	}
	make_script();
	all_calls();
	/* All that is kept for the next time has been made by now. */
	before = fail_frames_used();
	all_calls();
	ok(labs(fail_frames_used() - before) < 8,
	    "and nothing is lost: %ld, %ld", before, fail_frames_used());
	fail_audit();
}

/* exec: what it takes, what it refuses, what is left of who called it. */
#include "usertests.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF       "/proc/self/exe"
#define STRING_MAX (32 * PAGE) /* of one argument, its zero byte included */

extern char **environ;

/* ---- this program, as what is started -------------------------------------
 */

/* How many arguments and variables, and the bytes of both; on output. */
static int
tell_args(char **argv)
{
	size_t args = 0, bytes = 0, vars = 0;

	for (; argv[args] != NULL; args++)
		bytes += strlen(argv[args]);
	for (; environ[vars] != NULL; vars++)
		bytes += strlen(environ[vars]);
	printf("%zu %zu %zu\n", args, vars, bytes);
	return 0;
}

/* Whether signals are as exec leaves them. */
static int
check_signals(void)
{
	struct sigaction ignored, handled;
	sigset_t mask;

	sigaction(SIGUSR1, NULL, &ignored);
	sigaction(SIGUSR2, NULL, &handled);
	sigprocmask(0, NULL, &mask);
	return ignored.sa_handler == SIG_IGN && handled.sa_handler == SIG_DFL &&
		sigismember(&mask, SIGHUP)
	    ? 0
	    : 1;
}

int
probe_main(char **argv)
{
	const char *what = argv[1];

	if (strcmp(what, "args") == 0)
		return tell_args(argv);
	if (strcmp(what, "signals") == 0)
		return check_signals();
	if (strcmp(what, "exit") == 0)
		return atoi(argv[2]);
	if (strcmp(what, "mapped") == 0)
		return is_mapped(strtoul(argv[2], NULL, 16));
	/* Whether a descriptor is closed and another open, at offset 3. */
	return fcntl(atoi(argv[1]), F_GETFD) == -1 &&
		lseek(atoi(argv[2]), 0, SEEK_CUR) == 3
	    ? 0
	    : 1;
}

/* Starts it with these; a child's exit status. */
static void
probe(int want, char **argv, char **envp)
{
	pid_t pid = start();

	if (pid == 0) {
		execve(SELF, argv, envp);
		fail("execve: %s", strerror(errno));
	}
	must_exit(pid, want);
}

/* The same, and what it says. */
static void
probe_says(char *said, size_t len, char **argv, char **envp)
{
	int fds[2];
	pid_t pid;
	ssize_t n;

	make_pipe(fds);
	pid = start();
	if (pid == 0) {
		dup2(fds[1], 1);
		execve(SELF, argv, envp);
		fail("execve: %s", strerror(errno));
	}
	close(fds[1]);
	n = read(fds[0], said, len - 1);
	said[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	must_exit(pid, 0);
}

/* ---- the tests ------------------------------------------------------------
 */

static void
test_exectest(void)
{
	char *argv[] = {PROBE, "args", "", "a b", "*", NULL};
	char *envp[] = {"A=1", "B=", NULL};
	char *ends[] = {PROBE, "exit", "77", NULL};
	char said[64];

	probe_says(said, sizeof(said), argv, envp);
	needs(strcmp(said, "5 2 28\n") == 0);
	probe_says(said, sizeof(said), argv, NULL);
	needs(strcmp(said, "5 0 23\n") == 0);
	probe(77, ends, envp);
}

static void
must_not_start(const char *path, int want)
{
	char *argv[] = {(char *)path, NULL};

	errno = 0;
	execve(path, argv, environ);
	if (errno != want)
		fail("execve of %.40s: %s instead of %s", path,
		    strerrorname_np(errno), strerrorname_np(want));
}

/* The first bytes of this program, and no more. */
static void
put_piece(const char *name, size_t len)
{
	static char piece[PAGE];
	int in = open(SELF, O_RDONLY);
	int out = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0755);

	needs(read(in, piece, len) == (ssize_t)len);
	needs(write(out, piece, len) == (ssize_t)len);
	close(in);
	close(out);
}

static void
test_execbad(void)
{
	put_file("text", "neither a program nor a script\n");
	put_file("empty", "");
	needs(mkdir("dir", 0777) == 0);
	must_not_start("text", EACCES);
	needs(chmod("text", 0755) == 0 && chmod("empty", 0755) == 0);
	must_not_start("text", ENOEXEC);
	must_not_start("empty", ENOEXEC);
	must_not_start("none", ENOENT);
	must_not_start("", ENOENT);
	must_not_start("dir", EACCES);
	must_not_start("text/x", ENOTDIR);
	must_not_start("/dev/null", EACCES);
	for (size_t len = 1; len <= 64; len += 9) {
		put_piece("piece", len);
		must_not_start("piece", ENOEXEC);
	}
	symlink("loop", "loop");
	must_not_start("loop", ELOOP);
}

/* Whose file is being written to is not run. */
static void
test_execwrite(void)
{
	int fd;

	put_piece("program", PAGE);
	fd = open("program", O_WRONLY);
	must_not_start("program", ETXTBSY);
	close(fd);
}

static void
test_execpointers(void)
{
	char *page = edge_page();
	char **last = (char **)(page + PAGE) - 1;
	char *good[] = {PROBE, "args", NULL};
	char *bad[] = {PROBE, page + PAGE, NULL};
	static const uintptr_t at[] = {1ul << 38, 1ul << 63, -8ul, 64};

	*last = PROBE;
	page[PAGE - 9] = 'u';
	fails(execve(SELF, last, NULL), EFAULT);
	fails(execve(SELF, bad, NULL), EFAULT);
	fails(execve(SELF, good, bad), EFAULT);
	fails(execve(page + PAGE, good, NULL), EFAULT);
	for (size_t i = 0; i < NR_OF(at); i++) {
		bad[1] = (char *)at[i];
		fails(execve(SELF, bad, NULL), EFAULT);
		fails(execve(SELF, (char **)at[i], NULL), EFAULT);
		fails(execve(SELF, good, (char **)at[i]), EFAULT);
		fails(execve((char *)at[i], good, NULL), EFAULT);
	}
	/* A string without an end, at the end of memory. */
	memset(page, 's', PAGE);
	bad[1] = page;
	fails(execve(SELF, bad, NULL), EFAULT);
}

/* One string that is too long, and one that is just not. */
static void
test_execlong(void)
{
	char *text = area(STRING_MAX + 1);
	char *argv[] = {PROBE, "args", text, NULL};
	char said[64], want[64];

	memset(text, 's', STRING_MAX);
	fails(execve(SELF, argv, NULL), E2BIG);
	text[STRING_MAX - 1] = '\0';
	probe_says(said, sizeof(said), argv, NULL);
	snprintf(want, sizeof(want), "3 0 %zu\n",
	    strlen(PROBE) + 4 + STRING_MAX - 1);
	needs(strcmp(said, want) == 0);
}

/* Many: a quarter of the stack's limit is for them, and no more. */
static void
test_execmany(void)
{
	enum {
		MANY = 20000
	};
	char **argv = (char **)area((MANY * 20) * sizeof(*argv));
	char said[64], want[64];

	argv[0] = PROBE;
	argv[1] = "args";
	for (int i = 2; i < MANY; i++)
		argv[i] = "123";
	probe_says(said, sizeof(said), argv, argv);
	snprintf(want, sizeof(want), "%d %d %zu\n", MANY, MANY,
	    2 * (strlen(PROBE) + 4 + (MANY - 2) * 3));
	needs(strcmp(said, want) == 0);
	for (int i = MANY; i < MANY * 20 - 1; i++)
		argv[i] = "1234567";
	fails(execve(SELF, argv, NULL), E2BIG);
	fails(execve(SELF, argv + MANY * 20 - 1, argv), E2BIG);
}

static void
test_execfds(void)
{
	char a[8], b[8];
	char *argv[] = {PROBE, a, b, NULL};
	int gone, stays;

	put_file("file", "abcdef");
	gone = open("file", O_RDONLY | O_CLOEXEC);
	stays = open("file", O_RDONLY);
	needs(read(stays, a, 3) == 3);
	snprintf(a, sizeof(a), "%d", gone);
	snprintf(b, sizeof(b), "%d", stays);
	probe(0, argv, NULL);
	needs(read(gone, a, 3) == 3);
}

static void
test_execsignals(void)
{
	char *argv[] = {PROBE, "signals", NULL};
	sigset_t mask;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, exit);
	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	needs(sigprocmask(SIG_BLOCK, &mask, NULL) == 0);
	probe(0, argv, NULL);
}

/* The old memory is gone. */
static void
test_execmemory(void)
{
	char *at = area(64 * MIB), hex[32];
	char *argv[] = {PROBE, "mapped", hex, NULL};

	at[32 * MIB] = 1;
	snprintf(hex, sizeof(hex), "%lx", (unsigned long)at + 32 * MIB);
	needs(is_mapped((uintptr_t)at + 32 * MIB));
	probe(0, argv, NULL);
	needs(at[32 * MIB] == 1);
}

static void *
spin(void *unused)
{
	for (;;)
		asm volatile("");
	return unused;
}

/* The other threads end with the old program, from whichever it comes. */
static void *
exec_here(void *unused)
{
	char *argv[] = {PROBE, "exit", "5", NULL};

	execve(SELF, argv, NULL);
	return unused;
}

static void
test_execthreads(void)
{
	for (int i = 0; i < 10; i++) {
		pid_t pid = start();
		pthread_t t[3];

		if (pid == 0) {
			for (int n = 0; n < 2; n++)
				pthread_create(&t[n], NULL, spin, NULL);
			pthread_create(
			    &t[2], NULL, i % 2 ? exec_here : spin, NULL);
			if (i % 2)
				spin(NULL);
			exec_here(NULL);
		}
		must_exit(pid, 5);
	}
}

static void
test_execscript(void)
{
	char *argv[] = {"script", "one", NULL};
	pid_t pid;

	put_file("script", "#!" SELF " x\n");
	put_file("lost", "#!/nowhere/at/all\n");
	put_file("self", "#!self\n");
	needs(chmod("script", 0755) == 0 && chmod("lost", 0755) == 0);
	needs(chmod("self", 0755) == 0);
	must_not_start("lost", ENOENT);
	must_not_start("self", ELOOP);
	/* usertests knows no test of the name x. */
	pid = start();
	if (pid == 0) {
		close(2);
		execve("script", argv, NULL);
		_exit(9);
	}
	must_exit(pid, 2);
}

/* Without memory for its stack, exec fails or kills, but never half. */
static void
little_memory(void)
{
	struct rlimit limit = {PAGE * 4, PAGE * 4};
	char *argv[] = {PROBE, "exit", "3", NULL};
	pid_t pid = start();

	if (pid == 0) {
		setrlimit(RLIMIT_AS, &limit);
		execve(SELF, argv, NULL);
		_exit(3);
	}
	{
		int status = status_of(pid);

		needs((WIFEXITED(status) && WEXITSTATUS(status) == 3) ||
		    WIFSIGNALED(status));
	}
}

static void
test_execmem(void)
{
	in_child(little_memory);
}

const struct test exec_tests[] = {
    {"exectest", test_exectest, false},
    {"execbad", test_execbad, false},
    {"execwrite", test_execwrite, false},
    {"execpointers", test_execpointers, false},
    {"execlong", test_execlong, false},
    {"execmany", test_execmany, false},
    {"execfds", test_execfds, false},
    {"execsignals", test_execsignals, false},
    {"execmemory", test_execmemory, false},
    {"execthreads", test_execthreads, false},
    {"execscript", test_execscript, false},
    {"execmem", test_execmem, false},
    {NULL, NULL, false},
};

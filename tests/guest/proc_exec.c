/* What a program finds when it starts, and what exec keeps and drops. */
#include "tap.h"

#include <link.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>

/* Runs this program as a helper; what the helper checks counts. */
static void
run_helper(const char *path, char **argv, char **envp)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		execve(path, argv, envp);
		_exit(126);
	}
	is(wait_status(pid), 0, "%s ends well", argv[0] ? argv[1] : "it");
}

HELPER(exec_words)
{
	is(argc, 5, "argc");
	str_is(argv[0], "any name", "argv[0] is what the caller chose");
	str_is(argv[2], "", "an empty argument");
	str_is(argv[3], "two words\n", "blanks in an argument");
	is(strlen(argv[4]), 100000, "a long argument has its length");
	is(strspn(argv[4], "x"), 100000, "and its contents");
	is((long)argv[5], 0, "argv ends with NULL");
	ok(environ == argv + 6, "the environment follows");
	str_is(environ[0], "A=1", "environ[0]");
	str_is(environ[1], "EMPTY=", "environ[1]");
	str_is(environ[2], "NOTHING", "environ[2], without =");
	is((long)environ[3], 0, "environ ends with NULL");
	is((uintptr_t)(argv - 1) % 16, 0, "the stack begins aligned");
	return 0;
}

static void
test_words(void)
{
	char *longer = malloc(100001);
	char *argv[] = {
	    "any name", "@exec_words", "", "two words\n", longer, NULL};
	char *envp[] = {"A=1", "EMPTY=", "NOTHING", NULL};

	memset(longer, 'x', 100000);
	longer[100000] = '\0';
	run_helper(tap_self, argv, envp);
	free(longer);
}

/* Linux gives an empty argument where there is none at all. */
HELPER(exec_nothing)
{
	is(argc, 1, "no arguments: argc is 1 all the same");
	str_is(argv[0], "", "and argv[0] empty");
	is((long)argv[1], 0, "and no more");
	return 0;
}

static void
test_nothing(void)
{
	char *none[] = {NULL};
	char *envp[] = {"TAP_HELPER=exec_nothing", NULL};

	run_helper(tap_self, none, envp);
	if (must(fork()) == 0) {
		syscall(SYS_execve, tap_self, NULL, envp);
		_exit(126);
	}
	is(wait(NULL) > 0, 1, "argv NULL is the same");
}

HELPER(exec_auxv)
{
	const ElfW(Phdr) *ph = (void *)getauxval(AT_PHDR);
	unsigned long entry = getauxval(AT_ENTRY);
	int loads = 0, tls = 0;

	is(getauxval(AT_PAGESZ), 4096, "AT_PAGESZ");
	is(getauxval(AT_CLKTCK), 100, "AT_CLKTCK");
	is(getauxval(AT_SECURE), 0, "AT_SECURE");
	is(getauxval(AT_UID), getuid(), "AT_UID");
	is(getauxval(AT_EUID), geteuid(), "AT_EUID");
	is(getauxval(AT_GID), getgid(), "AT_GID");
	is(getauxval(AT_EGID), getegid(), "AT_EGID");
	is(getauxval(AT_FLAGS), 0, "AT_FLAGS");
	is(getauxval(AT_PHENT), sizeof(*ph), "AT_PHENT");
	ok(getauxval(AT_HWCAP) != 0, "AT_HWCAP");
	ok(getauxval(AT_MINSIGSTKSZ) >= 1000, "AT_MINSIGSTKSZ");
	str_is((char *)getauxval(AT_EXECFN), argv[2], "AT_EXECFN");
	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) {
		loads += ph[i].p_type == PT_LOAD && ph[i].p_vaddr <= entry &&
		    entry < ph[i].p_vaddr + ph[i].p_memsz;
		tls += ph[i].p_type == PT_TLS;
	}
	is(loads, 1, "AT_ENTRY lies in one of AT_PHDR's segments");
	is(tls, 1, "which have a thread-local one");
	ok(write(atoi(argv[3]), (void *)getauxval(AT_RANDOM), 16) == 16,
	    "AT_RANDOM can be read");
	return 0;
}

static void
test_auxv(void)
{
	char number[16], random[2][16] = {"", ""};
	char *argv[] = {"x", "@exec_auxv", (char *)tap_self, number, NULL};
	int fd[2];

	must(pipe(fd));
	sprintf(number, "%d", fd[1]);
	run_helper(tap_self, argv, environ);
	run_helper(tap_self, argv, environ);
	is(read(fd[0], random, 32), 32, "two programs' random bytes");
	ok(memcmp(random[0], random[1], 16) != 0, "differ");
	close(fd[0]);
	close(fd[1]);
}

static void
on_signal(int sig)
{
	(void)sig;
}

static bool
pending(int sig)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, sig);
}

static bool
masked(int sig)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, sig);
}

static void *
handler_of(int sig)
{
	struct sigaction sa;

	sigaction(sig, NULL, &sa);
	return sa.sa_handler;
}

HELPER(exec_kept)
{
	char name[16], cwd[PATH_MAX] = "";
	stack_t stack;

	is(getpid(), atoi(argv[2]), "exec keeps the process");
	is(getpgrp(), atoi(argv[3]), "its group");
	is(getsid(0), atoi(argv[4]), "its session");
	is(umask(0), 0123, "its umask");
	ok(getcwd(cwd, sizeof(cwd)) != NULL, "its folder");
	str_is(strrchr(cwd, '/'), "/kept", "the same");
	ok(alarm(0) > 900, "its alarm");
	ok(masked(SIGUSR1), "its signal mask");
	ok(pending(SIGUSR1), "its pending signals");
	ok(handler_of(SIGUSR2) == SIG_IGN, "what it ignored");
	ok(handler_of(SIGHUP) == SIG_DFL, "but handlers are gone");
	sigaltstack(NULL, &stack);
	is(stack.ss_flags, SS_DISABLE, "and the alternate stack");
	prctl(PR_GET_NAME, name);
	str_is(name, "a_name_longer_t", "its name is the file's, cut off");
	ok(fcntl(atoi(argv[5]), F_GETFD) == 0, "open files stay open");
	is_errno(fcntl(atoi(argv[6]), F_GETFD), EBADF, "close-on-exec: closed");
	return 0;
}

static void
prepare_kept(char numbers[5][16])
{
	static char stack[65536];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	sigset_t set;

	must(mkdir("kept", 0700));
	must(chdir("kept"));
	must(symlink(tap_self, "a_name_longer_than_15"));
	umask(0123);
	alarm(1000);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGHUP, on_signal);
	must(sigaltstack(&ss, NULL));
	sprintf(numbers[0], "%d", getpid());
	sprintf(numbers[1], "%d", getpgrp());
	sprintf(numbers[2], "%d", getsid(0));
	sprintf(numbers[3], "%d", must(open(".", O_RDONLY)));
	sprintf(numbers[4], "%d", must(open(".", O_RDONLY | O_CLOEXEC)));
}

static void
test_kept(void)
{
	char numbers[5][16];
	char *argv[] = {"x", "@exec_kept", numbers[0], numbers[1], numbers[2],
	    numbers[3], numbers[4], NULL};
	pid_t pid = must(fork());

	if (pid == 0) {
		prepare_kept(numbers);
		execve("a_name_longer_than_15", argv, environ);
		_exit(126);
	}
	is(wait_status(pid), 0, "exec through a link, by a relative path");
}

/* A program that becomes itself again and again, in one process. */
HELPER(exec_again)
{
	int left = atoi(argv[2]) - 1;

	if (left == 0)
		return getpid() == atoi(argv[3]) ? 42 : 1;
	sprintf(argv[2], "%d", left);
	execve(tap_self, argv, environ);
	return 2;
}

static void
test_again(void)
{
	char self[16], count[] = "20";
	char *argv[] = {"x", "@exec_again", count, self, NULL};
	pid_t pid = must(fork());

	if (pid == 0) {
		sprintf(self, "%d", getpid());
		execve(tap_self, argv, environ);
		_exit(126);
	}
	is(wait_status(pid), 42 << 8, "exec 20 times over in one process");
}

/* Memory of before is gone; the parent's is not touched. */
HELPER(exec_memory)
{
	extern char __bss_start[], _end[];
	static int in_bss, in_data = 5;
	void *at = (void *)strtoul(argv[2], NULL, 16);
	unsigned char vec;

	is(in_bss, 0, "zeroed data are zero");
	is(in_data, 5, "initialised data are fresh");
	in_bss = in_data = 1;
	ok(&in_bss >= (int *)__bss_start && &in_bss < (int *)_end, "in place");
	is_errno(syscall(SYS_mincore, at, 4096, &vec), ENOMEM,
	    "the old mappings are gone");
	return 0;
}

static void
test_memory(void)
{
	char where[32];
	char *argv[] = {"x", "@exec_memory", where, NULL};
	void *at = (void *)0x2000000000;

	at = (void *)syscall(SYS_mmap, at, 4096, 3, 0x22, -1, 0);
	ensure(at != (void *)-1);
	memset(at, 1, 4096);
	sprintf(where, "%lx", (unsigned long)at);
	run_helper(tap_self, argv, environ);
	is(*(char *)at, 1, "in the parent they are still there");
}

TEST(proc_exec)
{
	test_words();
	test_nothing();
	test_auxv();
	test_kept();
	test_again();
	test_memory();
}

/* How the C library starts programs: posix_spawn, system, popen. */
#include "tap.h"

#include <spawn.h>
#include <sys/stat.h>

/* Says on standard output what it was given; its status is its argument. */
HELPER(spawn_tell)
{
	printf("%s %s", argv[2], getenv("SPAWN") ? getenv("SPAWN") : "unset");
	return atoi(argv[2]);
}

static const char *
contents(const char *path)
{
	static char buf[256];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static char *argv[] = {"x", "@spawn_tell", "17", NULL};

static void
test_files(void)
{
	posix_spawn_file_actions_t fa;
	char *envp[] = {"SPAWN=set", NULL};
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(
	    &fa, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addclose(&fa, 0);
	is(posix_spawn(&pid, tap_self, &fa, NULL, argv, envp), 0,
	    "posix_spawn");
	is(wait_status(pid), 17 << 8, "the program's status");
	str_is(contents("out"), "17 set", "with a file and an environment");
	posix_spawn_file_actions_adddup2(&fa, 77, 1);
	is(posix_spawn(&pid, tap_self, &fa, NULL, argv, envp), EBADF,
	    "what cannot be done first is an error");
	posix_spawn_file_actions_destroy(&fa);
	is_errno(waitpid(-1, NULL, 0), ECHILD, "and leaves no child");
}

static void
test_attributes(void)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t set;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(
	    &fa, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawnattr_init(&attr);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(&attr, &set);
	posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	signal(SIGUSR1, SIG_IGN);
	is(posix_spawnp(&pid, tap_self, &fa, &attr, argv, environ), 0,
	    "in a group of its own");
	is(wait_status(pid), 17 << 8, "it runs");
	signal(SIGUSR1, SIG_DFL);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
}

static void
test_errors(void)
{
	pid_t pid;

	is(posix_spawn(&pid, "/none", NULL, NULL, argv, environ), ENOENT,
	    "no such program");
	is(posix_spawn(&pid, "/", NULL, NULL, argv, environ), EACCES,
	    "a folder");
	is_errno(waitpid(-1, NULL, 0), ECHILD, "no child remains");
}

static void
test_system(void)
{
	if (access("/bin/sh", X_OK)) {
		skip("no /bin/sh for system and popen");
		return;
	}
	is(system("exit 3"), 3 << 8, "system");
	is(system("kill -15 $$"), SIGTERM, "system, killed");
	is(system("echo some words >out"), 0, "system with a redirection");
	str_is(contents("out"), "some words\n", "did it");
	is(system("none_such 2>out"), 127 << 8, "system without a program");
}

static void
test_popen(void)
{
	char line[64] = "";
	FILE *f;

	if (access("/bin/sh", X_OK))
		return;
	f = popen("echo one; echo two", "r");
	ok(f && fgets(line, sizeof(line), f), "popen to read");
	str_is(line, "one\n", "the first line");
	ok(fgets(line, sizeof(line), f) && !fgets(line, sizeof(line), f),
	    "and one more");
	is(pclose(f), 0, "pclose");
	f = popen("cat >out", "w");
	ok(f && fputs("through a pipe", f) >= 0, "popen to write");
	is(pclose(f), 0, "pclose");
	str_is(contents("out"), "through a pipe", "it was read");
}

/* Many, one after the other, each in its parent's memory for a while. */
static void
test_many(void)
{
	char *quiet[] = {"x", "@spawn_quiet", NULL};
	int good = 0;

	for (int i = 0; i < 15; i++) {
		pid_t pid;

		if (posix_spawn(&pid, tap_self, NULL, NULL, quiet, environ) ==
		    0)
			good += wait_status(pid) == 5 << 8;
	}
	is(good, 15, "15 times");
}

HELPER(spawn_quiet)
{
	return 5;
}

TEST(proc_spawn)
{
	test_files();
	test_attributes();
	test_errors();
	test_system();
	test_popen();
	test_many();
}

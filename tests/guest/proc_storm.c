/*
 * Threads of one process that fork, exec, kill and stop children all at once:
 * every child ends as its own maker made it end, and none is left.
 */
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <spawn.h>

enum {
	ROUNDS = 40,
	NR_IN_CHILD = 4, /* threads that a child has beside its first */
	HELPER_STATUS = 42,
};

extern char **environ;

HELPER(proc_storm_child)
{
	return HELPER_STATUS;
}

static char *helper_argv[] = {"x", "@proc_storm_child", NULL};

static void *
returns(void *arg)
{
	return arg;
}

static void *
waits(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* Half of them end soon, half stay until they are made to end. */
static void
start_threads(void)
{
	pthread_t t;

	for (int i = 0; i < NR_IN_CHILD; i++)
		pthread_create(&t, NULL, i % 2 ? returns : waits, NULL);
}

/* How often a child did not end as it should. */
static long
exits_round(int i)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		if (i % 2)
			start_threads();
		_exit(i);
	}
	return wait_status(pid) != i << 8;
}

static long
spawns_round(int i)
{
	pid_t pid;

	(void)i;
	if (posix_spawn(&pid, tap_self, NULL, NULL, helper_argv, environ))
		return 1;
	return wait_status(pid) != HELPER_STATUS << 8;
}

static long
execs_round(int i)
{
	pid_t pid = must(fork());

	(void)i;
	if (pid == 0) {
		start_threads();
		execv(tap_self, helper_argv);
		_exit(1);
	}
	return wait_status(pid) != HELPER_STATUS << 8;
}

/* Whatever the child is doing by then. */
static long
kills_round(int i)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		start_threads();
		for (;;)
			sched_yield();
	}
	for (int j = 0; j < i; j++)
		sched_yield();
	kill(pid, SIGKILL);
	return wait_status(pid) != SIGKILL;
}

static long
stops_round(int i)
{
	pid_t pid = must(fork());
	int status;
	long bad = 0;

	(void)i;
	if (pid == 0)
		for (;;)
			sched_yield();
	kill(pid, SIGSTOP);
	bad += waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status);
	kill(pid, SIGCONT);
	bad +=
	    waitpid(pid, &status, WCONTINUED) != pid || !WIFCONTINUED(status);
	kill(pid, SIGTERM);
	return bad + (wait_status(pid) != SIGTERM);
}

/* A child's children are init's, or whoever takes them, before it is reaped. */
static long
orphans_round(int i)
{
	pid_t pid = must(fork());

	if (pid == 0) {
		for (int j = 0; j < 3; j++)
			if (fork() == 0)
				_exit(0);
		_exit(i);
	}
	return wait_status(pid) != i << 8;
}

static const struct {
	const char *what;
	long (*round)(int i);
} storms[] = {
    {"children that exit", exits_round},
    {"children that are spawned", spawns_round},
    {"children with threads that exec", execs_round},
    {"children with threads that are killed", kills_round},
    {"children that stop and go on", stops_round},
    {"children that leave orphans", orphans_round},
};

static void *
storm(void *arg)
{
	long (*round)(int i) = storms[(size_t)arg].round;
	long bad = 0;

	for (int i = 0; i < ROUNDS; i++)
		bad += round(i);
	return (void *)bad;
}

TEST(proc_storm)
{
	enum {
		NR_STORMS = sizeof(storms) / sizeof(*storms)
	};
	pthread_t threads[NR_STORMS];
	void *bad;

	for (size_t i = 0; i < NR_STORMS; i++)
		ensure(
		    pthread_create(&threads[i], NULL, storm, (void *)i) == 0);
	for (size_t i = 0; i < NR_STORMS; i++) {
		pthread_join(threads[i], &bad);
		is((long)bad, 0, "%d %s", ROUNDS, storms[i].what);
	}
	is_errno(waitpid(-1, NULL, WNOHANG), ECHILD, "and no child is left");
}

/*
 * Deeds with processes, threads, signals, and what can be asked of others; see
 * chaos.h.
 */
#include "chaos.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#define THREAD_DEEDS 12
#define EXEC_WAIT_NS 3000000 /* at most, before a thread calls exec */
#define FILES_LOOKED 20
#define CAP_VERSION  0x20080522
#define CLOCK_OF(pid, n)                                                       \
	((clockid_t)(~(pid) << 3 | (n))) /* see clock_getres                   \
					  */

extern char **environ;

static const int ends[] = {SIGSTOP, SIGCONT, SIGTERM, SIGKILL, SIGTSTP};
static const int mild[] = {SIGCONT, SIGTSTP, SIGTTIN, SIGWINCH, SIGHUP, 0};
static const int settable[] = {SIGHUP, SIGTTIN, SIGTTOU, SIGTSTP, SIGCONT,
    SIGINT, SIGWINCH, SIGPIPE, SIGCHLD, SIGALRM, SIGUSR1};

/* ------------------------------------------------ processes */

static bool
fork_child(void)
{
	static int children;
	unsigned long stream = chaos_fork_stream();
	pid_t pid;

	if (chaos_depth() >= CHAOS_DEPTH || children >= CHAOS_CHILDREN)
		return false;
	children++;
	pid = fork();
	if (pid == 0) {
		children = 0;
		chaos_be_child(stream, chaos_depth() + 1);
	}
	if (pid < 0)
		return false;
	chaos_adopt(pid);
	if (chaos_once(3))
		kill(pid, CHAOS_PICK(ends));
	return true;
}

/* Never 0 or 1 with a minus sign before it: those are not only the family. */
static bool
kill_group(void)
{
	pid_t group = chaos_draw(2) ? getpgrp() : chaos_relative();

	return group > 1 && kill(-group, CHAOS_PICK(mild)) == 0;
}

static bool
kill_one(void)
{
	pid_t pid = chaos_relative();

	return pid > 1 &&
	    kill(pid, chaos_once(4) ? CHAOS_PICK(ends) : CHAOS_PICK(mild)) == 0;
}

static bool
kill_thread(void)
{
	pid_t pid = chaos_relative();

	return pid > 1 &&
	    raw(tgkill, pid, pid + chaos_draw(3), CHAOS_PICK(mild)) == 0;
}

static bool
queue_signal(void)
{
	union sigval value = {.sival_int = chaos_draw(100)};
	pid_t pid = chaos_relative();

	return pid > 1 &&
	    sigqueue(pid, chaos_once(4) ? SIGRTMIN : SIGCONT, value) == 0;
}

static bool
wait_for_any(void)
{
	static const idtype_t types[] = {P_ALL, P_ALL, P_PID, P_PGID, P_PIDFD};
	static const int flags[] = {WEXITED, WEXITED | WSTOPPED, WCONTINUED,
	    WEXITED | WSTOPPED | WCONTINUED, WSTOPPED};
	idtype_t type = CHAOS_PICK(types);
	int id =
	    type == P_PIDFD ? chaos_fd_of(CHAOS_PROCESS) : chaos_relative();
	siginfo_t info = {};

	if (waitid(type, id, &info,
		CHAOS_PICK(flags) | (chaos_once(12) ? 0 : WNOHANG) |
		    (chaos_once(3) ? WNOWAIT : 0)))
		return false;
	return info.si_pid != 0;
}

static bool
wait_the_old_way(void)
{
	int status;
	struct rusage usage;
	pid_t pid = chaos_draw(2) ? -1 : chaos_relative();

	return wait4(pid, &status, WNOHANG | WUNTRACED | WCONTINUED, &usage) >
	    0;
}

static bool
set_action(void)
{
	return signal(CHAOS_PICK(settable),
		   chaos_draw(2) ? SIG_IGN : SIG_DFL) != SIG_ERR;
}

static bool
set_mask(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, 1 + chaos_draw(40));
	return sigprocmask(chaos_draw(3), &set, NULL) == 0;
}

static bool
take_signal(void)
{
	struct timespec soon = {0, chaos_draw(2000000)};
	sigset_t set;

	sigfillset(&set);
	return sigtimedwait(&set, NULL, &soon) > 0;
}

static bool
change_ties(void)
{
	switch (chaos_draw(3)) {
	case 0:
		return prctl(PR_SET_PDEATHSIG, chaos_draw(2) ? SIGKILL : 0) ==
		    0;
	case 1:
		return prctl(PR_SET_CHILD_SUBREAPER, chaos_draw(2)) == 0;
	default:
		return prctl(PR_SET_NAME, "chaos\n) S 1" + chaos_draw(9)) == 0;
	}
}

/* ------------------------------------------------ threads */

static void *
live_in_thread(void *stream)
{
	chaos_start_stream((unsigned long)stream);
	chaos_live(THREAD_DEEDS);
	return NULL;
}

/* What a member becomes: a while of looking around, in an address space anew.
 */
HELPER(chaos_after_exec)
{
	chaos_start_stream(strtoul(argv[2], NULL, 0));
	chaos_look(FILES_LOOKED);
	return 0;
}

static bool
exec_self(void)
{
	char stream[24];
	char *argv[] = {"x", "@chaos_after_exec", stream, NULL};

	snprintf(stream, sizeof(stream), "%lu", chaos_fork_stream());
	chaos_succeed();
	execve(tap_self, argv, environ);
	return false;
}

static void *
exec_in_thread(void *stream)
{
	struct timespec soon = {};

	chaos_start_stream((unsigned long)stream);
	soon.tv_nsec = chaos_draw(EXEC_WAIT_NS);
	nanosleep(&soon, NULL);
	exec_self();
	return NULL;
}

static bool
begin_thread(void *(*fn)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, (void *)chaos_fork_stream()))
		return false;
	pthread_detach(thread);
	return true;
}

static bool
make_thread(void)
{
	return chaos_once(3) && begin_thread(live_in_thread);
}

/* What is left of the process is threads, of which one may call exec. */
static bool
end_first_thread(void)
{
	if (!chaos_once(8) || gettid() != getpid())
		return false;
	if (!begin_thread(live_in_thread))
		return false;
	begin_thread(chaos_draw(2) ? exec_in_thread : live_in_thread);
	chaos_succeed();
	raw(exit, 0);
	return false;
}

static bool
exec_beside_others(void)
{
	return chaos_once(12) && begin_thread(live_in_thread) && exec_self();
}

/* ------------------------------------------------ what others are asked */

static bool
ask_limits(void)
{
	struct rlimit limit;
	pid_t pid = chaos_number();

	errno = 0;
	getpriority(chaos_draw(3), pid);
	return (errno == 0) |
	    (raw(prlimit64, pid, chaos_draw(16), NULL, &limit) == 0);
}

static bool
ask_schedule(void)
{
	pid_t pid = chaos_number();
	struct sched_param param;
	unsigned long set[16];
	struct timespec ts;

	return (raw(sched_getaffinity, pid, sizeof(set), set) > 0) |
	    (raw(sched_getparam, pid, &param) == 0) |
	    (raw(sched_getscheduler, pid) >= 0) |
	    (raw(sched_rr_get_interval, pid, &ts) == 0);
}

static bool
ask_rights(void)
{
	struct {
		unsigned version;
		int pid;
	} head = {CAP_VERSION, chaos_number()};
	unsigned data[6];
	void *list;
	size_t len;

	return (raw(capget, &head, data) == 0) |
	    (raw(get_robust_list, head.pid, &list, &len) == 0);
}

static bool
ask_times(void)
{
	pid_t pid = chaos_number();
	struct timespec ts;

	return (raw(clock_gettime, CLOCK_OF(pid, chaos_draw(8)), &ts) == 0) |
	    (getpgid(pid) >= 0) | (getsid(pid) >= 0);
}

static bool
change_schedule(void)
{
	pid_t pid = chaos_relative();
	unsigned long set[16] = {1 + chaos_draw(255)};
	struct rlimit limit = {64, 64};

	switch (chaos_draw(3)) {
	case 0:
		return setpriority(PRIO_PROCESS, pid, chaos_draw(5)) == 0;
	case 1:
		return raw(sched_setaffinity, pid, sizeof(set), set) == 0;
	default:
		return raw(prlimit64, pid, RLIMIT_NOFILE, &limit, NULL) == 0;
	}
}

/* ------------------------------------------------ process descriptors */

static bool
open_process(void)
{
	pid_t pid = chaos_relative();

	return pid > 1 &&
	    chaos_keep(CHAOS_PROCESS, raw(pidfd_open, pid, chaos_nonblock()));
}

static bool
take_descriptor(void)
{
	return chaos_keep(CHAOS_TTY,
	    raw(pidfd_getfd, chaos_fd_of(CHAOS_PROCESS), 3 + chaos_draw(20),
		0));
}

static bool
signal_process(void)
{
	return raw(pidfd_send_signal, chaos_fd_of(CHAOS_PROCESS),
		   CHAOS_PICK(mild), NULL, 0) == 0;
}

const struct chaos_deed chaos_proc_deeds[] = {
    {"fork", fork_child, 3},
    {"kill a group", kill_group, 1},
    {"kill one", kill_one, 2},
    {"kill a thread", kill_thread, 1},
    {"queue a signal", queue_signal, 1},
    {"waitid", wait_for_any, 3},
    {"wait4", wait_the_old_way, 1},
    {"set an action", set_action, 2},
    {"set the mask", set_mask, 1},
    {"take a signal", take_signal, 1},
    {"prctl", change_ties, 1},
    {"make a thread", make_thread, 2},
    {"end the first thread", end_first_thread, 1},
    {"exec beside a thread", exec_beside_others, 1},
    {"ask for limits", ask_limits, 1},
    {"ask for a schedule", ask_schedule, 1},
    {"ask for rights", ask_rights, 1},
    {"ask for times", ask_times, 1},
    {"change a schedule", change_schedule, 1},
    {"open a process", open_process, 2},
    {"take a descriptor", take_descriptor, 1},
    {"signal by a descriptor", signal_process, 1},
    {},
};

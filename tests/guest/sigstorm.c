/*
 * Signals from many sides at once: nothing is lost that is to be kept, and no
 * process can hold out against its end.
 */
#include "tap.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

/* ---- queued signals, each of them, in order ----------------------------- */

#define NR_SENDERS 4
#define NR_VALUES  400

static volatile int next_of[NR_SENDERS], out_of_order;

static void
take_value(int signo, siginfo_t *info, void *uc)
{
	int sender = info->si_value.sival_int / NR_VALUES;
	int value = info->si_value.sival_int % NR_VALUES;

	(void)signo;
	(void)uc;
	if (value != next_of[sender])
		out_of_order++;
	next_of[sender]++;
}

static void
send_values(int sender)
{
	union sigval v;
	int i;

	for (i = 0; i < NR_VALUES; i++) {
		v.sival_int = sender * NR_VALUES + i;
		while (sigqueue(getppid(), SIGRTMIN + sender, v) != 0) {
			ensure(errno == EAGAIN);
			sched_yield();
		}
	}
	_exit(0);
}

TEST(sigstorm_queue)
{
	struct sigaction sa = {
	    .sa_sigaction = take_value, .sa_flags = SA_SIGINFO};
	pid_t pid[NR_SENDERS];
	int i;

	for (i = 0; i < NR_SENDERS; i++)
		must(sigaction(SIGRTMIN + i, &sa, NULL));
	for (i = 0; i < NR_SENDERS; i++) {
		pid[i] = must(fork());
		if (pid[i] == 0)
			send_values(i);
	}
	for (i = 0; i < NR_SENDERS; i++)
		is(wait_status(pid[i]), 0, "sender %d sent all", i);
	for (i = 0; i < NR_SENDERS; i++)
		is(next_of[i], NR_VALUES, "all of sender %d came", i);
	is(out_of_order, 0, "each sender's in the order of sending");
}

/* ---- threads in every kind of wait -------------------------------------- */

#define NR_KINDS 7

static int pipe_fds[2];
static volatile int never;

static void *
wait_somehow(void *arg)
{
	struct timespec hour = {.tv_sec = 3600};
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	sigset_t set;
	char c;

	switch ((long)arg % NR_KINDS) {
	case 0:
		while (!never)
			;
		break;
	case 1:
		nanosleep(&hour, NULL);
		break;
	case 2:
		pthread_mutex_lock(&mutex);
		pthread_mutex_lock(&mutex);
		break;
	case 3:
		(void)!read(pipe_fds[0], &c, 1);
		break;
	case 4:
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		sigwaitinfo(&set, NULL);
		break;
	case 5:
		while (!never)
			sched_yield();
		break;
	case 6:
		sigfillset(&set);
		sigdelset(&set, SIGUSR1);
		sigsuspend(&set);
		break;
	}
	return NULL;
}

static void
start_all_kinds(void)
{
	pthread_t t;
	long i;

	must(pipe(pipe_fds));
	for (i = 0; i < NR_KINDS; i++)
		ensure(pthread_create(&t, NULL, wait_somehow, (void *)i) == 0);
}

static pid_t
spawn_with_threads(struct gate *ready)
{
	pid_t pid = must(fork());

	if (pid != 0)
		return pid;
	start_all_kinds();
	gate_open(ready);
	wait_somehow(NULL);
	_exit(1);
}

TEST(sigstorm_kill)
{
	struct gate ready = gate_make();
	int i, killed = 0;

	for (i = 0; i < 20; i++) {
		pid_t pid = spawn_with_threads(&ready);

		if (i % 2)
			gate_wait(&ready);
		must(kill(pid, SIGKILL));
		killed += wait_status(pid) == SIGKILL;
	}
	is(killed, 20, "SIGKILL ends a process, whatever its threads do");
}

TEST(sigstorm_terminate)
{
	struct gate ready = gate_make();
	int i, ended = 0;

	for (i = 0; i < 20; i++) {
		pid_t pid = spawn_with_threads(&ready);

		gate_wait(&ready);
		must(kill(pid, i % 2 ? SIGTERM : SIGRTMIN + 3));
		ended += wait_status(pid) == (i % 2 ? SIGTERM : SIGRTMIN + 3);
	}
	is(ended, 20, "so does any signal that has no handler");
}

TEST(sigstorm_stop)
{
	struct gate ready = gate_make();
	pid_t pid = spawn_with_threads(&ready);
	int i, status, stopped = 0, continued = 0;

	gate_wait(&ready);
	for (i = 0; i < 100; i++) {
		must(kill(pid, SIGSTOP));
		is(must(waitpid(pid, &status, WUNTRACED)), pid, "a change");
		stopped += WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
		must(kill(pid, SIGCONT));
		must(waitpid(pid, &status, WCONTINUED));
		continued += WIFCONTINUED(status);
	}
	is(stopped, 100, "every stop was told");
	is(continued, 100, "and every continuation");
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	must(kill(pid, SIGKILL));
	is(wait_status(pid), SIGKILL, "what is stopped can be killed");
}

/* Stops and continuations that nobody waits for in between. */
TEST(sigstorm_stop_and_go)
{
	struct gate ready = gate_make();
	pid_t pid = spawn_with_threads(&ready);
	int i;

	gate_wait(&ready);
	for (i = 0; i < 1000; i++) {
		must(kill(pid, SIGSTOP));
		must(kill(pid, SIGCONT));
	}
	must(kill(pid, SIGTERM));
	is(wait_status(pid), SIGTERM, "it ran on in the end");
}

/* ---- ends that race ------------------------------------------------------ */

static void *
end_process(void *arg)
{
	_exit(10 + (int)(long)arg);
}

static void
many_exits(void)
{
	pthread_t t;
	long i;

	for (i = 0; i < 4; i++)
		pthread_create(&t, NULL, end_process, (void *)i);
	pthread_exit(NULL);
}

TEST(sigstorm_exits)
{
	int i, good = 0;

	for (i = 0; i < 40; i++) {
		pid_t pid = must(fork());
		int status;

		if (pid == 0)
			many_exits();
		status = wait_status(pid);
		good += WIFEXITED(status) && WEXITSTATUS(status) >= 10 &&
		    WEXITSTATUS(status) < 14;
	}
	is(good, 40, "the status is that of one of those who ended it");
}

HELPER(sigstorm_after_exec)
{
	return 33;
}

static void *
do_exec(void *arg)
{
	char *argv[] = {(char *)tap_self, "@sigstorm_after_exec", NULL};

	execv(tap_self, argv);
	return arg;
}

TEST(sigstorm_exec)
{
	int i, good = 0;

	for (i = 0; i < 10; i++) {
		pid_t pid = must(fork());
		pthread_t t[2];

		if (pid == 0) {
			start_all_kinds();
			pthread_create(&t[0], NULL, do_exec, NULL);
			pthread_create(&t[1], NULL, do_exec, NULL);
			wait_somehow((void *)1);
			_exit(1);
		}
		good += wait_status(pid) == 33 << 8;
	}
	is(good, 10, "exec by one thread ends the others, and only one runs");
}

/* ---- a signal to the process finds the thread that takes it ------------- */

static struct gate taken;
static volatile pid_t taker;

static void
note_taker(int signo)
{
	(void)signo;
	taker = (pid_t)syscall(SYS_gettid);
	gate_open(&taken);
}

struct open_thread {
	struct gate ready, leave;
	pthread_t thread;
	pid_t tid;
};

static void *
be_open(void *arg)
{
	struct open_thread *o = arg;
	sigset_t set;

	o->tid = (pid_t)syscall(SYS_gettid);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	gate_open(&o->ready);
	gate_wait(&o->leave);
	return NULL;
}

TEST(sigstorm_right_thread)
{
	struct sigaction sa = {
	    .sa_handler = note_taker, .sa_flags = SA_RESTART};
	struct open_thread o = {gate_make(), gate_make(), 0, 0};
	int i, right = 0;
	sigset_t set;

	taken = gate_make();
	must(sigaction(SIGUSR1, &sa, NULL));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	for (i = 0; i < 50; i++) {
		/* Even: it is pending before anybody takes it. */
		if (i % 2 == 0)
			must(kill(getpid(), SIGUSR1));
		ensure(pthread_create(&o.thread, NULL, be_open, &o) == 0);
		gate_wait(&o.ready);
		if (i % 2)
			must(kill(getpid(), SIGUSR1));
		gate_wait(&taken);
		right += taker == o.tid;
		gate_open(&o.leave);
		pthread_join(o.thread, NULL);
	}
	is(right, 50, "the only thread that does not block it");
}

/* ---- interval timers ----------------------------------------------------- */

static volatile int ticks;

static void
tick(int signo)
{
	(void)signo;
	ticks++;
}

static void
count_ticks(int which, int signo, const char *name)
{
	struct itimerval it = {{0, 5000}, {0, 5000}}, off = {0}, left;
	struct sigaction sa = {.sa_handler = tick, .sa_flags = SA_RESTART};
	int before;

	ticks = 0;
	must(sigaction(signo, &sa, NULL));
	must(setitimer(which, &it, NULL));
	while (ticks < 5)
		;
	before = ticks;
	must(getitimer(which, &left));
	is(left.it_interval.tv_usec, 5000, "%s: its interval", name);
	/* Linux winds it up when its signal is taken: none is, within a call.
	 */
	ok(left.it_value.tv_sec == 0 &&
		(left.it_value.tv_usec > 0 || ticks > before),
	    "%s: some of it is left, or it has just run out", name);
	must(setitimer(which, &off, &left));
	is(left.it_interval.tv_usec, 5000, "%s: the old one is told", name);
	must(getitimer(which, &left));
	is(left.it_value.tv_usec, 0, "%s: it is off", name);
}

TEST(sigstorm_timers)
{
	count_ticks(ITIMER_REAL, SIGALRM, "REAL");
	count_ticks(ITIMER_VIRTUAL, SIGVTALRM, "VIRTUAL");
	count_ticks(ITIMER_PROF, SIGPROF, "PROF");
}

/* ---- a signal and a child's end at once ---------------------------------- */

TEST(sigstorm_wait)
{
	struct sigaction sa = {.sa_handler = tick};
	int i, told = 0;

	must(sigaction(SIGUSR1, &sa, NULL));
	for (i = 0; i < 200; i++) {
		pid_t pid = must(fork());

		if (pid == 0) {
			kill(getppid(), SIGUSR1);
			_exit(7);
		}
		/* Interrupted or not, the news is told once. */
		told += wait_status(pid) == 7 << 8;
		ensure(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	}
	is(told, 200, "every child was waited for, with its status");
}

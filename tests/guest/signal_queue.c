/* Real-time signals queue, each with its value, in order. */
#include "tap.h"

#include <sys/resource.h>

static volatile int got[64][2], nr_got;

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (nr_got < 64) {
		got[nr_got][0] = sig;
		got[nr_got][1] = info->si_value.sival_int;
		nr_got++;
	}
}

static void
listen_for(int sig)
{
	struct sigaction sa = {
	    .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

	sigfillset(&sa.sa_mask);
	must(sigaction(sig, &sa, NULL));
}

static void
block_all(int how)
{
	sigset_t set;

	sigfillset(&set);
	must(sigprocmask(how, &set, NULL));
}

static void
queue(pid_t pid, int sig, int value)
{
	union sigval v = {.sival_int = value};

	must(sigqueue(pid, sig, v));
}

static void
test_order(void)
{
	int lo = SIGRTMIN, hi = SIGRTMIN + 3, good = 0;

	listen_for(lo);
	listen_for(hi);
	block_all(SIG_BLOCK);
	for (int i = 0; i < 10; i++) {
		queue(getpid(), hi, i);
		queue(getpid(), lo, 100 + i);
	}
	nr_got = 0;
	block_all(SIG_UNBLOCK);
	is(nr_got, 20, "each of 20 queued signals comes");
	for (int i = 0; i < 10; i++)
		good += got[i][0] == lo && got[i][1] == 100 + i;
	is(good, 10, "the lower number first, in the order of sending");
	for (int i = 0; i < 10; i++)
		good += got[10 + i][0] == hi && got[10 + i][1] == i;
	is(good, 20, "then the higher");
}

/* Those below 32 do not queue; all of these come before real-time ones. */
static void
test_standard(void)
{
	listen_for(SIGUSR1);
	listen_for(SIGRTMIN);
	block_all(SIG_BLOCK);
	queue(getpid(), SIGRTMIN, 1);
	queue(getpid(), SIGUSR1, 2);
	queue(getpid(), SIGUSR1, 3);
	nr_got = 0;
	block_all(SIG_UNBLOCK);
	is(nr_got, 2, "a standard signal comes once");
	is(got[0][0], SIGUSR1, "and first");
	is(got[0][1], 2, "as it was sent first");
	is(got[1][0], SIGRTMIN, "the real-time one after it");
}

/* A signal that is killed with kill queues too, if it is a real-time one. */
static void
test_kill(void)
{
	block_all(SIG_BLOCK);
	for (int i = 0; i < 5; i++)
		must(kill(getpid(), SIGRTMIN));
	nr_got = 0;
	block_all(SIG_UNBLOCK);
	is(nr_got, 5, "kill, five times");
}

static struct gate ready;

static void
receive(void)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	gate_open(&ready);
	for (int i = 0; i < 20; i++) {
		if (sigwaitinfo(&set, &info) != SIGRTMIN + 1)
			_exit(1);
		if (info.si_value.sival_int != i || info.si_pid != getppid())
			_exit(2);
	}
}

static void
test_other(void)
{
	pid_t pid;

	block_all(SIG_BLOCK);
	pid = spawn(receive);
	gate_wait(&ready);
	for (int i = 0; i < 20; i++)
		queue(pid, SIGRTMIN + 1, i);
	is(wait_status(pid), 0, "another process gets 20 in order");
	block_all(SIG_UNBLOCK);
}

/* So many may wait and no more: EAGAIN, and none is lost. */
static void
test_limit(void)
{
	struct rlimit rl = {10, 10};
	union sigval v = {.sival_int = 0};
	int sent = 0;

	must(setgid(999));
	must(setuid(999));
	must(setrlimit(RLIMIT_SIGPENDING, &rl));
	block_all(SIG_BLOCK);
	while (sent < 20 && sigqueue(getpid(), SIGRTMIN, v) == 0)
		sent++;
	is(sent, 10, "RLIMIT_SIGPENDING bounds the queue");
	is(errno, EAGAIN, "with EAGAIN");
	is(kill(getpid(), SIGTERM), 0, "kill works all the same");
	nr_got = 0;
	signal(SIGTERM, SIG_IGN);
	block_all(SIG_UNBLOCK);
	is(nr_got, 10, "those queued come");
}

static void
test_refusals(void)
{
	union sigval v = {.sival_int = 0};
	siginfo_t info = {.si_code = SI_USER};

	is_errno(sigqueue(getpid(), 65, v), EINVAL, "no signal 65");
	is_errno(sigqueue(1 << 30, SIGUSR1, v), ESRCH, "nobody");
	is(sigqueue(getpid(), 0, v), 0, "signal 0");
	is_errno(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info), EPERM,
	    "what looks like the kernel's is not for others");
	is_errno(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, NOWHERE),
	    EFAULT, "nothing at all");
}

TEST(signal_queue)
{
	ready = gate_make();
	test_order();
	test_standard();
	test_kill();
	test_other();
	is(wait_status(spawn(test_limit)), 0, "a limit");
	test_refusals();
}

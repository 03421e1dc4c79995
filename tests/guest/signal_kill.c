/* kill, tkill and tgkill: whom they reach, who may send what to whom. */
#include "tap.h"

static struct gate ready, go;

static void
wait_at_gate(void)
{
	gate_open(&ready);
	gate_wait(&go);
}

static pid_t
waiting_child(void)
{
	pid_t pid = spawn(wait_at_gate);

	gate_wait(&ready);
	return pid;
}

static void
test_one(void)
{
	pid_t pid = waiting_child();

	is(kill(pid, 0), 0, "signal 0 asks whether somebody is there");
	is(kill(pid, SIGTERM), 0, "kill");
	is(wait_status(pid), SIGTERM, "it is what it dies of");
	is_errno(kill(pid, 0), ESRCH, "nobody is there");
	is_errno(kill(pid, SIGTERM), ESRCH, "nobody gets it");
	pid = must(fork());
	if (pid == 0)
		_exit(0);
	must(waitid(P_PID, pid, NULL, WEXITED | WNOWAIT));
	is(kill(pid, SIGKILL), 0, "a zombie may be sent anything");
	is(wait_status(pid), 0, "and is not changed by it");
}

static void
in_a_group(void)
{
	pid_t a, b, self = getpid();
	int status;

	must(setpgid(0, 0));
	signal(SIGTERM, SIG_IGN);
	a = must(fork());
	if (a == 0) {
		signal(SIGTERM, SIG_DFL);
		wait_at_gate();
	}
	b = must(fork());
	if (b == 0) {
		signal(SIGTERM, SIG_DFL);
		wait_at_gate();
	}
	gate_wait(&ready);
	gate_wait(&ready);
	is(kill(0, SIGTERM), 0, "kill(0): one's own group");
	must(waitpid(a, &status, 0));
	is(status, SIGTERM, "reaches one");
	must(waitpid(b, &status, 0));
	is(status, SIGTERM, "and the other");
	is(kill(-self, 0), 0, "kill(-N): group N");
	is_errno(kill(-a, 0), ESRCH, "there is no group of the child's");
}

static void
as_another_user(void)
{
	pid_t root = getppid(), other;

	must(setgid(54321));
	must(setuid(54321));
	is_errno(kill(root, 0), EPERM, "root's processes are not ours to kill");
	is_errno(kill(root, SIGCONT), EPERM, "SIGCONT in another session");
	is_errno(kill(1, SIGTERM), EPERM, "init least of all");
	other = must(fork());
	if (other == 0) {
		pause();
		_exit(0);
	}
	is(kill(other, SIGCONT), 0, "our own are");
	is(kill(-1, SIGTERM), 0, "kill(-1): all that we may kill");
	is(wait_status(other), SIGTERM, "but ourselves");
}

static void
in_a_session(void)
{
	must(setsid());
	as_another_user();
}

static void
test_refusals(void)
{
	is_errno(kill(getpid(), 65), EINVAL, "no signal 65");
	is_errno(kill(getpid(), -1), EINVAL, "nor -1");
	is_errno(kill(1 << 30, 0), ESRCH, "nobody");
	is_errno(kill(-(1 << 30), 0), ESRCH, "no group");
	is_errno(kill(INT_MIN, 0), ESRCH, "nor this one");
	is_errno(syscall(SYS_tkill, 0, 0), EINVAL, "no thread 0");
	is_errno(syscall(SYS_tkill, -1, 0), EINVAL, "nor -1");
	is_errno(syscall(SYS_tkill, 1 << 30, 0), ESRCH, "nor this");
	is_errno(syscall(SYS_tkill, getpid(), 65), EINVAL, "no signal 65");
	is_errno(syscall(SYS_tgkill, 0, getpid(), 0), EINVAL, "no process 0");
	is_errno(syscall(SYS_tgkill, getpid(), -1, 0), EINVAL, "no thread -1");
	is_errno(syscall(SYS_tgkill, getppid(), getpid(), 0), ESRCH,
	    "a thread that is not the process's");
	is_errno(syscall(SYS_tgkill, getpid(), getpid(), 65), EINVAL,
	    "no signal 65");
	is(syscall(SYS_tkill, getpid(), 0), 0, "tkill 0");
	is(syscall(SYS_tgkill, getpid(), getpid(), 0), 0, "tgkill 0");
}

static volatile sig_atomic_t count;

static void
on_signal(int sig)
{
	(void)sig;
	count++;
}

/* A signal to oneself has acted when kill returns. */
static void
test_oneself(void)
{
	int good = 0;

	signal(SIGUSR1, on_signal);
	for (int i = 1; i <= 50; i++) {
		kill(getpid(), SIGUSR1);
		good += count == i;
	}
	is(good, 50, "kill to oneself acts before it returns");
	for (int i = 51; i <= 100; i++) {
		syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
		good += count == i;
	}
	is(good, 100, "as does tgkill");
	signal(SIGUSR1, SIG_DFL);
}

/* Init has few handlers, so most signals do nothing to it. */
static void
test_init(void)
{
	is(kill(1, 0), 0, "init is there");
	is(kill(1, SIGALRM), 0, "SIGALRM to init");
	is(kill(1, SIGKILL), 0, "even SIGKILL");
	is(kill(1, 0), 0, "it is still there");
}

/* A process that does nothing but run is reached as well. */
static void
spin(void)
{
	gate_open(&ready);
	for (;;)
		;
}

static void
test_running(void)
{
	pid_t pid = spawn(spin);

	gate_wait(&ready);
	must(kill(pid, SIGTERM));
	is(wait_status(pid), SIGTERM, "SIGTERM ends an endless loop");
	pid = spawn(spin);
	gate_wait(&ready);
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, NULL, WUNTRACED));
	must(kill(pid, SIGKILL));
	is(wait_status(pid), SIGKILL, "SIGKILL ends one that is stopped");
}

TEST(signal_kill)
{
	ready = gate_make();
	go = gate_make();
	test_one();
	is(wait_status(spawn(in_a_group)), 0, "a group");
	is(wait_status(spawn(in_a_session)), 0, "another user");
	test_refusals();
	test_oneself();
	if (access("/calf/argv", F_OK) == 0)
		test_init();
	test_running();
}

/* What a handler is told: siginfo, for every source of signals. */
#include "tap.h"

#include <sys/time.h>
#include <ucontext.h>

static volatile siginfo_t last;
static volatile int count;

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	*(siginfo_t *)&last = *info;
	count++;
}

static void
listen_for(int sig, int flags)
{
	struct sigaction sa = {
	    .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | flags};

	must(sigaction(sig, &sa, NULL));
	memset((void *)&last, 0, sizeof(last));
}

static void
test_kill(void)
{
	listen_for(SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	is(last.si_signo, SIGUSR1, "kill: si_signo");
	is(last.si_code, SI_USER, "si_code");
	is(last.si_pid, getpid(), "si_pid");
	is(last.si_uid, 0, "si_uid");
	is(last.si_errno, 0, "si_errno");
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
	is(last.si_code, SI_TKILL, "tgkill: si_code");
	is(last.si_pid, getpid(), "si_pid");
	syscall(SYS_tkill, gettid(), SIGUSR1);
	is(last.si_code, SI_TKILL, "tkill: si_code");
}

static void
kill_parent(void)
{
	must(setgid(3));
	must(setuid(0));
	kill(getppid(), SIGUSR1);
}

static void
test_sender(void)
{
	pid_t pid;

	listen_for(SIGUSR1, SA_RESTART);
	pid = spawn(kill_parent);
	wait_status(pid);
	is(last.si_pid, pid, "another process: its si_pid");
}

static void
exit_7(void)
{
	_exit(7);
}

static void
die_of_term(void)
{
	raise(SIGTERM);
}

static void
stop(void)
{
	raise(SIGSTOP);
}

static void
test_child(void)
{
	pid_t pid;

	listen_for(SIGCHLD, SA_RESTART);
	pid = spawn(exit_7);
	wait_status(pid);
	is(last.si_signo, SIGCHLD, "a child that exits: si_signo");
	is(last.si_code, CLD_EXITED, "si_code");
	is(last.si_pid, pid, "si_pid");
	is(last.si_status, 7, "si_status");
	is(last.si_uid, 0, "si_uid");
	pid = spawn(die_of_term);
	wait_status(pid);
	is(last.si_code, CLD_KILLED, "a child that is killed: si_code");
	is(last.si_status, SIGTERM, "si_status");
	pid = spawn(stop);
	must(waitpid(pid, NULL, WUNTRACED));
	is(last.si_code, CLD_STOPPED, "a child that stops: si_code");
	is(last.si_status, SIGSTOP, "si_status");
	kill(pid, SIGKILL);
	wait_status(pid);
	signal(SIGCHLD, SIG_DFL);
}

static void
test_alarm(void)
{
	struct itimerval it = {.it_value = {0, 1000}};

	listen_for(SIGALRM, 0);
	must(setitimer(ITIMER_REAL, &it, NULL));
	while (!last.si_signo)
		;
	is(last.si_code, SI_KERNEL, "a timer: si_code");
}

static void
test_pipe(void)
{
	int fd[2];

	must(pipe(fd));
	close(fd[0]);
	listen_for(SIGPIPE, 0);
	is_errno(write(fd[1], "x", 1), EPIPE, "a pipe that nobody reads");
	is(last.si_signo, SIGPIPE, "gives SIGPIPE");
	is(last.si_code, SI_USER, "si_code");
	is(last.si_pid, getpid(), "from oneself");
	close(fd[1]);
}

static void
test_queue(void)
{
	union sigval value = {.sival_int = 12345};

	listen_for(SIGRTMIN, 0);
	is(sigqueue(getpid(), SIGRTMIN, value), 0, "sigqueue");
	is(last.si_code, SI_QUEUE, "si_code");
	is(last.si_value.sival_int, 12345, "si_value");
	is(last.si_pid, getpid(), "si_pid");
}

#ifdef __riscv
static void *trap_pc;

static void
on_trap(int sig, siginfo_t *info, void *context)
{
	mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;

	on_signal(sig, info, context);
	trap_pc = (void *)m->__gregs[0];
	m->__gregs[0] += 4;
}

static void
test_trap(void)
{
	struct sigaction sa = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	must(sigaction(SIGTRAP, &sa, NULL));
	__asm__ volatile(".option push\n.option norvc\nebreak\n.option pop");
	is(last.si_signo, SIGTRAP, "a breakpoint is SIGTRAP");
	is(last.si_code, TRAP_BRKPT, "si_code");
	ok(last.si_addr == trap_pc, "si_addr is where it is");
}
#else
static void
test_trap(void)
{
	skip("a breakpoint of another machine");
}
#endif

TEST(signal_info)
{
	test_kill();
	test_sender();
	test_child();
	test_alarm();
	test_pipe();
	test_queue();
	test_trap();
}

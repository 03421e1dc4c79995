/* Stopping and going on, and how parents hear of it. */
#include "tap.h"

#include <sched.h>

static struct gate gate;

static void
until_gate(void)
{
	gate_wait(&gate);
}

static void
stop_oneself(void)
{
	raise(SIGSTOP);
	_exit(17);
}

static void
test_wait4(void)
{
	pid_t pid = spawn(stop_oneself);
	int status;

	is(waitpid(pid, &status, WUNTRACED), pid, "WUNTRACED: it stopped");
	ok(WIFSTOPPED(status), "its status says so");
	is(WSTOPSIG(status), SIGSTOP, "and by what");
	is(waitpid(pid, &status, WUNTRACED | WNOHANG), 0, "it is said once");
	must(kill(pid, SIGCONT));
	is(waitpid(pid, &status, WUNTRACED), pid, "after SIGCONT");
	is(status, 17 << 8, "it goes on to its end");
}

static void
test_continued(void)
{
	pid_t pid = spawn(until_gate);
	int status;

	must(kill(pid, SIGSTOP));
	is(waitpid(pid, &status, WUNTRACED), pid, "stopped from outside");
	is(waitpid(pid, &status, WNOHANG | WCONTINUED), 0, "not continued yet");
	must(kill(pid, SIGCONT));
	is(waitpid(pid, &status, WCONTINUED), pid, "WCONTINUED");
	ok(WIFCONTINUED(status), "its status says so");
	is(waitpid(pid, &status, WCONTINUED | WNOHANG), 0, "once");
	must(kill(pid, SIGCONT));
	is(waitpid(pid, &status, WCONTINUED | WNOHANG), 0,
	    "what was not stopped is not continued");
	gate_open(&gate);
	is(wait_status(pid), 0, "it ends");
}

static void
test_waitid(void)
{
	pid_t pid = spawn(until_gate);
	siginfo_t info;

	must(kill(pid, SIGTSTP));
	is(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT), 0, "WSTOPPED");
	is(info.si_code, CLD_STOPPED, "si_code");
	is(info.si_status, SIGTSTP, "si_status: the signal that stopped it");
	is(info.si_pid, pid, "si_pid");
	is(waitid(P_PID, pid, &info, WSTOPPED), 0, "again after WNOWAIT");
	info.si_pid = 1;
	is(waitid(P_PID, pid, &info, WSTOPPED | WEXITED | WNOHANG), 0, "and");
	is(info.si_pid, 0, "not a third time");
	must(kill(pid, SIGCONT));
	is(waitid(P_PID, pid, &info, WCONTINUED), 0, "WCONTINUED");
	is(info.si_code, CLD_CONTINUED, "si_code");
	is(info.si_status, SIGCONT, "si_status");
	must(kill(pid, SIGSTOP));
	is(waitid(P_PID, pid, &info, WSTOPPED), 0, "stopped again");
	must(kill(pid, SIGKILL));
	is(waitid(P_PID, pid, &info, WEXITED), 0, "SIGKILL ends what stopped");
	is(info.si_code, CLD_KILLED, "killed");
}

/* What comes while a process is stopped waits until it goes on. */
static void
test_pending(void)
{
	pid_t pid = spawn(until_gate);
	int status, ended = 0;

	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	must(kill(pid, SIGTERM));
	/* For as long as it would take to die. */
	for (int i = 0; i < 30 && ended == 0; i++) {
		ended = waitpid(pid, &status, WNOHANG);
		usleep(1000);
	}
	is(ended, 0, "SIGTERM waits while stopped");
	must(kill(pid, SIGCONT));
	is(waitpid(pid, &status, 0), pid, "and acts when it goes on");
	is(WTERMSIG(status), SIGTERM, "as it does");
}

static volatile sig_atomic_t continued;

static void
on_continue(int sig)
{
	(void)sig;
	continued = 1;
}

static void
handle_continue(void)
{
	must(signal(SIGCONT, on_continue) == SIG_ERR ? -1 : 0);
	raise(SIGSTOP);
	ok(continued, "SIGCONT runs its handler when the process goes on");
}

/* SIGCONT throws away stops that are pending, and stops throw it away. */
static void
cancel_pending(void)
{
	sigset_t set, now;

	sigemptyset(&set);
	sigaddset(&set, SIGCONT);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGTTIN);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGTSTP);
	raise(SIGTTIN);
	sigpending(&now);
	ok(sigismember(&now, SIGTSTP) && sigismember(&now, SIGTTIN),
	    "two stops are pending");
	raise(SIGCONT);
	sigpending(&now);
	ok(!sigismember(&now, SIGTSTP) && !sigismember(&now, SIGTTIN),
	    "SIGCONT takes them away");
	ok(sigismember(&now, SIGCONT), "and is pending itself");
	raise(SIGTTIN);
	sigpending(&now);
	ok(!sigismember(&now, SIGCONT), "a stop takes SIGCONT away");
}

static volatile sig_atomic_t chld_code;
static volatile sig_atomic_t chld_count;

static void
on_child(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	chld_code = info->si_code;
	chld_count++;
}

static void
test_sigchld(void)
{
	struct sigaction sa = {
	    .sa_sigaction = on_child, .sa_flags = SA_SIGINFO | SA_RESTART};
	pid_t pid = spawn(until_gate);
	int status;

	must(sigaction(SIGCHLD, &sa, NULL));
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	is(chld_code, CLD_STOPPED, "SIGCHLD for a stop");
	must(kill(pid, SIGCONT));
	must(waitpid(pid, &status, WCONTINUED));
	while (chld_code != CLD_CONTINUED)
		sched_yield();
	ok(true, "and for going on, though perhaps a little later");

	sa.sa_flags |= SA_NOCLDSTOP;
	must(sigaction(SIGCHLD, &sa, NULL));
	chld_count = 0;
	must(kill(pid, SIGSTOP));
	must(waitpid(pid, &status, WUNTRACED));
	must(kill(pid, SIGCONT));
	must(waitpid(pid, &status, WCONTINUED));
	is(chld_count, 0, "neither with SA_NOCLDSTOP");
	gate_open(&gate);
	is(wait_status(pid), 0, "it ends");
	is(chld_count, 1, "of which SIGCHLD tells");
	signal(SIGCHLD, SIG_DFL);
}

/* Nobody in an orphaned group can continue it, so ^Z must not stop it. */
static void
orphaned_group(void)
{
	must(setsid());
	raise(SIGTSTP);
	raise(SIGTTIN);
	raise(SIGTTOU);
	_exit(8);
}

TEST(proc_stop)
{
	pid_t pid;
	int status;

	gate = gate_make();
	test_wait4();
	test_continued();
	if ((pid = must(fork())) == 0) {
		must(setpgid(0, 0));
		test_waitid();
		_exit(0);
	}
	is(wait_status(pid), 0, "a group whose parent is in another");
	test_pending();
	is(wait_status(spawn(cancel_pending)), 0, "stops and SIGCONT");
	pid = spawn(handle_continue);
	must(waitpid(pid, &status, WUNTRACED));
	must(kill(pid, SIGCONT));
	is(wait_status(pid), 0, "a handler of SIGCONT");
	test_sigchld();
	exits(8, orphaned_group, "an orphaned group is not stopped by ^Z");
}

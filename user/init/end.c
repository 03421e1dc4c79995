/*
 * What ends: children, and with the signals below the machine.
 *
 * The signals are blocked for good, and asked for one at a time.  So none is
 * missed however it falls, and nothing is interrupted.  busybox's halt,
 * poweroff and reboot send them to process 1.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

static const struct {
	int signo;
	int how;
} ends[] = {
    {SIGUSR1, RB_HALT_SYSTEM},
    {SIGUSR2, RB_POWER_OFF},
    {SIGTERM, RB_AUTOBOOT},
};

static sigset_t awaited;

void
listen_for_signals(void)
{
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGCHLD);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaddset(&awaited, ends[i].signo);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
}

void
forget_signals(void)
{
	sigprocmask(SIG_UNBLOCK, &awaited, NULL);
}

void
leave(int how)
{
	sync();
	root_leave(how);
	unmount_all();
	reboot(how);
	for (;;)
		pause();
}

void
die(const char *what)
{
	dprintf(2, "init: %s: %s\n", what, strerror(errno));
	tcdrain(2);
	leave(RB_POWER_OFF);
}

void
kill_stragglers(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

/* How long whoever is asked to end may take, and how often we look. */
#define GRACE_MS 1000
#define LOOK_MS  10

void
end_session(int how)
{
	static const struct timespec look = {0, LOOK_MS * 1000000};
	pid_t pid = 0;

	kill(-1, SIGTERM);
	kill(-1, SIGHUP); /* to a shell, which does not heed SIGTERM */
	kill(-1, SIGCONT);
	for (int ms = 0; pid >= 0 && ms < GRACE_MS; ms += LOOK_MS) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid == 0)
			nanosleep(&look, NULL);
	}
	kill_stragglers();
	channel_drain();
	tcdrain(1);
	leave(how);
}

int
reap_until(pid_t child)
{
	for (;;) {
		int status, signo;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == child)
				return status;
		if (pid < 0)
			die("wait");
		signo = sigwaitinfo(&awaited, NULL);
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			if (ends[i].signo == signo)
				end_session(ends[i].how);
	}
}

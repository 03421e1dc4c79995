/*
 * Wake-ups at sockets that Linux does not promise: one place for two who wait
 * and of whom the first leaves.
 */
#include "sock.h"

/* ------------------------------------------------ one place in a backlog */

static pid_t
start_connect(void)
{
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(sock_connect(sock_new(SOCK_STREAM), "l") ? errno : 0);
	sock_until_asleep(pid);
	return pid;
}

static void
test_one_place(bool killed)
{
	int l = sock_listener(SOCK_STREAM, "l", 0);
	pid_t a, b;

	sock_client(SOCK_STREAM, "l");
	a = start_connect();
	b = start_connect();
	if (!killed)
		must(unlink("l"));
	close(must(accept(l, NULL, NULL)));
	if (killed)
		must(kill(a, SIGKILL));
	a = wait_status(a);
	ok(killed ? a == SIGKILL || a == 0 : a == ENOENT << 8,
	    "the first ends with %d", a);
	/* If he got in before he was killed, that was the place. */
	if (a == 0)
		close(must(accept(l, NULL, NULL)));
	is(wait_status(b), killed ? 0 : ENOENT << 8, "and wakes the second");
	close(l);
	unlink("l");
}

TEST(calf_sock_wake_gone)
{
	test_one_place(false);
}

TEST(calf_sock_wake_killed)
{
	sock_stay_on_one();
	test_one_place(true);
}

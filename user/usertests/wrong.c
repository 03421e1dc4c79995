/* Tests that go wrong: that this is noticed is tested with them. */
#include "usertests.h"

#include <signal.h>
#include <unistd.h>

/* A grandchild finds out. */
static void
test_fails(void)
{
	if (start() == 0) {
		if (start() == 0)
			fail("told by a grandchild");
		pause();
	}
	pause();
}

static void
test_dies(void)
{
	raise(SIGSEGV);
}

static void
test_exits(void)
{
	_exit(3);
}

/* With processes that have left its group, one of them stopped. */
static void
test_hangs(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (int i = 0; i < 3; i++)
		if (start() == 0) {
			setsid();
			if (start() == 0)
				raise(SIGSTOP);
			for (;;)
				pause();
		}
	for (;;)
		pause();
}

const struct test wrong_tests[] = {
    {"=fails", test_fails, false},
    {"=dies", test_dies, false},
    {"=exits", test_exits, false},
    {"=hangs", test_hangs, false},
    {NULL, NULL, false},
};

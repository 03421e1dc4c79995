/* Handlers on a stack of their own. */
#include "tap.h"

#include <setjmp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define SIZE (64 * 1024)

static char *stack;
static volatile bool was_there;
static volatile int flags_inside;

static bool
on_stack(const void *p)
{
	return (char *)p >= stack && (char *)p < stack + SIZE;
}

static void
look(int sig)
{
	stack_t ss;
	int local;

	(void)sig;
	was_there = on_stack(&local);
	sigaltstack(NULL, &ss);
	flags_inside = ss.ss_flags;
}

static void
handle(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};

	must(sigaction(sig, &sa, NULL));
}

static void
use_stack(int flags)
{
	stack_t ss = {.ss_sp = stack, .ss_size = SIZE, .ss_flags = flags};

	must(sigaltstack(&ss, NULL));
}

static void
test_basics(void)
{
	stack_t ss = {.ss_sp = stack, .ss_size = SIZE}, old;

	is(sigaltstack(NULL, &old), 0, "asking");
	is(old.ss_flags, SS_DISABLE, "there is none");
	is(sigaltstack(&ss, &old), 0, "setting one");
	is(old.ss_flags, SS_DISABLE, "there was none");
	is(sigaltstack(NULL, &old), 0, "asking again");
	ok(old.ss_sp == stack && old.ss_size == SIZE && old.ss_flags == 0,
	    "it is there");
	handle(SIGUSR1, look, SA_ONSTACK);
	raise(SIGUSR1);
	ok(was_there, "a handler with SA_ONSTACK runs there");
	is(flags_inside, SS_ONSTACK, "and can see that it does");
	handle(SIGUSR1, look, 0);
	raise(SIGUSR1);
	ok(!was_there, "one without does not");
	is(flags_inside, 0, "and sees that");
	ss.ss_flags = SS_DISABLE;
	is(sigaltstack(&ss, NULL), 0, "taking it away");
	handle(SIGUSR1, look, SA_ONSTACK);
	raise(SIGUSR1);
	ok(!was_there, "then no handler runs there");
}

static volatile int change_errno;

static void
change_inside(int sig)
{
	stack_t ss = {.ss_flags = SS_DISABLE};

	(void)sig;
	change_errno = sigaltstack(&ss, NULL) ? errno : 0;
}

static void
test_refusals(void)
{
	stack_t ss = {.ss_sp = stack, .ss_size = 100};

	is_errno(sigaltstack(&ss, NULL), ENOMEM, "too small a stack");
	ss.ss_size = getauxval(AT_MINSIGSTKSZ);
	if (ss.ss_size < 2048)
		ss.ss_size = 2048;
	is(sigaltstack(&ss, NULL), 0, "the least that is allowed");
	ss.ss_size = SIZE;
	ss.ss_flags = 0x100;
	is_errno(sigaltstack(&ss, NULL), EINVAL, "no such flag");
	is_errno(sigaltstack(NOWHERE, NULL), EFAULT, "from nowhere");
	is_errno(sigaltstack(NULL, NOWHERE), EFAULT, "to nowhere");
	use_stack(0);
	handle(SIGUSR1, change_inside, SA_ONSTACK);
	raise(SIGUSR1);
	is(change_errno, EPERM, "it cannot be changed while it is in use");
}

static volatile int depth, deepest_on_stack;

static void
nest(int sig)
{
	int local;

	deepest_on_stack += on_stack(&local);
	if (++depth < 5)
		raise(sig);
}

static void
test_nested(void)
{
	use_stack(0);
	handle(SIGUSR1, nest, SA_ONSTACK | SA_NODEFER);
	raise(SIGUSR1);
	is(depth, 5, "a handler interrupts itself");
	is(deepest_on_stack, 5, "and all of it is on the one stack");
	look(0);
	ok(!was_there && flags_inside == 0, "then it is free again");
}

static sigjmp_buf back;

static void
jump(int sig)
{
	siglongjmp(back, sig);
}

static volatile bool forever = true;

static int
dig(void)
{
	volatile char buf[4096];

	buf[0] = 1;
	return forever ? dig() + buf[0] : 0;
}

/* What it is for: to see that the usual stack has no room. */
static void
test_overflow(void)
{
	struct rlimit rl = {256 * 1024, RLIM_INFINITY};

	must(setrlimit(RLIMIT_STACK, &rl));
	use_stack(0);
	handle(SIGSEGV, jump, SA_ONSTACK);
	for (int i = 0; i < 3; i++) {
		if (sigsetjmp(back, 1) == 0)
			dig();
		ok(true, "a stack overflow, caught and left behind");
	}
}

static void
overflow_without(void)
{
	struct rlimit rl = {256 * 1024, RLIM_INFINITY};

	must(setrlimit(RLIMIT_STACK, &rl));
	handle(SIGSEGV, jump, 0);
	if (sigsetjmp(back, 1) == 0)
		dig();
}

/* SS_AUTODISARM: the handler may leave and its stack be used anew. */
static void
test_autodisarm(void)
{
	stack_t ss = {.ss_sp = stack, .ss_size = SIZE, .ss_flags = SS_DISABLE};

	must(sigaltstack(&ss, NULL));
	ss.ss_flags = 1 << 31;
	if (sigaltstack(&ss, NULL)) {
		skip("SS_AUTODISARM is not known");
		return;
	}
	handle(SIGUSR1, look, SA_ONSTACK);
	raise(SIGUSR1);
	ok(was_there, "with SS_AUTODISARM, it runs there");
	is(flags_inside, SS_DISABLE, "and the stack is off meanwhile");
	must(sigaltstack(NULL, &ss));
	is(ss.ss_flags, 1 << 31, "and on again afterwards");
}

static void
test_children(void)
{
	stack_t ss;

	use_stack(0);
	if (must(fork()) == 0) {
		must(sigaltstack(NULL, &ss));
		ok(ss.ss_sp == stack && ss.ss_flags == 0, "a child has it too");
		handle(SIGUSR1, look, SA_ONSTACK);
		raise(SIGUSR1);
		ok(was_there, "and uses it");
		_exit(0);
	}
	wait(NULL);
}

TEST(signal_stack)
{
	stack = must(mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	test_basics();
	test_refusals();
	test_nested();
	test_children();
	is(wait_status(spawn(test_overflow)), 0, "overflows");
	dies(SIGSEGV, overflow_without, "without it, nobody can catch one");
	test_autodisarm();
}

/* Touching memory that may not be there; and that this tells what happened. */
#include "mem.h"

siginfo_t fault;

static sigjmp_buf back;

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault = *info;
	siglongjmp(back, sig);
}

static void
catch_faults(void)
{
	struct sigaction sa = {
	    .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGILL, &sa, NULL);
}

int
try_read(const volatile void *at)
{
	int sig;

	catch_faults();
	sig = sigsetjmp(back, 1);
	if (sig == 0)
		(void)*(const volatile char *)at;
	return sig;
}

int
try_write(volatile void *at)
{
	int sig;

	catch_faults();
	sig = sigsetjmp(back, 1);
	if (sig == 0)
		*(volatile char *)at = 1;
	return sig;
}

int
try_run(void *at)
{
	int sig;

	catch_faults();
	sig = sigsetjmp(back, 1);
	if (sig == 0)
		((void (*)(void))at)();
	return sig;
}

static void
check_fault(
    int got, int sig, int code, const volatile void *at, const char *what)
{
	is(got, sig, "%s: signal %d", what, sig);
	is(fault.si_signo, sig, "%s: si_signo", what);
	is(fault.si_code, code, "%s: si_code", what);
	is((uintptr_t)fault.si_addr, (uintptr_t)at, "%s: si_addr", what);
}

TEST(mem_touch)
{
	char *p = anon(2), *none = anon(1);
	volatile char *kernel = (char *)0xffffffff80000000ul;
	volatile char *hole = (char *)0x0000800000000000ul;

	must(munmap(none, PAGE));
	check_fault(try_read(none + 5), SIGSEGV, SEGV_MAPERR, none + 5,
	    "reading where nothing is");
	check_fault(try_write(none + 6), SIGSEGV, SEGV_MAPERR, none + 6,
	    "writing there");
	check_fault(
	    try_run(none + 8), SIGSEGV, SEGV_MAPERR, none + 8, "running there");
	check_fault(
	    try_read(NOWHERE), SIGSEGV, SEGV_MAPERR, NOWHERE, "reading page 0");
	is(try_write(p), 0, "what is ours can be written");
	must(mprotect(p, PAGE, PROT_READ));
	check_fault(try_write(p + 7), SIGSEGV, SEGV_ACCERR, p + 7,
	    "writing what is read-only");
	is(try_read(p), 0, "which can be read");
	must(mprotect(p, PAGE, PROT_NONE));
	check_fault(try_read(p + 9), SIGSEGV, SEGV_ACCERR, p + 9,
	    "reading what may not be");
	check_fault(
	    try_run(p + PAGE), SIGSEGV, SEGV_ACCERR, p + PAGE, "running data");
	is(try_read(kernel), SIGSEGV, "reading the kernel's half");
	is(try_write(kernel), SIGSEGV, "writing it");
	is(try_run((void *)kernel), SIGSEGV, "running it");
	is(try_read(hole), SIGSEGV, "reading where no address is");
	is(try_write(hole), SIGSEGV, "writing there");
	is(try_run((void *)hole), SIGSEGV, "running there");
	is(try_read((void *)-1), SIGSEGV, "the last byte of all");
}

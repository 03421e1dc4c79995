/*
 * What a program may not do by itself: touch memory that is not its own, run
 * what can't be run, use the kernel's registers.  Each is a signal.
 */
#include "files.h"

#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t said;

static void
on_fault(int sig __attribute__((unused)), siginfo_t *info,
    void *context __attribute__((unused)))
{
	said = *info;
	siglongjmp(back, 1);
}

enum how {
	LOAD,
	STORE,
	JUMP,
	ATOMIC,
	HOW_COUNT
};

static const char *const how_names[] = {"load", "store", "jump", "atomic"};

static void
touch(enum how how, unsigned long at)
{
	if (how == LOAD)
		*(volatile long *)at;
	else if (how == STORE)
		*(volatile long *)at = 1;
	else if (how == ATOMIC)
		__atomic_fetch_add((long *)at, 1, __ATOMIC_RELAXED);
	else
		((void (*)(void))at)();
}

/* The signal that a touch gives, or 0. */
static int
signal_of(enum how how, unsigned long at)
{
	memset(&said, 0, sizeof(said));
	if (sigsetjmp(back, 1) == 0)
		touch(how, at);
	return said.si_signo;
}

static void
catch_all(void)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};
	struct sigaction sa = {
	    .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

	for (int i = 0; i < 4; i++)
		must(sigaction(sigs[i], &sa, NULL));
}

static void
foreign_places(void)
{
	static const unsigned long bad[] = {0, 8, 0xff8, 0x3fffffff00,
	    0xffffffc000000000, 0xffffffd000000000, 0xffffffff80000000,
	    0xffffffff80200000, 0xfffffffffffffff0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (int how = 0; how < HOW_COUNT; how++) {
			unsigned long at = bad[i];

			is(signal_of(how, at), SIGSEGV, "%s at %#lx",
			    how_names[how], at);
			ok((unsigned long)said.si_addr == at,
			    "%s at %#lx: si_addr says where", how_names[how],
			    at);
		}
}

/* Not canonical: SIGSEGV as well, wherever it is said to be. */
static void
impossible_places(void)
{
	static const unsigned long bad[] = {
	    0x8000000000000000, 0x7ffffffffffffff8, 0xff00000000000000};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (int how = 0; how < HOW_COUNT; how++)
			is(signal_of(how, bad[i]), SIGSEGV, "%s at %#lx",
			    how_names[how], bad[i]);
}

static void
own_places(void)
{
	unsigned int *page = pages(4096, PROT_READ | PROT_WRITE);
	unsigned long at = (unsigned long)page;

	*page = 0x00008067; /* ret */
	is(signal_of(LOAD, at), 0, "our page can be read");
	is(signal_of(STORE, at + 64), 0, "and written");
	is(signal_of(JUMP, at), SIGSEGV, "but not run");
	is(said.si_code, SEGV_ACCERR, "for want of the right");
	must(mprotect(page, 4096, PROT_READ | PROT_EXEC));
	raw(riscv_flush_icache, page, page + 1, 0);
	is(signal_of(JUMP, at), 0, "until it may");
	is(signal_of(STORE, at), SIGSEGV, "then it can't be written");
	is(said.si_code, SEGV_ACCERR, "for want of the right");
	must(mprotect(page, 4096, PROT_NONE));
	is(signal_of(LOAD, at), SIGSEGV, "nor read with no right at all");
	must(munmap(page, 4096));
	is(signal_of(LOAD, at), SIGSEGV, "and when it is gone");
	is(said.si_code, SEGV_MAPERR, "because it is");
	is(signal_of(STORE, (unsigned long)touch), SIGSEGV,
	    "our own code can't be written");
}

/* ------------------------------------------------ instructions */

#define INSTRUCTION(name, text)                                                \
	static void name(void)                                                 \
	{                                                                      \
		__asm__ volatile(text);                                        \
	}

INSTRUCTION(all_zero, ".half 0")
INSTRUCTION(all_ones, ".word 0xffffffff")
INSTRUCTION(read_satp, ".word 0x18002573")     /* csrr a0, satp */
INSTRUCTION(write_sstatus, ".word 0x10051073") /* csrw sstatus, a0 */
INSTRUCTION(do_sret, ".word 0x10200073")
INSTRUCTION(do_mret, ".word 0x30200073")
INSTRUCTION(fence_vma, ".word 0x12000073") /* sfence.vma */
INSTRUCTION(breakpoint, "ebreak")

static void
instructions(void)
{
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
	dies(SIGILL, all_zero, "an instruction of zeros");
	dies(SIGILL, all_ones, "one of ones");
	dies(SIGILL, read_satp, "the kernel's page table");
	dies(SIGILL, write_sstatus, "the kernel's status");
	dies(SIGILL, do_sret, "a return from the kernel");
	dies(SIGILL, do_mret, "a return from the machine");
	dies(SIGILL, fence_vma, "a fence of translations");
	dies(SIGTRAP, breakpoint, "a breakpoint");
}

TEST(hostile_cpu)
{
	catch_all();
	foreign_places();
	impossible_places();
	own_places();
	instructions();
}

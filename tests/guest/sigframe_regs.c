/*
 * The signal frame itself: where it lies, what is in it, and that what the
 * handler writes there is what the program goes on with.
 */
#include "tap.h"

#include <stddef.h>
#include <sys/mman.h>
#include <ucontext.h>

static struct seen {
	void *info, *uc, *sp, *ra;
	int signo;
	sigset_t mask;
	stack_t stack;
} seen;

/* Notes sp and ra before a compiled function moves them. */
__asm__(".text\n"
	"sigframe_entry:\n"
	"	lla	t0, seen\n"
	"	sd	a1, 0(t0)\n"
	"	sd	a2, 8(t0)\n"
	"	sd	sp, 16(t0)\n"
	"	sd	ra, 24(t0)\n"
	"	tail	sigframe_handler\n");
void sigframe_entry(int signo, siginfo_t *info, void *uc);

static void (*in_handler)(ucontext_t *uc);

void sigframe_handler(int signo, siginfo_t *info, void *uc);
void
sigframe_handler(int signo, siginfo_t *info, void *arg)
{
	ucontext_t *uc = arg;

	(void)info;
	seen.signo = signo;
	seen.mask = uc->uc_sigmask;
	seen.stack = uc->uc_stack;
	if (in_handler)
		in_handler(uc);
}

static void
handle(int signo, int flags)
{
	struct sigaction sa = {
	    .sa_sigaction = sigframe_entry, .sa_flags = SA_SIGINFO | flags};

	must(sigaction(signo, &sa, NULL));
}

TEST(sigframe_layout)
{
	static const uint32_t code[] = {0x08b00893, 0x00000073};
	sigset_t set;

	handle(SIGUSR1, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	must(sigprocmask(SIG_SETMASK, &set, NULL));
	must(raise(SIGUSR1));
	is(seen.signo, SIGUSR1, "the handler's first argument is the signal");
	is((uintptr_t)seen.sp & 15, 0, "its stack is aligned");
	is(seen.info, seen.sp, "siginfo lies where the stack begins");
	is((char *)seen.uc - (char *)seen.sp, 128, "the context behind it");
	ok(!memcmp(seen.ra, code, sizeof(code)),
	    "it returns to li a7, 139; ecall");
	ok(sigismember(&seen.mask, SIGWINCH) == 1 &&
		sigismember(&seen.mask, SIGUSR1) == 0,
	    "the context has the mask of before");
	is(seen.stack.ss_flags, SS_DISABLE, "and says: no other stack");
	is(offsetof(ucontext_t, uc_sigmask), 40, "the mask's place");
	is(offsetof(ucontext_t, uc_mcontext), 176, "the registers' place");
}

static unsigned long patched_pc;

static void
patch_integers(ucontext_t *uc)
{
	int i;

	/* Temporaries and arguments: what the asm below says it clobbers. */
	for (i = 10; i <= 17; i++)
		uc->uc_mcontext.__gregs[i] = 0x1234567800000000ul + i;
	patched_pc = uc->uc_mcontext.__gregs[0];
	uc->uc_mcontext.__gregs[0] += 4;
}

/*
 * An illegal instruction, which the handler steps over after changing
 * registers; the faulting pc is in the frame.
 */
TEST(sigframe_changes_registers)
{
	unsigned long got[8], pc, i;
	int good = 0;

	in_handler = patch_integers;
	handle(SIGILL, 0);
	__asm__ volatile(
	    "lla	t0, 1f\n"
	    "1:	.word	0xffffffff\n"
	    "	sd	a0, 0(%1)\n"
	    "	sd	a1, 8(%1)\n"
	    "	sd	a2, 16(%1)\n"
	    "	sd	a3, 24(%1)\n"
	    "	sd	a4, 32(%1)\n"
	    "	sd	a5, 40(%1)\n"
	    "	sd	a6, 48(%1)\n"
	    "	sd	a7, 56(%1)\n"
	    "	mv	%0, t0\n"
	    : "=&r"(pc)
	    : "r"(got)
	    : "t0", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "memory");
	for (i = 0; i < 8; i++)
		good += got[i] == 0x1234567800000000ul + 10 + i;
	is(good, 8, "a0 to a7 are what the handler wrote");
	is(patched_pc, pc, "pc was that of the instruction");
	is(seen.signo, SIGILL, "it was an illegal one");
}

static double float_in_frame;

static void
patch_floats(ucontext_t *uc)
{
	struct __riscv_mc_d_ext_state *d = &uc->uc_mcontext.__fpregs.__d;

	memcpy(&float_in_frame, &d->__f[8], sizeof(double));
	float_in_frame += 0.5;
	memcpy(&d->__f[8], &float_in_frame, sizeof(double));
	d->__fcsr = 0x3 << 5 | 0x1;
}

static void
use_all_floats(ucontext_t *uc)
{
	(void)uc;
	__asm__ volatile(
	    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, "
	    "17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
	    "	fmv.d.x	f\\n, sp\n"
	    ".endr\n"
	    "	li	t0, 0xff\n"
	    "	fscsr	t0\n" ::
		: "t0", "memory");
}

static unsigned long
fcsr_after_kill(double before, double *after)
{
	register long a0 __asm__("a0") = getpid();
	register long a1 __asm__("a1") = SIGUSR1;
	register long a7 __asm__("a7") = SYS_kill;
	unsigned long fcsr;

	__asm__ volatile("fmv.d	fs0, %3\n"
			 "	fscsr	zero\n"
			 "	ecall\n"
			 "	frcsr	%0\n"
			 "	fscsr	zero\n"
			 "	fmv.d	%1, fs0\n"
			 : "=r"(fcsr), "=f"(*after), "+r"(a0)
			 : "f"(before), "r"(a1), "r"(a7)
			 : "fs0", "memory");
	return fcsr;
}

TEST(sigframe_float)
{
	double after;

	handle(SIGUSR1, 0);
	in_handler = use_all_floats;
	is(fcsr_after_kill(1.25, &after), 0, "the handler's fcsr is undone");
	ok(after == 1.25, "and what it did to the float registers");
	in_handler = patch_floats;
	is(fcsr_after_kill(2.25, &after), 0x61, "fcsr as written to the frame");
	ok(after == 2.75, "a float register as written to the frame");
}

static char alt[4 * 8192] __attribute__((aligned(16)));

TEST(sigframe_on_alternate_stack)
{
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)};

	must(sigaltstack(&ss, NULL));
	handle(SIGUSR1, SA_ONSTACK);
	must(raise(SIGUSR1));
	is((char *)seen.sp, alt + sizeof(alt) - 1088,
	    "the frame has 1,088 bytes at the top of it");
	is(seen.stack.ss_size, sizeof(alt), "the context names it");
	is(seen.stack.ss_sp, alt, "with its place");
}

/*
 * rt_sigreturn with frames that no kernel wrote, and handlers whose stack
 * cannot hold a frame: the process may lose its life, nobody else anything.
 */
#include "tap.h"

#include <stddef.h>
#include <sys/mman.h>
#include <ucontext.h>

struct frame {
	siginfo_t info;
	ucontext_t uc;
} __attribute__((aligned(16)));

static struct frame frame;

static void
return_from(const void *sp)
{
	__asm__ volatile("mv	sp, %0\n"
			 "	li	a7, 139\n"
			 "	ecall\n"
			 "	ebreak\n" ::"r"(sp)
			 : "memory");
	__builtin_unreachable();
}

static void
leave(void)
{
	_exit(7);
}

/* A frame that goes on at leave, on a stack of its own. */
static void
make_good(void)
{
	static char stack[16384] __attribute__((aligned(16)));
	unsigned long gp, tp;

	__asm__("mv	%0, gp" : "=r"(gp));
	__asm__("mv	%0, tp" : "=r"(tp));
	memset(&frame, 0, sizeof(frame));
	frame.uc.uc_mcontext.__gregs[0] = (unsigned long)leave;
	frame.uc.uc_mcontext.__gregs[2] = (unsigned long)stack + sizeof(stack);
	frame.uc.uc_mcontext.__gregs[3] = gp;
	frame.uc.uc_mcontext.__gregs[4] = tp;
	frame.uc.uc_stack.ss_flags = SS_DISABLE;
}

static void
good(void)
{
	make_good();
	return_from(&frame);
}

static void
at_zero(void)
{
	return_from(NULL);
}

static void
at_kernel(void)
{
	return_from((void *)0xffffffc080200000ul);
}

static void
at_hole(void)
{
	return_from((void *)0x1000000000000000ul);
}

static void
at_end_of_page(void)
{
	char *p = must(mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(munmap(p + 4096, 4096));
	make_good();
	memcpy(p + 4096 - sizeof(frame) + 16, &frame, sizeof(frame) - 16);
	return_from(p + 4096 - sizeof(frame) + 16);
}

static void
with_extension(void)
{
	make_good();
	frame.uc.uc_mcontext.__fpregs.__q.__glibc_reserved[1] = 0x53465457;
	return_from(&frame);
}

static void
to_kernel_code(void)
{
	make_good();
	frame.uc.uc_mcontext.__gregs[0] = 0xffffffff80200000ul;
	return_from(&frame);
}

static void
to_nowhere(void)
{
	make_good();
	frame.uc.uc_mcontext.__gregs[0] = 0x4000000000000000ul;
	return_from(&frame);
}

static void
with_odd_fcsr(void)
{
	make_good();
	frame.uc.uc_mcontext.__fpregs.__d.__fcsr = 0xffffffff;
	return_from(&frame);
}

static void
with_odd_stack(void)
{
	make_good();
	frame.uc.uc_stack.ss_flags = 0x12345;
	frame.uc.uc_stack.ss_sp = (void *)-1ul;
	return_from(&frame);
}

static void
ask_mask(void)
{
	sigset_t now;

	sigprocmask(SIG_SETMASK, NULL, &now);
	_exit(sigismember(&now, SIGKILL) || sigismember(&now, SIGSTOP) ||
		    !sigismember(&now, SIGHUP)
		? 1
		: 8);
}

static void
with_full_mask(void)
{
	make_good();
	memset(&frame.uc.uc_sigmask, 0xff, 8);
	frame.uc.uc_mcontext.__gregs[0] = (unsigned long)ask_mask;
	return_from(&frame);
}

/* What looks like a call's code for "again" is only a number here. */
static void
with_restart_code(void)
{
	static const long codes[] = {-512, -513, -514, -516};
	size_t i;

	for (i = 0; i < 4; i++) {
		make_good();
		/* leave() ends with 7; a repeated ecall would not get there. */
		frame.uc.uc_mcontext.__gregs[10] = codes[i];
		if (fork() == 0)
			return_from(&frame);
		ensure(wait_status(-1) == 7 << 8);
	}
}

TEST(sigframe_return)
{
	exits(7, good, "a frame of one's own making does");
	exits(7, with_odd_fcsr, "fcsr with all bits set is harmless");
	exits(7, with_odd_stack, "a senseless alternate stack is ignored");
	exits(8, with_full_mask, "SIGKILL and SIGSTOP cannot be masked by it");
	lives(with_restart_code, "a0 is never taken for a call's result");
	dies(SIGSEGV, at_zero, "no frame at 0");
	dies(SIGSEGV, at_kernel, "nor in the kernel's half");
	dies(SIGSEGV, at_hole, "nor where there are no addresses");
	dies(SIGSEGV, at_end_of_page, "nor a part of one");
	dies(SIGSEGV, with_extension, "nor with state that there is not");
	dies(SIGSEGV, to_kernel_code, "going on in the kernel is a fault");
	dies(SIGSEGV, to_nowhere, "so is going on nowhere");
}

static void
leave_9(int signo)
{
	(void)signo;
	_exit(9);
}

/* Takes signo with sp at a place of one's choice. */
static void
signal_at(int signo, unsigned long sp)
{
	register long a0 __asm__("a0") = getpid();
	register long a1 __asm__("a1") = signo;
	register long a7 __asm__("a7") = SYS_kill;

	__asm__ volatile("mv	s2, sp\n"
			 "	mv	sp, %3\n"
			 "	ecall\n"
			 "	mv	sp, s2\n"
			 : "+r"(a0)
			 : "r"(a1), "r"(a7), "r"(sp)
			 : "s2", "memory");
}

static void
no_stack(void)
{
	signal(SIGUSR1, leave_9);
	signal_at(SIGUSR1, 0x800);
}

static void
no_stack_twice(void)
{
	signal(SIGUSR1, leave_9);
	signal(SIGSEGV, leave_9);
	signal_at(SIGUSR1, 0x800);
}

static void
kernel_stack(void)
{
	signal(SIGUSR1, leave_9);
	signal_at(SIGUSR1, 0xffffffc080200000ul);
}

static void
read_only_stack(void)
{
	char *p = must(
	    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	signal(SIGUSR1, leave_9);
	signal_at(SIGUSR1, (unsigned long)p + 4096);
}

static void
no_stack_but_alternate(void)
{
	static char alt[16384] __attribute__((aligned(16)));
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)};
	struct sigaction sa = {.sa_handler = leave_9, .sa_flags = SA_ONSTACK};

	must(sigaltstack(&ss, NULL));
	must(sigaction(SIGSEGV, &sa, NULL));
	signal(SIGUSR1, leave_9);
	signal_at(SIGUSR1, 0x800);
}

static int depth;

static void
deeper(int signo)
{
	depth++;
	if (depth < 100)
		raise(signo);
	_exit(9);
}

/* Each takes more of the alternate stack; a frame never leaves it below. */
static void
alternate_overflow(void)
{
	static char alt[16384] __attribute__((aligned(16)));
	stack_t ss = {.ss_sp = alt + 8192, .ss_size = 8192};
	struct sigaction sa = {
	    .sa_handler = deeper, .sa_flags = SA_ONSTACK | SA_NODEFER};

	must(sigaltstack(&ss, NULL));
	must(sigaction(SIGUSR1, &sa, NULL));
	raise(SIGUSR1);
}

TEST(sigframe_no_room)
{
	dies(SIGSEGV, no_stack, "a handler without a stack");
	dies(SIGSEGV, no_stack_twice, "nor has SIGSEGV's one");
	dies(SIGSEGV, kernel_stack, "a stack in the kernel's half");
	dies(SIGSEGV, read_only_stack, "a stack that cannot be written");
	exits(9, no_stack_but_alternate, "SIGSEGV's on another stack");
	dies(SIGSEGV, alternate_overflow, "no frame below the alternate stack");
}

/*
 * The last instruction that a 39-bit machine lets a user have is a fork: both
 * go on at an address that nobody can map, and get the signal for it.
 */
#include "mem.h"

#include <setjmp.h>
#include <sys/syscall.h>

#define HALF  ((char *)0x4000000000)
#define ECALL 0x00000073u

static sigjmp_buf back;
static char *end;

static void
on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	siglongjmp(back, info->si_addr == end ? 1 : 2);
}

/* The last page that can be mapped; what lies beyond it cannot. */
static void
put_code(void)
{
	for (end = HALF;; end -= PAGE) {
		char *page = end - PAGE;
		char *got = mmap(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (got == page)
			break;
		ensure(got == MAP_FAILED && errno == ENOMEM);
	}
	*(unsigned int *)(end - 4) = ECALL;
	__builtin___clear_cache(end - 4, end);
}

static void
fork_there(void)
{
	register long flags __asm__("a0") = SIGCHLD;
	register long stack __asm__("a1") = 0;
	register long parent_tid __asm__("a2") = 0;
	register long tls __asm__("a3") = 0;
	register long child_tid __asm__("a4") = 0;
	register long number __asm__("a7") = SYS_clone;

	__asm__ volatile("jr %0"
			 :
			 : "r"(end - 4), "r"(flags), "r"(stack),
			 "r"(parent_tid), "r"(tls), "r"(child_tid), "r"(number)
			 : "memory");
}

TEST(hostile_edge)
{
	struct sigaction act = {
	    .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
	pid_t me = getpid();
	int way, status;

	put_code();
	ensure(sigaction(SIGSEGV, &act, NULL) == 0);
	way = sigsetjmp(back, 1);
	if (way == 0)
		fork_there();
	if (getpid() != me)
		_exit(way);
	is(way, 1, "the parent faults at the end of memory");
	ensure(wait(&status) > 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 1, "the child does too");
}

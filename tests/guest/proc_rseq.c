/* Restartable sequences: what the area says, and what interrupts a sequence. */
#include "thread.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>

#define SIGNATURE 0xf1401073u /* an instruction that is none */
#define AREA      32

struct area {
	uint32_t cpu_start, cpu;
	uint64_t section;
	uint32_t flags, node;
	uint64_t rest;
} __attribute__((aligned(AREA)));

struct section {
	uint32_t version, flags;
	uint64_t start, length, abort;
} __attribute__((aligned(AREA)));

static __thread struct area area;

static int
rseq(void *at, unsigned len, int flags, unsigned signature)
{
	return syscall(SYS_rseq, at, len, flags, signature);
}

static void
begin(void)
{
	memset(&area, 0xee, sizeof(area));
	area.section = area.flags = 0;
	must(rseq(&area, AREA, 0, SIGNATURE));
}

static void
end(void)
{
	must(rseq(&area, AREA, 1, SIGNATURE));
}

static void
stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set));
}

static int nr_cpus;
static cpu_set_t all;

static void
test_errors(void)
{
	char *odd = (char *)&area + 8;

	is_errno(rseq(&area, AREA, 1, SIGNATURE), EINVAL, "there is none yet");
	is_errno(rseq(&area, AREA - 1, 0, SIGNATURE), EINVAL, "too short");
	is_errno(rseq(odd, AREA, 0, SIGNATURE), EINVAL, "not aligned");
	is_errno(rseq(&area, AREA, 2, SIGNATURE), EINVAL, "no such flag");
	is_errno(rseq((void *)-4096l, AREA, 0, SIGNATURE), EFAULT, "nowhere");
	begin();
	is_errno(rseq(&area, AREA, 0, SIGNATURE), EBUSY, "it is registered");
	is_errno(rseq(&area, AREA, 0, 1), EPERM, "with another signature");
	is_errno(rseq(&area, 2 * AREA, 0, SIGNATURE), EINVAL, "and length");
	is_errno(rseq(odd, AREA, 0, SIGNATURE), EINVAL, "somewhere else");
	is_errno(rseq(&area, AREA, 3, SIGNATURE), EINVAL, "no such flag");
	is_errno(rseq(&area, AREA, 1, 1), EPERM, "it is not this one's");
	is_errno(rseq(odd, AREA, 1, SIGNATURE), EINVAL, "nor there");
	is_errno(rseq(&area, 2 * AREA, 1, SIGNATURE), EINVAL, "nor so long");
	is(area.node, 0, "the area has a node");
	end();
	ok(area.cpu == (uint32_t)-1 && area.cpu_start == 0,
	    "when it is over it has no number");
}

/* On each in turn; a child has its own. */
static void
test_numbers(void)
{
	int wrong = 0, pid;

	begin();
	for (int cpu = nr_cpus - 1; cpu >= 0; cpu--) {
		stay_on(cpu);
		wrong += (int)area.cpu != cpu || (int)area.cpu_start != cpu;
		pid = must(fork());
		if (pid == 0) {
			int other = (cpu + 1) % nr_cpus;

			wrong = (int)area.cpu != cpu;
			stay_on(other);
			wrong += (int)area.cpu != other;
			_exit(wrong);
		}
		wrong += wait_status(pid);
		wrong += (int)area.cpu != cpu;
	}
	must(sched_setaffinity(0, sizeof(all), &all));
	is(wrong, 0, "the area has the number of the processor");
	end();
}

/*
 * Adds one to *slot after turning round some times, if all that happens on cpu
 * and nothing comes in between: then true.
 */
static bool
add_one(uint64_t *slot, int cpu, long turns)
{
	asm goto(".pushsection .rodata\n"
		 ".balign 32\n"
		 "3:	.word	0, 0\n"
		 "	.dword	1f, 2f - 1f, 4f\n"
		 ".popsection\n"
		 ".pushsection .text.unlikely\n"
		 "	.word	0xf1401073\n"
		 "4:	j	%l[interrupted]\n"
		 ".popsection\n"
		 "	la	t0, 3b\n"
		 "	sd	t0, 8(%[area])\n"
		 "1:	lw	t0, 4(%[area])\n"
		 "	bne	t0, %[cpu], %l[interrupted]\n"
		 "	ld	t1, (%[slot])\n"
		 "	mv	t2, %[turns]\n"
		 "5:	addi	t2, t2, -1\n"
		 "	bnez	t2, 5b\n"
		 "	addi	t1, t1, 1\n"
		 "	sd	t1, (%[slot])\n"
		 "2:\n"
		 :
		 : [area] "r"(&area), [cpu] "r"((long)cpu), [slot] "r"(slot),
		 [turns] "r"(turns)
		 : "memory", "t0", "t1", "t2"
		 : interrupted);
	area.section = 0;
	return true;
interrupted:
	area.section = 0;
	return false;
}

#define ADDITIONS 3000

static struct {
	uint64_t count;
	char pad[56];
} slots[CPU_SETSIZE];
static long interruptions, additions;

/* Goes on until somebody has been interrupted. */
static void *
adder(void *arg)
{
	long n = 0;

	(void)arg;
	begin();
	while (n < ADDITIONS ||
	    __atomic_load_n(&interruptions, __ATOMIC_RELAXED) == 0) {
		int cpu = *(volatile uint32_t *)&area.cpu_start;

		if (add_one(&slots[cpu].count, cpu, 200))
			n++;
		else
			__atomic_add_fetch(&interruptions, 1, __ATOMIC_RELAXED);
	}
	end();
	__atomic_add_fetch(&additions, n, __ATOMIC_RELAXED);
	return NULL;
}

static void
test_counting(void)
{
	int nr = 2 * nr_cpus + 2;
	pthread_t threads[nr];
	long sum = 0;

	for (int i = 0; i < nr; i++)
		pthread_create(&threads[i], NULL, adder, NULL);
	for (int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < nr_cpus; i++)
		sum += slots[i].count;
	is(sum, additions, "no addition is lost without a lock");
	ok(interruptions > 0, "though some were interrupted");
}

static volatile uint64_t handler_pc;
static volatile uint64_t handler_section;

static void
on_alarm(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info;
	handler_pc = ((ucontext_t *)context)->uc_mcontext.__gregs[REG_PC];
	handler_section = area.section;
}

extern const char turns_begin[], turns_end[], turns_out[];

/* For ever, but for what comes in between. */
static void
turn_for_ever(void)
{
	asm volatile(
	    ".pushsection .rodata\n"
	    ".balign 32\n"
	    "3:	.word	0, 0\n"
	    "	.dword	turns_begin, turns_end - turns_begin, turns_out\n"
	    ".popsection\n"
	    "	la	t0, 3b\n"
	    "	sd	t0, 8(%0)\n"
	    ".globl turns_begin, turns_end, turns_out\n"
	    "turns_begin:\n"
	    "	j	turns_begin\n"
	    "turns_end:\n"
	    "	.word	0xf1401073\n"
	    "turns_out:\n"
	    :
	    : "r"(&area)
	    : "memory", "t0");
}

static void
test_signal(void)
{
	struct itimerval soon = {.it_value = {.tv_usec = 20000}};
	struct sigaction act = {
	    .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};

	must(sigaction(SIGALRM, &act, NULL));
	begin();
	must(setitimer(ITIMER_REAL, &soon, NULL));
	while (handler_pc == 0)
		turn_for_ever();
	ok(handler_pc < (uint64_t)turns_begin ||
		handler_pc >= (uint64_t)turns_end,
	    "a handler does not go back into a sequence");
	is(handler_section, 0, "which is over");
	end();
}

/* How a child ends that has said so of its code. */
static int
end_with(struct section *s)
{
	int pid = must(fork());

	if (pid == 0) {
		begin();
		area.section = (uint64_t)s;
		/* A sleep may be over before anybody else has run. */
		while (*(volatile uint64_t *)&area.section != 0)
			usleep(1000);
		_exit(0);
	}
	return wait_status(pid);
}

static uint32_t way_out[2] = {SIGNATURE, 0};

static void
test_bad_sections(void)
{
	const struct section good = {0, 0, 0x10000, 16, (uint64_t)&way_out[1]};
	struct section s = good;

	is(end_with(&s), 0, "a sequence that the program is not in is over");
	s.abort = (uint64_t)&way_out[0];
	is(end_with(&s), SIGSEGV, "no signature");
	s = good;
	s.version = 1;
	is(end_with(&s), SIGSEGV, "another version");
	s = good;
	s.length = -1;
	is(end_with(&s), SIGSEGV, "around the end");
	s = good;
	s.start = (uint64_t)way_out;
	is(end_with(&s), SIGSEGV, "a way out that leads into it");
	s = good;
	s.abort = 4;
	is(end_with(&s), SIGSEGV, "a way out to nowhere");
	is(end_with((void *)8), SIGSEGV, "a description that is nowhere");
	is(end_with((void *)-8l), SIGSEGV, "or the kernel's");
}

HELPER(rseq_exec)
{
	(void)argc, (void)argv;
	return rseq(&area, AREA, 0, SIGNATURE);
}

static void *
register_own(void *arg)
{
	*(int *)arg = rseq(&area, AREA, 0, SIGNATURE);
	return NULL;
}

static void
test_heirs(void)
{
	pthread_t thread;
	int got = -1, pid;

	begin();
	pthread_create(&thread, NULL, register_own, &got);
	pthread_join(thread, NULL);
	is(got, 0, "a thread has none at first");
	pid = must(fork());
	if (pid == 0)
		_exit(rseq(&area, AREA, 1, SIGNATURE));
	is(wait_status(pid), 0, "a child has its parent's");
	pid = must(fork());
	if (pid == 0) {
		execl("/proc/self/exe", "guest", "@rseq_exec", NULL);
		_exit(1);
	}
	is(wait_status(pid), 0, "a new program has none");
	end();
}

TEST(proc_rseq)
{
	must(sched_getaffinity(0, sizeof(all), &all));
	nr_cpus = CPU_COUNT(&all);
	test_errors();
	test_numbers();
	test_counting();
	test_signal();
	test_bad_sections();
	test_heirs();
}

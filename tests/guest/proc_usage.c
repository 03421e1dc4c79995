/* What processes have used, and whose account it goes to. */
#include "tap.h"

#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>

static double
seconds(struct timeval tv)
{
	return tv.tv_sec + tv.tv_usec / 1e6;
}

static double
used(int who)
{
	struct rusage ru;

	must(getrusage(who, &ru));
	return seconds(ru.ru_utime) + seconds(ru.ru_stime);
}

static double
cpu_clock(void)
{
	struct timespec ts;

	must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Works until its processor clock has moved on by so much. */
static void
burn(double s)
{
	double end = cpu_clock() + s;

	while (cpu_clock() < end)
		for (volatile int i = 0; i < 1000; i++)
			;
}

static void
test_self(void)
{
	double before = used(RUSAGE_SELF), thread = used(RUSAGE_THREAD);
	struct rusage ru;

	burn(0.1);
	ok(used(RUSAGE_SELF) - before >= 0.08, "RUSAGE_SELF counts work");
	ok(used(RUSAGE_THREAD) - thread >= 0.08, "RUSAGE_THREAD too");
	must(getrusage(RUSAGE_SELF, &ru));
	ok(ru.ru_utime.tv_usec >= 0 && ru.ru_utime.tv_usec < 1000000,
	    "microseconds are less than a second");
	ok(ru.ru_maxrss > 0, "ru_maxrss");
	is_errno(getrusage(2, &ru), EINVAL, "of whom?");
	is_errno(getrusage(RUSAGE_SELF, NOWHERE), EFAULT, "to nowhere");
}

static void
child_work(void)
{
	burn(0.1);
}

static void
test_children(void)
{
	double before = used(RUSAGE_CHILDREN);
	pid_t pid = spawn(child_work);
	struct rusage ru;

	must(waitid(P_PID, pid, NULL, WEXITED | WNOWAIT));
	ok(used(RUSAGE_CHILDREN) - before < 0.05,
	    "a child that nobody waited for counts nothing");
	is(wait4(pid, NULL, 0, &ru), pid, "waiting for it");
	ok(seconds(ru.ru_utime) + seconds(ru.ru_stime) >= 0.08,
	    "wait4 says what it used");
	ok(used(RUSAGE_CHILDREN) - before >= 0.08, "now it counts");
}

static void
parent_of_work(void)
{
	wait_status(spawn(child_work));
}

static void
test_grandchildren(void)
{
	double before = used(RUSAGE_CHILDREN);

	wait_status(spawn(parent_of_work));
	ok(used(RUSAGE_CHILDREN) - before >= 0.08,
	    "a child's children count when it is reaped");
}

static void
test_times(void)
{
	struct tms a, b;
	clock_t start = times(&a), end;

	ok(start != (clock_t)-1, "times");
	is(sysconf(_SC_CLK_TCK), 100, "in hundredths");
	burn(0.1);
	wait_status(spawn(child_work));
	end = times(&b);
	ok(end - start >= 8, "time passes");
	ok(b.tms_utime + b.tms_stime - a.tms_utime - a.tms_stime >= 8,
	    "our own is counted");
	ok(b.tms_cutime + b.tms_cstime - a.tms_cutime - a.tms_cstime >= 8,
	    "our children's too");
	is_errno(syscall(SYS_times, NOWHERE), EFAULT, "to nowhere");
	ok(syscall(SYS_times, NULL) != -1, "nobody need ask for all of it");
}

/* Time asleep is not time worked. */
static void
test_sleep(void)
{
	struct timespec ts = {0, 100000000};
	double before = cpu_clock();

	nanosleep(&ts, NULL);
	ok(cpu_clock() - before < 0.09, "sleep uses nothing");
}

/* Both in user code and in the kernel. */
static void
test_kinds(void)
{
	struct rusage a, b;
	double end = cpu_clock() + 0.1;

	must(getrusage(RUSAGE_SELF, &a));
	while (cpu_clock() < end)
		syscall(SYS_getppid);
	must(getrusage(RUSAGE_SELF, &b));
	ok(seconds(b.ru_utime) >= seconds(a.ru_utime) &&
		seconds(b.ru_stime) >= seconds(a.ru_stime),
	    "neither kind of time goes back");
	ok(seconds(b.ru_stime) - seconds(a.ru_stime) > 0,
	    "the kernel's time is counted");
}

TEST(proc_usage)
{
	test_self();
	test_children();
	test_grandchildren();
	test_times();
	test_sleep();
	test_kinds();
}

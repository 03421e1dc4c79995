/* How processes end, what wait says of it, ticks. */
#include "kernel/types.h"

#include "user/user.h"

static int code;

static void
leave(void)
{
	exit(code);
}

static void
idle(void)
{
	for (;;)
		pause(100);
}

static void
fault(void)
{
	*(volatile char *)0x80000000ul = 1;
}

static void
write_to_nobody(void)
{
	int p[2];

	pipe(p);
	close(p[0]);
	exit(write(p[1], "x", 1) == -1 ? 33 : 34);
}

static int
status_of_code(int c)
{
	code = c;
	return status_of(leave);
}

static void
test_orphan(void)
{
	int p[2], pid;
	char c;

	pipe(p);
	if (fork() == 0) {
		if (fork() == 0) {
			pause(2);
			write(p[1], "x", 1);
		}
		exit(0);
	}
	wait(0);
	close(p[1]);
	check(read(p[0], &c, 1) == 1, "an orphan goes on");
	check(read(p[0], &c, 1) == 0, "and ends");
	close(p[0]);
	check(wait(0) == -1, "and is not its grandparent's");
	pid = fork();
	if (pid == 0)
		exit(0);
	check(wait(0) == pid, "a child is waited for without asking more");
}

int
main(void)
{
	int pid, status, before;

	check(status_of_code(0) == 0, "exit(0)");
	check(status_of_code(747) == 747, "exit(747), all of it");
	check(status_of_code(-1) == -1, "exit(-1)");
	check(status_of_code(-2147483647) == -2147483647, "and less");
	pid = fork();
	if (pid == 0)
		idle();
	check(kill(pid) == 0, "kill");
	check(wait(&status) == pid && status == -1, "who is killed has -1");
	check(status_of(fault) == -1, "so has who has a fault");
	check(wait(&status) == -1, "no child, no wait");
	check(kill(0) == -1 && kill(-1) == -1 && kill(-747) == -1,
	    "a number that is none is not killed");
	check(kill(pid) == -1, "nor one that has ended");
	check(status_of(write_to_nobody) == 33, "a pipe without a reader: -1");
	before = uptime();
	check(pause(3) == 0, "three ticks");
	check(uptime() - before >= 3 && uptime() - before < 30,
	    "of a tenth of a second");
	test_orphan();
	done();
}

/* /dev/zero mapped: private zeroes, or shared memory without a name. */
#include "mem.h"

TEST(mem_zero)
{
	int fd = must(open("/dev/zero", O_RDWR));
	char *p = must(mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0));
	char *q = must(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	pid_t pid;

	is(p[0] + q[0], 0, "both are zero");
	pid = must(fork());
	if (pid == 0) {
		p[PAGE] = 5;
		q[0] = 6;
		_exit(0);
	}
	is(wait_status(pid), 0, "a child can write to both");
	is(p[PAGE], 5, "the shared one shows it");
	is(q[0], 0, "the private one does not");
	must(munmap(p, 2 * PAGE));
	must(munmap(q, PAGE));
	must(close(fd));
}

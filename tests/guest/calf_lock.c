/* The most locks that there may be, see docs/limits.md. */
#include "lock.h"

#define MOST 4096

/* Every other byte, until it is refused; how many there are. */
static int
fill(int fd, int cmd)
{
	for (int n = 0; n <= 2 * MOST; n++)
		if (record(fd, cmd, F_WRLCK, 2 * n, 1))
			return errno == ENOLCK ? n : -errno;
	return -1;
}

TEST(calf_lock)
{
	int fd = must(open("f", O_RDWR | O_CREAT, 0600));
	int other = must(open("g", O_RDWR | O_CREAT, 0600));
	pid_t pid;

	is(fill(fd, F_SETLK), MOST, "a process has so many");
	is_errno(
	    record(other, F_SETLK, F_RDLCK, 0, 0), ENOLCK, "in all its files");
	is(record(fd, F_SETLK, F_RDLCK, 0, 1), 0, "change needs none more");
	is(record(fd, F_SETLK, F_WRLCK, 1, 1), 0, "nor does what joins some");
	is(record(fd, F_SETLK, F_UNLCK, 1, 1), 0, "nor what was not so many");
	is(record(fd, F_SETLK, F_UNLCK, 2, 5), 0, "and giving up helps");
	is(record(other, F_SETLK, F_WRLCK, 0, 9), 0, "now there are some");
	is(record(other, F_SETLK, F_UNLCK, 4, 1), 0, "to split one as well");
	is(record(other, F_OFD_SETLK, F_WRLCK, 20, 1), 0,
	    "an open file has its own");
	is(fill(fd, F_OFD_SETLK) < 0, 1, "but not where the process is");
	must(record(fd, F_SETLK, F_UNLCK, 0, 0));
	is(fill(fd, F_OFD_SETLK), MOST, "of which there are as many");
	pid = must(fork());
	if (pid == 0)
		_exit(fill(other, F_SETLK) < 0 ? 0 : 1);
	is(wait_status(pid), 0, "others are not looked at");
	close(fd);
	fd = must(open("f", O_RDWR));
	is(fill(fd, F_SETLK), MOST - 2, "all is free again");
}

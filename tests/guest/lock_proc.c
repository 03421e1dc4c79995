/* /proc/locks, and how many locks there may be. */
#include "lock.h"

#include <sys/sysmacros.h>

static int fd;
static char place[64]; /* the file's, as /proc/locks has it */

/* How many lines end so, after their number and the process's. */
static int
lines(const char *kind, pid_t pid, const char *range)
{
	char line[256], want[200];
	FILE *f = fopen("/proc/locks", "r");
	int n = 0;

	ensure(f != NULL);
	snprintf(want, sizeof(want), ": %s %d %s %s\n", kind, (int)pid, place,
	    range);
	while (fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		ensure(colon != NULL && atol(line) > 0);
		n += strcmp(colon, want) == 0;
	}
	fclose(f);
	return n;
}

TEST(lock_proc)
{
	int own = must(open("f", O_RDWR | O_CREAT, 0600));
	pid_t pid, self = getpid();
	struct stat st;

	must(fstat(own, &st));
	snprintf(place, sizeof(place), "%02x:%02x:%lu", major(st.st_dev),
	    minor(st.st_dev), (unsigned long)st.st_ino);
	fd = must(open("f", O_RDWR));
	must(record(fd, F_SETLK, F_WRLCK, 10, 10));
	is(lines("POSIX  ADVISORY  WRITE", self, "10 19"), 1, "a range");
	must(record(fd, F_SETLK, F_RDLCK, 15, 0));
	is(lines("POSIX  ADVISORY  WRITE", self, "10 14"), 1, "cut off");
	is(lines("POSIX  ADVISORY  READ", self, "15 EOF"), 1, "by another");
	must(record(own, F_OFD_SETLK, F_RDLCK, 20, 1));
	is(lines("OFDLCK ADVISORY  READ", -1, "20 20"), 1, "an open file's");
	must(flock(own, LOCK_EX));
	is(lines("FLOCK  ADVISORY  WRITE", self, "0 EOF"), 1, "flock's");
	pid = must(fork());
	if (pid == 0) {
		record(fd, F_SETLKW, F_WRLCK, 16, 2);
		_exit(0);
	}
	until_waits(pid);
	is(lines("-> POSIX  ADVISORY  WRITE", pid, "16 17"), 1, "who waits");
	kill(pid, SIGKILL);
	is(wait_status(pid), SIGKILL, "is killed");
	is(lines("-> POSIX  ADVISORY  WRITE", pid, "16 17"), 0, "not any more");
	close(fd);
	is(lines("POSIX  ADVISORY  READ", self, "15 EOF"), 0, "closed");
	is(lines("OFDLCK ADVISORY  READ", -1, "20 20"), 1, "the other is not");
	close(own);
	is(lines("FLOCK  ADVISORY  WRITE", self, "0 EOF"), 0, "all is closed");
}

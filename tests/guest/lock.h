/* What the tests of file locks share. */
#ifndef GUEST_LOCK_H
#define GUEST_LOCK_H

#include "files.h"

#include <sched.h>
#include <sys/file.h>

/* fcntl with a range from the file's start on; len 0: to the end. */
static inline int
record(int fd, int cmd, int type, off_t start, off_t len)
{
	struct flock l = {.l_type = type, .l_start = start, .l_len = len};

	return fcntl(fd, cmd, &l);
}

/*
 * Who stands in the way of a lock of that type on one byte: 0 nobody, else the
 * process (-1: an open file).
 */
static inline pid_t
in_the_way(int fd, int type, off_t at)
{
	struct flock l = {.l_type = type, .l_start = at, .l_len = 1};

	must(fcntl(fd, F_GETLK, &l));
	return l.l_type == F_UNLCK ? 0 : l.l_pid;
}

/*
 * What other processes see of fd's file: for each of its first bytes a letter,
 * '-', 'r' or 'w'.
 */
static inline void
map_of(int fd, char *map, int len)
{
	for (int at = 0; at < len; at++)
		map[at] = in_the_way(fd, F_RDLCK, at) != 0 ? 'w'
		    : in_the_way(fd, F_WRLCK, at) != 0     ? 'r'
							   : '-';
	map[len] = '\0';
}

/* The same, seen by a child, which is not asked about its own. */
static inline bool
others_see(int fd, const char *want)
{
	char map[64];
	pid_t pid = must(fork());

	if (pid == 0) {
		map_of(fd, map, strlen(want));
		if (strcmp(map, want) != 0)
			note("others see %s", map);
		_exit(strcmp(map, want) != 0);
	}
	return wait_status(pid) == 0;
}

/* What /proc/PID/wchan, stat and the like say differs: ask /proc/locks. */
static inline bool
somebody_waits(pid_t pid)
{
	char line[256], want[32];
	FILE *f = fopen("/proc/locks", "r");
	bool found = false;

	ensure(f != NULL);
	snprintf(want, sizeof(want), " %d ", (int)pid);
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, "-> ") && strstr(line, want);
	fclose(f);
	return found;
}

/* Until pid is seen to wait for a lock. */
static inline void
until_waits(pid_t pid)
{
	while (!somebody_waits(pid))
		sched_yield();
}

#endif

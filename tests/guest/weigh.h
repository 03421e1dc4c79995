/* What the tests of smaps and its like have in common. */
#ifndef GUEST_WEIGH_H
#define GUEST_WEIGH_H

#include "mem.h"

/* A file of /proc, whole, in memory that a fork does not concern. */
static inline char *
proc_text(pid_t pid, const char *name)
{
	static char buf[1 << 20];
	char path[64];
	size_t len = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = must(open(pid ? path : name, O_RDONLY | O_CLOEXEC));
	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	ensure(n == 0);
	buf[len] = '\0';
	close(fd);
	return buf;
}

static inline const char *
next_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

/* The number behind "key:"; -1 when the text has none. */
static inline long
key_value(const char *line, const char *key)
{
	size_t len = strlen(key);

	for (; line; line = next_line(line))
		if (!strncmp(line, key, len) && line[len] == ':')
			return strtol(line + len + 1, NULL, 10);
	return -1;
}

#endif

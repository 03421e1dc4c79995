/*
 * /proc of a process whose first thread has ended while another goes on: all
 * that was the first's is there or is not, and whoever looks gets an answer.
 */
#include "files.h"

#include <pthread.h>
#include <sys/syscall.h>

static void *
stay(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void
first_leaves(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, stay, NULL))
		_exit(1);
	syscall(SYS_exit, 0);
}

static bool
is_zombie_or_runs(pid_t pid, char *state)
{
	char path[64], text[600];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%*d (%*[^)]) %c", state) == 1;
}

/* Until the first thread has ended, whatever is left of it to see. */
static void
await_end(pid_t pid)
{
	char state = 'R';

	while (is_zombie_or_runs(pid, &state) && state != 'Z')
		usleep(1000);
}

static void
look_at(pid_t pid, const char *name)
{
	char path[64], some[200];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	ok(lstat(path, &st) == 0 || errno == ENOENT || errno == ESRCH,
	    "lstat of %s answers", name);
	ok(readlink(path, some, sizeof(some)) >= 0 || errno != EFAULT,
	    "readlink of %s, too", name);
	/* Its open files are ours, too, and what is in them is not for here. */
	fd = strncmp(name, "fd/", 3) == 0 ? -1 : open(path, O_RDONLY);
	if (fd < 0)
		return;
	ok(read(fd, some, sizeof(some)) >= 0 || errno != EFAULT,
	    "and %s can be read", name);
	close(fd);
}

TEST(proc_first_gone)
{
	static const char *const names[] = {"", "fd", "fd/0", "fd/1", "fd/99",
	    "fdinfo", "fdinfo/0", "task", "cwd", "exe", "root", "stat",
	    "status", "maps", "io", "limits"};
	pid_t pid = spawn(first_leaves);
	size_t i;

	await_end(pid);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		look_at(pid, names[i]);
	is(kill(pid, SIGKILL), 0, "it is there until it is ended");
	is(wait_status(pid), SIGKILL, "and then has been killed");
}

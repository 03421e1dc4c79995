#include "served.h"

#include "fake.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The library lies beside the test. */
static void
run_child(const char *dir, const char *out, const char *const *argv)
{
	char self[PATH_MAX] = "", library[PATH_MAX + 16];

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    chdir(dir) < 0)
		_exit(126);
	snprintf(library, sizeof(library), "%s/again_main.so", dirname(self));
	setenv("LD_PRELOAD", library, 1);
	setenv("LD_BIND_NOW", "1", 1);
	setenv("LC_ALL", "C", 1);
	setenv("MALLOC_MMAP_MAX_", "0", 1);
	setenv("MALLOC_TRIM_THRESHOLD_", "1000000000", 1);
	setenv("MALLOC_TOP_PAD_", "16000000", 1);
	setenv("AGAIN_MAIN_OUT", out, 1);
	setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

void
served_start(
    struct served *s, const char *dir, const char *out, const char *const *argv)
{
	int ask[2], answer[2];
	pid_t pid;

	snprintf(s->out, sizeof(s->out), "%s/%s", dir, out);
	assert_int_equal(pipe2(ask, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answer, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int from = fcntl(ask[0], F_DUPFD, 10);
		int to = fcntl(answer[1], F_DUPFD, 10);

		if (dup2(from, 3) < 0 || dup2(to, 4) < 0)
			_exit(126);
		close_range(5, ~0u, 0);
		run_child(dir, out, argv);
	}
	close(ask[0]);
	close(answer[1]);
	s->ask = ask[1];
	s->answer = answer[0];
}

void
served_stop(struct served *s)
{
	close(s->ask);
	close(s->answer);
	while (wait(NULL) < 0)
		;
}

int
served_run(struct served *s)
{
	int status;

	if (write(s->ask, "x", 1) != 1 ||
	    read(s->answer, &status, sizeof(status)) != sizeof(status))
		return -1;
	return status;
}

static bool
begins_with_one(const char *line, const char *const *beginnings)
{
	for (; *beginnings != NULL; beginnings++)
		if (strncmp(line, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return line[0] == '\n';
}

bool
served_said_only(const struct served *s, const char *const *beginnings)
{
	FILE *f = fopen(s->out, "r");
	char line[512];
	bool only = true;

	assert_non_null(f);
	while (only && fgets(line, sizeof(line), f) != NULL)
		only = begins_with_one(line, beginnings);
	fclose(f);
	return only;
}

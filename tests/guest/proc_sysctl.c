/* /proc/sys: limits that act, and numbers that are true. */
#include "files.h"

#include <ctype.h>
#include <pthread.h>
#include <sys/resource.h>

static char text[256];

static const char *
slurp(const char *name)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = must(open(path, O_RDONLY));
	n = must(read(fd, text, sizeof(text) - 1));
	close(fd);
	text[n] = '\0';
	return text;
}

static long
number(const char *name)
{
	return strtol(slurp(name), NULL, 10);
}

static int
set(const char *name, const char *value)
{
	char path[128];
	ssize_t n, len = strlen(value);
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return -1;
	n = write(fd, value, len);
	close(fd);
	return n == len ? 0 : -1;
}

static bool
is_uuid(const char *s)
{
	int i;

	for (i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (s[i] != '-')
				return false;
		} else if (!isxdigit(s[i]) || isupper(s[i])) {
			return false;
		}
	}
	return s[14] == '4' && strchr("89ab", s[19]) && !strcmp(s + 36, "\n");
}

static void
random_names(void)
{
	char one[64], boot[64];

	strcpy(one, slurp("kernel/random/uuid"));
	ok(is_uuid(one), "uuid is one: %.36s", one);
	ok(strcmp(one, slurp("kernel/random/uuid")), "each time another");
	strcpy(boot, slurp("kernel/random/boot_id"));
	ok(is_uuid(boot), "boot_id is one: %.36s", boot);
	str_is(slurp("kernel/random/boot_id"), boot, "always the same");
	ok(strcmp(one, boot), "and no uuid");
	is(number("kernel/random/poolsize"), 256, "poolsize");
	ok(number("kernel/random/entropy_avail") <= 256 &&
		number("kernel/random/entropy_avail") > 0,
	    "entropy_avail");
}

static void *
nothing(void *arg)
{
	return arg;
}

static pid_t
one_more(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static void
threads(void)
{
	char old[64];
	pthread_t t;

	strcpy(old, slurp("kernel/threads-max"));
	ok(atoi(old) > 20, "threads-max: %d", atoi(old));
	is_errno(set("kernel/threads-max", "0"), EINVAL, "none is too few");
	is_errno(set("kernel/threads-max", "x"), EINVAL, "no number");
	is_errno(set("kernel/threads-max", "30x"), EINVAL, "more than one");
	str_is(slurp("kernel/threads-max"), old, "it is as it was");
	is(set("kernel/threads-max", " 1 \n"), 0, "one thread for all");
	is(number("kernel/threads-max"), 1, "it is told");
	is_errno(one_more(), EAGAIN, "no process more");
	is(pthread_create(&t, NULL, nothing, NULL), EAGAIN, "and no thread");
	is(set("kernel/threads-max", old), 0, "as before");
	is(wait_status(spawn(random_names)), 0, "then there may be");
}

/* Linux counts on each processor, and now and then all together. */
#define NR_FILES 600
#define ABOUT    (64 * (int)sysconf(_SC_NPROCESSORS_ONLN))

/* As a user: the next file is one too many. */
static void
no_file(void)
{
	int p[2];

	is_errno(open("/dev/null", O_RDONLY), ENFILE, "no file more");
	is_errno(pipe(p), ENFILE, "nor a pipe");
}

static void
files(void)
{
	long nr, unused, max, then;
	char old[64];
	int fds[NR_FILES], one, i;

	strcpy(old, slurp("fs/file-max"));
	is(sscanf(slurp("fs/file-nr"), "%ld\t%ld\t%ld\n", &nr, &unused, &max),
	    3, "file-nr has three numbers");
	is(max, atol(old), "the last is file-max");
	is(unused, 0, "none is kept for later");
	for (i = 0; i < NR_FILES; i++)
		fds[i] = must(open("/dev/null", O_RDONLY));
	then = number("fs/file-nr");
	ok(then >= nr + NR_FILES - ABOUT, "files are counted: %ld, then %ld",
	    nr, then);
	is_errno(set("fs/file-max", "no"), EINVAL, "no number");
	is(set("fs/file-max", "10"), 0, "ten for all");
	one = open("/dev/null", O_RDONLY);
	ok(one >= 0, "root may have more");
	close(one);
	as_user(no_file);
	is(set("fs/file-max", old), 0, "as before");
	for (i = 0; i < NR_FILES; i++)
		close(fds[i]);
	ok(number("fs/file-nr") <= then - NR_FILES + ABOUT,
	    "those that were closed are not");
}

static void
numbers(void)
{
	struct rlimit l;

	is(number("kernel/overflowuid"), 65534, "overflowuid");
	is(number("kernel/overflowgid"), 65534, "overflowgid");
	is(number("fs/overflowuid"), 65534, "the same of files");
	is(number("vm/max_map_count"), 65530, "max_map_count");
	is(number("fs/nr_open"), 1 << 20, "nr_open");
	l.rlim_cur = l.rlim_max = number("fs/nr_open") + 1;
	is_errno(setrlimit(RLIMIT_NOFILE, &l), EPERM, "is the most to ask for");
	l.rlim_cur = l.rlim_max = number("fs/nr_open");
	is(setrlimit(RLIMIT_NOFILE, &l), 0, "which may be asked for");
	ok(number("vm/overcommit_memory") >= 0, "overcommit_memory");
	is_errno(open("/proc/sys/kernel/none", O_RDONLY), ENOENT, "no other");
}

TEST(proc_sysctl)
{
	random_names();
	threads();
	files();
	lives(numbers, "numbers");
}

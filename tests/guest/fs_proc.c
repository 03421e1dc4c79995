/* What programs read in /proc: themselves, memory, time. */
#include "files.h"

#include <dirent.h>
#include <sched.h>

/* A file's contents, as a string: what fits. */
static char *
slurp(const char *path)
{
	static char buf[65536];
	int fd = must(open(path, O_RDONLY));
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += n;
	ensure(n == 0);
	buf[len] = '\0';
	close(fd);
	return buf;
}

/* The number that follows "key:" at the start of a line; -1 if none does. */
static long
value(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (text && *text) {
		if (!strncmp(text, key, len) && text[len] == ':')
			return strtol(text + len + 1, NULL, 0);
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return -1;
}

static void
links_to_self(void)
{
	char buf[PATH_MAX] = "", path[64];
	struct stat a, b;

	must(readlink("/proc/self", buf, sizeof(buf) - 1));
	is(atoi(buf), getpid(), "/proc/self leads to our number");
	memset(buf, 0, sizeof(buf));
	must(readlink("/proc/self/exe", buf, sizeof(buf) - 1));
	str_is(buf, tap_self, "/proc/self/exe is our program");
	is(stat("/proc/self/exe", &a), 0, "and leads to it");
	is(stat(tap_self, &b), 0, "which is");
	ok(a.st_ino == b.st_ino && a.st_dev == b.st_dev, "the same file");
	snprintf(path, sizeof(path), "/proc/%d/exe", getpid());
	is(stat(path, &a), 0, "by number too");
	is(a.st_ino, b.st_ino, "the same");
	is_errno(
	    stat("/proc/4194305/exe", &a), ENOENT, "nobody has that number");
	is_errno(open("/proc/none", O_RDONLY), ENOENT, "nor that name");
}

static void
status(void)
{
	int mask = umask(0137);
	char *s = slurp("/proc/self/status"), name[64] = "", state = 0;

	is(sscanf(s, "Name: %63[^\n]", name), 1, "status starts with the name");
	ok(strlen(name) > 0 && strlen(name) < 16, "of up to 15 bytes");
	is(value(s, "Pid"), getpid(), "Pid");
	is(value(s, "Tgid"), getpid(), "Tgid");
	is(value(s, "PPid"), getppid(), "PPid");
	is(value(s, "Uid"), 0, "Uid");
	is(value(s, "Gid"), 0, "Gid");
	is(value(s, "Umask"), umask(mask), "Umask");
	is(value(s, "Threads"), 1, "Threads");
	ok(value(s, "VmRSS") > 0, "VmRSS");
	ok(value(s, "VmSize") >= value(s, "VmRSS"), "VmSize is not less");
	s = strstr(s, "State:");
	ensure(s);
	is(sscanf(s, "State: %c", &state), 1, "State");
	is(state, 'R', "a process that looks at itself runs");
}

/* The line of maps that has an address, with its ends and rights. */
static bool
mapping_of(const char *maps, const void *at, char *line, size_t len)
{
	for (const char *s = maps; s && *s;) {
		unsigned long from, to;
		const char *end = strchr(s, '\n');

		if (!end || sscanf(s, "%lx-%lx ", &from, &to) != 2)
			return false;
		if (from <= (unsigned long)at && (unsigned long)at < to) {
			snprintf(line, len, "%.*s", (int)(end - s), s);
			return true;
		}
		s = end + 1;
	}
	return false;
}

static void
maps(void)
{
	char line[512] = "", *text, rights[8];
	int on_stack;
	char *mine = pages(3 * 4096, PROT_READ);
	unsigned long from = 0, to = 0;

	must(mprotect(mine + 4096, 4096, PROT_NONE));
	text = slurp("/proc/self/maps");
	ok(mapping_of(text, (void *)maps, line, sizeof(line)), "our code");
	ok(strstr(line, " r-xp "), "can be read and run");
	ok(strstr(line, tap_self), "and comes from our program");
	ok(mapping_of(text, &on_stack, line, sizeof(line)), "our stack");
	ok(strstr(line, " rw-p "), "can be written");
	ok(strstr(line, "[stack]"), "and is called so");
	ok(mapping_of(text, mine + 4096, line, sizeof(line)), "a mapping");
	is(sscanf(line, "%lx-%lx %7s", &from, &to, rights), 3, "in the middle");
	is(from, (unsigned long)mine + 4096, "starts where it was protected");
	is(to, from + 4096, "and ends so");
	str_is(rights, "---p", "without any rights");
	must(munmap(mine, 3 * 4096));
	text = slurp("/proc/self/maps");
	ok(!mapping_of(text, mine, line, sizeof(line)), "and can go");
}

/* It is cached, and can't be had by others. */
static void
shared_memory(void)
{
	long was = value(slurp("/proc/meminfo"), "Shmem"), more;
	size_t len = 4 << 20;
	char *p = must(mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	char *s;

	memset(p, 1, len);
	s = slurp("/proc/meminfo");
	more = value(s, "Shmem") - was;
	/* Linux's counts lag behind, for each processor by some pages. */
	ok(more >= 3072 && more <= 5120, "shared memory is Shmem: %ld", more);
	ok(value(s, "Cached") >= value(s, "Shmem"), "which is cached");
	must(munmap(p, len));
}

static void
memory_and_time(void)
{
	char *s = slurp("/proc/meminfo");
	long total = value(s, "MemTotal"), left = value(s, "MemFree");
	double up = -1, idle = -1, later = -1;

	ok(strstr(s, " kB\n"), "meminfo counts in kB");
	ok(total > 0, "MemTotal");
	ok(left > 0 && left <= total, "MemFree is a part of it");
	ok(value(s, "MemAvailable") > 0, "MemAvailable");
	is(value(s, "SReclaimable") + value(s, "SUnreclaim"), value(s, "Slab"),
	    "what small objects take");
	shared_memory();
	is(sscanf(slurp("/proc/uptime"), "%lf %lf", &up, &idle), 2,
	    "uptime gives two numbers");
	ok(up >= 0 && idle >= 0, "which are positive");
	sscanf(slurp("/proc/uptime"), "%lf", &later);
	ok(later >= up, "time goes on");
}

static void
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	char path[32], buf[PATH_MAX] = "";
	int fd = must(open("f", O_RDWR)), seen = 0;
	struct dirent *e;

	ensure(d);
	while ((e = readdir(d)))
		seen += atoi(e->d_name) == fd && e->d_name[0] != '.';
	is(seen, 1, "/proc/self/fd lists an open file");
	closedir(d);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(readlink(path, buf, sizeof(buf) - 1));
	ok(strlen(buf) > 2 && !strcmp(buf + strlen(buf) - 2, "/f"),
	    "as a link to its path");
	close(fd);
	is_errno(
	    readlink(path, buf, sizeof(buf)), ENOENT, "until it is closed");
}

/* A file of /proc in small pieces and from the middle is the same file. */
static void
pieces(void)
{
	char whole[4096], part[4096];
	int fd = must(open("/proc/self/maps", O_RDONLY)), n = 0;
	ssize_t len = read(fd, whole, sizeof(whole));

	ok(len > 20, "maps in one piece");
	must(lseek(fd, 0, SEEK_SET));
	while (n < len && read(fd, part + n, 1) == 1)
		n++;
	is(n, len, "byte by byte as much");
	is(memcmp(whole, part, len), 0, "and the same");
	is(pread(fd, part, 10, 10), 10, "pread from the middle");
	is(memcmp(whole + 10, part, 10), 0, "the same again");
	is(raw(read, fd, whole, 0), 0, "nothing, if nothing is asked for");
	is_errno(raw(pread64, fd, 8, 10, 0), EFAULT, "a bad buffer");
	is(pread(fd, part, 10, 1l << 40), 0, "nothing far behind the end");
	is(pread(fd, part, 10, LONG_MAX - 10), 0,
	    "nor at the end of all files");
	close(fd);
	is_errno(open("/proc/meminfo", O_RDONLY | O_DIRECTORY), ENOTDIR,
	    "a file of /proc is no folder");
	is_errno(mkdir("/proc/new", 0700), ENOENT, "nothing can be made there");
	is_errno(unlink("/proc/meminfo"), EPERM, "nor removed");
}

static void
child_waits(void)
{
	for (;;)
		pause();
}

static void
of_a_child(void)
{
	pid_t pid = spawn(child_waits);
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	is(value(slurp(path), "PPid"), getpid(), "a child's status");
	kill(pid, SIGKILL);
	while (!strstr(slurp(path), "Z (zombie)"))
		sched_yield();
	ok(true, "says when it is dead");
	wait_status(pid);
	is_errno(open(path, O_RDONLY), ENOENT, "and goes when it is reaped");
}

TEST(fs_proc)
{
	file_make("f", "");
	links_to_self();
	status();
	maps();
	memory_and_time();
	descriptors();
	pieces();
	of_a_child();
}

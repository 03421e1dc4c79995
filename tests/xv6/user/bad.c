/* Pointers to nowhere are errors in a call, and fatal elsewhere. */
#include "kernel/types.h"

#include "kernel/fcntl.h"
#include "kernel/param.h"
#include "kernel/stat.h"
#include "user/user.h"

static const uint64 nowhere[] = {0, 0x80000000, 0x3fffffe000, 0x3ffffff000,
    0x4000000000, 0xffffffffffffffff};
#define NR_NOWHERE (sizeof(nowhere) / sizeof(nowhere[0]))

static volatile char *bad;

static void
load(void)
{
	(void)*bad;
}

static void
store(void)
{
	*bad = 1;
}

static int
files_refuse(void)
{
	int fd = open("some", O_CREATE | O_RDWR), ok;

	ok = write(fd, (void *)bad, 8192) == -1;
	ok &= write(fd, "0123456789", 10) == 10;
	close(fd);
	fd = open("some", O_RDONLY);
	ok &= read(fd, (void *)bad, 8192) == -1;
	ok &= fstat(fd, (struct stat *)bad) == -1;
	close(fd);
	unlink("some");
	return ok;
}

static int
pipes_refuse(void)
{
	int p[2], ok;

	ok = pipe((int *)bad) == -1 && pipe(p) == 0;
	ok &= write(p[1], (void *)bad, 8192) <= 0;
	ok &= write(p[1], "x", 1) == 1;
	ok &= read(p[0], (void *)bad, 8192) <= 0;
	close(p[0]);
	close(p[1]);
	return ok;
}

static int
names_refuse(void)
{
	const char *name = (const char *)bad;
	char *argv[] = {(char *)bad, 0};

	return open(name, O_CREATE) == -1 && unlink(name) == -1 &&
	    link(name, "x") == -1 && link("x", name) == -1 &&
	    mkdir(name) == -1 && chdir(name) == -1 && mknod(name, 1, 1) == -1 &&
	    exec(name, argv) == -1 && exec("echo", (char **)bad) == -1 &&
	    (bad == 0 || exec("echo", argv) == -1);
}

/* NULL asks for no status. */
static int
wait_refuses(void)
{
	int r;

	if (fork() == 0)
		exit(0);
	r = bad ? wait((int *)bad) : -1;
	wait(0);
	return r == -1;
}

static int
half_refuses(void)
{
	char *end = sbrk(2 * 4096), *edge;
	int fd = open("some", O_CREATE | O_RDWR), ok;

	sbrk(4096 - (uint64)sbrk(0) % 4096);
	edge = sbrk(0);
	ok = write(fd, edge - 10, 20) == -1;
	edge[-1] = 'x';
	ok &= open(edge - 1, O_CREATE) == -1;
	edge[-1] = 0;
	edge[-2] = 'h';
	close(open(edge - 2, O_CREATE));
	ok &= unlink("h") == 0;
	close(fd);
	unlink("some");
	sbrk(-(int)(sbrk(0) - end));
	return ok;
}

static void
test_arguments(void)
{
	static char *argv[MAXARG + 1];
	static char text[4096];
	int fd;

	for (int i = 0; i < MAXARG; i++)
		argv[i] = "x";
	check(exec("ends", argv) == -1, "32 arguments are too many");
	memset(text, 'x', sizeof(text) - 1);
	argv[0] = "echo";
	argv[1] = text;
	argv[2] = 0;
	check(exec("ends", argv) == -1, "so is a page of them");
	fd = open("text", O_CREATE | O_WRONLY);
	write(fd, "no program", 10);
	close(fd);
	check(exec("text", argv) == -1 && exec("none", argv) == -1,
	    "what is no program is not run");
	unlink("text");
}

int
main(void)
{
	for (uint i = 0; i < NR_NOWHERE; i++) {
		bad = (char *)nowhere[i];
		check(status_of(load) == -1, "a load ends the program");
		check(status_of(store) == -1, "so does a store");
		check(files_refuse(), "files refuse it");
		check(pipes_refuse(), "pipes refuse it");
		check(names_refuse(), "names refuse it");
		check(wait_refuses(), "wait refuses it");
	}
	check(half_refuses(), "what is half there is refused");
	test_arguments();
	done();
}

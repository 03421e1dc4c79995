/*
 * probe: a guest program for the boot tests, which does one thing to be seen
 * from outside.
 *
 *	probe args ARG...	prints each argument, in brackets
 *	probe bytes		every byte, and what looks like frames
 *	probe flood BYTES	that many in a fixed pattern, at full speed
 *	probe both		standard output and error in turn
 *	probe input		says how standard input ends
 *	probe copy		says "ready", then what standard input has;
 *				status 3 if the output is no terminal
 *	probe take BYTES	the same of the first bytes only
 *	probe torn		what is written and flushed away again
 *	probe exit STATUS	exits
 *	probe signal N		ends by signal N
 *	probe orphan		exits while a child of its still writes
 *	probe fill		ends when files have taken all the memory
 *	probe hang		never ends
 *	probe ticks		the machine's counter, in ticks since reset
 *	probe machine		harts, and KiB of memory: all, and free
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <termios.h>
#include <unistd.h>

static void
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			exit(99);
		data += n;
		len -= n;
	}
}

static int
do_args(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("[%s]", argv[i]);
	return 0;
}

static int
do_bytes(int argc, char **argv)
{
	static const char tricks[] = "\036\036 start\n\r\n\036 end 0\n\n\r\036";
	char all[256];

	(void)argc;
	(void)argv;
	for (int i = 0; i < 256; i++)
		all[i] = i;
	write_all(1, all, sizeof(all));
	write_all(1, tricks, sizeof(tricks) - 1);
	return 0;
}

static int
do_flood(int argc, char **argv)
{
	size_t left = argc > 0 ? strtoul(argv[0], NULL, 10) : 0;
	char buf[4093]; /* prime, so that nothing lines up with a buffer */

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = i % 64 == 63 ? '\n' : 'A' + i % 26;
	while (left > 0) {
		size_t n = left < sizeof(buf) ? left : sizeof(buf);

		write_all(1, buf, n);
		left -= n;
	}
	return 0;
}

static int
do_both(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	write_all(1, "one ", 4);
	write_all(2, "two ", 4);
	write_all(1, "three", 5);
	return 0;
}

static int
do_input(int argc, char **argv)
{
	char c;

	(void)argc;
	(void)argv;
	printf("read gives %zd", read(0, &c, 1));
	return 0;
}

static int
do_take(int argc, char **argv)
{
	size_t left = argc > 0 ? strtoul(argv[0], NULL, 10) : SIZE_MAX;
	char buf[5000];
	ssize_t n = 0;

	write_all(1, "ready\n", 6);
	while (left > 0) {
		n = read(0, buf, left < sizeof(buf) ? left : sizeof(buf));
		if (n <= 0)
			break;
		write_all(1, buf, n);
		left -= n;
	}
	if (n < 0)
		return 98;
	return isatty(1) && isatty(2) && !isatty(0) ? 0 : 3;
}

/* Flushing reaches what was written, and nothing of anybody else's. */
static int
do_torn(int argc, char **argv)
{
	static const char line[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n";

	(void)argc;
	(void)argv;
	for (int i = 0; i < 500; i++) {
		write_all(1, line, sizeof(line) - 1);
		if (tcflush(1, TCOFLUSH))
			return 94;
	}
	return 0;
}

static int
do_exit(int argc, char **argv)
{
	return argc > 0 ? atoi(argv[0]) : 0;
}

static int
do_signal(int argc, char **argv)
{
	struct rlimit no_core = {0};

	setrlimit(RLIMIT_CORE, &no_core);
	kill(getpid(), argc > 0 ? atoi(argv[0]) : SIGKILL);
	return 98;
}

static int
do_orphan(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	write_all(1, "parent", 6);
	if (fork() == 0) {
		/* Whatever comes of it must not follow the end frame. */
		for (;;)
			write_all(1, "child", 5);
	}
	return 5;
}

/* Long links are made of memory that no limit of a file system counts. */
static int
do_fill(int argc, char **argv)
{
	char target[4000], name[16];

	(void)argc;
	(void)argv;
	memset(target, 'x', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	for (int i = 0;; i++) {
		snprintf(name, sizeof(name), "/%d", i);
		if (symlink(target, name) != 0)
			return errno == ENOMEM ? 7 : 8;
	}
}

static int
do_hang(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	write_all(1, "before", 6);
	while (pause() < 0)
		;
	return 96;
}

static int
do_ticks(int argc, char **argv)
{
	unsigned long ticks;

	(void)argc;
	(void)argv;
	__asm__ volatile("rdtime %0" : "=r"(ticks));
	printf("%lu", ticks);
	return 0;
}

static int
do_machine(int argc, char **argv)
{
	struct sysinfo si;
	cpu_set_t set;

	(void)argc;
	(void)argv;
	if (sysinfo(&si) < 0 || sched_getaffinity(0, sizeof(set), &set) < 0)
		return 95;
	printf("%d %lu %lu", CPU_COUNT(&set), si.totalram * si.mem_unit / 1024,
	    si.freeram * si.mem_unit / 1024);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} deeds[] = {
    {"args", do_args},
    {"bytes", do_bytes},
    {"flood", do_flood},
    {"both", do_both},
    {"input", do_input},
    {"copy", do_take},
    {"take", do_take},
    {"torn", do_torn},
    {"exit", do_exit},
    {"signal", do_signal},
    {"orphan", do_orphan},
    {"fill", do_fill},
    {"hang", do_hang},
    {"ticks", do_ticks},
    {"machine", do_machine},
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(deeds) / sizeof(deeds[0]);
	     i++)
		if (strcmp(argv[1], deeds[i].name) == 0)
			return deeds[i].run(argc - 2, argv + 2);
	fprintf(stderr, "probe: what?\n");
	return 97;
}

/*
 * files: what files on a disk cost when they are in memory, in instructions.
 *
 *	files	mounts /dev/vda as ext3, measures, unmounts
 *
 * As bench/fork.c: a plain static Linux program for `qemu -icount shift=0` with
 * one hart, where a nanosecond is an instruction, and nothing is printed before
 * the end.  A figure is the median of five batches, each of many rounds; the
 * loop around them, some ten instructions a round, is not taken off.  Nothing
 * of it waits for the disk: what is read is in memory, and what is written gets
 * there later.
 *
 * Two figures are of the disk, counted by /proc/diskstats: the requests by
 * which a file that is not in memory is read in order, and how often what
 * changes without anybody's asking is made safe, two flushes each time.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE       4096L
#define PAGES      64L /* of the file that is mapped */
#define NR_BATCHES 5
#define SETTLE_S   2
#define COLD_MIB   64L    /* of the file that is not in memory */
#define SMALL_OPS  10000L /* files made, one each millisecond */

static char buf[PAGE];
static int fd;

static long
must(long result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* ---- what is measured: one round of each, and how many make a batch ----- */

static void
open_close(void)
{
	close(must(open("/mnt/d/file", O_RDONLY), "open"));
}

static void
stat_it(void)
{
	struct stat st;

	must(stat("/mnt/d/file", &st), "stat");
}

static void
read_page(void)
{
	must(pread(fd, buf, PAGE, 0), "read");
}

static void
create_unlink(void)
{
	int new = must(open("/mnt/d/new", O_CREAT | O_WRONLY, 0644), "creat");

	must(write(new, buf, PAGE), "write");
	close(new);
	must(unlink("/mnt/d/new"), "unlink");
}

static void
map_and_read(void)
{
	volatile char *p =
	    mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	for (long i = 0; i < PAGES; i++)
		(void)p[i * PAGE];
	must(munmap((void *)p, PAGES * PAGE), "munmap");
}

static const struct {
	const char *name;
	void (*round)(void);
	long rounds;
	double parts; /* of a round: pages */
} figures[] = {
    {"open_close", open_close, 400, 1},
    {"stat", stat_it, 400, 1},
    {"read_4k", read_page, 400, 1},
    {"create_unlink", create_unlink, 100, 1},
    {"mapped_page", map_and_read, 40, PAGES},
};

#define NR_FIGURES (sizeof(figures) / sizeof(figures[0]))

/* ---- the whole ---------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
measure(int n)
{
	double values[NR_BATCHES];

	figures[n].round();
	for (int b = 0; b < NR_BATCHES; b++) {
		long began = now();

		for (long i = 0; i < figures[n].rounds; i++)
			figures[n].round();
		values[b] = (double)(now() - began) / figures[n].rounds /
		    figures[n].parts;
	}
	qsort(values, NR_BATCHES, sizeof(values[0]), compare);
	return values[NR_BATCHES / 2];
}

/* ---- of the disk --------------------------------------------------------- */

enum {
	READS = 0,
	FLUSHES = 15,
	NR_FIELDS = 17, /* behind the disk's name */
};

/* A field of the line of /dev/vda. */
static long
diskstat(int which)
{
	static char line[512], name[32];
	long value[NR_FIELDS] = {0};
	FILE *f = fopen("/proc/diskstats", "r");
	int at = 0, used;

	if (!f)
		err(1, "/proc/diskstats");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%*d %*d %31s%n", name, &at) == 1 &&
		    strcmp(name, "vda") == 0)
			break;
	fclose(f);
	for (int i = 0; i < NR_FIELDS; i++, at += used)
		if (sscanf(line + at, "%ld%n", &value[i], &used) != 1)
			errx(1, "/proc/diskstats has no field %d", i);
	return value[which];
}

static void
mount_disk(void)
{
	must(mount("/dev/vda", "/mnt", "ext3", 0, NULL), "mount");
}

static double
requests_per_mib(void)
{
	static char piece[64 << 10];
	long n, began;

	fd = must(open("/mnt/d/cold", O_CREAT | O_WRONLY, 0644), "creat");
	for (n = 0; n < (COLD_MIB << 20); n += (long)sizeof(piece))
		must(write(fd, piece, sizeof(piece)), "write");
	close(fd);
	must(umount("/mnt"), "umount");
	mount_disk();
	fd = must(open("/mnt/d/cold", O_RDONLY), "open");
	began = diskstat(READS);
	while (must(read(fd, piece, sizeof(piece)), "read") > 0)
		;
	close(fd);
	return (double)(diskstat(READS) - began) / COLD_MIB;
}

/* The flushes of a commit are a pair. */
static double
pairs_per_second(void)
{
	struct timespec pause = {0, 1000000};
	long flushes = diskstat(FLUSHES), began = now();
	char name[32];

	must(mkdir("/mnt/d/many", 0755), "mkdir");
	for (long i = 0; i < SMALL_OPS; i++) {
		snprintf(name, sizeof(name), "/mnt/d/many/%ld", i);
		close(must(open(name, O_CREAT | O_WRONLY, 0644), "creat"));
		nanosleep(&pause, NULL);
	}
	return (double)(diskstat(FLUSHES) - flushes) / 2 /
	    ((double)(now() - began) / 1e9);
}

/*
 * Where a mapping lies decides how many faults and tables it takes, so this
 * program is put to the same places each time.
 */
static void
stay_in_place(char **argv)
{
	int flags = personality(0xffffffff);

	if (flags & ADDR_NO_RANDOMIZE)
		return;
	must(personality(flags | ADDR_NO_RANDOMIZE), "personality");
	must(execv("/proc/self/exe", argv), "exec");
}

int
main(int argc, char **argv)
{
	double requests, pairs;
	double values[NR_FIGURES];

	(void)argc;
	stay_in_place(argv);
	mkdir("/mnt", 0755);
	mount_disk();
	must(mkdir("/mnt/d", 0755), "mkdir");
	fd = must(open("/mnt/d/file", O_CREAT | O_RDWR, 0644), "creat");
	for (long i = 0; i < PAGES; i++)
		must(write(fd, buf, PAGE), "write");
	must(fsync(fd), "fsync");
	sleep(SETTLE_S);
	for (unsigned n = 0; n < NR_FIGURES; n++)
		values[n] = measure(n);
	close(fd);
	requests = requests_per_mib();
	pairs = pairs_per_second();
	must(umount("/mnt"), "umount");
	for (unsigned n = 0; n < NR_FIGURES; n++)
		printf("%s %.2f instructions\n", figures[n].name, values[n]);
	printf("cold_requests %.2f requests\nflush_pairs %.2f pairs\n",
	    requests, pairs);
	return 0;
}

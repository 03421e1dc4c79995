/*
 * What mappings write, and when it is on the disk: the disk itself is looked
 * at.  Not a test by itself, for it wants a disk to write to:
 * tests/boot/on-disk.t.
 *
 *	/tests/guest @disk_mapped DISK TYPE
 */
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

enum {
	PAGE = 4096,
	BUSY = 3, /* who change other files all the time */
	ROUNDS = 150,
	PATIENCE_S = 20,
	REGIONS = 60000, /* of one file */
	SYNC_S = 5,
};

static const char mark[] = "here is the page that is mapped";

struct text {
	char mark[sizeof(mark)];
	unsigned int number;
};

/* Where the page is on the disk: past what any cache has of it. */
static long
find_page(int disk)
{
	static char page[PAGE];
	long at = 0;

	for (; pread(disk, page, PAGE, at) == PAGE; at += PAGE)
		if (!memcmp(page, mark, sizeof(mark)))
			return at;
	return -1;
}

static unsigned int
number_on_disk(int disk, long at)
{
	static char page[PAGE];

	ensure(pread(disk, page, PAGE, at) == PAGE);
	return ((struct text *)page)->number;
}

static void
change_others(int which)
{
	char name[32];

	snprintf(name, sizeof(name), "/mnt/other-%d", which);
	for (;;) {
		int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);

		ensure(write(fd, name, 8) == 8);
		fsync(fd);
		close(fd);
	}
}

/* After msync it is there, whatever commits are under way. */
static int
sync_many_times(volatile struct text *text, int disk, long at)
{
	int late = 0;

	for (int i = 0; i < ROUNDS; i++) {
		text->number++;
		/* Now it can be written to, while somebody's commit goes on. */
		usleep(i % 10 * 1000);
		text->number++;
		must(msync((void *)text, PAGE, MS_SYNC));
		late += number_on_disk(disk, at) != text->number;
	}
	return late;
}

/*
 * Without any it is there after a while, also if the page could be written to
 * before and was written back since.
 */
static bool
comes_by_itself(volatile struct text *text, int disk, long at)
{
	for (int round = 0; round < 3; round++) {
		time_t end = time(NULL) + PATIENCE_S;

		text->number++;
		while (number_on_disk(disk, at) != text->number)
			if (time(NULL) > end)
				return false;
			else
				usleep(100000);
	}
	return true;
}

static bool
is_kept(int disk)
{
	int fd = must(open("/mnt/mapped", O_CREAT | O_RDWR | O_TRUNC, 0600));
	volatile struct text *text;
	pid_t busy[BUSY];
	long at;
	int late;

	must(ftruncate(fd, PAGE));
	text = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ensure(text != MAP_FAILED);
	memcpy((void *)text, mark, sizeof(mark));
	must(fsync(fd));
	at = find_page(disk);
	ensure(at > 0);
	for (int i = 0; i < BUSY; i++) {
		busy[i] = must(fork());
		if (busy[i] == 0)
			change_others(i);
	}
	late = sync_many_times(text, disk, at);
	for (int i = 0; i < BUSY; i++) {
		kill(busy[i], SIGKILL);
		waitpid(busy[i], NULL, 0);
	}
	if (late > 0)
		printf("%d of %d msyncs came back too early\n", late, ROUNDS);
	if (!comes_by_itself(text, disk, at)) {
		printf("nobody writes back what was mapped\n");
		late++;
	}
	close(fd);
	return late == 0;
}

/* A file mapped in so many pieces is one file, and is on the disk at once. */
static bool
is_synced_once(void)
{
	int fd = must(open("/mnt/pieces", O_CREAT | O_RDWR | O_TRUNC, 0600));
	size_t len = (size_t)REGIONS * PAGE;
	time_t begin;
	char *p;

	must(ftruncate(fd, (long)len));
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ensure(p != MAP_FAILED);
	for (int i = 0; i < REGIONS; i += 2)
		must(mprotect(p + (size_t)i * PAGE, PAGE, PROT_READ));
	p[PAGE] = 'x';
	begin = time(NULL);
	must(msync(p, len, MS_SYNC));
	begin = time(NULL) - begin;
	if (begin > SYNC_S)
		printf("msync of one file took %ld seconds\n", (long)begin);
	must(munmap(p, len));
	close(fd);
	return begin <= SYNC_S;
}

/* Asking for the pages of a hole does not fill it. */
static bool
stays_a_hole(void)
{
	int fd = must(open("/mnt/hole", O_CREAT | O_RDWR | O_TRUNC, 0600));
	size_t len = 64 * PAGE;
	struct stat st;
	char *p;

	must(ftruncate(fd, (long)len));
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
	    fd, 0);
	ensure(p != MAP_FAILED);
	must(mlock(p, len));
	must(fsync(fd));
	must(fstat(fd, &st));
	if (st.st_blocks != 0)
		printf("MAP_POPULATE has made %ld blocks of a hole\n",
		    (long)st.st_blocks);
	must(munmap(p, len));
	close(fd);
	return st.st_blocks == 0;
}

HELPER(disk_mapped)
{
	int disk;
	bool ok;

	if (argc != 4)
		return 2;
	mkdir("/mnt", 0755);
	must(mount(argv[2], "/mnt", argv[3], 0, "commit=1"));
	disk = must(open(argv[2], O_RDONLY));
	ok = stays_a_hole() && is_kept(disk) && is_synced_once();
	close(disk);
	must(umount("/mnt"));
	return ok ? 0 : 1;
}

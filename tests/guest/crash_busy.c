/*
 * Keeps a disk busy until somebody pulls the plug, and says what must be there
 * afterwards.  Not a test by itself: tests/boot/kill.t.
 *
 *	/tests/guest @crash_busy DIR SEED
 *
 * In the new folder DIR four processes work.  What they have done and fsync
 * has come back from is a line:
 *
 *	kept NAME VERSION SIZE      the file has this version or a later one
 *	going NAME                  its name may be there or not
 *	gone NAME                   it is not
 *
 * A version is the line `NAME VERSION` again and again, up to its size; a log
 * grows by such lines, so that SIZE is the least that it has.  What a file has
 * beside that, tests/crash/kept judges.
 */
#include "tap.h"

#include <sys/mman.h>
#include <sys/stat.h>

#define MOST_BYTES 150000
#define NR_ALIVE   16 /* files of `once` that are there at a time */

static uint64_t state;
static int lines; /* to who prints them */

static uint64_t
draw(uint64_t below)
{
	state = state * 6364136223846793005ul + 1442695040888963407ul;
	return (state >> 33) % below;
}

/* One write, so that lines of several processes do not mix. */
static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ensure(write(lines, line, n) == n);
}

static size_t
compose(char *to, const char *name, int version, size_t size)
{
	char line[128];
	size_t n = snprintf(line, sizeof(line), "%s %d\n", name, version);

	for (size_t at = 0; at < size; at++)
		to[at] = line[at % n];
	return size;
}

static int
put_file(const char *path, const char *name, int version, size_t size)
{
	static char bytes[MOST_BYTES];
	int fd = must(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
	size_t at = 0, piece;

	compose(bytes, name, version, size);
	for (; at < size; at += piece) {
		piece = size - at < 7000 ? size - at : 7000;
		ensure(write(fd, bytes + at, piece) == (ssize_t)piece);
	}
	return fd;
}

static void
sync_dir(void)
{
	int fd = must(open(".", O_RDONLY | O_DIRECTORY));

	ensure(fsync(fd) == 0);
	close(fd);
}

/* ------------------------------------------------ the four */

/* Appends to a log. */
static void
work_log(void)
{
	char line[64];
	int fd = must(open("log", O_RDWR | O_CREAT | O_APPEND, 0644));
	size_t size = 0;

	for (int version = 1;; version++) {
		int n = 1 + draw(200);

		while (n-- > 0) {
			int len = snprintf(line, sizeof(line), "log\n");

			ensure(write(fd, line, len) == len);
			size += len;
		}
		ensure((draw(2) ? fsync(fd) : fdatasync(fd)) == 0);
		say("kept log 0 %zu\n", size);
	}
}

/* Replaces files, as careful programs do. */
static void
work_state(void)
{
	char name[32];

	for (int version = 1;; version++) {
		int fd;

		snprintf(name, sizeof(name), "state%d", (int)draw(5));
		fd = put_file("new", name, version, 1 + draw(MOST_BYTES));
		ensure(fsync(fd) == 0);
		close(fd);
		ensure(rename("new", name) == 0);
		sync_dir();
		say("kept %s %d 0\n", name, version);
	}
}

/* Writes files once, one in four through a mapping, and takes them away. */
static void
work_once(void)
{
	char name[32];

	for (int i = 0;; i++) {
		size_t size = 1 + draw(MOST_BYTES);
		int fd;

		if (i >= NR_ALIVE) {
			snprintf(name, sizeof(name), "once%d", i - NR_ALIVE);
			say("going %s\n", name);
			ensure(unlink(name) == 0);
			sync_dir();
			say("gone %s\n", name);
		}
		snprintf(name, sizeof(name), "once%d", i);
		if (draw(4)) {
			fd = put_file(name, name, 1, size);
			ensure(fsync(fd) == 0);
		} else {
			char *p;

			fd = put_file(name, name, 1, 0);
			ensure(ftruncate(fd, size) == 0);
			p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, 0);
			ensure(p != MAP_FAILED);
			compose(p, name, 1, size);
			ensure(msync(p, size, MS_SYNC) == 0 && fsync(fd) == 0);
			munmap(p, size);
		}
		close(fd);
		say("kept %s 1 %zu\n", name, size);
	}
}

/* What nobody is told of: whatever changes the structures of the disk. */
static void
work_noise(void)
{
	char name[2][32];

	ensure(mkdir("noise", 0755) == 0 && chdir("noise") == 0);
	for (int i = 0;; i++) {
		int fd;

		for (int n = 0; n < 2; n++)
			snprintf(name[n], sizeof(name[n]),
			    "some-longer-name-%d", (int)draw(300));
		switch (draw(8)) {
		case 0:
			(void)!mkdir(name[0], 0755);
			break;
		case 1:
			(void)!rename(name[0], name[1]);
			break;
		case 2:
			(void)!rmdir(name[0]);
			break;
		case 3:
			(void)!symlink(name[0], name[1]);
			break;
		case 4:
			(void)!truncate(name[0], draw(2) * 5000);
			break;
		case 5:
			(void)!link(name[0], name[1]);
			break;
		default:
			(void)!unlink(name[1]);
			fd = open(name[0], O_RDWR | O_CREAT, 0644);
			if (fd < 0)
				break;
			/* Sometimes it has no name when the plug is pulled. */
			if (draw(3) == 0)
				(void)!unlink(name[0]);
			(void)!pwrite(fd, name, sizeof(name), draw(40000));
			close(fd);
		}
		if (draw(400) == 0)
			sync();
	}
}

HELPER(crash_busy)
{
	static void (*const works[])(void) = {
	    work_log, work_state, work_once, work_noise};
	char text[4096];
	int ends[2];
	ssize_t n;

	ensure(argc == 4);
	mkdir(argv[2], 0755);
	ensure(chdir(argv[2]) == 0 && pipe(ends) == 0);
	lines = ends[1];
	for (int i = 0; i < 4; i++) {
		state = strtoul(argv[3], NULL, 10) * 4 + i;
		if (must(fork()) == 0) {
			works[i]();
			_exit(0);
		}
	}
	close(ends[1]);
	while ((n = read(ends[0], text, sizeof(text))) > 0)
		ensure(write(1, text, n) == n);
	return 1;
}

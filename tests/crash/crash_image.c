/*
 * crash_image: what a disk may hold after the power failed, from a recording of
 * all that was written to it.
 *
 *	crash_image --count LOG
 *	crash_image LOG BASE OUT --flush N [--subset SEED] [--lie FLUSHES]
 *	            [--marks-from SECTOR --marks FILE]
 *
 * LOG is what QEMU's blklogwrites recorded from the disk that was a copy of
 * BASE: blocks of one size, of which the first is a head with the number of
 * entries, then for each entry one block that describes it and, for a write,
 * the blocks that were written.  The format is that of Linux's dm-log-writes.
 *
 * OUT becomes the disk as it may have been after the N-th flush (0: before the
 * first) and before the next one.  Without --subset nothing more has reached
 * it.  With it, the power fails at a drawn place before the next flush, and of
 * the writes up to there a drawn part has: whole, not at all, or torn, each
 * sector of 512 bytes by itself.  The same seed gives the same image.
 *
 * Writes to SECTOR and beyond are marks (tests/guest/crash_ops.c), not part of
 * the image.  FILE gets those that tell what must be in it: all of the sequence
 * under way, up to the next one, which comes behind a line `unseen`; and the
 * last one of the sequence before, and of a drawn one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MAGIC   0x6a736677736872ull
#define LOG_VERSION 1

#define FLAG_FLUSH   1u
#define FLAG_DISCARD 4u

#define SECTOR_BYTES 512
#define COPY_BYTES   65536 /* at a time; arbitrary */

struct log_head {
	uint64_t magic;
	uint64_t version;
	uint64_t nr_entries;
	uint32_t sector_bytes;
} __attribute__((packed));

struct log_entry {
	uint64_t sector;
	uint64_t nr_sectors;
	uint64_t flags;
	uint64_t data_bytes;
} __attribute__((packed));

/* struct write: an entry, found. */
struct write {
	uint64_t at; /* bytes, on the disk */
	uint64_t len_bytes;
	const unsigned char *data; /* NULL for a discard */
	bool flush;
	bool mark;
};

static struct write *writes;
static size_t nr_writes;
static uint64_t marks_from = UINT64_MAX;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("crash_image: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static const unsigned char *
map_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st))
		die("%s: %s", path, strerror(errno));
	if (st.st_size == 0)
		die("%s is empty", path);
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		die("%s: %s", path, strerror(errno));
	close(fd);
	*size = st.st_size;
	return p;
}

/* ------------------------------------------------ the log */

static void
read_log(const char *path)
{
	size_t size, at;
	const unsigned char *log = map_file(path, &size);
	struct log_head head;

	if (size < sizeof(head))
		die("%s is too short for a log", path);
	memcpy(&head, log, sizeof(head));
	if (head.magic != LOG_MAGIC || head.version != LOG_VERSION ||
	    head.sector_bytes < SECTOR_BYTES)
		die("%s is no log of version %d", path, LOG_VERSION);
	writes = calloc(head.nr_entries + 1, sizeof(writes[0]));
	if (!writes)
		die("out of memory");
	at = head.sector_bytes;
	for (uint64_t i = 0; i < head.nr_entries; i++) {
		struct write *w = &writes[nr_writes++];
		struct log_entry e;

		if (size - at < head.sector_bytes)
			die("%s ends before entry %zu", path, nr_writes);
		memcpy(&e, log + at, sizeof(e));
		at += head.sector_bytes;
		w->at = e.sector * head.sector_bytes;
		w->len_bytes = e.nr_sectors * head.sector_bytes;
		w->flush = e.flags & FLAG_FLUSH;
		w->mark = w->len_bytes > 0 && w->at >= marks_from;
		if (e.flags & FLAG_DISCARD)
			continue;
		if (size - at < w->len_bytes)
			die("%s ends within entry %zu", path, nr_writes);
		w->data = log + at;
		at += w->len_bytes;
	}
}

static void
print_counts(void)
{
	size_t flushes = 0, n = 0;

	for (size_t i = 0; i < nr_writes; i++) {
		flushes += writes[i].flush;
		n += writes[i].len_bytes > 0;
	}
	printf("%zu flushes, %zu writes\n", flushes, n);
}

/* The place behind the n-th flush. */
static size_t
behind_flush(size_t n)
{
	size_t i = 0;

	while (n > 0 && i < nr_writes)
		n -= writes[i++].flush;
	if (n > 0)
		die("there are %zu flushes less in the log", n);
	return i;
}

static size_t
next_flush(size_t i)
{
	while (i < nr_writes && !writes[i].flush)
		i++;
	return i;
}

/* ------------------------------------------------ chance */

static uint64_t state;

static uint64_t
draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static void
set_seed(uint64_t seed)
{
	state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	for (int i = 0; i < 16; i++)
		draw(2);
}

/* ------------------------------------------------ the image */

static void
put(int fd, const void *data, size_t len_bytes, uint64_t at)
{
	if (pwrite(fd, data, len_bytes, at) != (ssize_t)len_bytes)
		die("cannot write: %s", strerror(errno));
}

/* Holes stay holes: most of a new disk is none of its file system's. */
static int
copy_base(const char *base, const char *out)
{
	static unsigned char buf[COPY_BYTES];
	int from = open(base, O_RDONLY);
	int fd = open(out, O_RDWR | O_CREAT | O_TRUNC, 0666);
	off_t size = lseek(from, 0, SEEK_END);
	off_t at = 0;

	if (from < 0 || fd < 0 || ftruncate(fd, size))
		die("%s or %s: %s", base, out, strerror(errno));
	while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
		ssize_t n = pread(from, buf, sizeof(buf), at);

		if (n <= 0)
			break;
		put(fd, buf, n, at);
		at += n;
	}
	if (at >= 0 || errno != ENXIO)
		die("cannot read %s: %s", base, strerror(errno));
	close(from);
	return fd;
}

/* A discard promises nothing, and QEMU's leaves zeros. */
static void
apply_part(int fd, const struct write *w, uint64_t from, uint64_t len_bytes)
{
	static const unsigned char zeros[SECTOR_BYTES];

	if (w->data) {
		put(fd, w->data + from, len_bytes, w->at + from);
		return;
	}
	for (uint64_t at = from; at < from + len_bytes; at += SECTOR_BYTES)
		put(fd, zeros, SECTOR_BYTES, w->at + at);
}

static void
apply_torn(int fd, const struct write *w)
{
	for (uint64_t at = 0; at < w->len_bytes; at += SECTOR_BYTES)
		if (draw(2))
			apply_part(fd, w, at, SECTOR_BYTES);
}

static void
apply_drawn(int fd, const struct write *w)
{
	switch (draw(4)) {
	case 0:
		break;
	case 1:
		apply_torn(fd, w);
		break;
	default:
		apply_part(fd, w, 0, w->len_bytes);
	}
}

static void
make_image(const char *base, const char *out, size_t certain, size_t cut)
{
	int fd = copy_base(base, out);

	for (size_t i = 0; i < cut; i++) {
		const struct write *w = &writes[i];

		if (w->len_bytes == 0 || w->mark)
			continue;
		if (i < certain)
			apply_part(fd, w, 0, w->len_bytes);
		else
			apply_drawn(fd, w);
	}
	if (close(fd))
		die("%s: %s", out, strerror(errno));
}

/* ------------------------------------------------ marks */

/* The sequence of a mark, or -1. */
static int
sequence_of(const struct write *w)
{
	int sequence;

	return w->mark && w->data[w->len_bytes - 1] == '\0' &&
		sscanf((const char *)w->data, "calf-mark %d", &sequence) == 1
	    ? sequence
	    : -1;
}

static void
put_mark(FILE *f, const struct write *w)
{
	fputs((const char *)w->data, f);
}

/* The last mark of a sequence that has ended. */
static void
put_last(FILE *f, int sequence, size_t cut)
{
	for (size_t i = cut; i-- > 0;)
		if (sequence_of(&writes[i]) == sequence) {
			put_mark(f, &writes[i]);
			return;
		}
}

static void
put_marks(FILE *f, size_t cut)
{
	int now = -1;
	size_t i;

	for (i = 0; i < cut; i++)
		if (sequence_of(&writes[i]) >= 0)
			now = sequence_of(&writes[i]);
	if (now < 0)
		return;
	if (now > 1)
		put_last(f, draw(now - 1), cut);
	if (now > 0)
		put_last(f, now - 1, cut);
	for (i = 0; i < cut; i++)
		if (sequence_of(&writes[i]) == now)
			put_mark(f, &writes[i]);
	while (i < nr_writes && sequence_of(&writes[i]) < 0)
		i++;
	if (i < nr_writes && sequence_of(&writes[i]) == now) {
		fputs("unseen\n", f);
		put_mark(f, &writes[i]);
	}
}

static void
write_marks(const char *path, size_t cut)
{
	FILE *f = fopen(path, "w");

	if (!f)
		die("%s: %s", path, strerror(errno));
	put_marks(f, cut);
	if (fclose(f))
		die("%s: %s", path, strerror(errno));
}

/* ------------------------------------------------ the command line */

static uint64_t
number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (!*text || *end)
		die("'%s' is no number", text);
	return n;
}

int
main(int argc, char **argv)
{
	const char *marks = NULL;
	uint64_t flush = 0, seed = 0, lie = 0;
	bool subset = false;
	size_t certain, cut;

	if (argc == 3 && !strcmp(argv[1], "--count")) {
		read_log(argv[2]);
		print_counts();
		return 0;
	}
	if (argc < 4 || argc % 2 != 0)
		die("usage: crash_image LOG BASE OUT --flush N …");
	for (int i = 4; i < argc; i += 2) {
		if (!strcmp(argv[i], "--flush"))
			flush = number(argv[i + 1]);
		else if (!strcmp(argv[i], "--marks-from"))
			marks_from = number(argv[i + 1]) * SECTOR_BYTES;
		else if (!strcmp(argv[i], "--marks"))
			marks = argv[i + 1];
		else if (!strcmp(argv[i], "--lie"))
			lie = number(argv[i + 1]);
		else if (strcmp(argv[i], "--subset"))
			die("there is no option %s", argv[i]);
		else
			subset = true, seed = number(argv[i + 1]);
	}
	read_log(argv[1]);
	set_seed(seed);
	cut = behind_flush(flush);
	certain = lie < flush ? behind_flush(flush - lie) : 0;
	if (subset)
		cut += draw(next_flush(cut) - cut + 1);
	make_image(argv[2], argv[3], certain, cut);
	if (marks)
		write_marks(marks, cut);
	return 0;
}

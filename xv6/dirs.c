/*
 * Directories that are read like files: 16 bytes a name, in Linux's order.  The
 * position is that of Linux's directory, so whoever shares the descriptor goes
 * on where this one stopped.
 */
#include "layer.h"

#include <linux/fs.h>

/* As getdents64 gives it. */
struct entry {
	uint64 ino;
	uint64 next; /* the position behind it */
	ushort len_bytes;
	uchar type;
	char name[];
} __attribute__((packed));

static union {
	char bytes[1024];
	struct entry first;
} some;

ushort
xv6_short_ino(uint64 ino)
{
	return 1 + (ino - 1) % 0xffff;
}

static void
fill(struct dirent *d, const struct entry *e)
{
	int i;

	d->inum = xv6_short_ino(e->ino);
	for (i = 0; i < DIRSIZ && e->name[i]; i++)
		d->name[i] = e->name[i];
	for (; i < DIRSIZ; i++)
		d->name[i] = '\0';
}

/* As many of those that were read as there is room for; how many. */
static int
hand_out(uint64 to, int room, long len, uint64 *next)
{
	char *at = some.bytes;
	int nr = 0;

	while (at < some.bytes + len && nr < room) {
		struct entry *e = (struct entry *)at;
		struct dirent *d = (struct dirent *)to + nr;

		if (!xv6_can_write((uint64)d, sizeof(*d)))
			return -1;
		fill(d, e);
		*next = e->next;
		at += e->len_bytes;
		nr++;
	}
	return nr;
}

int
xv6_read_dir(int fd, uint64 to, int n)
{
	int room = n / (int)sizeof(struct dirent), done = 0, nr;
	uint64 next = 0;
	long len;

	while (done < room) {
		len = LINUX3(__NR_getdents64, fd, &some, sizeof(some));
		if (len < 0)
			return -1;
		if (len == 0)
			break;
		nr = hand_out(to, room - done, len, &next);
		if (nr < 0)
			return -1;
		/* What is left of them is for the next time. */
		LINUX3(__NR_lseek, fd, next, SEEK_SET);
		to += nr * sizeof(struct dirent);
		done += nr;
	}
	return done * (int)sizeof(struct dirent);
}

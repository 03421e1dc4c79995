/*
 * /proc/locks, a line for each lock, and behind it one for each that waits:
 *
 *	1: POSIX  ADVISORY  WRITE 93 fe:00:12 0 99
 *	1: -> POSIX  ADVISORY  READ 94 fe:00:12 10 EOF
 *	2: FLOCK  ADVISORY  READ 95 00:02:7 0 EOF
 */
#include <linux/fcntl.h>

#include "core/thread.h"
#include "dev/chardev.h"
#include "fs/lock_impl.h"
#include "fs/seq.h"
#include "fs/vfs.h"

static const char *const kinds[] = {
    [LOCK_OF_PROCESS] = "POSIX  ADVISORY ",
    [LOCK_OF_FILE] = "OFDLCK ADVISORY ",
    [LOCK_WHOLE] = "FLOCK  ADVISORY ",
};

static void
show_claim(struct seq *s, const struct inode *i, const struct lock_claim *c)
{
	seq_print(s, "%s %s %d %02x:%02x:%lu %lu ", kinds[c->kind],
	    c->type == F_WRLCK ? "WRITE" : "READ", c->pid,
	    dev_major(i->fs->dev), dev_minor(i->fs->dev), i->ino, c->start);
	if (c->end == LOCK_END)
		seq_puts(s, "EOF\n");
	else
		seq_print(s, "%lu\n", c->end - 1);
}

static void
show_list(struct seq *s, const struct inode *i, struct list *locks, u64 *nr)
{
	struct file_lock *l;
	struct lock_wait *w;

	list_for_each (l, locks, link) {
		seq_print(s, "%lu: ", ++*nr);
		show_claim(s, i, &l->claim);
		list_for_each (w, &l->waits, link) {
			seq_print(s, "%lu: -> ", *nr);
			show_claim(s, i, w->claim);
		}
		thread_preempt_point();
	}
}

void
locks_show(struct seq *s)
{
	struct lock_book *b = NULL;
	u64 nr = 0;

	while ((b = lock_book_take_next(b)) != NULL) {
		mutex_lock(&b->lock);
		show_list(s, b->inode, &b->wholes, &nr);
		show_list(s, b->inode, &b->ranges, &nr);
		mutex_unlock(&b->lock);
	}
}

/*
 * /proc/PID/pagemap: one word for each page of an address space, at eight
 * times the page's number.
 *
 *	63 present   61 of a file, or shared   56 nobody else's   54..0 frame
 *
 * To be told which frame it is takes CAP_SYS_ADMIN.  The other bits are of
 * swap, of user faults and of watched writes; there are none.
 */
#include <linux/stat.h>

#include "core/thread.h"
#include "mm/iovec.h"
#include "mm/slab.h"
#include "mm/weigh.h"
#include "proc/procfs_view.h"

#define WORD_BYTES sizeof(u64)
#define PRESENT    (1ul << 63)
#define OF_FILE    (1ul << 61)
#define EXCLUSIVE  (1ul << 56)

/* Words at a time, which all harts are held still for; arbitrary. */
#define CHUNK 4096ul

/* Pages of a whole address space. */
#define NR_PAGES (pt_span(PT_LEVELS - 1) * PT_USER_ENTRIES / PAGE_SIZE)

static u64
word_of(const struct mm_page *p, bool frames)
{
	u64 word = PRESENT;

	if (p->kind == NODE_OBJECT)
		word |= OF_FILE;
	if (p->own)
		word |= EXCLUSIVE;
	return frames ? word | p->frame.val : word;
}

static int
fill(struct mm *mm, u64 first, u64 nr, bool frames, u64 *words)
{
	struct mm_pages pages;
	u64 i;
	int err = mm_weigh_pages(mm, uaddr(first * PAGE_SIZE),
	    uaddr((first + nr) * PAGE_SIZE), &pages);

	if (err != 0)
		return err;
	for (i = 0; i < nr; i++)
		words[i] = 0;
	for (i = 0; i < pages.nr; i++) {
		const struct mm_page *p = &pages.pages[i];

		words[p->at / PAGE_SIZE - first] = word_of(p, frames);
	}
	mm_weigh_pages_free(&pages);
	return 0;
}

static int
read_words(struct mm *mm, bool frames, struct iov_iter *to, u64 *at, u64 *words)
{
	int err = 0;

	while (err == 0 && to->left_bytes > 0 && *at < NR_PAGES) {
		u64 nr = MIN(
		    MIN(to->left_bytes / WORD_BYTES, CHUNK), NR_PAGES - *at);

		err = fill(mm, *at, nr, frames, words);
		if (err == 0 &&
		    iov_put(to, words, nr * WORD_BYTES) < nr * WORD_BYTES)
			err = -EFAULT;
		if (err == 0)
			*at += nr;
		if (thread_must_end())
			break;
		thread_preempt_point();
	}
	return err;
}

static s64
read_pagemap(
    struct procfs_key key, bool by_admin, struct iov_iter *to, u64 *pos)
{
	u64 first = *pos / WORD_BYTES, at = first;
	struct mm *mm;
	u64 *words;
	int err = view_mm_private(key, &mm);

	/* Nothing is left of who has ended. */
	if (err != 0)
		return err == -ESRCH ? 0 : err;
	err = -EINVAL;
	if (*pos % WORD_BYTES != 0 || to->left_bytes % WORD_BYTES != 0)
		goto put_mm;
	err = -ENOMEM;
	words = kmalloc(CHUNK * WORD_BYTES);
	if (words == NULL)
		goto put_mm;
	err = read_words(mm, by_admin, to, &at, words);
	kfree(words);
	if (err == 0)
		*pos += (at - first) * WORD_BYTES;
put_mm:
	mm_put(mm);
	return err != 0 ? err : (s64)((at - first) * WORD_BYTES);
}

static const struct procfs_entry entries[] = {
    {.name = "pagemap", .mode = S_IFREG | 0400, .read = read_pagemap},
};

void
procfs_pagemap_init(void)
{
	static struct procfs_table tables[] = {
	    {.entries = entries, .nr = ARRAY_SIZE(entries)},
	    {.entries = entries, .nr = ARRAY_SIZE(entries)},
	};

	procfs_add(&procfs_pid_dir, &tables[0]);
	procfs_add(&procfs_thread_dir, &tables[1]);
}

/*
 * How pages come from the store behind an object.
 *
 * Who reads a file from its start, or goes on where the last pages that came
 * from the store end, gets more than he asked for: twice as many each time, up
 * to what one request holds.  Others get the one page that they ask for.  So a
 * file that is read in order costs few requests, and one that is not costs no
 * page that nobody wants.  Two who read one file in order at different places
 * are taken for one who does not.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/mm_impl.h"
#include "mm/stat.h"

#define FIRST_PAGES 4u
/* 128 KiB: what a disk takes at once. */
#define MOST_PAGES 32u

/* How many to read, up to the next page that is there, and the end. */
static u32
pages_to_read(struct object *o, u64 index)
{
	u64 end, there;

	if (index != o->fill_next)
		o->fill_nr = 1;
	else
		o->fill_nr = MIN(MAX(2 * o->fill_nr, FIRST_PAGES), MOST_PAGES);
	end = MIN(index + o->fill_nr, object_size_pages(o));
	if (xmap_next(&o->pages, index, &there) != NULL)
		end = MIN(end, there);
	return (u32)(end - index);
}

/* As many as there are frames for. */
static u32
get_frames(struct page **pages, u32 nr)
{
	u32 n;

	for (n = 0; n < nr; n++) {
		pages[n] = frame_alloc_zero(PAGE_CACHE);
		if (pages[n] == NULL)
			break;
	}
	return n;
}

static void
put_frames(struct page **pages, u32 from, u32 nr)
{
	u32 n;

	for (n = from; n < nr; n++)
		page_put(pages[n]);
}

static int
read_pages(struct object *o, u64 index, u32 nr, struct page **pages)
{
	u32 n;
	int err = 0;

	mm_count(MM_STAT_FILLS);
	if (nr > 1 && o->ops->fill_many != NULL)
		return o->ops->fill_many(o, index, nr, pages);
	for (n = 0; err == 0 && n < nr; n++)
		err = o->ops->fill(o, index + n, pages[n]);
	return err;
}

/* What stands in the way of the others is no error of the first one's. */
static int
read_what_can_be(struct object *o, u64 index, u32 *nr, struct page **pages)
{
	int err = read_pages(o, index, *nr, pages);

	if (err == 0 || *nr == 1)
		return err;
	put_frames(pages, 1, *nr);
	*nr = 1;
	memset(page_kva(pages[0]), 0, PAGE_SIZE);
	return read_pages(o, index, 1, pages);
}

static int
add_pages(struct object *o, u64 index, u32 nr, struct page **pages)
{
	u32 n;
	int err = 0;

	for (n = 0; n < nr; n++) {
		err = object_add_page(o, index + n, pages[n]);
		if (err < 0)
			break;
		mm_count(MM_STAT_FILLED);
	}
	put_frames(pages, n, nr);
	o->fill_next = index + n;
	return n > 0 ? 0 : err;
}

int
object_fill(struct object *o, u64 index, struct page **out)
{
	struct page *pages[MOST_PAGES];
	u32 nr = get_frames(pages, pages_to_read(o, index));
	int err = -ENOMEM;

	if (nr == 0)
		return err;
	err = read_what_can_be(o, index, &nr, pages);
	if (err < 0) {
		put_frames(pages, 0, nr);
		return err;
	}
	*out = pages[0];
	return add_pages(o, index, nr, pages);
}

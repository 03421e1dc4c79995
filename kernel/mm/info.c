/* What /proc tells of an address space. */
#include "lib/string.h"
#include "mm/mm_impl.h"

void
region_describe(const struct region *r, struct mm_region_info *out)
{
	struct object *o = r->object;

	out->start = uaddr(r->start);
	out->end = uaddr(r->end);
	out->prot = r->prot;
	out->flags = r->flags;
	out->offset = o != NULL ? r->offset : 0;
	out->dev = 0;
	out->ino = 0;
	out->name[0] = 0;
	out->is_brk = (r->flags & MM_HEAP) != 0;
	if (o != NULL && !(r->flags & MM_VDSO) && o->ops->describe != NULL)
		o->ops->describe(
		    o, out->name, sizeof(out->name), &out->dev, &out->ino);
}

bool
mm_region_info(struct mm *mm, uaddr_t addr, struct mm_region_info *out)
{
	struct region copy;
	struct region *r;

	mm_lock(mm);
	r = region_above(mm, addr.val);
	if (r != NULL) {
		copy = *r;
		if (copy.object != NULL)
			object_get(copy.object);
	}
	mm_unlock(mm);
	if (r == NULL)
		return false;
	region_describe(&copy, out);
	if (copy.object != NULL)
		object_put(copy.object);
	return true;
}

static void
add_region(const struct region *r, struct mm_usage *out)
{
	u64 pages = region_pages(r);
	bool shared = (r->flags & MM_SHARED) != 0;

	out->mapped += pages;
	if (r->flags & MM_STACK)
		out->stack += pages;
	else if (!shared && (r->prot & MM_WRITE))
		out->data += pages;
	if (!shared && (r->prot & MM_EXEC))
		out->text += pages;
}

void
mm_usage(struct mm *mm, struct mm_usage *out)
{
	uaddr_t at = uaddr(0);
	u64 word;
	u32 i;

	memset(out, 0, sizeof(*out));
	mm_lock(mm);
	for (i = 0; i < mm->block->nr; i++)
		add_region(&mm->block->regions[i], out);
	out->peak_mapped = mm->c.peak_pages;
	while (tree_next_leaf(
	    mm->root, &at, uaddr(pt_span(2) * PT_USER_ENTRIES), &word)) {
		struct page *p = pfn_page(pt_pfn(word));

		/* The zero page is nobody's memory. */
		if (p != zero_page)
			out->resident++;
		if (p->kind == PAGE_CACHE)
			out->shared++;
		at.val += PAGE_SIZE;
	}
	mm_unlock(mm);
}

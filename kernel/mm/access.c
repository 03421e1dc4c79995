/*
 * Another way to an address space's bytes than its own addresses: through the
 * tree, page by page, for exec's arguments and for debuggers.
 */
#include "core/printk.h"
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"

/* The kernel's view of a page that a fault has just made present. */
static char *
present_page(struct mm *mm, u64 addr, struct tree_path *path)
{
	u64 word;

	tree_walk(mm->root, uaddr(align_down(addr, PAGE_SIZE)), path);
	check(path->level == 0);
	word = pt_load(path->entry[0]);
	return page_kva(pfn_page(pt_pfn(word)));
}

static int
write_page(struct mm *mm, u64 addr, const void *src, size_t n, bool force)
{
	struct tree_path path;
	int err = mm_fault_locked(mm, addr, FAULT_WRITE, force);

	if (err < 0)
		return err;
	memcpy(present_page(mm, addr, &path) + (addr & PAGE_MASK), src, n);
	tlb_flush_code(&mm->space);
	return 0;
}

static int
read_page(struct mm *mm, u64 addr, void *dst, size_t n)
{
	struct tree_path path;
	int err = mm_fault_locked(mm, addr, FAULT_READ, true);

	if (err < 0)
		return err;
	memcpy(dst, present_page(mm, addr, &path) + (addr & PAGE_MASK), n);
	return 0;
}

static bool
in_user_half(u64 addr, size_t len)
{
	return addr <= USER_TOP && len <= USER_TOP - addr;
}

int
mm_read(struct mm *mm, uaddr_t src, void *dst, size_t len)
{
	u64 at = src.val;
	int err = 0;

	if (!in_user_half(at, len))
		return -EFAULT;
	mm_lock(mm);
	while (len > 0 && err == 0) {
		size_t n = MIN(len, PAGE_SIZE - (at & PAGE_MASK));

		err = read_page(mm, at, dst, n);
		dst = (char *)dst + n;
		at += n;
		len -= n;
	}
	mm_unlock(mm);
	return err == -EACCES ? -EFAULT : err;
}

int
mm_write(struct mm *mm, uaddr_t dst, const void *src, size_t len, bool force)
{
	u64 at = dst.val;
	int err = 0;

	if (!in_user_half(at, len))
		return -EFAULT;
	mm_lock(mm);
	while (len > 0 && err == 0) {
		size_t n = MIN(len, PAGE_SIZE - (at & PAGE_MASK));

		err = write_page(mm, at, src, n, force);
		src = (const char *)src + n;
		at += n;
		len -= n;
	}
	mm_unlock(mm);
	return err == -EACCES ? -EFAULT : err;
}

/*
 * A futex word in a shared mapping is known by its place in the object, which
 * is the same for all who map it; any other by its address here.
 */
int
mm_futex_key(struct mm *mm, uaddr_t addr, struct mm_futex_key *out)
{
	struct region *r;
	int err = 0;

	if (addr.val >= USER_TOP)
		return -EFAULT;
	mm_lock(mm);
	r = region_at(mm, addr.val);
	*out = (struct mm_futex_key){.mm = mm, .offset = addr.val};
	if (r == NULL || r->prot == 0) {
		err = -EFAULT;
	} else if (r->flags & MM_SHARED) {
		object_get(r->object);
		*out = (struct mm_futex_key){.object = r->object,
		    .offset = r->offset + (addr.val - r->start)};
	}
	mm_unlock(mm);
	return err;
}

/* ---- objects that lose pages, or are to be written back ------------------ */

static int
forget_in_region(struct mm *mm, const struct region *r, u64 keep)
{
	u64 end_of_kept = keep << PAGE_SHIFT;
	u64 start = r->start;

	if (end_of_kept > r->offset) {
		if (end_of_kept - r->offset >= r->end - r->start)
			return 0;
		start += end_of_kept - r->offset;
	}
	return mm_zap_locked(mm, start, r->end);
}

static int
forget_in_mm(struct mm *mm, struct object *o, u64 keep)
{
	struct region *r;
	u32 i;
	int err = 0;

	mm_lock(mm);
	for (i = 0; i < mm->block->nr; i++) {
		r = &mm->block->regions[i];
		if (r->object == o && forget_in_region(mm, r, keep) < 0)
			err = -ENOMEM;
	}
	mm_unlock(mm);
	return err;
}

void
mm_forget_object(struct object *o, u64 keep)
{
	struct mm *mm = NULL;

	while ((mm = mm_next(mm)) != NULL)
		if (forget_in_mm(mm, o, keep) < 0)
			printk_limited("mm: no memory to unmap the end of a "
				       "truncated file\n");
}

static void
protect_in_mm(struct mm *mm, struct object *o)
{
	const struct region *r;
	bool any = false;
	u32 i;

	mm_lock(mm);
	for (i = 0; i < mm->block->nr; i++) {
		r = &mm->block->regions[i];
		if (r->object == o && (r->flags & MM_SHARED))
			any |= tree_write_protect(
			    mm->root, uaddr(r->start), uaddr(r->end));
	}
	if (any)
		tlb_flush(&mm->space);
	mm_unlock(mm);
}

/*
 * A space that is forked meanwhile comes after its parent in the list; one that
 * has no reference left has no thread that could write.
 */
void
mm_protect_object(struct object *o)
{
	struct mm *mm = NULL;

	while ((mm = mm_next(mm)) != NULL)
		protect_in_mm(mm, o);
}

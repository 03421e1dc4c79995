/*
 * Address spaces: making them, sharing them by fork, letting go of them.
 */
#include "core/random.h"
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"
#include "mm/slab.h"
#include "mm/stat.h"

u64 mm_stats[NR_MM_STATS];

#define MM_STAT_NAME(name, text) [MM_STAT_##name] = text,
const char *const mm_stat_names[NR_MM_STATS] = {MM_STATS(MM_STAT_NAME)};
#undef MM_STAT_NAME

static struct spinlock list_lock = SPINLOCK_INIT(RANK_MM_LIST);
static struct list all_mms = LIST_INIT(all_mms);

/* The kernel's half of every root: fixed when the first root is made. */
extern u64 kernel_satp;

static struct page *
kernel_root(void)
{
	return pfn_page(pfn(kernel_satp & ((1ul << 44) - 1)));
}

static struct page *
make_root(void)
{
	struct page *root = frame_alloc(PAGE_TABLE);

	if (root == NULL)
		return NULL;
	root->level = PT_LEVELS - 1;
	frame_make_zero(root);
	tree_add_kernel_half(root, kernel_root());
	return root;
}

static struct mm *
make(struct region_block *block)
{
	struct mm *mm = kmalloc(sizeof(*mm));

	if (mm == NULL)
		return NULL;
	mm->root = make_root();
	if (mm->root == NULL) {
		kfree(mm);
		return NULL;
	}
	refcount_init(&mm->refs, 1);
	mutex_init(&mm->lock, RANK_MM);
	tlb_space_init(&mm->space, page_pfn(mm->root));
	mm->block = block;
	return mm;
}

static void
publish(struct mm *mm)
{
	spin_lock(&list_lock);
	list_push_back(&all_mms, &mm->all);
	spin_unlock(&list_lock);
}

int
mm_create(struct mm **out)
{
	struct region_block *block;
	struct mm *mm;

	if (region_block_create(0, &block) < 0)
		return -ENOMEM;
	audit_enter();
	mm = make(block);
	if (mm == NULL) {
		audit_leave();
		region_block_put(block);
		return -ENOMEM;
	}
	memset(&mm->c, 0, sizeof(mm->c));
	mm->c.limits = (struct mm_limits){
	    .stack = 8ul << 20, .data = ~0ul, .address_space = ~0ul};
	mm->c.stack_top = USER_TOP;
	mm->c.map_top = USER_TOP;
	publish(mm);
	audit_leave();
	*out = mm;
	return 0;
}

void
mm_flush_space(void *space)
{
	tlb_flush(space);
}

/* Nobody runs this space any more. */
static void
drop_tree(struct mm *mm)
{
	while (tree_drop_next(mm->root))
		thread_preempt_point();
	tree_remove_kernel_half(mm->root, kernel_root());
	assert(refcount_read(&mm->root->refs) == 1);
	tree_put(mm->root);
}

void
mm_get(struct mm *mm)
{
	refcount_get(&mm->refs);
}

void
mm_put(struct mm *mm)
{
	if (!refcount_put(&mm->refs))
		return;
	audit_enter();
	spin_lock(&list_lock);
	list_remove(&mm->all);
	spin_unlock(&list_lock);
	/*
	 * Harts may still hold translations under its ASID; they are gone
	 * before that number is used again, and no thread runs with it now.
	 */
	drop_tree(mm);
	region_block_put(mm->block);
	audit_leave();
	kfree(mm);
	/* Ends of processes are when stacks pile up. */
	kstack_trim();
}

/*
 * A child's regions that fork treats apart: those of MADV_DONTFORK vanish,
 * those of MADV_WIPEONFORK lose what they hold.  The child owns copies of the
 * tables that it changes, as anybody would.
 */
static int
apply_fork_flags(struct mm *child)
{
	const struct region *r;
	u32 i, any = 0;
	int err = 0;

	for (i = 0; err == 0 && i < child->block->nr; i++) {
		r = &child->block->regions[i];
		any |= r->flags;
		if (r->flags & (MM_DONTFORK | MM_WIPEONFORK))
			err = mm_zap_locked(child, r->start, r->end);
		thread_preempt_point();
	}
	if (err == 0 && (any & MM_DONTFORK))
		err = region_own(child, 0);
	/* O2: after what they hold. */
	if (err == 0 && (any & MM_DONTFORK))
		region_remove_flagged(child, MM_DONTFORK);
	return err;
}

static int
finish_fork(struct mm *child) NO_LOCK_CHECK
{
	int err;

	if (!child->c.fork_flags)
		return 0;
	mutex_lock_second(&child->lock);
	err = apply_fork_flags(child);
	mutex_unlock(&child->lock);
	return err;
}

int
mm_fork(struct mm *parent, uaddr_t next, struct mm **out)
{
	struct mm *child;
	int err;

	mm_lock(parent);
	child = make(NULL);
	if (child == NULL) {
		mm_unlock(parent);
		return -ENOMEM;
	}
	/* commit */
	child->c = parent->c;
	child->block = parent->block;
	refcount_get(&child->block->refs);
	tlb_space_inherit(&child->space, &parent->space);
	/*
	 * The parent's other threads may write through what their harts
	 * remember until the flush; the child has not run, so it cannot tell
	 * those writes from earlier ones.
	 */
	if (tree_share(parent->root, child->root))
		tlb_flush(&parent->space);
	/* Whoever set the program counter: no user's address leads further. */
	if (next.val < USER_TOP)
		tree_warm_both(parent->root, child->root, next);
	publish(child);
	err = finish_fork(child);
	mm_unlock(parent);
	if (err < 0) {
		mm_put(child);
		return err;
	}
	mm_count(MM_STAT_FORKS);
	*out = child;
	return 0;
}

struct mm *
mm_current(void)
{
	struct tlb_space *space = thread_current()->space;

	return space != NULL ? container_of(space, struct mm, space) : NULL;
}

void
mm_use(struct mm *mm)
{
	thread_use_space(mm != NULL ? &mm->space : NULL);
}

struct tlb_space *
mm_space(struct mm *mm)
{
	return &mm->space;
}

struct mm *
mm_next(struct mm *mm)
{
	struct list *link;
	struct mm *next = NULL;

	spin_lock(&list_lock);
	link = mm != NULL ? mm->all.next : all_mms.next;
	for (; link != &all_mms; link = link->next) {
		next = list_entry(link, struct mm, all);
		/* One whose last reference is gone is about to leave. */
		if (refcount_get_unless_zero(&next->refs))
			break;
		next = NULL;
	}
	spin_unlock(&list_lock);
	if (mm != NULL)
		mm_put(mm);
	return next;
}

void
mm_each_paused(void (*fn)(struct mm *mm, void *arg), void *arg)
{
	struct mm *mm;

	list_for_each (mm, &all_mms, all)
		fn(mm, arg);
}

void
mm_set_limits(struct mm *mm, const struct mm_limits *limits)
{
	mm_lock(mm);
	mm->c.limits = *limits;
	mm_unlock(mm);
}

void
mm_get_places(struct mm *mm, struct mm_places *out)
{
	mm_lock(mm);
	*out = mm->c.places;
	out->start_brk = mm->c.brk_start;
	out->brk = mm->c.brk;
	mm_unlock(mm);
}

void
mm_set_places(struct mm *mm, const struct mm_places *places)
{
	mm_lock(mm);
	mm->c.places = *places;
	mm_unlock(mm);
}

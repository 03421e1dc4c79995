/*
 * Frames of 4 KiB are the only size there is: what must be contiguous beyond
 * that is mapped page by page (mm/kmap.h), so free memory never falls apart.
 *
 * Three places hold free frames.  Each hart keeps a few to itself; the shared
 * list holds what harts gave back; and the virgin ranges are what nobody has
 * had yet, which costs nothing to set up however much of it there is.
 *
 * A table that is let go of has lost its entries and is nothing but zeroes.  A
 * hart keeps some of these apart for the next tables: fork makes five and exit
 * gives them back, and to clear them costs more than to copy what is in them.
 */
#include "mm/frame.h"

#include "core/hart.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "core/thread.h"
#include "lib/page.h"
#include "lib/string.h"
#include "mm/layout.h"

/*
 * A hart's share: refilled and emptied by half of it, so that a hart that only
 * frees and one that only allocates both take the lock once in so many times.
 */
#define CACHE_MAX   64
#define CACHE_BATCH 32

/* A hart's share of zeroed ones: what three processes end with. */
#define ZEROED_MAX 16

/* Reclaim at once what this many allocations need. */
#define RECLAIM_BATCH 64

#define MAX_RANGES 16

struct range {
	u64 next; /* first frame nobody has had */
	u64 end;
};

struct page *page_array;
u64 page_first;
u64 page_count;
struct page *zero_page;
u64 direct_base = DIRECT_BASE;

static struct spinlock lock = SPINLOCK_INIT(RANK_FRAME);
static struct page *shared_list;        /* lock */
static u64 nr_shared;                   /* lock; or for a hint */
static struct range virgin[MAX_RANGES]; /* lock */
static u32 nr_virgin;                   /* lock; or for a hint */
static u64 nr_by_kind[NR_PAGE_KINDS];   /* a */
static u64 nr_added;                    /* lock */
static struct frame_reclaimer *reclaimers;

paddr_t
kva_paddr(const void *kva)
{
	u64 addr = (u64)kva;

	check(addr >= DIRECT_BASE && addr < DIRECT_BASE + DIRECT_SIZE);
	return paddr(addr - DIRECT_BASE);
}

static struct page *
take_virgin(void)
{
	struct range *r;

	while (nr_virgin > 0) {
		r = &virgin[nr_virgin - 1];
		if (r->next < r->end)
			return pfn_page(pfn(r->next++));
		nr_virgin--;
	}
	return NULL;
}

static struct page *
take_shared(void)
{
	struct page *p = shared_list;

	if (p == NULL)
		return take_virgin();
	shared_list = p->next_free;
	nr_shared--;
	return p;
}

/* Locks: interrupts off. */
static NOINLINE void
refill(struct hart *h)
{
	struct page *p;
	u32 i;

	spin_lock(&lock);
	for (i = 0; i < CACHE_BATCH; i++) {
		p = take_shared();
		if (p == NULL)
			break;
		p->next_free = h->frame_cache;
		h->frame_cache = p;
		h->frame_cached++;
	}
	spin_unlock(&lock);
}

bool
frame_is_zeroed(const struct page *p)
{
	const u64 *words = page_kva(p);
	u32 i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		if (words[i] != 0)
			return false;
	return true;
}

static inline struct page *
take_zeroed(struct hart *h)
{
	struct page *p = h->zeroed;

	if (p == NULL)
		return NULL;
	check(p->zeroed && frame_is_zeroed(p));
	h->zeroed = p->next_free;
	h->zeroed_cached--;
	return p;
}

/* Locks: interrupts off. */
static inline struct page *
take_any(struct hart *h)
{
	struct page *p;

	if (h->frame_cache == NULL)
		refill(h);
	p = h->frame_cache;
	if (unlikely(p == NULL)) {
		p = take_zeroed(h);
		if (p != NULL)
			p->zeroed = 0;
		return p;
	}
	h->frame_cache = p->next_free;
	h->frame_cached--;
	return p;
}

/* In use and out of every list at once, for the audit, which interrupts. */
static inline struct page *
take_cached(enum page_kind kind)
{
	bool irqs_were_on = arch_irqs_disable();
	struct hart *h = hart_this();
	struct page *p = NULL;

	if (kind == PAGE_TABLE)
		p = take_zeroed(h);
	if (p == NULL)
		p = take_any(h);
	if (p != NULL) {
		check(p->kind == PAGE_FREE && refcount_read(&p->refs) == 0);
		refcount_init(&p->refs, 1);
		p->kind = kind;
	}
	if (irqs_were_on)
		arch_irqs_enable();
	return p;
}

static u64
reclaim(void)
{
	struct frame_reclaimer *r;
	u64 freed = 0;

	/* With interrupts off a lock may be held that a reclaimer needs. */
	if (!arch_irqs_on())
		return 0;
	for (r = reclaimers; r != NULL && freed < RECLAIM_BATCH; r = r->next)
		freed += r->reclaim(RECLAIM_BATCH - freed);
	return freed;
}

/* What stays free of caches: a part of memory, and not more than so much. */
#define KEPT_SHARE 64u
#define KEPT_MOST  1024u

/* What harts have put by for themselves is of no use to others. */
bool
frame_keep_some(void)
{
	u64 kept = MIN(page_count / KEPT_SHARE, KEPT_MOST);

	return atomic_load(&nr_shared) >= kept || atomic_load(&nr_virgin) > 0 ||
	    reclaim() > 0;
}

/*
 * Failing on purpose, for tests: counts down in the thread that asked for it.
 */
static struct thread *fail_thread;
static u64 fail_count;
static u64 fail_seen;
static bool fail_and_after;

bool
frame_fails_on_purpose(void)
{
	if (likely(fail_thread == NULL) || fail_thread != thread_current())
		return false;
	fail_seen++;
	if (fail_count == 0)
		return false;
	if (--fail_count > 0)
		return false;
	if (fail_and_after)
		fail_count = 1;
	return true;
}

u64
frame_fail_after(u64 n, bool and_after)
{
	u64 seen = fail_seen;

	fail_seen = 0;
	fail_count = n;
	fail_and_after = and_after;
	atomic_store_release(&fail_thread, n == 0 ? NULL : thread_current());
	return seen;
}

void
frame_fail_end(void)
{
	if (atomic_load(&fail_thread) == thread_current())
		atomic_store_release(&fail_thread, NULL);
}

/* For mm_find_room. */
static void
note_lack(void)
{
	bool were_on = arch_irqs_disable();

	hart_this()->current->lacked_frame = true;
	if (were_on)
		arch_irqs_enable();
}

static NOINLINE struct page *
take_reclaimed(enum page_kind kind)
{
	struct page *p;

	do {
		if (reclaim() == 0) {
			note_lack();
			return NULL;
		}
		p = take_cached(kind);
	} while (p == NULL);
	return p;
}

struct page *
frame_alloc(enum page_kind kind)
{
	struct page *p;

	if (CONFIG_DEBUG && frame_fails_on_purpose())
		return NULL;
	p = take_cached(kind);
	if (unlikely(p == NULL)) {
		p = take_reclaimed(kind);
		if (p == NULL)
			return NULL;
	}
	p->level = 0;
	p->frozen = 0;
	p->dirty = 0;
	p->object = NULL;
	p->index = 0;
	atomic_count(&nr_by_kind[kind]);
	return p;
}

struct page *
frame_alloc_zero(enum page_kind kind)
{
	struct page *p = frame_alloc(kind);

	if (p != NULL)
		frame_make_zero(p);
	return p;
}

/* Locks: interrupts off. */
static void
spill(struct hart *h)
{
	struct page *p;
	u32 i;

	spin_lock(&lock);
	for (i = 0; i < CACHE_BATCH; i++) {
		p = h->frame_cache;
		h->frame_cache = p->next_free;
		p->next_free = shared_list;
		shared_list = p;
	}
	nr_shared += CACHE_BATCH;
	h->frame_cached -= CACHE_BATCH;
	spin_unlock(&lock);
}

/* Locks: interrupts off. */
static void
keep_zeroed(struct hart *h, struct page *p)
{
	p->next_free = h->zeroed;
	h->zeroed = p;
	h->zeroed_cached++;
}

/* Locks: interrupts off. */
static void
keep(struct hart *h, struct page *p)
{
	p->zeroed = 0;
	if (CONFIG_DEBUG)
		memset(page_kva(p), 0xa5, PAGE_SIZE);
	p->next_free = h->frame_cache;
	h->frame_cache = p;
	if (++h->frame_cached > CACHE_MAX)
		spill(h);
}

u64
frame_uncache(struct hart *h)
{
	u64 nr = h->frame_cached + h->zeroed_cached;
	struct page *p;

	spin_lock(&lock);
	while ((p = h->frame_cache) != NULL || (p = h->zeroed) != NULL) {
		if (p == h->frame_cache)
			h->frame_cache = p->next_free;
		else
			h->zeroed = p->next_free;
		p->zeroed = 0;
		p->next_free = shared_list;
		shared_list = p;
	}
	nr_shared += nr;
	h->frame_cached = 0;
	h->zeroed_cached = 0;
	spin_unlock(&lock);
	return nr;
}

void
frame_free(struct page *p)
{
	struct hart *h;

	assert(refcount_read(&p->refs) == 0 && p->kind > PAGE_RESERVED);
	check(!p->zeroed || frame_is_zeroed(p));
	atomic_sub(&nr_by_kind[p->kind], 1);
	/* Free and in a list at once, for the audit, which interrupts. */
	irq_push_off();
	h = hart_this();
	p->kind = PAGE_FREE;
	if (p->zeroed && h->zeroed_cached < ZEROED_MAX)
		keep_zeroed(h, p);
	else
		keep(h, p);
	irq_pop_off();
}

void
frame_add_reclaimer(struct frame_reclaimer *r)
{
	r->next = reclaimers;
	reclaimers = r;
}

void
frame_stats(struct frame_stats *out)
{
	u32 i;

	memset(out, 0, sizeof(*out));
	out->total = page_count;
	spin_lock(&lock);
	out->free = nr_shared;
	for (i = 0; i < nr_virgin; i++)
		out->free += virgin[i].end - virgin[i].next;
	spin_unlock(&lock);
	for (i = 0; i < nr_harts; i++)
		out->free += atomic_load(&harts[i].frame_cached) +
		    atomic_load(&harts[i].zeroed_cached);
	for (i = 0; i < NR_PAGE_KINDS; i++)
		out->kinds[i] = atomic_load(&nr_by_kind[i]);
	out->kinds[PAGE_FREE] = out->free;
	out->kinds[PAGE_RESERVED] = out->total;
	for (i = 0; i < NR_PAGE_KINDS; i++)
		if (i != PAGE_RESERVED)
			out->kinds[PAGE_RESERVED] -= out->kinds[i];
}

u64
frame_never_added(void)
{
	return page_count - nr_added;
}

void
frame_init(void)
{
	zero_page = frame_alloc_zero(PAGE_KERNEL);
	if (zero_page == NULL)
		panic("not one page of memory is free");
}

void
frame_add_ram(paddr_t start, paddr_t end)
{
	struct range *r;
	u64 first = align_up(start.val, PAGE_SIZE) >> PAGE_SHIFT;
	u64 last = end.val >> PAGE_SHIFT;
	u64 i;

	if (first >= last || nr_virgin == MAX_RANGES)
		return;
	spin_lock(&lock);
	r = &virgin[nr_virgin++];
	*r = (struct range){.next = first, .end = last};
	nr_added += last - first;
	spin_unlock(&lock);
	/*
	 * The array was zeroed, which is PAGE_FREE for all: what is never
	 * added stays out of reach, and counts as reserved by subtraction.
	 */
	for (i = first; CONFIG_DEBUG && i < last; i++)
		check(pfn_page(pfn(i))->kind == PAGE_FREE);
}

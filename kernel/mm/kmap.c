/*
 * One gigabyte of the kernel's half, mapped page by page.
 *
 * The level-1 table of that gigabyte is made at boot and is in every root
 * table, so a page mapped here is seen by all.  Level-0 tables come when they
 * are first needed and stay.  Space is handed out in slots of one stack and
 * its guard, by a bitmap; a large buffer takes several in a row.  The page
 * below whatever was handed out is never mapped.
 *
 * A freed stack keeps its pages and mapping for the next thread.
 */
#include "mm/kmap.h"

#include "arch/riscv/arch.h"
#include "arch/riscv/pt.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "core/tlb.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/kmap_impl.h"
#include "mm/layout.h"

#define SLOT_SIZE  (2ul * KSTACK_SIZE)
#define SLOT_PAGES (SLOT_SIZE / PAGE_SIZE)
#define NR_SLOTS   (KMAP_SIZE / SLOT_SIZE)
/* Stacks kept for the next threads: as many as a busy machine needs. */
#define STACKS_KEPT 64

static struct spinlock lock = SPINLOCK_INIT(RANK_KMAP);
static u64 *level1; /* c: table of the gigabyte; its links under lock */
/* lock: how many slots the piece that begins here has; 0 free or within */
static u16 piece[NR_SLOTS];
static u8 taken[NR_SLOTS]; /* lock */
static u32 search_from;    /* lock */
static void *kept;         /* lock: stacks, linked by their first word */
static u32 nr_kept;        /* lock */

static u64 reclaim_stacks(u64 nr_frames);

void
kmap_init(u64 *table)
{
	static struct frame_reclaimer stacks = {.reclaim = reclaim_stacks};

	level1 = table;
	frame_add_reclaimer(&stacks);
}

static u64
slot_addr(u32 slot)
{
	return KMAP_BASE + slot * SLOT_SIZE;
}

bool
kmap_contains(const void *p)
{
	return (u64)p - KMAP_BASE < KMAP_SIZE;
}

static bool
slots_free(u32 first, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (taken[first + i])
			return false;
	return true;
}

/* First of n free slots in a row, or -1. */
static s64
find_slots(u32 n)
{
	u32 i, first = search_from;

	for (i = 0; i < NR_SLOTS; i++, first++) {
		if (first + n > NR_SLOTS)
			first = 0;
		if (slots_free(first, n))
			return first;
	}
	return -1;
}

static s64
take_slots(u32 n)
{
	s64 first;

	spin_lock(&lock);
	first = find_slots(n);
	if (first >= 0) {
		memset(&taken[first], 1, n);
		piece[first] = n;
		search_from = first + n;
	}
	spin_unlock(&lock);
	return first;
}

static void
give_slots(u32 first)
{
	spin_lock(&lock);
	memset(&taken[first], 0, piece[first]);
	piece[first] = 0;
	if (first < search_from)
		search_from = first;
	spin_unlock(&lock);
}

/* The level-0 entry for an address, its table made if need be; or NULL. */
static u64 *
entry_of(u64 addr)
{
	u64 *link = &level1[pt_index(uaddr(addr), 1)];
	struct page *fresh, *table;

	if (pt_is_empty(pt_load(link))) {
		fresh = frame_alloc_zero(PAGE_KERNEL);
		if (fresh == NULL)
			return NULL;
		spin_lock(&lock);
		if (pt_is_empty(*link)) {
			pt_store(link, pt_link(page_pfn(fresh)));
			fresh = NULL;
		}
		spin_unlock(&lock);
		if (fresh != NULL)
			page_put(fresh);
	}
	table = pfn_page(pt_pfn(pt_load(link)));
	return (u64 *)page_kva(table) + pt_index(uaddr(addr), 0);
}

static void
unmap_pages(u64 addr, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		u64 *entry = entry_of(addr + i * PAGE_SIZE);

		if (entry == NULL || pt_is_empty(*entry))
			continue;
		/* Invalid, but not forgotten: freed after the flush. */
		pt_store(entry, *entry & ~PTE_V);
	}
	tlb_flush_kernel();
	for (i = 0; i < n; i++) {
		u64 *entry = entry_of(addr + i * PAGE_SIZE);

		if (entry == NULL || pt_is_empty(*entry))
			continue;
		page_put(pfn_page(pt_pfn(*entry)));
		pt_store(entry, 0);
	}
}

static bool
map_pages(u64 addr, size_t n)
{
	struct page *p;
	u64 *entry;
	size_t i;

	for (i = 0; i < n; i++) {
		entry = entry_of(addr + i * PAGE_SIZE);
		p = entry != NULL ? frame_alloc(PAGE_KERNEL) : NULL;
		if (p == NULL) {
			if (i > 0)
				unmap_pages(addr, i);
			return false;
		}
		pt_store(entry, pt_kernel_leaf(page_pfn(p), PTE_R | PTE_W));
	}
	/* Any hart may have cached that nothing was there. */
	tlb_flush_kernel();
	return true;
}

/* The address of n pages behind a guard: they end where their slots end. */
static u64
pieces_addr(u32 first, size_t nr_pages)
{
	return slot_addr(first + piece[first]) - nr_pages * PAGE_SIZE;
}

void *
kmap_alloc(size_t nr_pages)
{
	u32 n = (nr_pages + 1 + SLOT_PAGES - 1) / SLOT_PAGES;
	s64 first;
	u64 addr;

	if (nr_pages == 0 || nr_pages >= KMAP_SIZE / PAGE_SIZE / 4)
		return NULL;
	first = take_slots(n);
	if (first < 0)
		return NULL;
	addr = pieces_addr(first, nr_pages);
	if (map_pages(addr, nr_pages))
		return (void *)addr;
	give_slots(first);
	return NULL;
}

void
kmap_free(void *p)
{
	/* By the guard below it, which is always in the first slot. */
	u32 slot = ((u64)p - 1 - KMAP_BASE) / SLOT_SIZE;
	u64 end;

	assert(kmap_contains(p) && piece[slot] != 0);
	end = slot_addr(slot + piece[slot]);
	unmap_pages((u64)p, (end - (u64)p) / PAGE_SIZE);
	give_slots(slot);
}

static void *
take_kept(void)
{
	void *stack;

	spin_lock(&lock);
	stack = kept;
	if (stack != NULL) {
		kept = *(void **)stack;
		nr_kept--;
	}
	spin_unlock(&lock);
	return stack;
}

/*
 * The debug build's limit of stack use: the lowest eighth is never to be
 * reached, so that the release build, whose frames are smaller, has room to
 * spare on a stack of half the size.
 */
#define UNUSED_PART (KSTACK_SIZE / 8)
#define UNUSED_BYTE 0x6b

static void
check_unused(const void *stack)
{
	const u64 *word = stack;
	u32 i;

	for (i = 0; i < UNUSED_PART / sizeof(u64); i++)
		if (word[i] != UNUSED_BYTE * 0x0101010101010101ul)
			panic("a kernel stack was used but for its last %lu "
			      "bytes",
			    i * sizeof(u64));
}

void *
kstack_alloc(void)
{
	void *stack = take_kept();

	if (stack == NULL)
		stack = kmap_alloc(KSTACK_PAGES);
	if (CONFIG_DEBUG && stack != NULL)
		memset(stack, UNUSED_BYTE, UNUSED_PART);
	return stack;
}

void
kstack_free(void *stack)
{
	if (CONFIG_DEBUG)
		check_unused(stack);
	spin_lock(&lock);
	*(void **)stack = kept;
	kept = stack;
	nr_kept++;
	spin_unlock(&lock);
}

static u64
reclaim_stacks(u64 nr_frames)
{
	u64 freed = 0;

	while (freed < nr_frames) {
		void *stack = take_kept();

		if (stack == NULL)
			break;
		kmap_free(stack);
		freed += KSTACK_PAGES;
	}
	return freed;
}

void
kstack_trim(void)
{
	while (atomic_load(&nr_kept) > STACKS_KEPT) {
		void *stack = take_kept();

		if (stack == NULL)
			return;
		kmap_free(stack);
	}
}

const char *
kmap_describe(u64 addr)
{
	u64 slot = (addr - KMAP_BASE) / SLOT_SIZE;

	if (addr - KMAP_BASE >= KMAP_SIZE)
		return NULL;
	if (!taken[slot])
		return "nothing in the kernel's mapped gigabyte";
	if ((addr - KMAP_BASE) % SLOT_SIZE < KSTACK_SIZE && piece[slot] == 1)
		return "the guard below a kernel stack";
	return "a kernel stack or a large buffer";
}

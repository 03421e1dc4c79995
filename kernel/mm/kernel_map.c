/*
 * The kernel's own tables.  All RAM appears at DIRECT_BASE, in the largest
 * pages that fit, readable and writable; the kernel's image is in there too,
 * and its pages get the rights they need: text can be run and not written,
 * constants can be read, nothing can be both written and run.  Firmware, and
 * what is not RAM, is not mapped, except for the two gigabytes of devices
 * below RAM.
 */
#include "mm/kernel_map.h"

#include "arch/riscv/arch.h"
#include "arch/riscv/pt.h"
#include "core/panic.h"
#include "core/printk.h"
#include "core/tlb.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/kmap_impl.h"
#include "mm/layout.h"
#include "mm/tree.h"

extern char kernel_start[], kernel_rodata[], kernel_data[], kernel_end[];

/* Inserts [start, end) into a sorted list, merging what touches. */
void
mem_add(struct mem_range *list, u32 *nr, u64 start, u64 end)
{
	u32 i = 0, j;

	if (start >= end)
		return;
	while (i < *nr && list[i].end < start)
		i++;
	for (j = i; j < *nr && list[j].start <= end; j++) {
		start = MIN(start, list[j].start);
		end = MAX(end, list[j].end);
	}
	if (j == i) {
		if (*nr == MEM_RANGES)
			panic("more than %d pieces of memory", MEM_RANGES);
		memmove(&list[i + 1], &list[i], (*nr - i) * sizeof(*list));
	} else {
		memmove(&list[i + 1], &list[j], (*nr - j) * sizeof(*list));
	}
	*nr += 1 + i - j;
	list[i] = (struct mem_range){.start = start, .end = end};
}

/* Calls fn for each free piece, until it says enough. */
static void
each_free(const struct mem_map *m, bool (*fn)(u64 start, u64 end, void *arg),
    void *arg)
{
	u32 i, j;

	for (i = 0; i < m->nr_ram; i++) {
		u64 at = align_up(m->ram[i].start, PAGE_SIZE);
		u64 end = align_down(m->ram[i].end, PAGE_SIZE);

		for (j = 0; j < m->nr_used && at < end; j++) {
			u64 from = align_down(m->used[j].start, PAGE_SIZE);

			if (m->used[j].end <= at || from >= end)
				continue;
			if (from > at && fn(at, from, arg))
				return;
			at = MAX(at, align_up(m->used[j].end, PAGE_SIZE));
		}
		if (at < end && fn(at, end, arg))
			return;
	}
}

struct wish {
	u64 len;
	u64 start;
};

static bool
take_first_fit(u64 start, u64 end, void *arg)
{
	struct wish *w = arg;

	/* The early tables reach no further than 4 GiB. */
	if (end - start < w->len || start + w->len > 4ul << 30)
		return false;
	w->start = start;
	return true;
}

/* Memory of the kernel's for ever, zeroed; becomes part of used. */
static void *
take_boot_memory(struct mem_map *m, u64 len)
{
	struct wish w = {.len = align_up(len, PAGE_SIZE)};
	void *kva;

	each_free(m, take_first_fit, &w);
	if (w.start == 0)
		panic("no room for %lu KiB of the kernel's tables", len >> 10);
	mem_add(m->used, &m->nr_used, w.start, w.start + w.len);
	kva = (void *)(w.start + DIRECT_BASE);
	memset(kva, 0, w.len);
	return kva;
}

/* ---- tables ------------------------------------------------------------- */

static u64 *root;
static struct mem_map *boot_map;

static u64
pa_of(const void *kva)
{
	return (u64)kva - DIRECT_BASE;
}

static u64 *
table_below(u64 *entry)
{
	u64 *table;

	if (pt_is_empty(*entry)) {
		table = take_boot_memory(boot_map, PAGE_SIZE);
		*entry = pt_link(paddr_pfn(paddr(pa_of(table))));
	}
	return (u64 *)(pfn_paddr(pt_pfn(*entry)).val + DIRECT_BASE);
}

/* One leaf at the given level. */
static void
map_one(u64 va, u64 pa, int level, u64 rwx)
{
	u64 *table = root;
	int l;

	for (l = PT_LEVELS - 1; l > level; l--)
		table = table_below(&table[pt_index(uaddr(va), l)]);
	table[pt_index(uaddr(va), level)] =
	    pt_kernel_leaf(paddr_pfn(paddr(pa)), rwx);
}

static u64
image_rights(u64 pa)
{
	if (pa < pa_of(kernel_rodata))
		return PTE_R | PTE_X;
	return pa < pa_of(kernel_data) ? PTE_R : PTE_R | PTE_W;
}

static bool
touches_image(u64 pa, u64 span)
{
	return pa < pa_of(kernel_end) && pa + span > pa_of(kernel_start);
}

static void
map_ram(u64 pa, u64 end)
{
	while (pa < end) {
		int level = PT_LEVELS - 1;
		bool image;

		while (level > 0 &&
		    (!is_aligned(pa, pt_span(level)) ||
			end - pa < pt_span(level) ||
			touches_image(pa, pt_span(level))))
			level--;
		image = touches_image(pa, PAGE_SIZE);
		map_one(pa + DIRECT_BASE, pa, level,
		    image ? image_rights(pa) : PTE_R | PTE_W);
		pa += pt_span(level);
	}
}

/*
 * The firmware lies where memory begins, and guards itself.  How far it goes
 * the device tree says; if not, nothing below the image is touched.
 */
static u64
firmware_end(const struct mem_map *m)
{
	if (m->nr_used > 0 && m->used[0].start == m->ram[0].start)
		return align_up(m->used[0].end, PAGE_SIZE);
	return pa_of(kernel_start);
}

static void
map_everything(const struct mem_map *m, u64 first_pa)
{
	u64 pa;
	u32 i;

	for (pa = 0; pa < DEVICE_END; pa += pt_span(2))
		map_one(pa + DIRECT_BASE, pa, 2, PTE_R | PTE_W);
	for (i = 0; i < m->nr_ram; i++) {
		u64 start = align_up(m->ram[i].start, PAGE_SIZE);

		map_ram(
		    MAX(start, first_pa), align_down(m->ram[i].end, PAGE_SIZE));
	}
}

static bool
add_free(u64 start, u64 end, void *arg)
{
	(void)arg;
	frame_add_ram(paddr(start), paddr(end));
	return false;
}

/* Every user's root takes this half over by its groups (P2). */
static void
note_groups(void)
{
	struct page *p = pfn_page(paddr_pfn(paddr(pa_of(root))));
	u32 i;

	for (i = PT_USER_ENTRIES; i < PT_ENTRIES; i++)
		if (root[i] != 0)
			p->groups |= 1ul << (i / TREE_GROUP);
}

void
kernel_map_init(struct mem_map *m)
{
	u64 first = m->ram[0].start >> PAGE_SHIFT;
	u64 last = m->ram[m->nr_ram - 1].end >> PAGE_SHIFT;
	u64 first_pa;

	if (last << PAGE_SHIFT > DIRECT_SIZE) {
		printk(
		    "memory beyond %lu GiB is not used\n", DIRECT_SIZE >> 30);
		last = DIRECT_SIZE >> PAGE_SHIFT;
	}
	boot_map = m;
	first_pa = firmware_end(m);
	mem_add(m->used, &m->nr_used, m->ram[0].start, first_pa);
	mem_add(m->used, &m->nr_used, pa_of(kernel_start), pa_of(kernel_end));
	page_first = first;
	page_count = last - first;
	page_array = take_boot_memory(m, page_count * sizeof(struct page));
	root = take_boot_memory(m, PAGE_SIZE);
	map_everything(m, first_pa);
	kmap_init(table_below(&root[pt_index(uaddr(KMAP_BASE), 2)]));
	note_groups();
	tlb_init(SATP_SV39 | pa_of(root) >> PAGE_SHIFT);
	each_free(m, add_free, NULL);
	frame_init();
}

void *
kernel_map_device(paddr_t pa, u64 len_bytes)
{
	if (pa.val > DEVICE_END || len_bytes > DEVICE_END - pa.val)
		return NULL;
	return (void *)(pa.val + DIRECT_BASE);
}

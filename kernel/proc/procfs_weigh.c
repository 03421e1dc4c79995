/*
 * What processes weigh: /proc/PID/smaps, smaps_rollup and cow, and
 * /proc/calf/spaces.  The columns of the last two are described in
 * docs/memory.md; cowtop and cowmap read them.
 */
#include <linux/stat.h>

#include "lib/string.h"
#include "mm/slab.h"
#include "mm/weigh.h"
#include "proc/procfs_view.h"

#define PAGE_KIB (PAGE_SIZE / 1024)

/* ---- as Linux has it ------------------------------------------------------
 */

static void
print_kib(struct seq *s, const char *name, u64 kib)
{
	seq_print(s, "%-16s%8lu kB\n", name, kib);
}

static u64
share_kib(u64 share)
{
	return share >> SHARE_SHIFT >> 10;
}

static void
print_parts(struct seq *s, const struct mm_weight *w)
{
	u64 own_clean = w->own - w->own_dirty;

	print_kib(
	    s, "Shared_Clean:", (w->pages - w->dirty - own_clean) * PAGE_KIB);
	print_kib(s, "Shared_Dirty:", (w->dirty - w->own_dirty) * PAGE_KIB);
	print_kib(s, "Private_Clean:", own_clean * PAGE_KIB);
	print_kib(s, "Private_Dirty:", w->own_dirty * PAGE_KIB);
	print_kib(s, "Anonymous:", w->anon * PAGE_KIB);
	print_kib(s, "Swap:", 0);
	print_kib(s, "SwapPss:", 0);
}

static void
print_region_weight(
    struct seq *s, const struct mm_region_info *r, const struct mm_weight *w)
{
	procfs_print_region(s, r);
	print_kib(s, "Size:", (r->end.val - r->start.val) / 1024);
	print_kib(s, "KernelPageSize:", PAGE_KIB);
	print_kib(s, "MMUPageSize:", PAGE_KIB);
	print_kib(s, "Rss:", w->pages * PAGE_KIB);
	print_kib(s, "Pss:", share_kib(w->share));
	print_kib(s, "Pss_Dirty:", share_kib(w->share_dirty));
	print_parts(s, w);
}

static void
print_regions(
    struct seq *s, const struct mm_region_weights *w, struct mm_region_info *r)
{
	u64 i;

	for (i = 0; i < w->nr; i++) {
		const struct mm_weight *weight = mm_weigh_region(w, i, r);

		print_region_weight(s, r, weight);
	}
}

/* From the first region's start to the last one's end, as one. */
static void
print_rollup(
    struct seq *s, const struct mm_region_weights *w, struct mm_region_info *r)
{
	struct mm_weight sum = {0};
	u64 start = 0;
	u64 i;

	r->end = uaddr(0);
	for (i = 0; i < w->nr; i++) {
		mm_weight_add(&sum, mm_weigh_region(w, i, r));
		if (i == 0)
			start = r->start.val;
	}
	*r = (struct mm_region_info){
	    .start = uaddr(start), .end = r->end, .name = "[rollup]"};
	procfs_print_region(s, r);
	print_kib(s, "Rss:", sum.pages * PAGE_KIB);
	print_kib(s, "Pss:", share_kib(sum.share));
	print_kib(s, "Pss_Dirty:", share_kib(sum.share_dirty));
	print_kib(s, "Pss_Anon:", share_kib(sum.share_anon));
	print_kib(s, "Pss_File:", share_kib(sum.share - sum.share_anon));
	print_parts(s, &sum);
}

static int
show_regions(struct seq *s, struct procfs_key key,
    void (*print)(struct seq *s, const struct mm_region_weights *w,
	struct mm_region_info *r))
{
	struct mm_region_weights weights;
	struct mm_region_info *r;
	struct mm *mm;
	int err = view_mm_private(key, &mm);

	if (err != 0)
		return err == -ESRCH ? 0 : err;
	err = -ENOMEM;
	r = kmalloc(sizeof(*r));
	if (r != NULL)
		err = mm_weigh_regions(mm, &weights);
	if (err == 0) {
		print(s, &weights, r);
		mm_weigh_regions_free(&weights);
	}
	kfree(r);
	mm_put(mm);
	return err;
}

static int
show_smaps(struct seq *s, struct procfs_key key)
{
	return show_regions(s, key, print_regions);
}

static int
show_smaps_rollup(struct seq *s, struct procfs_key key)
{
	return show_regions(s, key, print_rollup);
}

/* ---- the tree -------------------------------------------------------------
 */

static const char *const kinds[] = {
    [NODE_TABLE] = "table",
    [NODE_ANON] = "anon",
    [NODE_OBJECT] = "file",
    [NODE_ZERO] = "zero",
};

static const struct {
	u8 state;
	char letter;
} letters[] = {
    {NODE_COLD, 'c'},
    {NODE_FROZEN, 'f'},
    {NODE_WRITE, 'w'},
    {NODE_HIDDEN, 'h'},
};

static void
print_node(struct seq *s, const struct mm_node *n)
{
	char state[ARRAY_SIZE(letters) + 2];
	size_t len = 0;
	size_t i;

	state[len++] = n->state & NODE_OWNED ? 'o' : 's';
	for (i = 0; i < ARRAY_SIZE(letters); i++)
		if (n->state & letters[i].state)
			state[len++] = letters[i].letter;
	state[len] = '\0';
	seq_print(s, "%010lx %d %s %u %lu %u %s\n", n->start, n->level,
	    kinds[n->kind], n->nr, n->refs, n->reach, state);
}

static int
show_cow(struct seq *s, struct procfs_key key)
{
	struct mm_nodes nodes;
	struct mm *mm;
	u64 i;
	int err = view_mm_private(key, &mm);

	if (err != 0)
		return err == -ESRCH ? 0 : err;
	err = mm_weigh_nodes(mm, &nodes);
	mm_put(mm);
	if (err != 0)
		return err;
	seq_puts(s, "address level kind count refs reach state\n");
	for (i = 0; i < nodes.nr; i++)
		print_node(s, &nodes.nodes[i]);
	mm_weigh_nodes_free(&nodes);
	return 0;
}

/* ---- all address spaces ---------------------------------------------------
 */

static void
print_space(struct seq *s, s32 nr, const char *name,
    const struct mm_space_weight *space)
{
	const struct mm_weight *w = &space->weight;

	seq_print(s, "%d ", nr);
	/* A column must have something in it. */
	seq_escape(s, name[0] != '\0' ? name : "-");
	seq_print(s, " %lu %lu %lu %lu %lu %lu", space->mapped, w->pages,
	    w->own, w->pages - w->own, w->most, w->zero);
	seq_print(s, " %lu %lu %lu %lu %lu", w->tables_own[2], w->tables_own[1],
	    w->tables_shared[1], w->tables_own[0], w->tables_shared[0]);
	seq_print(s, " %lu\n", (w->share + w->share_tables) >> SHARE_SHIFT);
}

/* The line of a process, unless another had it that uses the same memory. */
static void
show_space_of(struct seq *s, s32 nr, struct mm_space_weights *all)
{
	char name[COMM_SIZE];
	struct mm *mm = NULL;
	struct task *leader;
	struct proc *p;
	u64 i;

	spin_lock(&proc_tree_lock);
	p = proc_find_locked(nr);
	if (p != NULL && p->mm != NULL) {
		mm = p->mm;
		leader = proc_leader_locked(p);
		memcpy(name, leader != NULL ? leader->comm : p->comm,
		    sizeof(name));
	}
	spin_unlock(&proc_tree_lock);
	/* All of these we have references to, so one address is one space. */
	for (i = 0; mm != NULL && i < all->nr; i++) {
		if (all->spaces[i].mm != mm)
			continue;
		print_space(s, nr, name, &all->spaces[i]);
		all->spaces[i].mm = NULL;
		mm_put(mm);
		break;
	}
}

static int
show_spaces(struct seq *s, struct procfs_key key)
{
	struct mm_space_weights all;
	s32 nr = 0;
	int err = mm_weigh_spaces(&all);

	(void)key;
	if (err != 0)
		return err;
	seq_puts(s,
	    "pid name mapped pages own shared most zero roots "
	    "l1own l1shared l0own l0shared bytes\n");
	while ((nr = pid_next_proc(nr + 1)) != 0)
		show_space_of(s, nr, &all);
	mm_weigh_spaces_free(&all);
	return 0;
}

/* ---- the tables -----------------------------------------------------------
 */

static const struct procfs_entry entries[] = {
    {.name = "cow", .mode = S_IFREG | 0444, .show = show_cow},
    {.name = "smaps", .mode = S_IFREG | 0444, .show = show_smaps},
    {.name = "smaps_rollup", .mode = S_IFREG | 0444, .show = show_smaps_rollup},
};
static const struct procfs_entry calf_entries[] = {
    {.name = "spaces", .mode = S_IFREG | 0444, .show = show_spaces},
};

void
procfs_weigh_init(void)
{
	static struct procfs_table tables[] = {
	    {.entries = entries, .nr = ARRAY_SIZE(entries)},
	    {.entries = entries, .nr = ARRAY_SIZE(entries)},
	    {.entries = calf_entries, .nr = ARRAY_SIZE(calf_entries)},
	};

	procfs_add(&procfs_pid_dir, &tables[0]);
	procfs_add(&procfs_thread_dir, &tables[1]);
	procfs_add(&procfs_calf, &tables[2]);
}

/* /proc/calf: what only this kernel has to show. */
#include <linux/stat.h>

#include "fs/vfs.h"
#include "lib/string.h"
#include "mm/audit.h"
#include "mm/frame.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "proc/procfs_view.h"

/* Reading it does it.  A text that begins with "ok" means all is well. */
static int
show_audit(struct seq *s, struct procfs_key key)
{
	struct audit_result *r = kzalloc(sizeof(*r));
	int err;

	(void)key;
	if (r == NULL)
		return -ENOMEM;
	proc_check();
	vfs_check();
	err = mm_audit(r);
	if (err == 0 && r->mismatches == 0)
		seq_puts(s, "ok\n");
	else if (err == 0)
		seq_print(s, "wrong: %s\n", r->first);
	if (err == 0)
		seq_print(s,
		    "mismatches %lu\nframes %lu\nspaces %lu\ntables %lu\n"
		    "pages %lu\n",
		    r->mismatches, r->frames, r->spaces, r->tables, r->pages);
	kfree(r);
	return err;
}

static int
show_stat(struct seq *s, struct procfs_key key)
{
	u64 bytes, nr_frames;
	int i;

	(void)key;
	for (i = 0; i < NR_MM_STATS; i++)
		seq_print(
		    s, "%s %lu\n", mm_stat_names[i], atomic_load(&mm_stats[i]));
	seq_print(s, "clones %lu\n", atomic_load(&nr_forks_total));
	slab_stats(&bytes, &nr_frames);
	seq_print(s, "small_object_bytes %lu\n", bytes);
	return 0;
}

static const char *const frame_names[NR_PAGE_KINDS] = {
    [PAGE_FREE] = "never_used",
    [PAGE_RESERVED] = "reserved",
    [PAGE_KERNEL] = "kernel",
    [PAGE_SLAB] = "small_objects",
    [PAGE_TABLE] = "tables",
    [PAGE_ANON] = "anonymous",
    [PAGE_CACHE] = "cached",
};

static int
show_frames(struct seq *s, struct procfs_key key)
{
	struct frame_stats f;
	int i;

	(void)key;
	frame_stats(&f);
	seq_print(s, "total %lu\nfree %lu\n", f.total, f.free);
	for (i = PAGE_RESERVED; i < NR_PAGE_KINDS; i++)
		seq_print(s, "%s %lu\n", frame_names[i], f.kinds[i]);
	return 0;
}

/* KiB that are left to others by who asks for memory at once. */
static int
show_reserve(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%lu\n", mm_reserve() << (PAGE_SHIFT - 10));
	return 0;
}

static int
write_reserve(struct procfs_key key, const char *text, size_t len)
{
	u64 kib;

	(void)key;
	(void)len;
	if (str_to_u64(text, 10, NULL, &kib) != 0 || kib > UINT32_MAX)
		return -EINVAL;
	mm_set_reserve(kib >> (PAGE_SHIFT - 10));
	return 0;
}

/* ---- whose system calls are logged --------------------------------------- */

static void
trace_locked(struct proc *p, bool on)
{
	struct task *t;

	list_for_each (t, &p->tasks, link) {
		if (on)
			thread_notify(&t->thread, NOTIFY_TRACE);
		else
			thread_notify_clear(&t->thread, NOTIFY_TRACE);
	}
}

/* A process's number to log its calls, with a minus sign before it to stop. */
static int
write_strace(struct procfs_key key, const char *text, size_t len)
{
	bool on = text[0] != '-';
	struct proc *p;
	u64 nr;
	int err = str_to_u64(on ? text : text + 1, 10, NULL, &nr);

	(void)key;
	(void)len;
	if (err != 0 || nr > PID_MAX_LIMIT)
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	p = proc_find_locked(nr);
	if (p != NULL)
		trace_locked(p, on);
	spin_unlock(&proc_tree_lock);
	return p != NULL ? 0 : -ESRCH;
}

static int
show_strace(struct seq *s, struct procfs_key key)
{
	s32 nr = 0;

	(void)key;
	while ((nr = pid_next_proc(nr + 1)) != 0) {
		struct task *t = task_get_by_tid(nr);

		if (t == NULL)
			continue;
		if (atomic_load(&t->thread.notify) & NOTIFY_TRACE)
			seq_print(s, "%d\n", nr);
		task_put(t);
	}
	return 0;
}

static const struct procfs_entry entries[] = {
    {.name = "audit", .mode = S_IFREG | 0400, .show = show_audit},
    {.name = "frames", .mode = S_IFREG | 0444, .show = show_frames},
    {.name = "reserve",
	.mode = S_IFREG | 0644,
	.show = show_reserve,
	.write = write_reserve},
    {.name = "stat", .mode = S_IFREG | 0444, .show = show_stat},
    {.name = "strace",
	.mode = S_IFREG | 0600,
	.show = show_strace,
	.write = write_strace},
};
static struct procfs_table table = {entries, ARRAY_SIZE(entries), NULL};

void
procfs_calf_init(void)
{
	procfs_add(&procfs_calf, &table);
}

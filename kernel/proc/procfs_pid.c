/* The files of /proc/PID and /proc/PID/task/TID. */
#include <linux/resource.h>
#include <linux/stat.h>

#include "core/clock.h"
#include "fs/cred.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/io_count.h"
#include "proc/prctl.h"
#include "proc/procfs_view.h"
#include "proc/rights.h"

#define NS_PER_TICK (NSEC_PER_SEC / 100) /* USER_HZ */
#define PAGE_KIB    (PAGE_SIZE / 1024)
#define CHUNK       256 /* bytes of another's memory at a time */

/* Runs print on the view of key. */
static int
with_view(struct seq *s, struct procfs_key key,
    void (*print)(struct seq *s, const struct proc_view *v))
{
	struct proc_view *v;
	int err = view_take(key, &v);

	if (err != 0)
		return err;
	print(s, v);
	view_free(v);
	return 0;
}

/* ---- stat ---------------------------------------------------------------- */

static u64
ticks(u64 ns)
{
	return ns / NS_PER_TICK;
}

/* The lower half of the signals only: the field is an old one. */
static u64
old_set(struct sigset set)
{
	return set.bits & 0x7fffffff;
}

static void
print_stat_times(struct seq *s, const struct proc_view *v)
{
	seq_print(s, " %lu %lu %lu %lu", v->usage.nr_minor_faults,
	    v->children.nr_minor_faults, v->usage.nr_major_faults,
	    v->children.nr_major_faults);
	seq_print(s, " %lu %lu %lu %lu", ticks(v->usage.user_ns),
	    ticks(v->usage.system_ns), ticks(v->children.user_ns),
	    ticks(v->children.system_ns));
	/* Priority, nice, threads, a timer that is no more, start. */
	seq_print(s, " %d %d %u 0 %lu", 20 + v->nice, v->nice, v->nr_threads,
	    ticks(v->start_ns));
}

/* Who may not look into a process sees only whether it has any. */
static const struct mm_places *
stat_places(const struct proc_view *v)
{
	static const struct mm_places hidden = {.start_code = 1, .end_code = 1};

	return v->may_look || v->mm == NULL ? &v->places : &hidden;
}

static void
print_stat(struct seq *s, const struct proc_view *v)
{
	const struct mm_places *m = stat_places(v);

	seq_print(s, "%d (%s) %c %d %d %d %u %d 0", v->tid, v->comm, v->state,
	    v->ppid, v->pgid, v->sid, v->tty_device, v->foreground);
	print_stat_times(s, v);
	seq_print(s, " %lu %lu %lu", v->memory.mapped * PAGE_SIZE,
	    v->memory.resident, v->limits[RLIMIT_RSS].soft);
	seq_print(
	    s, " %lu %lu %lu 0 0", m->start_code, m->end_code, m->start_stack);
	seq_print(s, " %lu %lu %lu %lu", old_set(v->pending),
	    old_set(v->blocked), old_set(v->ignored), old_set(v->caught));
	/* Wait channel, swap twice, exit signal, hart, real-time twice. */
	seq_print(s, " 0 0 0 %d %d 0 0", v->exit_signal, v->hart);
	/* Delays and guests, then places again. */
	seq_print(s, " 0 0 0 %lu %lu %lu %lu %lu %lu %lu %d\n", m->start_data,
	    m->end_data, m->start_brk, m->arg_start, m->arg_end, m->env_start,
	    m->env_end, v->may_look ? v->exit_status : 0);
}

static int
show_stat(struct seq *s, struct procfs_key key)
{
	return with_view(s, key, print_stat);
}

/* ---- status and statm ---------------------------------------------------- */

static void
print_ids(struct seq *s, const char *name, const u32 *ids)
{
	seq_print(
	    s, "%s:\t%u\t%u\t%u\t%u\n", name, ids[0], ids[1], ids[2], ids[3]);
}

static void
print_kib(struct seq *s, const char *name, u64 pages)
{
	seq_print(s, "%s:\t%8lu kB\n", name, pages * PAGE_KIB);
}

static void
print_status_memory(struct seq *s, const struct proc_view *v)
{
	const struct mm_usage *m = &v->memory;

	print_kib(s, "VmPeak", MAX(m->peak_mapped, m->mapped));
	print_kib(s, "VmSize", m->mapped);
	print_kib(s, "VmLck", 0);
	print_kib(s, "VmHWM", MAX(m->resident, v->usage.peak_pages));
	print_kib(s, "VmRSS", m->resident);
	print_kib(s, "RssAnon", m->resident - m->shared);
	print_kib(s, "RssFile", m->shared);
	print_kib(s, "VmData", m->data);
	print_kib(s, "VmStk", m->stack);
	print_kib(s, "VmExe", m->text);
}

static void
print_caps(struct seq *s, const struct cred_caps *c)
{
	seq_print(s, "CapInh:\t%016lx\n", c->inheritable);
	seq_print(s, "CapPrm:\t%016lx\n", c->permitted);
	seq_print(s, "CapEff:\t%016lx\n", c->effective);
	seq_print(s, "CapBnd:\t%016lx\n", c->bounding);
	seq_print(s, "CapAmb:\t%016lx\n", c->ambient);
}

static void
print_status_signals(struct seq *s, const struct proc_view *v)
{
	seq_print(s, "SigQ:\t%u/%lu\n", v->nr_queued,
	    v->limits[RLIMIT_SIGPENDING].soft);
	seq_print(s, "SigPnd:\t%016lx\n", v->pending.bits);
	seq_print(s, "ShdPnd:\t%016lx\n", v->shared_pending.bits);
	seq_print(s, "SigBlk:\t%016lx\n", v->blocked.bits);
	seq_print(s, "SigIgn:\t%016lx\n", v->ignored.bits);
	seq_print(s, "SigCgt:\t%016lx\n", v->caught.bits);
	print_caps(s, &v->caps);
	seq_print(s, "NoNewPrivs:\t%d\n", v->no_new_privs);
}

static void
print_status(struct seq *s, const struct proc_view *v)
{
	seq_print(s, "Name:\t");
	seq_escape(s, v->comm);
	seq_puts(s, "\n");
	if (v->has_umask)
		seq_print(s, "Umask:\t%04o\n", v->umask);
	seq_print(s, "State:\t%c (%s)\n", v->state, v->state_name);
	seq_print(s, "Tgid:\t%d\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", v->tgid,
	    v->tid, v->ppid);
	print_ids(s, "Uid", v->uids);
	print_ids(s, "Gid", v->gids);
	seq_print(s, "FDSize:\t%u\n", v->fd_slots);
	if (v->mm != NULL)
		print_status_memory(s, v);
	seq_print(s, "Threads:\t%u\n", MAX(v->nr_threads, 1u));
	print_status_signals(s, v);
	seq_print(
	    s, "Cpus_allowed:\t%lx\n", v->affinity & ((1ul << nr_harts) - 1));
	seq_print(s, "voluntary_ctxt_switches:\t%lu\n", v->usage.nr_voluntary);
	seq_print(
	    s, "nonvoluntary_ctxt_switches:\t%lu\n", v->usage.nr_preempted);
}

static int
show_status(struct seq *s, struct procfs_key key)
{
	return with_view(s, key, print_status);
}

static void
print_statm(struct seq *s, const struct proc_view *v)
{
	const struct mm_usage *m = &v->memory;

	seq_print(s, "%lu %lu %lu %lu 0 %lu 0\n", m->mapped, m->resident,
	    m->shared, m->text, m->data + m->stack);
}

static int
show_statm(struct seq *s, struct procfs_key key)
{
	return with_view(s, key, print_statm);
}

/* ---- io ------------------------------------------------------------------ */

static void
print_io(struct seq *s, const struct io_counts *c)
{
	seq_print(
	    s, "rchar: %lu\nwchar: %lu\n", c->read_chars, c->written_chars);
	seq_print(s, "syscr: %lu\nsyscw: %lu\n", c->nr_reads, c->nr_writes);
	seq_print(s, "read_bytes: %lu\nwrite_bytes: %lu\n", c->read_bytes,
	    c->written_bytes);
	seq_print(s, "cancelled_write_bytes: %lu\n", c->cancelled_bytes);
}

/* A process's are those of children, too, that it has waited for. */
static int
show_io(struct seq *s, struct procfs_key key)
{
	struct io_counts sum = {0};
	struct proc_view *v;
	bool may_look;
	int err = view_take(key, &v);

	if (err != 0)
		return err;
	io_counts_add(&sum, &v->usage.io);
	if (view_scope(key) == VIEW_PROCESS)
		io_counts_add(&sum, &v->children.io);
	may_look = v->may_look;
	view_free(v);
	if (!may_look)
		return -EACCES;
	print_io(s, &sum);
	return 0;
}

/* ---- limits -------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *unit;
} limit_names[NR_LIMITS] = {
    [RLIMIT_CPU] = {"Max cpu time", "seconds"},
    [RLIMIT_FSIZE] = {"Max file size", "bytes"},
    [RLIMIT_DATA] = {"Max data size", "bytes"},
    [RLIMIT_STACK] = {"Max stack size", "bytes"},
    [RLIMIT_CORE] = {"Max core file size", "bytes"},
    [RLIMIT_RSS] = {"Max resident set", "bytes"},
    [RLIMIT_NPROC] = {"Max processes", "processes"},
    [RLIMIT_NOFILE] = {"Max open files", "files"},
    [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
    [RLIMIT_AS] = {"Max address space", "bytes"},
    [RLIMIT_LOCKS] = {"Max file locks", "locks"},
    [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
    [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
    [RLIMIT_NICE] = {"Max nice priority", ""},
    [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
    [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
};

static void
print_limit(struct seq *s, u64 val)
{
	if (val == LIMIT_INFINITY)
		seq_print(s, "%-20s ", "unlimited");
	else
		seq_print(s, "%-20lu ", val);
}

static void
print_limits(struct seq *s, const struct proc_view *v)
{
	u32 i;

	seq_print(s, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
	    "Hard Limit", "Units");
	for (i = 0; i < NR_LIMITS; i++) {
		seq_print(s, "%-25s ", limit_names[i].name);
		print_limit(s, v->limits[i].soft);
		print_limit(s, v->limits[i].hard);
		seq_print(s, "%-10s\n", limit_names[i].unit);
	}
}

static int
show_limits(struct seq *s, struct procfs_key key)
{
	return with_view(s, key, print_limits);
}

/* ---- memory -------------------------------------------------------------- */

/* [start, end) of another's memory, as it is; what is not there ends it. */
static int
show_memory(struct seq *s, struct mm *mm, u64 start, u64 end)
{
	char buf[CHUNK];

	while (start < end) {
		size_t n = MIN(end - start, sizeof(buf));

		if (mm_read(mm, uaddr(start), buf, n) != 0)
			break;
		seq_write(s, buf, n);
		start += n;
	}
	return 0;
}

static int
show_cmdline(struct seq *s, struct procfs_key key)
{
	struct mm_places places;
	struct task *t;
	struct mm *mm;
	int err = view_task(key, &t);

	/* A zombie has no words left. */
	if (err != 0)
		return 0;
	mm = proc_get_mm(t->proc);
	task_put(t);
	if (mm == NULL)
		return 0;
	mm_get_places(mm, &places);
	err = show_memory(s, mm, places.arg_start, places.arg_end);
	mm_put(mm);
	return err;
}

static int
show_environ(struct seq *s, struct procfs_key key)
{
	struct mm_places places;
	struct mm *mm;
	int err = view_mm_private(key, &mm);

	if (err != 0)
		return err == -ESRCH ? 0 : err;
	mm_get_places(mm, &places);
	err = show_memory(s, mm, places.env_start, places.env_end);
	mm_put(mm);
	return err;
}

static const char *
region_name(const struct mm_region_info *r)
{
	if (r->flags & MM_VDSO)
		return "[vdso]";
	if (r->flags & MM_STACK)
		return "[stack]";
	return r->is_brk ? "[heap]" : r->name;
}

void
procfs_print_region(struct seq *s, const struct mm_region_info *r)
{
	size_t start = s->len_bytes;
	const char *name = region_name(r);

	seq_print(s, "%08lx-%08lx %c%c%c%c %08lx %02lx:%02lx %lu", r->start.val,
	    r->end.val, r->prot & MM_READ ? 'r' : '-',
	    r->prot & MM_WRITE ? 'w' : '-', r->prot & MM_EXEC ? 'x' : '-',
	    r->flags & MM_SHARED ? 's' : 'p', r->offset, r->dev >> 8,
	    r->dev & 0xff, r->ino);
	if (name[0] != '\0') {
		/* Names stand in a column of their own. */
		while (s->len_bytes - start < 73 && !s->lost)
			seq_puts(s, " ");
		seq_puts(s, name);
	}
	seq_puts(s, "\n");
}

static int
show_maps(struct seq *s, struct procfs_key key)
{
	struct mm_region_info *r;
	uaddr_t at = uaddr(0);
	struct mm *mm;
	int err = view_mm_private(key, &mm);

	if (err != 0)
		return err == -ESRCH ? 0 : err;
	r = kmalloc(sizeof(*r));
	if (r != NULL) {
		while (mm_region_info(mm, at, r)) {
			procfs_print_region(s, r);
			at = r->end;
		}
	}
	mm_put(mm);
	kfree(r);
	return r != NULL ? 0 : -ENOMEM;
}

/* ---- names --------------------------------------------------------------- */

static void
print_comm(struct seq *s, const struct proc_view *v)
{
	seq_print(s, "%s\n", v->comm);
}

static int
show_comm(struct seq *s, struct procfs_key key)
{
	return with_view(s, key, print_comm);
}

static int
write_comm(struct procfs_key key, const char *text, size_t len)
{
	char name[COMM_SIZE];
	struct task *t;
	int err = view_task(key, &t);

	if (err != 0)
		return err;
	if (t->proc == proc_current()) {
		str_copy(name, sizeof(name), text);
		len = strlen(name);
		if (len > 0 && name[len - 1] == '\n')
			name[len - 1] = '\0';
		task_set_comm(t, name);
	} else {
		err = -EINVAL;
	}
	task_put(t);
	return err;
}

static void
print_oom(struct seq *s, const struct proc_view *v)
{
	seq_print(s, "%d\n", v->oom_score_adj);
}

static int
show_oom(struct seq *s, struct procfs_key key)
{
	return with_view(s, key, print_oom);
}

/*
 * What a thread waits for, as one word and without a line's end; "0" of one
 * that runs, and for who has no business with it.
 */
static int
show_wchan(struct seq *s, struct procfs_key key)
{
	const char *what = NULL;
	struct task *t;
	int err;

	spin_lock(&proc_tree_lock);
	err = view_private_locked(key, &t);
	if (err == 0)
		what = atomic_load(&t->thread.wait_what);
	spin_unlock(&proc_tree_lock);
	if (err == -ESRCH)
		return err;
	if (what == NULL)
		what = "0";
	for (; *what != '\0'; what++)
		seq_print(s, "%c", *what == ' ' ? '_' : *what);
	return 0;
}

/* ---- places -------------------------------------------------------------- */

/* One of a thread's places in the tree of files. */
static int
follow_exe(struct procfs_key key, struct path *out)
{
	struct file *exe = NULL;
	struct task *t;
	int err;

	spin_lock(&proc_tree_lock);
	err = view_private_locked(key, &t);
	if (err == 0 && t->proc->exe == NULL)
		err = -ENOENT;
	if (err == 0)
		exe = file_get(t->proc->exe);
	spin_unlock(&proc_tree_lock);
	if (err != 0)
		return err;
	*out = path_get(exe->path);
	file_put(exe);
	return 0;
}

static int
get_fs(struct procfs_key key, struct fs_context **out)
{
	struct task *t;
	int err;

	spin_lock(&proc_tree_lock);
	err = view_private_locked(key, &t);
	if (err == 0 && t->fs == NULL)
		err = -ENOENT;
	if (err == 0)
		*out = fs_context_get(t->fs);
	spin_unlock(&proc_tree_lock);
	return err;
}

static int
follow_cwd(struct procfs_key key, struct path *out)
{
	struct fs_context *fs;
	int err = get_fs(key, &fs);

	if (err != 0)
		return err;
	*out = fs_context_cwd(fs);
	fs_context_put(fs);
	return 0;
}

static int
follow_root(struct procfs_key key, struct path *out)
{
	struct fs_context *fs;
	int err = get_fs(key, &fs);

	if (err != 0)
		return err;
	*out = fs_context_root(fs);
	fs_context_put(fs);
	return 0;
}

/* The text of a link to a place: its path as the caller would name it. */
static int
read_place(int (*follow)(struct procfs_key key, struct path *out),
    struct procfs_key key, char *buf, size_t cap)
{
	struct path place, root;
	char *text;
	int err = follow(key, &place);

	if (err != 0)
		return err;
	root = fs_context_root(task_current()->fs);
	err = path_text(place, root, true, buf, cap, &text);
	if (err == 0)
		memmove(buf, text, strlen(text) + 1);
	path_put(root);
	path_put(place);
	return err;
}

static int
read_exe(struct procfs_key key, char *buf, size_t cap)
{
	return read_place(follow_exe, key, buf, cap);
}

static int
read_cwd(struct procfs_key key, char *buf, size_t cap)
{
	return read_place(follow_cwd, key, buf, cap);
}

static int
read_root(struct procfs_key key, char *buf, size_t cap)
{
	return read_place(follow_root, key, buf, cap);
}

/* ---- the tables ---------------------------------------------------------- */

static const struct procfs_entry entries[] = {
    {.name = "cmdline", .mode = S_IFREG | 0444, .show = show_cmdline},
    {.name = "comm",
	.mode = S_IFREG | 0644,
	.show = show_comm,
	.write = write_comm},
    {.name = "cwd",
	.mode = S_IFLNK | 0777,
	.readlink = read_cwd,
	.follow = follow_cwd},
    {.name = "environ", .mode = S_IFREG | 0400, .show = show_environ},
    {.name = "exe",
	.mode = S_IFLNK | 0777,
	.readlink = read_exe,
	.follow = follow_exe},
    {.name = "fd", .mode = S_IFDIR | 0500, .dir = &procfs_fd_dir},
    {.name = "fdinfo", .mode = S_IFDIR | 0555, .dir = &procfs_fdinfo_dir},
    {.name = "io", .mode = S_IFREG | 0400, .show = show_io},
    {.name = "limits", .mode = S_IFREG | 0444, .show = show_limits},
    {.name = "maps", .mode = S_IFREG | 0444, .show = show_maps},
    {.name = "mountinfo",
	.mode = S_IFREG | 0444,
	.show = procfs_show_mountinfo},
    {.name = "mounts", .mode = S_IFREG | 0444, .show = procfs_show_mounts},
    {.name = "oom_score_adj", .mode = S_IFREG | 0644, .show = show_oom},
    {.name = "root",
	.mode = S_IFLNK | 0777,
	.readlink = read_root,
	.follow = follow_root},
    {.name = "stat", .mode = S_IFREG | 0444, .show = show_stat},
    {.name = "statm", .mode = S_IFREG | 0444, .show = show_statm},
    {.name = "status", .mode = S_IFREG | 0444, .show = show_status},
    {.name = "wchan", .mode = S_IFREG | 0444, .show = show_wchan},
};

/* Only a process has threads to list. */
static const struct procfs_entry process_entries[] = {
    {.name = "task", .mode = S_IFDIR | 0555, .dir = &procfs_task_dir},
};

static struct procfs_table process_table = {
    .entries = process_entries,
    .nr = ARRAY_SIZE(process_entries),
};
static struct procfs_table both_tables[] = {
    {.entries = entries, .nr = ARRAY_SIZE(entries)},
    {.entries = entries, .nr = ARRAY_SIZE(entries)},
};

struct procfs_dir procfs_pid_dir = {.owner = view_owner};
struct procfs_dir procfs_thread_dir = {.owner = view_owner};

void
procfs_pid_init(void)
{
	procfs_add(&procfs_pid_dir, &both_tables[0]);
	procfs_add(&procfs_pid_dir, &process_table);
	procfs_add(&procfs_thread_dir, &both_tables[1]);
}

/*
 * The directories of /proc whose names are numbers: processes, threads,
 * descriptors.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/cred.h"
#include "fs/file.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "proc/fdtable.h"
#include "proc/procfs_view.h"

/* A name that is a number without leading zeroes; -1 for others. */
static s64
parse_number(const char *name)
{
	const char *end;
	u64 val;

	if (name[0] == '0' && name[1] != '\0')
		return -1;
	if (str_to_u64(name, 10, &end, &val) != 0 || *end != '\0')
		return -1;
	return val <= INT32_MAX ? (s64)val : -1;
}

static void
fill(struct procfs_child *out, const struct procfs_entry *entry,
    struct procfs_key key, s32 nr)
{
	out->entry = entry;
	out->key = key;
	fmt_snprint(out->name, sizeof(out->name), "%d", nr);
}

/* ---- /proc --------------------------------------------------------------- */

static const struct procfs_entry pid_entry = {
    .mode = S_IFDIR | 0555, .dir = &procfs_pid_dir};

/* Threads are found by their number as well, but not listed. */
static int
lookup_pid(struct procfs_key key, const char *name, struct procfs_child *out)
{
	s64 nr = parse_number(name);
	struct task *t;
	struct proc *p;

	(void)key;
	if (nr <= 0)
		return -ENOENT;
	spin_lock(&proc_tree_lock);
	p = proc_find_locked(nr);
	t = task_find_locked(nr);
	spin_unlock(&proc_tree_lock);
	if (p == NULL && t == NULL)
		return -ENOENT;
	fill(out, &pid_entry, view_key(nr, VIEW_PROCESS), nr);
	return 0;
}

static bool
next_pid(struct procfs_key key, u64 *pos, struct procfs_child *out)
{
	s32 nr = *pos <= PID_MAX_LIMIT ? pid_next_proc(*pos) : 0;

	(void)key;
	if (nr == 0)
		return false;
	fill(out, &pid_entry, view_key(nr, VIEW_PROCESS), nr);
	*pos = nr + 1;
	return true;
}

static const struct procfs_children pids = {lookup_pid, next_pid};

/* ---- /proc/PID/task ------------------------------------------------------ */

static const struct procfs_entry thread_entry = {
    .mode = S_IFDIR | 0555, .dir = &procfs_thread_dir};

/* The thread of key's process with the lowest number from at least min on. */
static s32
next_tid(struct procfs_key key, s32 min)
{
	struct task *t;
	struct proc *p;
	s32 best = 0;

	spin_lock(&proc_tree_lock);
	p = proc_find_locked(key.id);
	if (p != NULL)
		list_for_each (t, &p->tasks, link)
			if (t->tid >= min && (best == 0 || t->tid < best))
				best = t->tid;
	spin_unlock(&proc_tree_lock);
	return best;
}

static int
lookup_thread(struct procfs_key key, const char *name, struct procfs_child *out)
{
	s64 nr = parse_number(name);

	if (nr <= 0 || next_tid(key, nr) != nr)
		return -ENOENT;
	fill(out, &thread_entry, view_key(nr, VIEW_THREAD), nr);
	return 0;
}

static bool
next_thread(struct procfs_key key, u64 *pos, struct procfs_child *out)
{
	s32 nr = *pos <= PID_MAX_LIMIT ? next_tid(key, *pos) : 0;

	if (nr == 0)
		return false;
	fill(out, &thread_entry, view_key(nr, VIEW_THREAD), nr);
	*pos = nr + 1;
	return true;
}

static const struct procfs_children threads = {lookup_thread, next_thread};

/* ---- /proc/PID/fd -------------------------------------------------------- */

/* A key of a link in there: whose, and above the scope's bit which. */
static struct procfs_key
fd_key(struct procfs_key dir, int n)
{
	return (struct procfs_key){.id = dir.id, .sub = dir.sub | (u64)n << 1};
}

static int
get_file(struct procfs_key key, struct file **out)
{
	struct task *t;
	int err;

	spin_lock(&proc_tree_lock);
	err = view_private_locked(view_key(key.id, view_scope(key)), &t);
	if (err == 0 && fd_get_of_task_locked(t, key.sub >> 1, out) != 0)
		err = -ENOENT;
	spin_unlock(&proc_tree_lock);
	return err;
}

static int
read_fd(struct procfs_key key, char *buf, size_t cap)
{
	struct path root;
	struct file *file;
	char *text;
	int err = get_file(key, &file);

	if (err != 0)
		return err;
	root = fs_context_root(task_current()->fs);
	err = file_text(file, root, buf, cap, &text);
	if (err == 0)
		memmove(buf, text, strlen(text) + 1);
	path_put(root);
	file_put(file);
	return err;
}

static int
follow_fd(struct procfs_key key, struct path *out)
{
	struct file *file;
	int err = get_file(key, &file);

	if (err != 0)
		return err;
	/* What has no name can't be found by one. */
	if (file->path.dentry == NULL)
		err = -ENXIO;
	else
		*out = path_get(file->path);
	file_put(file);
	return err;
}

#define FD_LINK(rights)                                                        \
	{                                                                      \
		.mode = S_IFLNK | (rights), .readlink = read_fd,               \
		.follow = follow_fd                                            \
	}

/* By FILE_READ and FILE_WRITE: the link's mode shows them. */
static const struct procfs_entry fd_entries[] = {
    FD_LINK(0),
    [FILE_READ] = FD_LINK(0500),
    [FILE_WRITE] = FD_LINK(0300),
    [FILE_READ | FILE_WRITE] = FD_LINK(0700),
};

/*
 * Under the directory's lock: a reference might be the last, and its end takes
 * locks that rank before.
 */
static int
fill_fd(struct procfs_key key, int n, struct procfs_child *out)
{
	struct task *t;
	u32 access;
	int err;

	spin_lock(&proc_tree_lock);
	err = view_private_locked(view_key(key.id, view_scope(key)), &t);
	if (err == 0 && fd_access_of_task_locked(t, n, &access) != 0)
		err = -ENOENT;
	spin_unlock(&proc_tree_lock);
	if (err != 0)
		return err;
	fill(out, &fd_entries[access], fd_key(key, n), n);
	return 0;
}

static int
lookup_fd(struct procfs_key key, const char *name, struct procfs_child *out)
{
	s64 nr = parse_number(name);

	return nr < 0 ? -ENOENT : fill_fd(key, nr, out);
}

static bool
next_fd(struct procfs_key key, u64 *pos, struct procfs_child *out)
{
	struct task *t;
	int n;

	if (*pos > INT32_MAX || view_task_private(key, &t) != 0)
		return false;
	n = fd_next_of_task(t, *pos);
	/* It may be closed again, or only reserved yet: then on to others. */
	while (n >= 0 && fill_fd(key, n, out) != 0)
		n = fd_next_of_task(t, n + 1);
	task_put(t);
	*pos = (u64)n + 1;
	return n >= 0;
}

static const struct procfs_children fds = {lookup_fd, next_fd};

/* ---- /proc/PID/fdinfo ---------------------------------------------------- */

/* No reference either: the text is made while its own file's lock is held. */
static int
show_fdinfo(struct seq *s, struct procfs_key key)
{
	struct fd_info info;
	struct task *t;
	int err;

	spin_lock(&proc_tree_lock);
	err = view_private_locked(view_key(key.id, view_scope(key)), &t);
	if (err == 0 &&
	    fd_info_of_task_locked(t, (int)(key.sub >> 1), &info) != 0)
		err = -ENOENT;
	spin_unlock(&proc_tree_lock);
	if (err != 0)
		return err;
	seq_print(s, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
	    info.pos, info.flags | (info.cloexec ? O_CLOEXEC : 0),
	    info.mount_id, info.ino);
	return 0;
}

static const struct procfs_entry fdinfo_entry = {
    .mode = S_IFREG | 0444, .show = show_fdinfo};

static int
lookup_fdinfo(struct procfs_key key, const char *name, struct procfs_child *out)
{
	int err = lookup_fd(key, name, out);

	out->entry = &fdinfo_entry;
	return err;
}

static bool
next_fdinfo(struct procfs_key key, u64 *pos, struct procfs_child *out)
{
	bool any = next_fd(key, pos, out);

	out->entry = &fdinfo_entry;
	return any;
}

static const struct procfs_children fdinfos = {lookup_fdinfo, next_fdinfo};

struct procfs_dir procfs_task_dir = {.children = &threads, .owner = view_owner};
/* After setuid it is root's, and still the process's own to use. */
struct procfs_dir procfs_fd_dir = {
    .children = &fds, .owner = view_owner, .is_own = view_is_own};
struct procfs_dir procfs_fdinfo_dir = {
    .children = &fdinfos, .owner = view_owner};

void
procfs_dirs_init(void)
{
	procfs_root.children = &pids;
}

/* Descriptors of the current thread. */
#include "fs/file.h"
#include "lib/bitmap.h"
#include "proc/fdtable_impl.h"
#include "proc/proc.h"

#include <linux/close_range.h>
#include <linux/resource.h>

static struct fdtable *
current_table(void)
{
	return task_current()->files;
}

/* The file in slot n, or NULL. */
static struct file *
file_at(const struct fdtable *t, int n)
{
	return n >= 0 && (u32)n < t->nr_slots ? t->files[n] : NULL;
}

/* Somebody else may close it meanwhile. */
static NOINLINE int
get_shared(struct fdtable *t, int n, struct fd *out)
{
	spin_lock(&t->lock);
	*out = (struct fd){file_at(t, n), true};
	if (out->file != NULL)
		file_get(out->file);
	spin_unlock(&t->lock);
	return out->file != NULL ? 0 : -EBADF;
}

int
fd_get(int n, struct fd *out)
{
	struct fdtable *t = current_table();

	/* Pairs with the put of a former user, whose changes we see. */
	if (unlikely(atomic_load_acquire(&t->refs.count) != 1))
		return get_shared(t, n, out);
	*out = (struct fd){file_at(t, n), false};
	return out->file != NULL ? 0 : -EBADF;
}

/* The lowest free slot in [min, limit), taken; the table may need to grow. */
static int
reserve_locked(struct fdtable *t, u32 min, u64 limit, bool cloexec, u32 *n)
{
	*n = fdtable_next_free_locked(t, MAX(min, t->first_free));
	if (*n >= limit)
		return -EMFILE;
	if (*n >= t->nr_slots)
		return -EAGAIN;
	fdtable_set_locked(t, *n, cloexec);
	if (min <= t->first_free)
		t->first_free = *n + 1;
	return 0;
}

static int
reserve(u32 min, bool cloexec, int *out)
{
	struct fdtable *t = current_table();
	u64 limit = limit_current(RLIMIT_NOFILE);
	u32 n;
	int err;

	for (;;) {
		spin_lock(&t->lock);
		err = reserve_locked(t, min, limit, cloexec, &n);
		spin_unlock(&t->lock);
		if (err == -EAGAIN)
			err = fdtable_grow(t, n + 1);
		else
			break;
		if (err != 0)
			return err;
	}
	*out = n;
	return err;
}

int
fd_reserve_from(int min, bool cloexec, int *out)
{
	if (min < 0 || (u64)min >= limit_current(RLIMIT_NOFILE))
		return -EINVAL;
	return reserve(min, cloexec, out);
}

int
fd_reserve(bool cloexec, int *out)
{
	return reserve(0, cloexec, out);
}

void
fd_install_take(int n, struct file *file)
{
	struct fdtable *t = current_table();

	spin_lock(&t->lock);
	assert(t->files[n] == NULL);
	t->files[n] = file;
	spin_unlock(&t->lock);
}

void
fd_unreserve(int n)
{
	struct fdtable *t = current_table();

	spin_lock(&t->lock);
	assert(t->files[n] == NULL);
	fdtable_clear_locked(t, n);
	spin_unlock(&t->lock);
}

int
fd_open_take(struct file *file, bool cloexec, int *out)
{
	int err = fd_reserve(cloexec, out);

	if (err == 0)
		fd_install_take(*out, file);
	return err;
}

/* What is at n goes from the table to the caller; NULL when nothing is. */
static struct file *
remove_locked(struct fdtable *t, int n)
{
	struct file *file = file_at(t, n);

	if (file != NULL)
		fdtable_clear_locked(t, n);
	return file;
}

int
fd_close(int n)
{
	struct fdtable *t = current_table();
	struct file *file;

	spin_lock(&t->lock);
	file = remove_locked(t, n);
	spin_unlock(&t->lock);
	if (file == NULL)
		return -EBADF;
	fdtable_drop_file(t, file);
	return 0;
}

int
fd_dup(int n, int *out)
{
	struct fd fd;
	int err = fd_get(n, &fd);

	if (err != 0)
		return err;
	err = fd_reserve(false, out);
	if (err == 0)
		fd_install_take(*out, file_get(fd.file));
	fd_put(&fd);
	return err;
}

int
fd_dup_from(int n, int min, bool cloexec, int *out)
{
	struct fd fd;
	int err = fd_get(n, &fd);

	if (err != 0)
		return err;
	err = fd_reserve_from(min, cloexec, out);
	if (err == 0)
		fd_install_take(*out, file_get(fd.file));
	fd_put(&fd);
	return err;
}

/* file, with the caller's reference, comes to slot n; *old had it before. */
static int
replace_locked(struct fdtable *t, u32 n, struct file *file, bool cloexec,
    struct file **old)
{
	bool taken = t->open[n / 64] >> n % 64 & 1;

	*old = t->files[n];
	/* Somebody is between reserve and install there. */
	if (taken && *old == NULL)
		return -EBUSY;
	fdtable_set_locked(t, n, cloexec);
	t->files[n] = file;
	if (n == t->first_free)
		t->first_free++;
	return 0;
}

static int
replace(u32 n, struct file *file, bool cloexec)
{
	struct fdtable *t = current_table();
	struct file *old = NULL;
	int err = 0;

	if (n >= limit_current(RLIMIT_NOFILE))
		return -EBADF;
	if (n >= t->nr_slots)
		err = fdtable_grow(t, n + 1);
	if (err != 0)
		return err;
	spin_lock(&t->lock);
	err = replace_locked(t, n, file, cloexec, &old);
	if (err == 0)
		file_get(file);
	spin_unlock(&t->lock);
	if (err == 0 && old != NULL)
		fdtable_drop_file(t, old);
	return err;
}

int
fd_dup_to(int from, int to, bool cloexec)
{
	struct fd fd;
	int err;

	if (from == to)
		return -EINVAL;
	if (to < 0)
		return -EBADF;
	err = fd_get(from, &fd);
	if (err != 0)
		return err;
	err = replace(to, fd.file, cloexec);
	fd_put(&fd);
	return err;
}

int
fd_get_cloexec(int n, bool *out)
{
	struct fdtable *t = current_table();
	bool there;

	spin_lock(&t->lock);
	there = file_at(t, n) != NULL;
	if (there)
		*out = fdtable_cloexec_locked(t, n);
	spin_unlock(&t->lock);
	return there ? 0 : -EBADF;
}

int
fd_set_cloexec(int n, bool on)
{
	struct fdtable *t = current_table();
	bool there;

	spin_lock(&t->lock);
	there = file_at(t, n) != NULL;
	if (there)
		fdtable_set_locked(t, n, on);
	spin_unlock(&t->lock);
	return there ? 0 : -EBADF;
}

bool
fd_is(int n, const struct file *f)
{
	struct fdtable *t = current_table();
	bool is;

	spin_lock(&t->lock);
	is = file_at(t, n) == f;
	spin_unlock(&t->lock);
	return is;
}

/*
 * The first open file in [from, last], or with only_cloexec the first of those
 * that exec closes; taken out of the table.  *n is its number.
 */
static struct file *
remove_next(struct fdtable *t, u32 from, u32 last, bool only_cloexec, u32 *n)
{
	struct file *file = NULL;
	int next;

	spin_lock(&t->lock);
	while (file == NULL) {
		next = fdtable_next_open_locked(t, from);
		if (next < 0 || (u32)next > last)
			break;
		from = next + 1;
		*n = next;
		if (!only_cloexec || fdtable_cloexec_locked(t, next))
			file = remove_locked(t, next);
	}
	spin_unlock(&t->lock);
	return file;
}

static void
close_all(struct fdtable *t, u32 first, u32 last, bool only_cloexec)
{
	struct file *file;
	u32 n = first;

	while ((file = remove_next(t, n, last, only_cloexec, &n)) != NULL)
		fdtable_drop_file(t, file);
}

static void
mark_all(struct fdtable *t, u32 first, u32 last)
{
	int n = first;

	spin_lock(&t->lock);
	while ((n = fdtable_next_open_locked(t, n)) >= 0 && (u32)n <= last)
		fdtable_set_locked(t, n++, true);
	spin_unlock(&t->lock);
}

int
fd_close_range(u32 first, u32 last, u32 flags)
{
	int err = 0;

	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if (first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE)
		err = fd_unshare();
	if (err != 0)
		return err;
	if (flags & CLOSE_RANGE_CLOEXEC)
		mark_all(current_table(), first, last);
	else
		close_all(current_table(), first, last, false);
	return 0;
}

void
fd_close_on_exec(void)
{
	close_all(current_table(), 0, ~0u, true);
}

int
fd_unshare(void)
{
	struct task *self = task_current();
	struct fdtable *old = self->files;
	struct fdtable *own;
	int err;

	if (atomic_load_acquire(&old->refs.count) == 1)
		return 0;
	err = fdtable_copy(old, &own);
	if (err != 0)
		return err;
	spin_lock(&proc_tree_lock);
	self->files = own;
	spin_unlock(&proc_tree_lock);
	fdtable_put(old);
	return 0;
}

/*
 * The tables of other threads are looked at under PROC_TREE, without a
 * reference: that would make a table look shared, and exec would take leave of
 * it and of the process's locks, which are its.
 */
static struct fdtable *
table_lock_locked(struct task *t) NO_LOCK_CHECK
{
	if (t->files != NULL)
		spin_lock(&t->files->lock);
	return t->files;
}

static struct fdtable *
table_lock(struct task *t) NO_LOCK_CHECK
{
	struct fdtable *table;

	spin_lock(&proc_tree_lock);
	table = table_lock_locked(t);
	if (table == NULL)
		spin_unlock(&proc_tree_lock);
	return table;
}

static void
table_unlock(struct fdtable *table) NO_LOCK_CHECK
{
	spin_unlock(&table->lock);
	spin_unlock(&proc_tree_lock);
}

int
fd_get_of_task_locked(struct task *t, int n, struct file **out) NO_LOCK_CHECK
{
	struct fdtable *table = table_lock_locked(t);

	if (table == NULL)
		return -ESRCH;
	*out = file_at(table, n);
	if (*out != NULL)
		file_get(*out);
	spin_unlock(&table->lock);
	return *out != NULL ? 0 : -EBADF;
}

int
fd_access_of_task_locked(struct task *t, int n, u32 *access) NO_LOCK_CHECK
{
	struct fdtable *table = table_lock_locked(t);
	struct file *f;

	if (table == NULL)
		return -ESRCH;
	f = file_at(table, n);
	if (f != NULL)
		*access = f->access & (FILE_READ | FILE_WRITE);
	spin_unlock(&table->lock);
	return f != NULL ? 0 : -EBADF;
}

static void
tell_file(const struct file *f, struct fd_info *out)
{
	*out = (struct fd_info){
	    .flags = file_flags(f),
	    .mount_id = f->path.mount->id,
	    .ino = f->inode->ino,
	};
	if (f->access & FILE_SEEKABLE)
		out->pos = atomic_load(&f->pos);
}

int
fd_info_of_task_locked(struct task *t, int n, struct fd_info *out) NO_LOCK_CHECK
{
	struct fdtable *table = table_lock_locked(t);
	struct file *f;

	if (table == NULL)
		return -ESRCH;
	f = file_at(table, n);
	if (f != NULL) {
		tell_file(f, out);
		out->cloexec = bitmap_test(table->cloexec, (u32)n);
	}
	spin_unlock(&table->lock);
	return f != NULL ? 0 : -EBADF;
}

int
fd_next_of_task(struct task *t, int n)
{
	struct fdtable *table = table_lock(t);
	int next = -1;

	if (table == NULL)
		return -1;
	if (n >= 0)
		next = fdtable_next_open_locked(table, n);
	table_unlock(table);
	return next;
}

u32
fd_slots_of_task(struct task *t)
{
	struct fdtable *table = table_lock(t);
	u32 nr;

	if (table == NULL)
		return 0;
	nr = table->nr_slots;
	table_unlock(table);
	return nr;
}

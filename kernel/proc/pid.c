#include "proc/pid.h"

#include "lib/errno.h"
#include "lib/xmap.h"
#include "mm/slab.h"
#include "proc/proc.h"

static struct xmap numbers;                /* PROC_TREE: nr -> struct pid */
static s32 number_limit = PID_MAX_DEFAULT; /* PROC_TREE: the first too large */
static s32 last;                           /* PROC_TREE: given out last */

static void *
node_alloc(size_t len_bytes)
{
	return kmalloc(len_bytes);
}

static void
node_free(void *p, size_t len_bytes)
{
	(void)len_bytes;
	kfree(p);
}

static const struct xmap_ops node_ops = {node_alloc, node_free};

void
pid_init(void)
{
	xmap_init(&numbers, &node_ops);
}

/* The next number going round that nobody has, or 0. */
static s32
next_free_locked(void)
{
	s32 nr = last;
	s32 tries;

	for (tries = 0; tries < number_limit; tries++) {
		if (++nr >= number_limit)
			nr = PID_RESERVED_LAST + 1;
		if (xmap_get(&numbers, nr) == NULL)
			return nr;
	}
	return 0;
}

int
pid_alloc(struct pid **out)
{
	struct pid *pid = kzalloc(sizeof(*pid));
	int err = -EAGAIN;

	if (pid == NULL)
		return -ENOMEM;
	spin_lock(&proc_tree_lock);
	pid->nr = next_free_locked();
	if (pid->nr != 0)
		err = xmap_set(&numbers, pid->nr, pid);
	if (err == 0)
		last = pid->nr;
	spin_unlock(&proc_tree_lock);
	if (err != 0)
		kfree(pid);
	else
		*out = pid;
	return err;
}

void
pid_free_if_unused_locked(struct pid *pid)
{
	check(spin_held(&proc_tree_lock));
	if (pid->task != NULL || pid->proc != NULL || pid->pgrp != NULL ||
	    pid->session != NULL)
		return;
	xmap_remove(&numbers, pid->nr);
	kfree(pid);
}

struct pid *
pid_find_locked(s32 nr)
{
	check(spin_held(&proc_tree_lock));
	return nr > 0 ? xmap_get(&numbers, nr) : NULL;
}

struct task *
task_find_locked(s32 tid)
{
	struct pid *pid = pid_find_locked(tid);

	return pid != NULL ? pid->task : NULL;
}

struct proc *
proc_find_locked(s32 nr)
{
	struct pid *pid = pid_find_locked(nr);

	return pid != NULL ? pid->proc : NULL;
}

struct pgrp *
pgrp_find_locked(s32 pgid)
{
	struct pid *pid = pid_find_locked(pgid);

	return pid != NULL ? pid->pgrp : NULL;
}

struct session *
session_find_locked(s32 sid)
{
	struct pid *pid = pid_find_locked(sid);

	return pid != NULL ? pid->session : NULL;
}

struct proc *
proc_get_by_pid(s32 nr)
{
	struct proc *p;

	spin_lock(&proc_tree_lock);
	p = proc_find_locked(nr);
	if (p != NULL)
		proc_get(p);
	spin_unlock(&proc_tree_lock);
	return p;
}

struct task *
task_get_by_tid(s32 tid)
{
	struct task *t;

	spin_lock(&proc_tree_lock);
	t = task_find_locked(tid);
	if (t != NULL)
		task_get(t);
	spin_unlock(&proc_tree_lock);
	return t;
}

s32
pid_next_proc(s32 nr)
{
	struct pid *pid;
	u64 at = nr;
	s32 found = 0;

	spin_lock(&proc_tree_lock);
	while ((pid = xmap_next(&numbers, at, &at)) != NULL) {
		if (pid->proc != NULL) {
			found = pid->nr;
			break;
		}
		at++;
	}
	spin_unlock(&proc_tree_lock);
	return found;
}

s32
pid_max(void)
{
	return atomic_load(&number_limit);
}

int
pid_set_max(s32 max)
{
	if (max <= PID_RESERVED_LAST + 1 || max > PID_MAX_LIMIT)
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	atomic_store(&number_limit, max);
	spin_unlock(&proc_tree_lock);
	return 0;
}

s32
pid_last(void)
{
	return atomic_load(&last);
}

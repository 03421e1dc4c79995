#include "proc/rights.h"

#include <linux/prctl.h>

#include "fs/cred.h"
#include "lib/string.h"
#include "proc/proc_impl.h"

/* The four numbers of one kind. */
struct ids {
	u32 r;
	u32 e;
	u32 s;
	u32 fs;
};

static struct ids
ids_of(const struct cred *c, enum rights_kind kind)
{
	if (kind == RIGHTS_USER)
		return (struct ids){c->ruid, c->euid, c->suid, c->fsuid};
	return (struct ids){c->rgid, c->egid, c->sgid, c->fsgid};
}

static void
ids_put(struct cred *c, enum rights_kind kind, const struct ids *ids)
{
	if (kind == RIGHTS_USER) {
		c->ruid = ids->r;
		c->euid = ids->e;
		c->suid = ids->s;
		c->fsuid = ids->fs;
	} else {
		c->rgid = ids->r;
		c->egid = ids->e;
		c->sgid = ids->s;
		c->fsgid = ids->fs;
	}
}

/*
 * The current thread is somebody else from now on.  Who acts as somebody else
 * is not to be traced or dumped by those who could before, nor signalled by a
 * parent that he no longer belongs to.
 */
void
rights_commit_take(struct cred *new)
{
	struct task *t = task_current();
	struct proc *p = t->proc;
	const struct cred *old = t->cred;

	spin_lock(&proc_tree_lock);
	t->cred = new;
	if (new->euid != old->euid || new->egid != old->egid ||
	    new->fsuid != old->fsuid || new->fsgid != old->fsgid) {
		p->dumpable = 0;
		p->pdeath_signal = 0;
	}
	spin_unlock(&proc_tree_lock);
	if (new->ruid != old->ruid)
		uidcount_uncharge(old->ruid);
	cred_put(old);
}

static int
change(enum rights_kind kind, const struct ids *ids)
{
	const struct cred *old = task_current()->cred;
	struct cred *new;
	int err = cred_dup(old, &new);

	if (err != 0)
		return err;
	ids_put(new, kind, ids);
	if (new->ruid != old->ruid)
		err = uidcount_charge(new->ruid, ~0ul);
	if (err != 0) {
		cred_put(new);
		return -EAGAIN;
	}
	/* commit */
	rights_commit_take(new);
	return 0;
}

static bool
is_root(void)
{
	return cred_is_root(task_current()->cred);
}

int
rights_set(enum rights_kind kind, u32 id)
{
	struct ids ids = ids_of(task_current()->cred, kind);

	if (id == RIGHTS_KEEP)
		return -EINVAL;
	if (is_root())
		ids.r = ids.s = id;
	else if (id != ids.r && id != ids.s)
		return -EPERM;
	ids.e = ids.fs = id;
	return change(kind, &ids);
}

int
rights_set_re(enum rights_kind kind, u32 r, u32 e)
{
	const struct ids old = ids_of(task_current()->cred, kind);
	struct ids ids = old;
	bool root = is_root();

	if (r != RIGHTS_KEEP && r != old.r && r != old.e && !root)
		return -EPERM;
	if (e != RIGHTS_KEEP && e != old.r && e != old.e && e != old.s && !root)
		return -EPERM;
	if (r != RIGHTS_KEEP)
		ids.r = r;
	if (e != RIGHTS_KEEP)
		ids.e = e;
	if (r != RIGHTS_KEEP || (e != RIGHTS_KEEP && e != old.r))
		ids.s = ids.e;
	ids.fs = ids.e;
	return change(kind, &ids);
}

static bool
is_one_of(u32 id, const struct ids *ids)
{
	return id == RIGHTS_KEEP || id == ids->r || id == ids->e ||
	    id == ids->s;
}

int
rights_set_res(enum rights_kind kind, u32 r, u32 e, u32 s)
{
	const struct ids old = ids_of(task_current()->cred, kind);
	struct ids ids = {
	    .r = r != RIGHTS_KEEP ? r : old.r,
	    .e = e != RIGHTS_KEEP ? e : old.e,
	    .s = s != RIGHTS_KEEP ? s : old.s,
	};

	if (!is_root() &&
	    !(is_one_of(r, &old) && is_one_of(e, &old) && is_one_of(s, &old)))
		return -EPERM;
	ids.fs = ids.e;
	return change(kind, &ids);
}

u32
rights_set_fs(enum rights_kind kind, u32 id)
{
	struct ids ids = ids_of(task_current()->cred, kind);
	u32 old = ids.fs;

	if (id == RIGHTS_KEEP || id == old)
		return old;
	if (!is_root() && !is_one_of(id, &ids))
		return old;
	ids.fs = id;
	/* There is no way to tell of a failure; the old number stays. */
	(void)!change(kind, &ids);
	return old;
}

int
rights_set_groups(const u32 *groups, u32 nr)
{
	struct cred *new;
	int err;

	if (!is_root())
		return -EPERM;
	if (nr > CRED_MAX_GROUPS)
		return -EINVAL;
	err = cred_dup_groups(task_current()->cred, groups, nr, &new);
	if (err == 0)
		rights_commit_take(new);
	return err;
}

/* ---- capabilities ----------------------------------------------------- */

/* Who was root and may be it again has them, but does not use them. */
static struct rights_caps
caps_of(const struct cred *c)
{
	const u64 all = (2ul << RIGHTS_LAST_CAP) - 1;
	bool may = c->ruid == 0 || c->euid == 0 || c->suid == 0;

	return (struct rights_caps){
	    .effective = cred_is_root(c) ? all : 0, .permitted = may ? all : 0};
}

int
rights_get_caps(s32 tid, struct rights_caps *out)
{
	struct task *t;
	int err = 0;

	spin_lock(&proc_tree_lock);
	t = tid == 0 ? task_current() : task_find_locked(tid);
	if (t != NULL && t->cred != NULL)
		*out = caps_of(t->cred);
	else
		err = -ESRCH;
	spin_unlock(&proc_tree_lock);
	return err;
}

int
rights_set_caps(s32 tid, const struct rights_caps *caps)
{
	struct task *t = task_current();
	const u64 all = (2ul << RIGHTS_LAST_CAP) - 1;
	struct rights_caps have = caps_of(t->cred);

	if (tid != 0 && tid != t->tid)
		return -EPERM;
	/* Those that there are not don't count. */
	if ((caps->permitted & all) != have.permitted ||
	    (caps->effective & all) != have.effective ||
	    (caps->inheritable & all) != 0)
		return -EPERM;
	return 0;
}

int
rights_ambient(u64 what, u64 cap)
{
	if (what == PR_CAP_AMBIENT_CLEAR_ALL)
		return cap == 0 ? 0 : -EINVAL;
	if (cap > RIGHTS_LAST_CAP)
		return -EINVAL;
	switch (what) {
	case PR_CAP_AMBIENT_IS_SET:
	case PR_CAP_AMBIENT_LOWER:
		return 0;
	case PR_CAP_AMBIENT_RAISE:
		return -EPERM;
	}
	return -EINVAL;
}

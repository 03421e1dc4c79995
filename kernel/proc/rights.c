#include "proc/rights.h"

#include <linux/prctl.h>
#include <linux/securebits.h>

#include "fs/cred.h"
#include "proc/caps.h"
#include "proc/proc_impl.h"

static struct cred_ids
ids_of(const struct cred *c, enum rights_kind kind)
{
	if (kind == RIGHTS_USER)
		return (struct cred_ids){c->ruid, c->euid, c->suid, c->fsuid};
	return (struct cred_ids){c->rgid, c->egid, c->sgid, c->fsgid};
}

static void
ids_put(struct cred *c, enum rights_kind kind, const struct cred_ids *ids)
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

static bool
acts_otherwise(const struct cred *new, const struct cred *old)
{
	return new->euid != old->euid || new->egid != old->egid ||
	    new->fsuid != old->fsuid || new->fsgid != old->fsgid ||
	    !caps_are_within(new->caps.permitted, old->caps.permitted);
}

/*
 * The current thread is somebody else from now on.  Who acts as somebody else,
 * or may more, is not to be traced or dumped by those who could before, nor
 * signalled by a parent that he no longer belongs to.
 */
bool
rights_commit_take(struct cred *new)
{
	struct task *t = task_current();
	struct proc *p = t->proc;
	const struct cred *old = t->cred;
	bool other = acts_otherwise(new, old);

	spin_lock(&proc_tree_lock);
	t->cred = new;
	if (other) {
		p->dumpable = 0;
		p->pdeath_signal = 0;
	}
	spin_unlock(&proc_tree_lock);
	if (new->ruid != old->ruid)
		uidcount_uncharge(old->ruid);
	cred_put(old);
	return other;
}

/* How the capabilities follow when the numbers change. */
enum follow {
	FOLLOW_IDS,
	FOLLOW_FS_ID,
};

static void
follow(struct cred *new, const struct cred *old, enum follow how)
{
	const struct cred_ids was = ids_of(old, RIGHTS_USER);
	const struct cred_ids is = ids_of(new, RIGHTS_USER);

	if (how == FOLLOW_IDS)
		caps_follow_ids(&new->caps, &was, &is);
	else
		caps_follow_fs_id(&new->caps, was.fs, is.fs);
}

static int
change(enum rights_kind kind, const struct cred_ids *ids, enum follow how)
{
	const struct cred *old = task_current()->cred;
	struct cred *new;
	int err = cred_dup(old, &new);

	if (err != 0)
		return err;
	ids_put(new, kind, ids);
	follow(new, old, how);
	if (new->ruid != old->ruid)
		err = uidcount_charge(new->ruid, ~0ul);
	if (err != 0) {
		cred_put(new);
		return -EAGAIN;
	}
	/* commit */
	(void)rights_commit_take(new);
	return 0;
}

/* Any number at all? */
static bool
may_be_anybody(enum rights_kind kind)
{
	return cred_capable(task_current()->cred,
	    kind == RIGHTS_USER ? CAP_SETUID : CAP_SETGID);
}

int
rights_set(enum rights_kind kind, u32 id)
{
	struct cred_ids ids = ids_of(task_current()->cred, kind);

	if (id == RIGHTS_KEEP)
		return -EINVAL;
	if (may_be_anybody(kind))
		ids.r = ids.s = id;
	else if (id != ids.r && id != ids.s)
		return -EPERM;
	ids.e = ids.fs = id;
	return change(kind, &ids, FOLLOW_IDS);
}

int
rights_set_re(enum rights_kind kind, u32 r, u32 e)
{
	const struct cred_ids old = ids_of(task_current()->cred, kind);
	struct cred_ids ids = old;
	bool any = may_be_anybody(kind);

	if (r != RIGHTS_KEEP && r != old.r && r != old.e && !any)
		return -EPERM;
	if (e != RIGHTS_KEEP && e != old.r && e != old.e && e != old.s && !any)
		return -EPERM;
	if (r != RIGHTS_KEEP)
		ids.r = r;
	if (e != RIGHTS_KEEP)
		ids.e = e;
	if (r != RIGHTS_KEEP || (e != RIGHTS_KEEP && e != old.r))
		ids.s = ids.e;
	ids.fs = ids.e;
	return change(kind, &ids, FOLLOW_IDS);
}

static bool
is_one_of(u32 id, const struct cred_ids *ids)
{
	return id == RIGHTS_KEEP || id == ids->r || id == ids->e ||
	    id == ids->s;
}

/* Also where files are used with another number, which then stays. */
static bool
is_so_already(const struct cred_ids *old, u32 r, u32 e, u32 s)
{
	return (r == RIGHTS_KEEP || r == old->r) &&
	    (e == RIGHTS_KEEP || (e == old->e && e == old->fs)) &&
	    (s == RIGHTS_KEEP || s == old->s);
}

int
rights_set_res(enum rights_kind kind, u32 r, u32 e, u32 s)
{
	const struct cred_ids old = ids_of(task_current()->cred, kind);
	struct cred_ids ids = {
	    .r = r != RIGHTS_KEEP ? r : old.r,
	    .e = e != RIGHTS_KEEP ? e : old.e,
	    .s = s != RIGHTS_KEEP ? s : old.s,
	};

	if (is_so_already(&old, r, e, s))
		return 0;
	if (!may_be_anybody(kind) &&
	    !(is_one_of(r, &old) && is_one_of(e, &old) && is_one_of(s, &old)))
		return -EPERM;
	ids.fs = ids.e;
	return change(kind, &ids, FOLLOW_IDS);
}

u32
rights_set_fs(enum rights_kind kind, u32 id)
{
	struct cred_ids ids = ids_of(task_current()->cred, kind);
	u32 old = ids.fs;

	if (id == RIGHTS_KEEP || id == old)
		return old;
	if (!may_be_anybody(kind) && !is_one_of(id, &ids))
		return old;
	ids.fs = id;
	/* There is no way to tell of a failure; the old number stays. */
	(void)!change(kind, &ids, FOLLOW_FS_ID);
	return old;
}

int
rights_set_groups(const u32 *groups, u32 nr)
{
	struct cred *new;
	int err;

	if (!may_be_anybody(RIGHTS_GROUP))
		return -EPERM;
	if (nr > CRED_MAX_GROUPS)
		return -EINVAL;
	err = cred_dup_groups(task_current()->cred, groups, nr, &new);
	if (err == 0)
		(void)rights_commit_take(new);
	return err;
}

/* ---- capabilities ----------------------------------------------------- */

/* With these instead of the thread's own, which they were made from. */
static int
change_caps(const struct cred_caps *caps)
{
	struct cred *new;
	int err = cred_dup(task_current()->cred, &new);

	if (err != 0)
		return err;
	new->caps = *caps;
	/* commit */
	(void)rights_commit_take(new);
	return 0;
}

int
rights_get_caps(s32 tid, struct cred_caps *out)
{
	const struct cred *c = NULL;
	struct proc *p;
	struct task *t;

	spin_lock(&proc_tree_lock);
	t = tid == 0 ? task_current() : task_find_locked(tid);
	p = t == NULL ? proc_find_locked(tid) : NULL;
	if (t != NULL)
		c = t->cred;
	else if (p != NULL)
		c = proc_cred_locked(p);
	if (c != NULL)
		*out = c->caps;
	spin_unlock(&proc_tree_lock);
	return c != NULL ? 0 : -ESRCH;
}

int
rights_set_caps(const struct caps_asked *asked)
{
	struct cred_caps caps = task_current()->cred->caps;
	int err = caps_set(&caps, asked);

	return err != 0 ? err : change_caps(&caps);
}

static s64
bit_of(u64 caps, u64 cap)
{
	return cap > CAP_LAST_CAP ? -EINVAL : (s64)(caps >> cap & 1);
}

s64
rights_prctl(int option, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct cred_caps caps = task_current()->cred->caps;
	int err;

	switch (option) {
	case PR_GET_SECUREBITS:
		return caps.securebits;
	case PR_GET_KEEPCAPS:
		return (caps.securebits & SECBIT_KEEP_CAPS) != 0;
	case PR_CAPBSET_READ:
		return bit_of(caps.bounding, a2);
	case PR_CAP_AMBIENT:
		if (a4 != 0 || a5 != 0)
			return -EINVAL;
		if (a2 == PR_CAP_AMBIENT_IS_SET)
			return bit_of(caps.ambient, a3);
	}
	err = caps_prctl(&caps, option, a2, a3);
	return err != 0 ? err : change_caps(&caps);
}

/* ---- looking into others ------------------------------------------------- */

static bool
is_only(const struct cred *its, u32 uid, u32 gid)
{
	return uid == its->euid && uid == its->suid && uid == its->ruid &&
	    gid == its->egid && gid == its->sgid && gid == its->rgid;
}

/*
 * All of the other's numbers have to be ours, it must have nothing to hide, and
 * no capability that we have not; or we may look into all.
 */
bool
rights_may_look_locked(
    const struct proc *p, const struct cred *its, enum rights_look how)
{
	const struct cred *own = task_current()->cred;
	bool by_files = how == RIGHTS_LOOK_FILES;
	u64 have = by_files ? own->caps.effective : own->caps.permitted;

	if (p == proc_current() || cred_capable(own, CAP_SYS_PTRACE))
		return true;
	return p->dumpable == 1 && caps_are_within(its->caps.permitted, have) &&
	    is_only(its, by_files ? own->fsuid : own->ruid,
		by_files ? own->fsgid : own->rgid);
}

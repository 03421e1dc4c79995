/*
 * kill and its kin: whom they mean, and whether one may.
 */
#include "fs/cred.h"
#include "lib/assert.h"
#include "proc/signal_impl.h"

#include <linux/signal.h>

/* Locks: PROC_TREE. */
static bool
may_send(struct proc *target, const struct cred *theirs, int signo)
{
	const struct cred *mine = task_current()->cred;

	if (target == proc_current() || cred_capable(mine, CAP_KILL))
		return true;
	if (mine->euid == theirs->suid || mine->euid == theirs->ruid ||
	    mine->ruid == theirs->suid || mine->ruid == theirs->ruid)
		return true;
	/* A shell may continue what it started, whoever that has become. */
	return signo == SIGCONT &&
	    target->pgrp->session == proc_current()->pgrp->session;
}

/* Locks: PROC_TREE. */
static int
send_proc(struct proc *p, const struct sig_info *info)
{
	if (!may_send(p, proc_cred_locked(p), info->signo))
		return -EPERM;
	return info->signo == 0 ? 0 : signal_send_proc(p, info);
}

static int
send_pid(s32 pid, const struct sig_info *info)
{
	struct proc *p = proc_find_locked(pid);

	return p != NULL ? send_proc(p, info) : -ESRCH;
}

/* One success is enough; else the last failure tells. */
static int
send_group(struct pgrp *g, const struct sig_info *info)
{
	int result = -ESRCH;
	bool sent = false;
	struct proc *p;

	if (g == NULL)
		return -ESRCH;
	list_for_each (p, &g->members, pgrp_link) {
		result = send_proc(p, info);
		sent |= result == 0;
	}
	return sent ? 0 : result;
}

/* All but process 1 and our own. */
static int
send_everybody(const struct sig_info *info)
{
	bool any = false;
	int result = 0;
	struct proc *p;

	list_for_each (p, &proc_all, all) {
		int err;

		if (p->nr == PID_INIT || p == proc_current())
			continue;
		any = true;
		err = send_proc(p, info);
		/* Those that we may not signal are not meant. */
		if (err != -EPERM)
			result = err;
	}
	return any ? result : -ESRCH;
}

/* Locks: PROC_TREE. */
static int
send_by_number(s32 pid, const struct sig_info *info)
{
	if (pid > 0)
		return send_pid(pid, info);
	if (pid == -1)
		return send_everybody(info);
	if (pid == 0)
		return send_group(proc_current()->pgrp, info);
	/* The most negative number has no group to match. */
	return pid == INT32_MIN ? -ESRCH
				: send_group(pgrp_find_locked(-pid), info);
}

static int
send_task(s32 tgid, s32 tid, const struct sig_info *info)
{
	struct task *t = task_find_locked(tid);
	struct proc *p = t != NULL ? t->proc : proc_find_locked(tid);

	if (p == NULL || (tgid != 0 && p->nr != tgid))
		return -ESRCH;
	if (!may_send(
		p, t != NULL ? t->cred : proc_cred_locked(p), info->signo))
		return -EPERM;
	/* A first thread that has ended bears its number until all have. */
	return info->signo == 0 || t == NULL ? 0 : signal_send_task(t, info);
}

static struct sig_info
info_from_us(int signo, int code)
{
	return (struct sig_info){
	    .signo = signo,
	    .code = code,
	    .from.pid = proc_current()->nr,
	    .from.uid = task_current()->cred->ruid,
	};
}

static bool
signo_or_zero(int signo)
{
	return signo == 0 || signo_valid(signo);
}

/* A thread may not pass for the kernel, or for kill, but to itself. */
static bool
is_forged(const struct sig_info *info, s32 number)
{
	return (info->code >= 0 || info->code == SI_TKILL) &&
	    number != task_current()->tid;
}

int
signal_kill(s32 pid, int signo)
{
	struct sig_info info = info_from_us(signo, SI_USER);
	int err;

	if (!signo_or_zero(signo))
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	err = send_by_number(pid, &info);
	spin_unlock(&proc_tree_lock);
	return err;
}

/* tgid 0: whichever process the thread is of. */
static int
kill_thread(s32 tgid, s32 tid, const struct sig_info *info)
{
	int err;

	if (tid <= 0 || !signo_or_zero(info->signo))
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	err = send_task(tgid, tid, info);
	spin_unlock(&proc_tree_lock);
	return err;
}

int
signal_tkill(s32 tid, int signo)
{
	struct sig_info info = info_from_us(signo, SI_TKILL);

	return kill_thread(0, tid, &info);
}

int
signal_tgkill(s32 tgid, s32 tid, int signo)
{
	struct sig_info info = info_from_us(signo, SI_TKILL);

	if (tgid <= 0)
		return -EINVAL;
	return kill_thread(tgid, tid, &info);
}

int
signal_queue(s32 pid, const struct sig_info *info)
{
	int err;

	if (is_forged(info, pid))
		return -EPERM;
	if (!signo_or_zero(info->signo))
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	err = send_pid(pid, info);
	spin_unlock(&proc_tree_lock);
	return err;
}

int
signal_tgqueue(s32 tgid, s32 tid, const struct sig_info *info)
{
	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	if (is_forged(info, tid))
		return -EPERM;
	return kill_thread(tgid, tid, info);
}

/* Whatever has become of its number. */
static int
send_held(struct proc *p, const struct sig_info *info)
{
	int err = -ESRCH;

	if (!signo_or_zero(info->signo))
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	if (p->state != PROC_REAPED)
		err = send_proc(p, info);
	spin_unlock(&proc_tree_lock);
	return err;
}

int
signal_kill_proc(struct proc *p, int signo)
{
	struct sig_info info = info_from_us(signo, SI_USER);

	return send_held(p, &info);
}

int
signal_queue_proc(struct proc *p, const struct sig_info *info)
{
	return is_forged(info, p->nr) ? -EPERM : send_held(p, info);
}

#include "proc/prctl.h"

#include "fs/cred.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/rights.h"

#include <linux/personality.h>
#include <linux/prctl.h>

/* What Linux gives a thread before anybody asks for another. */
#define TIMER_SLACK_DEFAULT_NS 50000
/*
 * Ours alone, for tests of the debug build: the a2-th allocation of this thread
 * from now on fails, with a3 all after it too; 0 for none.  Gives the number of
 * allocations since it was called last.  See tests/guest/calf_fail.c.
 */
#define PR_CALF_FAIL 0x43414c46

void
task_set_comm(struct task *t, const char *name)
{
	char comm[COMM_SIZE] = {0};

	str_copy(comm, sizeof(comm), name);
	spin_lock(&proc_tree_lock);
	memcpy(t->comm, comm, sizeof(comm));
	spin_unlock(&proc_tree_lock);
}

static s64
set_name(uaddr_t from)
{
	char name[COMM_SIZE];
	size_t len;
	int err = user_read_string(name, sizeof(name) - 1, from, &len);

	/* One that is too long is cut. */
	if (err == -ENAMETOOLONG)
		name[sizeof(name) - 1] = '\0';
	else if (err != 0)
		return err;
	task_set_comm(task_current(), name);
	return 0;
}

static s64
get_name(uaddr_t to)
{
	char comm[COMM_SIZE];

	spin_lock(&proc_tree_lock);
	memcpy(comm, task_current()->comm, sizeof(comm));
	spin_unlock(&proc_tree_lock);
	return user_write(to, comm, sizeof(comm));
}

static s64
put_int(uaddr_t to, int val)
{
	return user_write(to, &val, sizeof(val));
}

static s64
set_pdeath_signal(u64 signo)
{
	if (signo != 0 && (signo > NR_SIGNALS || !signo_valid(signo)))
		return -EINVAL;
	proc_current()->pdeath_signal = signo;
	return 0;
}

static s64
set_dumpable(u64 val)
{
	/* 2 is no caller's to set, and the kernel has no use for it. */
	if (val > 1)
		return -EINVAL;
	proc_current()->dumpable = val;
	return 0;
}

static s64
set_no_new_privs(u64 val, u64 a3, u64 a4, u64 a5)
{
	if (val != 1 || a3 != 0 || a4 != 0 || a5 != 0)
		return -EINVAL;
	task_current()->no_new_privs = true;
	return 0;
}

static s64
set_timer_slack(u64 ns)
{
	task_current()->timer_slack_ns = ns == 0 ? TIMER_SLACK_DEFAULT_NS : ns;
	return 0;
}

static s64
get_timer_slack(void)
{
	u32 ns = task_current()->timer_slack_ns;

	return ns == 0 ? TIMER_SLACK_DEFAULT_NS : ns;
}

s64
proc_prctl(int option, u64 a2, u64 a3, u64 a4, u64 a5)
{
	struct proc *p = proc_current();

	switch (option) {
	case PR_SET_NAME:
		return set_name(uaddr(a2));
	case PR_GET_NAME:
		return get_name(uaddr(a2));
	case PR_SET_PDEATHSIG:
		return set_pdeath_signal(a2);
	case PR_GET_PDEATHSIG:
		return put_int(uaddr(a2), p->pdeath_signal);
	case PR_SET_DUMPABLE:
		return set_dumpable(a2);
	case PR_GET_DUMPABLE:
		return p->dumpable;
	case PR_SET_CHILD_SUBREAPER:
		p->is_subreaper = a2 != 0;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_int(uaddr(a2), p->is_subreaper);
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privs(a2, a3, a4, a5);
	case PR_GET_NO_NEW_PRIVS:
		if (a2 != 0 || a3 != 0 || a4 != 0 || a5 != 0)
			return -EINVAL;
		return task_current()->no_new_privs;
	case PR_CALF_FAIL:
		if (!CONFIG_DEBUG ||
		    !cred_capable(task_current()->cred, CAP_SYS_ADMIN))
			return -EINVAL;
		return frame_fail_after(a2, a3 != 0);
	case PR_SET_TIMERSLACK:
		return set_timer_slack(a2);
	case PR_GET_TIMERSLACK:
		return get_timer_slack();
	}
	return rights_prctl(option, a2, a3, a4, a5);
}

u32
proc_personality(u32 persona)
{
	struct proc *p = proc_current();
	u32 old = p->personality;

	if (persona != ~0u)
		p->personality = persona;
	return old;
}

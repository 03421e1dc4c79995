/* System calls on scheduling, and on futexes. */
#include <linux/futex.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#include "core/clock.h"
#include "mm/usercopy.h"
#include "proc/futex.h"
#include "proc/pid.h"
#include "proc/priority.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

s64
sys_sched_yield(void)
{
	thread_yield();
	return 0;
}

s64
sys_sched_getaffinity(int pid, u32 len, uaddr_t user)
{
	u64 mask;
	int err;

	if (len < sizeof(mask) || len % sizeof(mask) != 0)
		return -EINVAL;
	err = priority_get_affinity(pid, &mask);
	if (err < 0)
		return err;
	err = user_write(user, &mask, sizeof(mask));
	return err < 0 ? err : (s64)sizeof(mask);
}

s64
sys_sched_setaffinity(int pid, u32 len, uaddr_t user)
{
	u64 mask = 0;

	if (user_read(&mask, user, MIN(len, (u32)sizeof(mask))) < 0)
		return -EFAULT;
	return priority_set_affinity(pid, mask);
}

s64
sys_sched_getscheduler(int pid)
{
	return pid < 0 ? -EINVAL : priority_get_policy(pid);
}

static s64
set_policy(int pid, int policy, uaddr_t user)
{
	struct sched_param p;

	if (pid < 0 || user.val == 0)
		return -EINVAL;
	if (user_read(&p, user, sizeof(p)) < 0)
		return -EFAULT;
	return priority_set_policy(pid, policy, p.sched_priority);
}

s64
sys_sched_setscheduler(int pid, int policy, uaddr_t user)
{
	return policy < 0 ? -EINVAL : set_policy(pid, policy, user);
}

s64
sys_sched_setparam(int pid, uaddr_t user)
{
	s64 policy = pid < 0 ? -EINVAL : priority_get_policy(pid);

	return policy < 0 ? policy : set_policy(pid, (int)policy, user);
}

s64
sys_sched_getparam(int pid, uaddr_t user)
{
	struct sched_param p = {.sched_priority = 0};
	s64 policy;

	if (pid < 0 || user.val == 0)
		return -EINVAL;
	policy = priority_get_policy(pid);
	return policy < 0 ? policy : user_write(user, &p, sizeof(p));
}

static bool
is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool
is_policy(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH ||
	    policy == SCHED_IDLE || policy == SCHED_DEADLINE ||
	    is_realtime(policy);
}

s64
sys_sched_get_priority_max(int policy)
{
	if (!is_policy(policy))
		return -EINVAL;
	return is_realtime(policy) ? 99 : 0;
}

s64
sys_sched_get_priority_min(int policy)
{
	if (!is_policy(policy))
		return -EINVAL;
	return is_realtime(policy) ? 1 : 0;
}

s64
sys_sched_rr_get_interval(int pid, uaddr_t user)
{
	s64 policy = pid < 0 ? -EINVAL : priority_get_policy(pid);

	return policy < 0 ? policy : sys_timespec_put(user, 10 * NSEC_PER_MSEC);
}

s64
sys_getpriority(int which, int who)
{
	return priority_get(which, who);
}

s64
sys_setpriority(int which, int who, int nice)
{
	return priority_set(which, who, nice);
}

s64
sys_getcpu(uaddr_t cpu, uaddr_t node)
{
	u32 nr = hart_this()->nr;
	u32 zero = 0;

	if (cpu.val != 0 && user_write(cpu, &nr, sizeof(nr)) < 0)
		return -EFAULT;
	if (node.val != 0 && user_write(node, &zero, sizeof(zero)) < 0)
		return -EFAULT;
	return 0;
}

/* ---- futexes ------------------------------------------------------------ */

/* FUTEX_WAIT's time is relative, that of FUTEX_WAIT_BITSET is not. */
static s64
wait_futex(struct futex_word word, u32 val, u32 bits, uaddr_t timeout,
    bool relative, bool real)
{
	u64 deadline = NO_DEADLINE;
	int err = 0;

	if (timeout.val != 0 && relative)
		err = sys_deadline_get(timeout, &deadline);
	else if (timeout.val != 0)
		err = sys_timespec_get(timeout, &deadline);
	if (err < 0)
		return err;
	return futex_wait(word, val, bits, deadline, real);
}

s64
sys_futex(
    uaddr_t addr, u32 op, u32 val, uaddr_t timeout, uaddr_t addr2, u32 val3)
{
	bool shared = !(op & FUTEX_PRIVATE_FLAG);
	bool real = (op & FUTEX_CLOCK_REALTIME) != 0;
	struct futex_word word = {addr, shared}, word2 = {addr2, shared};
	/* For these the time-out's place holds a number. */
	s32 val2 = (s32)timeout.val;
	int cmd = (int)(op & FUTEX_CMD_MASK);

	if (real && cmd != FUTEX_WAIT && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		return wait_futex(
		    word, val, FUTEX_BITSET_MATCH_ANY, timeout, true, false);
	case FUTEX_WAIT_BITSET:
		return wait_futex(word, val, val3, timeout, false, real);
	case FUTEX_WAKE:
		return futex_wake(word, (s32)val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(word, (s32)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(word, word2, (s32)val, val2, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(word, word2, (s32)val, val2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(word, word2, (s32)val, val2, val3);
	}
	return -ENOSYS;
}

s64
sys_rseq(uaddr_t at, u32 len, u32 flags, u32 signature)
{
	if (flags == RSEQ_FLAG_UNREGISTER)
		return rseq_unregister(at, len, signature);
	return flags != 0 ? -EINVAL : rseq_register(at, len, signature);
}

#define ROBUST_HEAD_BYTES 24 /* struct robust_list_head of the ABI */

s64
sys_set_robust_list(uaddr_t head, u64 len)
{
	if (len != ROBUST_HEAD_BYTES)
		return -EINVAL;
	task_current()->robust_list = head;
	return 0;
}

s64
sys_get_robust_list(int tid, uaddr_t head_out, uaddr_t len_out)
{
	u64 len = ROBUST_HEAD_BYTES;
	uaddr_t head;
	int err = futex_get_robust(tid, &head);

	if (err < 0)
		return err;
	if (user_write(len_out, &len, sizeof(len)) < 0)
		return -EFAULT;
	return user_write(head_out, &head.val, sizeof(head.val));
}

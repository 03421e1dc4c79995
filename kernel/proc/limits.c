#include "proc/limits.h"

#include <linux/resource.h>

#include "fs/cred.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/mm.h"
#include "proc/proc_impl.h"

static_assert(NR_LIMITS == RLIM_NLIMITS, "as the ABI numbers them");

#define MIB(n) ((u64)(n) << 20)

#define NO_LIMIT                                                               \
	{                                                                      \
		LIMIT_INFINITY, LIMIT_INFINITY                                 \
	}

/* As a Linux of moderate size begins. */
static const struct rlimit_value defaults[NR_LIMITS] = {
    [RLIMIT_CPU] = NO_LIMIT,
    [RLIMIT_FSIZE] = NO_LIMIT,
    [RLIMIT_DATA] = NO_LIMIT,
    [RLIMIT_STACK] = {MIB(8), LIMIT_INFINITY},
    [RLIMIT_CORE] = {0, LIMIT_INFINITY},
    [RLIMIT_RSS] = NO_LIMIT,
    [RLIMIT_NPROC] = {PID_MAX_DEFAULT / 2, PID_MAX_DEFAULT / 2},
    [RLIMIT_NOFILE] = {1024, 4096},
    [RLIMIT_MEMLOCK] = {MIB(8), MIB(8)},
    [RLIMIT_AS] = NO_LIMIT,
    [RLIMIT_LOCKS] = NO_LIMIT,
    [RLIMIT_SIGPENDING] = {PID_MAX_DEFAULT / 2, PID_MAX_DEFAULT / 2},
    [RLIMIT_MSGQUEUE] = {819200, 819200},
    [RLIMIT_NICE] = {0, 0},
    [RLIMIT_RTPRIO] = {0, 0},
    [RLIMIT_RTTIME] = NO_LIMIT,
};

/* Open files may have a tenth of memory, each being taken for a KiB. */
#define FILES_SHARE 10

void
limits_init(void)
{
	struct frame_stats s;

	frame_stats(&s);
	file_set_max(
	    MAX(s.total * (PAGE_SIZE / 1024) / FILES_SHARE, FILE_MAX_AT_LEAST));
}

void
limits_default(struct rlimit_value *limits)
{
	memcpy(limits, defaults, sizeof(defaults));
}

u64
limit_current(u32 which)
{
	check(which < NR_LIMITS);
	return atomic_load(&proc_current()->limits[which].soft);
}

void
limits_tell_mm(struct proc *p, struct mm *mm)
{
	struct mm_limits limits = {
	    .stack = atomic_load(&p->limits[RLIMIT_STACK].soft),
	    .data = atomic_load(&p->limits[RLIMIT_DATA].soft),
	    .address_space = atomic_load(&p->limits[RLIMIT_AS].soft),
	};

	mm_set_limits(mm, &limits);
}

/* Others keep a copy of some limits. */
static void
spread(struct proc *p, u32 which)
{
	struct mm *mm;

	if (which == RLIMIT_CPU) {
		itimer_limit_changed(p);
		return;
	}
	mm = proc_get_mm(p);
	if (mm == NULL)
		return;
	limits_tell_mm(p, mm);
	mm_put(mm);
}

static int
check_new(
    const struct rlimit_value *old, u32 which, const struct rlimit_value *new)
{
	if (new->soft > new->hard)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new->hard > LIMITS_MAX_FILES)
		return -EPERM;
	if (new->hard > old->hard &&
	    !cred_capable(task_current()->cred, CAP_SYS_RESOURCE))
		return -EPERM;
	return 0;
}

int
limits_change(struct proc *p, u32 which, const struct rlimit_value *new,
    struct rlimit_value *old)
{
	struct rlimit_value *limit;
	int err = 0;

	if (which >= NR_LIMITS)
		return -EINVAL;
	if (p == NULL)
		p = proc_current();
	limit = &p->limits[which];
	spin_lock(&p->sig.lock);
	if (old != NULL)
		*old = *limit;
	if (new != NULL)
		err = check_new(limit, which, new);
	if (new != NULL && err == 0)
		*limit = *new;
	spin_unlock(&p->sig.lock);
	if (new != NULL && err == 0)
		spread(p, which);
	return err;
}

/* Everything of the other's has to be ours, or we may change all. */
static bool
may_change(const struct cred *other)
{
	const struct cred *self = task_current()->cred;

	return cred_capable(self, CAP_SYS_RESOURCE) ||
	    (self->ruid == other->euid && self->ruid == other->suid &&
		self->ruid == other->ruid && self->rgid == other->egid &&
		self->rgid == other->sgid && self->rgid == other->rgid);
}

int
limits_prlimit(s32 pid, u32 which, const struct rlimit_value *new,
    struct rlimit_value *old)
{
	struct proc *p = NULL;
	struct task *t;
	int err = 0;

	if (pid == 0)
		return limits_change(NULL, which, new, old);
	spin_lock(&proc_tree_lock);
	t = task_find_locked(pid);
	if (t == NULL)
		err = -ESRCH;
	else if (t->proc != proc_current() && !may_change(t->cred))
		err = -EPERM;
	else
		proc_get(p = t->proc);
	spin_unlock(&proc_tree_lock);
	if (err == 0)
		err = limits_change(p, which, new, old);
	if (p != NULL)
		proc_put(p);
	return err;
}

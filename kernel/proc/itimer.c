/*
 * Interval timers.  REAL is a timer of core/, the two others are compared with
 * the process's CPU time when its threads return to user code.
 *
 * The REAL timer's function takes sig.lock, so it cannot be cancelled with that
 * lock held.  It need not be: expires_ns is the truth, and a timer that fires
 * without being due (moved, or disarmed, a moment before) does nothing.
 */
#include "proc/itimer.h"

#include "core/clock.h"
#include "lib/assert.h"
#include "proc/cputime.h"
#include "proc/proc.h"
#include "proc/signal_impl.h"

#include <linux/resource.h>
#include <linux/signal.h>

/* However short an interval is, the kernel has other things to do as well. */
#define SHORTEST_NS (50 * NSEC_PER_USEC)
/*
 * After a signal of CPU time, the least of it until there is another, whichever
 * timer is due.  A handler that takes longer than the interval would never be
 * left otherwise, not even for the handler of another signal.  It is the tick
 * at which Linux looks.
 */
#define QUIET_NS (4 * NSEC_PER_MSEC)

static const u8 signal_of[NR_ITIMER_KINDS] = {
    [ITIMER_KIND_REAL] = SIGALRM,
    [ITIMER_KIND_VIRTUAL] = SIGVTALRM,
    [ITIMER_KIND_PROF] = SIGPROF,
};

/*
 * Sends the signal if the timer is due, and moves it on by whole intervals;
 * true if it was.  Locks: the process's sig.lock.
 */
static bool
expire_locked(struct proc *p, u32 kind, u64 now)
{
	struct itimer *it = &p->itimers.of[kind];
	struct sig_info info = {.signo = signal_of[kind], .code = SI_KERNEL};
	u64 missed;

	if (it->expires_ns == 0 || now < it->expires_ns)
		return false;
	/* A standard signal of the kernel's always finds room. */
	(void)signal_send_locked(p, NULL, &info);
	if (it->interval_ns == 0) {
		it->expires_ns = 0;
		return true;
	}
	missed = (now - it->expires_ns) / it->interval_ns;
	it->expires_ns += (missed + 1) * it->interval_ns;
	return true;
}

static void
real_fired(struct timer *timer)
{
	struct itimers *its = container_of(timer, struct itimers, real);
	struct itimer *it = &its->of[ITIMER_KIND_REAL];
	struct proc *p = its->proc;
	u64 now = clock_mono_ns();

	spin_lock(&p->sig.lock);
	(void)expire_locked(p, ITIMER_KIND_REAL, now);
	if (it->expires_ns != 0)
		timer_arm(timer, MAX(it->expires_ns, now + SHORTEST_NS));
	spin_unlock(&p->sig.lock);
}

void
itimer_init(struct proc *p)
{
	p->itimers.proc = p;
	timer_init(&p->itimers.real, real_fired);
}

void
itimer_exit(struct proc *p)
{
	u32 kind;

	spin_lock(&p->sig.lock);
	for (kind = 0; kind < NR_ITIMER_KINDS; kind++)
		p->itimers.of[kind].expires_ns = 0;
	p->itimers.cpu_armed = false;
	spin_unlock(&p->sig.lock);
	(void)timer_cancel(&p->itimers.real);
}

void
itimer_limit_changed(struct proc *p)
{
	spin_lock(&p->sig.lock);
	p->itimers.xcpu_again_ns = 0;
	spin_unlock(&p->sig.lock);
}

/* Once a second beyond the soft limit a warning, at the hard limit the end. */
static void
enforce_limit_locked(struct proc *p, u64 spent_ns)
{
	const struct rlimit_value *limit = &p->limits[RLIMIT_CPU];
	struct sig_info info = {.signo = SIGXCPU, .code = SI_KERNEL};
	u64 seconds = spent_ns / NSEC_PER_SEC;

	/* A limit of zero is one second: there is no way to obey it. */
	if (seconds >= MAX(limit->hard, 1ul)) {
		signal_end_locked(p, SIGKILL);
	} else if (seconds >= MAX(limit->soft, 1ul) &&
	    spent_ns >= p->itimers.xcpu_again_ns) {
		p->itimers.xcpu_again_ns = spent_ns + NSEC_PER_SEC;
		(void)signal_send_locked(p, NULL, &info);
	}
}

static void
expire_cpu_locked(struct proc *p, const struct cputime *spent, u64 total_ns)
{
	bool any;

	if (total_ns < p->itimers.quiet_until_ns)
		return;
	any = expire_locked(p, ITIMER_KIND_VIRTUAL, spent->user_ns);
	any |= expire_locked(p, ITIMER_KIND_PROF, total_ns);
	any |= ptimer_charge_locked(p);
	if (any)
		p->itimers.quiet_until_ns = total_ns + QUIET_NS;
}

void
itimer_charge(void)
{
	struct proc *p = proc_current();
	struct cputime spent;
	u64 total_ns;

	spin_lock(&p->sig.lock);
	cputime_proc_locked(p, &spent);
	total_ns = spent.user_ns + spent.system_ns;
	expire_cpu_locked(p, &spent, total_ns);
	enforce_limit_locked(p, total_ns);
	spin_unlock(&p->sig.lock);
}

/* What a kind of timer goes by, now.  Locks: p's sig.lock. */
static u64
clock_of(struct proc *p, u32 kind)
{
	struct cputime spent;

	if (kind == ITIMER_KIND_REAL)
		return clock_mono_ns();
	cputime_proc_locked(p, &spent);
	return spent.user_ns + (kind == ITIMER_KIND_PROF ? spent.system_ns : 0);
}

static void
get_locked(struct proc *p, u32 kind, u64 now, struct itimer_value *out)
{
	const struct itimer *it = &p->itimers.of[kind];

	out->interval_ns = it->interval_ns;
	out->left_ns = 0;
	/* Due but not yet noticed is not the same as disarmed. */
	if (it->expires_ns != 0)
		out->left_ns = it->expires_ns > now + NSEC_PER_USEC
		    ? it->expires_ns - now
		    : NSEC_PER_USEC;
}

void
itimer_get(u32 kind, struct itimer_value *out)
{
	struct proc *p = proc_current();

	assert(kind < NR_ITIMER_KINDS);
	spin_lock(&p->sig.lock);
	get_locked(p, kind, clock_of(p, kind), out);
	spin_unlock(&p->sig.lock);
}

void
itimer_set(u32 kind, const struct itimer_value *value, struct itimer_value *old)
{
	struct proc *p = proc_current();
	struct itimers *its = &p->itimers;
	struct itimer *it = &its->of[kind];
	u64 now;

	assert(kind < NR_ITIMER_KINDS);
	spin_lock(&p->sig.lock);
	now = clock_of(p, kind);
	if (old != NULL)
		get_locked(p, kind, now, old);
	it->interval_ns = value->interval_ns;
	it->expires_ns = value->left_ns == 0 ? 0 : now + value->left_ns;
	/* Never wraps: a time beyond the end of time is never. */
	if (it->expires_ns < value->left_ns)
		it->expires_ns = ~0ul;
	if (kind == ITIMER_KIND_REAL && it->expires_ns != 0)
		timer_arm(&its->real, it->expires_ns);
	atomic_store(&its->cpu_armed,
	    !list_empty(&p->ptimers.all) ||
		(its->of[ITIMER_KIND_VIRTUAL].expires_ns |
		    its->of[ITIMER_KIND_PROF].expires_ns) != 0);
	spin_unlock(&p->sig.lock);
}

/*
 * A sample is due every five seconds, and no timer is set for it: an idle hart
 * is not woken to find that there is nothing to do.
 *
 * While any hart is busy its tick comes by every ten milliseconds and takes
 * the sample.  While all sleep nothing changes, so whoever wakes first takes
 * all that were missed at once, each being what is the case before it does
 * anything.  A hart that wakes from the message of another is not the first.
 */
#include "core/load.h"

#include "core/clock.h"
#include "core/hart.h"
#include "lib/atomic.h"

#define PERIOD_NS (LOAD_PERIOD_SECONDS * NSEC_PER_SEC)

static struct spinlock load_lock = SPINLOCK_INIT(RANK_LOAD);
static struct load_averages averages; /* load_lock */
static u64 due_ns = PERIOD_NS;        /* a, written with load_lock */

static bool
is_busy(const struct hart *h)
{
	return atomic_load(&h->current) != h->idle;
}

u32
load_nr_running(void)
{
	u32 sum = 0;
	u32 i;

	for (i = 0; i < nr_harts; i++)
		sum += atomic_load(&harts[i].nr_runnable) + is_busy(&harts[i]);
	return sum;
}

/* Those that wait for a disk, a lock or the like are work to be done, too. */
static u32
nr_active(void)
{
	u32 sum = load_nr_running();
	u32 i;

	for (i = 0; i < nr_harts; i++)
		sum += atomic_load(&harts[i].nr_waiting);
	return sum;
}

static void
take_samples(u64 now_ns) MUST_HOLD(&load_lock)
{
	u64 nr;

	/* Another hart may have been here first. */
	if (now_ns < due_ns)
		return;
	nr = (now_ns - due_ns) / PERIOD_NS + 1;
	load_averages_add(&averages, nr_active(), nr);
	atomic_store(&due_ns, due_ns + nr * PERIOD_NS);
}

void
load_note(u64 now_ns)
{
	if (likely(now_ns < atomic_load(&due_ns)))
		return;
	spin_lock(&load_lock);
	take_samples(now_ns);
	spin_unlock(&load_lock);
}

void
load_read(struct load_averages *out)
{
	spin_lock(&load_lock);
	*out = averages;
	spin_unlock(&load_lock);
}

/* What core/ and the rest of the kernel give to mm/: see sim.h. */
#include "sim.h"

#include <stdlib.h>

#include "core/mutex.h"
#include "core/panic.h"
#include "core/printk.h"
#include "core/random.h"
#include "core/spinlock.h"
#include "core/thread.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/mm.h"
#include "mm/slab.h"

void (*sim_point_hook)(void);
void (*sim_wait_hook)(const void *lock);
void (*sim_wake_hook)(const void *lock);
u64 sim_nr_objects;
u32 sim_max_faults = SIM_FAULTS_ALONE;

/* ---- small objects ------------------------------------------------------ */

void *
kmalloc(size_t len_bytes)
{
	void *p;

	if (frame_fails_on_purpose())
		return NULL;
	p = malloc(len_bytes);
	if (p == NULL)
		abort();
	sim_nr_objects++;
	return memset(p, 0xa5, len_bytes);
}

void
kfree(void *p)
{
	if (p == NULL)
		return;
	sim_nr_objects--;
	free(p);
}

/* ---- locks -------------------------------------------------------------- */

static void
wait_for(const void *lock)
{
	if (sim_wait_hook == NULL)
		sim_fail("hart %u waits for a lock for ever", sim_hart);
	sim_wait_hook(lock);
}

static void
wake(const void *lock)
{
	if (sim_wake_hook != NULL)
		sim_wake_hook(lock);
}

void
mutex_init(struct mutex *m, enum lock_rank rank)
{
	memset(m, 0, sizeof(*m));
	m->rank = rank;
}

void
mutex_lock(struct mutex *m) NO_LOCK_CHECK
{
	sim_point();
	if (m->owner == sim_hart + 1)
		sim_fail("hart %u takes a mutex twice", sim_hart);
	while (m->owner != 0)
		wait_for(m);
	m->owner = sim_hart + 1;
}

bool
mutex_held(const struct mutex *m)
{
	return m->owner == sim_hart + 1;
}

void
mutex_lock_second(struct mutex *m) NO_LOCK_CHECK
{
	mutex_lock(m);
}

void
mutex_unlock(struct mutex *m) NO_LOCK_CHECK
{
	if (m->owner != sim_hart + 1)
		sim_fail("hart %u gives back a mutex of %lu", sim_hart,
		    m->owner - 1);
	m->owner = 0;
	wake(m);
	sim_point();
}

void
spin_lock(struct spinlock *l) NO_LOCK_CHECK
{
	sim_point();
	while (l->locked)
		wait_for(l);
	l->locked = 1;
}

bool
mutex_trylock(struct mutex *m) NO_LOCK_CHECK
{
	sim_point();
	if (m->owner != 0)
		return false;
	m->owner = sim_hart + 1;
	return true;
}

bool
spin_trylock(struct spinlock *l) NO_LOCK_CHECK
{
	sim_point();
	if (l->locked)
		return false;
	l->locked = 1;
	return true;
}

void
spin_unlock(struct spinlock *l) NO_LOCK_CHECK
{
	if (!l->locked)
		sim_fail("hart %u gives back a free lock", sim_hart);
	l->locked = 0;
	wake(l);
	sim_point();
}

/* ---- threads, which keep to their harts --------------------------------- */

/* Of each hart's thread: it has been woken and has not parked since. */
static bool permits[SIM_HARTS];

void
waiter_init(struct waiter *w, bool exclusive)
{
	(void)w, (void)exclusive;
}

void
waitq_add(struct waitq *q, struct waiter *w)
{
	(void)q, (void)w;
	permits[sim_hart] = false;
}

void
waitq_remove(struct waitq *q, struct waiter *w)
{
	(void)q, (void)w;
}

/* All that wait for anything: a wake-up may come too often. */
void
waitq_wake_all(struct waitq *q)
{
	u32 i;

	(void)q;
	for (i = 0; i < SIM_HARTS; i++)
		permits[i] = true;
	wake(permits);
}

int
thread_park(enum park_mode mode, u64 deadline_ns, const char *what)
{
	(void)mode, (void)deadline_ns, (void)what;
	sim_point();
	while (!permits[sim_hart])
		wait_for(permits);
	permits[sim_hart] = false;
	return 0;
}

void
thread_preempt_point(void)
{
	sim_point();
}

bool
thread_must_end(void)
{
	return false;
}

void
thread_use_space(struct tlb_space *s)
{
	sim_switch(s);
}

bool
arch_irqs_on(void)
{
	return true;
}

void
irq_push_off(void)
{
}

void
irq_pop_off(void)
{
}

/* ---- user memory, a word at a time -------------------------------------- */

static bool
touch(u64 va, u32 *word, bool write)
{
	u32 tries;

	for (tries = 0; tries < sim_max_faults; tries++) {
		sim_point();
		if (sim_access(va, write ? SIM_WRITE : SIM_READ, word))
			return true;
		if (!upcall_kernel_fault(
			uaddr(va), write ? FAULT_WRITE : FAULT_READ))
			return false;
	}
	sim_fail("hart %u faults for ever at %#lx", sim_hart, va);
}

/* Both ends are words: the tests' are. */
static size_t
copy(u64 va, u32 *words, size_t len, bool write)
{
	if (!is_aligned(va | len, sizeof(u32)))
		sim_fail("user copy of %zu bytes at %#lx", len, va);
	for (; len > 0; len -= sizeof(u32), va += sizeof(u32))
		if (!touch(va, words++, write))
			break;
	return len;
}

size_t
arch_user_read(void *dst, u64 src, size_t len)
{
	return copy(src, dst, len, false);
}

/* Frames of the simulation are in one place. */
u64
frame_collect(void)
{
	return 0;
}

u32 sim_no_answers;

size_t
arch_user_write(u64 dst, const void *src, size_t len)
{
	if (sim_no_answers >> sim_hart & 1)
		return len;
	return copy(dst, (u32 *)src, len, true);
}

s64
arch_user_read_string(char *dst, u64 src, size_t cap)
{
	(void)dst, (void)src, (void)cap;
	return -EFAULT;
}

bool
arch_user_load32(u64 addr, u32 *out)
{
	return copy(addr, out, sizeof(*out), false) == 0;
}

/* As one store by a hart that holds the word for itself. */
bool
arch_user_cas32(u64 addr, u32 *old, u32 new)
{
	u32 found;

	if (!arch_user_load32(addr, &found))
		return false;
	if (found == *old && copy(addr, &new, sizeof(new), true) != 0)
		return false;
	*old = found;
	return true;
}

/* ---- the rest ----------------------------------------------------------- */

u64
random_u64(void)
{
	return sim_next(&sim_whims);
}

/* For names that nobody asks for here. */
bool
str_copy(char *dst, size_t cap, const char *src)
{
	(void)cap, (void)src;
	dst[0] = 0;
	return false;
}

void
kstack_trim(void)
{
}

void
printk_limited(const char *fmt, ...)
{
	(void)fmt;
}

void
panic(const char *fmt, ...)
{
	sim_fail("panic: %s", fmt);
}

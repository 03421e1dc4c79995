#include "core/spinlock.h"

#include "arch/riscv/arch.h"
#include "core/hart.h"
#include "core/panic.h"

/*
 * Ticks (100 ns on this platform) for which a lock may be held in the debug
 * build before it counts as a bug: twenty seconds.  The clock goes on while an
 * emulated hart waits for a core of a busy host, so a short limit would judge
 * the host; this one finds what does not end.
 */
#define MAX_HELD_TICKS 200000000ul

#define LOCK_RANK(name, kind, tie, what) [RANK_##name] = #name,
static const char *const rank_names[NR_LOCK_RANKS] = {
    [RANK_INVALID] = "INVALID",
#include "core/lock_rank.def"
};
#undef LOCK_RANK

const char *
lock_rank_name(enum lock_rank rank)
{
	return rank < NR_LOCK_RANKS ? rank_names[rank] : "?";
}

/* Part of every lock, and so not called but written into each. */
static inline void
push_off(void)
{
	bool was_on = arch_irqs_disable();
	struct hart *h = hart_this();

	if (h->irq_depth++ == 0)
		h->irq_was_on = was_on;
}

static inline void
pop_off(void)
{
	struct hart *h = hart_this();

	assert(h->irq_depth > 0);
	if (--h->irq_depth == 0 && h->irq_was_on)
		arch_irqs_enable();
}

void
irq_push_off(void)
{
	push_off();
}

void
irq_pop_off(void)
{
	pop_off();
}

void
spin_init(struct spinlock *l, enum lock_rank rank)
{
	*l = (struct spinlock){.rank = rank, .holder = -1};
	assert(rank > RANK_INVALID && rank < NR_LOCK_RANKS);
}

/* The debug build's books, before the lock is waited for. */
static void
check_order(const struct spinlock *l, bool second)
{
	struct hart *h = hart_this();
	u32 last;

	if (panic_in_progress())
		return;
	assert(l->rank > RANK_INVALID && l->rank < NR_LOCK_RANKS);
	if (l->holder == (s16)h->nr)
		panic("lock %s taken twice", lock_rank_name(l->rank));
	if (h->nr_spins == 0)
		return;
	last = h->spin_ranks[h->nr_spins - 1];
	if (l->rank < last || (l->rank == last && !second))
		panic("lock %s taken while %s is held", lock_rank_name(l->rank),
		    lock_rank_name(last));
}

static void
note_taken(struct spinlock *l)
{
	struct hart *h = hart_this();

	l->holder = h->nr;
	if (!CONFIG_DEBUG)
		return;
	l->since = arch_ticks();
	assert(h->nr_spins < ARRAY_SIZE(h->spin_ranks));
	h->spin_ranks[h->nr_spins++] = l->rank;
}

static void
note_released(struct spinlock *l)
{
	struct hart *h = hart_this();
	u32 i;

	check(l->holder == (s16)h->nr);
	l->holder = -1;
	if (!CONFIG_DEBUG)
		return;
	/* Released in any order: take out the innermost of this rank. */
	for (i = h->nr_spins; i > 0 && h->spin_ranks[i - 1] != l->rank; i--)
		;
	assert(i > 0);
	for (; i < h->nr_spins; i++)
		h->spin_ranks[i - 1] = h->spin_ranks[i];
	h->nr_spins--;
	if (arch_ticks() - l->since > MAX_HELD_TICKS && !panic_in_progress())
		panic("lock %s held too long", lock_rank_name(l->rank));
}

static bool
try_word(struct spinlock *l)
{
	return __atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE) == 0;
}

static NOINLINE void
wait_for_word(struct spinlock *l)
{
	u64 since = CONFIG_DEBUG ? arch_ticks() : 0;

	do {
		while (atomic_load(&l->locked)) {
			arch_pause();
			if (panic_in_progress())
				panic_stop_here();
			if (CONFIG_DEBUG &&
			    arch_ticks() - since > 4ul * MAX_HELD_TICKS)
				panic(
				    "lock %s: waited too long, hart %d has it",
				    lock_rank_name(l->rank), l->holder);
		}
	} while (!try_word(l));
}

static inline void
lock_word(struct spinlock *l)
{
	if (unlikely(!try_word(l)))
		wait_for_word(l);
}

void
spin_lock(struct spinlock *l) NO_LOCK_CHECK
{
	push_off();
	if (CONFIG_DEBUG)
		check_order(l, false);
	lock_word(l);
	note_taken(l);
}

void
spin_lock_second(struct spinlock *l) NO_LOCK_CHECK
{
	push_off();
	if (CONFIG_DEBUG)
		check_order(l, true);
	lock_word(l);
	note_taken(l);
}

/* Takes no part in the order: who only tries cannot be part of a circle. */
bool
spin_trylock(struct spinlock *l) NO_LOCK_CHECK
{
	push_off();
	if (try_word(l)) {
		note_taken(l);
		return true;
	}
	pop_off();
	return false;
}

void
spin_unlock(struct spinlock *l) NO_LOCK_CHECK
{
	note_released(l);
	atomic_store_release(&l->locked, 0);
	pop_off();
}

bool
spin_held(const struct spinlock *l)
{
	return atomic_load(&l->locked) && l->holder == (s16)hart_this()->nr;
}

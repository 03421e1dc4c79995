/*
 * Who may hold translations of a space, and how they lose them.
 *
 * A hart that switches to a space and a hart that flushes it must not miss
 * each other:
 *
 *	switching hart                    flushing hart
 *	h->next_space = s        (1)      change the entries        (4)
 *	may_hold |= h                     must_flush |= all others  (5)
 *	full fence                        full fence
 *	take my bit of must_flush (2)     for each hart with h->next_space == s
 *	if it was set: fence                  or else h->space == s:
 *	write satp               (3)          interrupt, wait       (6)
 *	h->space = s             (7)
 *
 * Either (6) sees (1), and that hart is interrupted; or (1) comes after (6),
 * then (2) comes after (5) and finds its bit set.  A hart switches with
 * interrupts off, so it answers after (7).  The space that it leaves stays in
 * h->space until satp names another: up to then the hart may walk the old
 * tables, be it on a guess, and nobody may free them.  So a hart that comes
 * and goes names s in h->space before it names another in h->next_space, and
 * (6) looks the other way round: tests/model/tlb.pml.
 *
 * A flush runs on one hart from its beginning to its end: the kernel is not
 * preempted.
 *
 * ASIDs are handed out in order.  When they run out a new generation begins:
 * each hart flushes everything before it uses the first ASID of a generation
 * that is new to it, so a number can mean two spaces only on two harts.  A
 * hart asked to flush therefore flushes the ASID that it uses itself.
 */
#include "core/tlb.h"

#include "arch/riscv/arch.h"
#include "core/hart.h"
#include "core/ipi.h"
#include "core/panic.h"

#define ASID_BITS 16

/* kernel_satp is known to boot.S too. */
extern u64 kernel_satp;
u64 kernel_satp;

static struct spinlock asid_lock = SPINLOCK_INIT(RANK_ASID);
static u64 asid_generation = 1; /* asid_lock; read without it to compare */
static u64 asid_next = 1;       /* asid_lock; 0 is the kernel's */
static u64 asid_max;            /* c: 0 when the hart has none */

static void
fence_everything(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}

static void
fence_asid(u64 asid)
{
	__asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
}

static void
fence_page(u64 asid, uaddr_t va)
{
	__asm__ volatile("sfence.vma %0, %1" ::"r"(va.val), "r"(asid)
			 : "memory");
}

static u64
asid_number(u64 asid)
{
	return asid & ((1ul << ASID_BITS) - 1);
}

void
tlb_init(u64 satp)
{
	u64 all = satp | SATP_ASID_MASK << SATP_ASID_SHIFT;

	/* The bits that stay set are the ones there are. */
	csr_write(satp, all);
	asid_max = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
	kernel_satp = satp;
	tlb_init_hart();
}

void
tlb_init_hart(void)
{
	csr_write(satp, kernel_satp);
	fence_everything();
	hart_this()->tlb_generation = atomic_load(&asid_generation);
}

void
tlb_space_init(struct tlb_space *s, pfn_t root)
{
	*s = (struct tlb_space){.root = root};
}

void
tlb_space_inherit(struct tlb_space *s, const struct tlb_space *from)
{
	atomic_store(&s->must_flush, atomic_load(&from->must_flush));
}

static u64
asid_assign(struct tlb_space *s)
{
	u64 asid;

	spin_lock(&asid_lock);
	asid = s->asid;
	if (asid >> ASID_BITS != asid_generation) {
		if (asid_next > asid_max) {
			atomic_store(&asid_generation, asid_generation + 1);
			asid_next = 1;
		}
		asid = asid_generation << ASID_BITS | asid_next++;
		atomic_store(&s->asid, asid);
	}
	spin_unlock(&asid_lock);
	return asid;
}

/* The space's ASID on this hart, fenced so that it may be used. */
static u64
asid_for(struct hart *h, struct tlb_space *s)
{
	u64 asid = atomic_load(&s->asid);
	u64 bit = 1ul << h->nr;

	if (asid_max == 0) {
		atomic_and(&s->must_flush, ~bit);
		fence_everything();
		arch_fence_i();
		return 0;
	}
	if (asid >> ASID_BITS != atomic_load(&asid_generation))
		asid = asid_assign(s);
	if (asid >> ASID_BITS != h->tlb_generation) {
		h->tlb_generation = asid >> ASID_BITS;
		atomic_and(&s->must_flush, ~bit);
		fence_everything();
		arch_fence_i();
	} else if (atomic_load(&s->must_flush) & bit) {
		atomic_and(&s->must_flush, ~bit);
		fence_asid(asid_number(asid));
		arch_fence_i();
	}
	return asid_number(asid);
}

void
tlb_switch(struct tlb_space *s)
{
	struct hart *h = hart_this();
	u64 bit = 1ul << h->nr;

	if (s == h->space && s != NULL && !(atomic_load(&s->must_flush) & bit))
		return;
	/* Release: after (7) of the last switch; pairs with runs. */
	atomic_store_release(&h->next_space, s);
	if (s == NULL) {
		csr_write(satp, kernel_satp);
		atomic_store_release(&h->space, s);
		return;
	}
	if (!(atomic_load(&s->may_hold) & bit))
		atomic_or(&s->may_hold, bit);
	/* Pairs with the fence in tlb_flush: see (2) and (5) above. */
	fence_full();
	csr_write(
	    satp, SATP_SV39 | asid_for(h, s) << SATP_ASID_SHIFT | s->root.val);
	/*
	 * No fence is needed for a table that this ASID has walked before;
	 * one that it has not is covered by the generation's.
	 */
	atomic_store_release(&h->space, s);
}

static u64
own_asid(void)
{
	return csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
}

/* What this hart holds of the space it runs. */
static void
flush_own(void)
{
	if (asid_max == 0)
		fence_everything();
	else
		fence_asid(own_asid());
}

/*
 * Interrupts the harts of the mask and waits until each has flushed.  A ticket
 * is drawn after our change of the tables was made; the interrupted hart reads
 * the number of tickets drawn, flushes, and then says so.  When that number
 * has reached our ticket, the flush came after our change, whoever's interrupt
 * it was that caused it.
 */
static void
ask(u64 mask)
{
	u64 tickets[MAX_HARTS];
	u32 i;

	/* With interrupts off two harts could wait for each other for ever. */
	assert(arch_irqs_on());
	for (i = 0; i < nr_harts; i++) {
		if (!(mask >> i & 1))
			continue;
		tickets[i] = atomic_add(&harts[i].tlb_asked, 1);
		ipi_send(&harts[i], IPI_TLB);
	}
	for (i = 0; i < nr_harts; i++) {
		if (!(mask >> i & 1))
			continue;
		/* Pairs with the release in tlb_ipi. */
		while (atomic_load_acquire(&harts[i].tlb_done) < tickets[i]) {
			arch_pause();
			if (panic_in_progress())
				panic_stop_here();
		}
	}
}

void
tlb_ipi(void)
{
	struct hart *h = hart_this();
	u64 asked = atomic_load_acquire(&h->tlb_asked);

	/* Everything, and code too: one interrupt serves all who ask. */
	fence_everything();
	arch_fence_i();
	atomic_store_release(&h->tlb_done, asked);
}

/*
 * Does it run s, or come to it, or go?  Acquire: who no longer comes has come
 * by then, and is found in h->space until it has gone.
 */
static bool
runs(const struct hart *h, const struct tlb_space *s)
{
	return atomic_load_acquire(&h->next_space) == s ||
	    atomic_load(&h->space) == s;
}

/* Harts other than this that run s now; the rest will fence before they do. */
static u64
others_running(struct tlb_space *s)
{
	u64 me = 1ul << hart_this()->nr;
	u64 holders = atomic_load(&s->may_hold) & ~me;
	u64 running = 0;
	u32 i;

	if (holders == 0)
		return 0;
	atomic_or(&s->must_flush, holders);
	/* Pairs with the fence in tlb_switch. */
	fence_full();
	for (i = 0; i < nr_harts; i++)
		if ((holders >> i & 1) && runs(&harts[i], s))
			running |= 1ul << i;
	return running;
}

static bool
is_current(const struct tlb_space *s)
{
	return hart_this()->space == s;
}

/* Not running here: marked like any other hart that does not run it. */
static void
mark_self(struct tlb_space *s)
{
	u64 me = 1ul << hart_this()->nr;

	if (atomic_load(&s->may_hold) & me)
		atomic_or(&s->must_flush, me);
}

static inline void
flush_others(struct tlb_space *s)
{
	u64 running;

	/* Most spaces only ever ran here. */
	if (!(atomic_load(&s->may_hold) & ~(1ul << hart_this()->nr)))
		return;
	running = others_running(s);
	if (running != 0)
		ask(running);
}

void
tlb_flush(struct tlb_space *s)
{
	/* Before we look at who holds it: a new holder must see the change. */
	fence_full();
	if (is_current(s))
		flush_own();
	else
		mark_self(s);
	flush_others(s);
}

void
tlb_flush_page(struct tlb_space *s, uaddr_t va)
{
	fence_full();
	if (is_current(s))
		fence_page(own_asid(), va);
	else
		mark_self(s);
	flush_others(s);
}

void
tlb_fence_local(struct tlb_space *s)
{
	if (is_current(s))
		flush_own();
}

/*
 * Instructions are kept by physical address: a hart that never ran this space
 * may hold what the page had in it before.  So all of them are marked, not only
 * those that may hold translations.
 */
void
tlb_flush_code(struct tlb_space *s)
{
	u64 running;

	fence_full();
	arch_fence_i();
	atomic_or(&s->must_flush, ~(1ul << hart_this()->nr));
	running = others_running(s);
	if (running != 0)
		ask(running);
}

void
tlb_flush_kernel(void)
{
	u64 others = ((1ul << nr_harts) - 1) & ~(1ul << hart_this()->nr);
	u32 i;

	for (i = 0; i < nr_harts; i++)
		if (!atomic_load(&harts[i].online))
			others &= ~(1ul << i);
	fence_everything();
	if (others != 0)
		ask(others);
}

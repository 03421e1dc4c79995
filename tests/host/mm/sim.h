/*
 * A machine for the memory core: frames, harts that keep translations, and
 * what core/ gives to mm/.  The core itself is the kernel's own code.
 *
 * The harts are as unkind as the privileged specification lets them be.  Each
 * keeps entries of any level, valid or not, which it loads whenever it likes,
 * several for one place if they changed meanwhile; in a walk it takes what it
 * keeps or what is in memory, as it pleases, until a fence that covers it: all
 * of an address space, or of one address the leaf alone.  A and D it sets, or
 * it traps instead.  Words that it has fetched as instructions it keeps by
 * their place in memory until a FENCE.I.
 */
#ifndef SIM_H
#define SIM_H

#include "fake_machine.h"

#include "arch/riscv/pt.h"
#include "core/thread.h"
#include "mm/frame.h"
#include "point.h"

#define SIM_HARTS  4
#define SIM_FRAMES 2048

/* Says what is wrong, and whatever sim_on_failure adds, and ends the test. */
NORETURN void sim_fail(const char *fmt, ...) PRINTF(1, 2);
extern void (*sim_on_failure)(void);
/* Has it called, too, when the program itself goes wrong. */
void sim_tell_of_crashes(void);

/* splitmix64; each stream of numbers has a state of its own. */
u64 sim_next(u64 *state);
/* The hardware's whims. */
extern u64 sim_whims;
/* Below n, by whim. */
u32 sim_whim(u32 n);

/* Before each run: everything free, nothing cached. */
void sim_reset(u64 seed);
/* The hart that runs now. */
extern u32 sim_hart;
/* How greedy hardware is; with always it keeps all and uses what it keeps. */
extern bool sim_greedy;

/* The current hart changes to a space (NULL: none). */
void sim_switch(struct tlb_space *s);
/* The space will never be used again: its number isn't either. */
void sim_forget(u64 asid);
/* No hart keeps instructions: others than the kernel see to that. */
void sim_forget_code(void);
/* A walk that nobody asked for, on a hart that runs a space. */
void sim_speculate(u32 hart, u64 va);

enum sim_access {
	SIM_READ,
	SIM_WRITE,
	SIM_EXEC,
};

/*
 * An access that faults more often than this makes no progress.  Alone, a fault
 * may leave an invalid entry above the leaf that it mended behind, so a second
 * one may find nothing wrong; there is no third.
 */
#define SIM_FAULTS_ALONE 3
extern u32 sim_max_faults;
/* Harts, a bit for each, on which what the kernel writes for a program is lost.
 */
extern u32 sim_no_answers;

/* One access of the current hart to a word: false for a page fault. */
bool sim_access(u64 va, enum sim_access access, u32 *word);

/* Of all that harts keep: fn gets the space's number, level, address, entry. */
void sim_each_cached(
    void (*fn)(u32 hart, u64 asid, int level, u64 va, u64 word));

/*
 * The n-th allocation from now fails, and with and_after all that follow; 0:
 * none.  sim_failed says whether one did.
 */
void sim_fail_nth(u32 n, bool and_after);
void sim_fail_no_more(void);
bool sim_failed(void);

u64 sim_nr_free(void);
/* Frames from this one on nobody has had yet. */
u32 sim_nr_used_ever(void);
/* Small objects that have not been freed. */
extern u64 sim_nr_objects;
/* The kernel's own root: a frame that it holds for ever. */
extern struct page *sim_kernel_root;

/* What waiting for a lock is, and giving it back; see point.h. */
extern void (*sim_wait_hook)(const void *lock);
extern void (*sim_wake_hook)(const void *lock);

#endif

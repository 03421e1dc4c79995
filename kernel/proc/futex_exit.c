/*
 * What a thread that ends owes to those who wait for it: the word that join
 * waits on, and the locks it still holds.
 *
 * The robust list is a ring in user memory, made of one pointer per lock held,
 * each at a fixed distance from the lock's word:
 *
 *	head { first, distance, pending }  first -> next -> ... -> head
 *
 * pending is a lock that was being taken or released: maybe held, maybe in the
 * ring.  Nothing of this can be trusted.  Every access is an ordinary one with
 * the thread's own rights, and the walk is bounded, so a hostile list harms
 * nobody but its maker.
 */
#include "core/thread.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "mm/usercopy.h"
#include "proc/futex.h"
#include "proc/proc.h"
#include "proc/rights.h"

#include <linux/futex.h>

#define PI_BIT 1ul /* of a pointer in the list */

int
futex_get_robust(s32 tid, uaddr_t *head)
{
	struct task *t;
	int err = 0;

	spin_lock(&proc_tree_lock);
	t = tid == 0 ? task_current() : task_find_locked(tid);
	if (t == NULL || t->cred == NULL)
		err = -ESRCH;
	else if (!rights_may_look_locked(t->proc, t->cred, RIGHTS_LOOK_REAL))
		err = -EPERM;
	else
		*head = t->robust_list;
	spin_unlock(&proc_tree_lock);
	return err;
}

struct entry {
	u64 addr;
	bool pi;
};

static struct entry
entry_of(u64 word)
{
	return (struct entry){.addr = word & ~PI_BIT, .pi = word & PI_BIT};
}

static void
wake_one_at(uaddr_t addr)
{
	struct futex_word word = {.addr = addr, .shared = true};
	s64 woken = futex_wake(word, 1, FUTEX_ANY_BITS);

	/* An address that is no good has no waiters. */
	(void)woken;
}

/*
 * Errors: -EFAULT, -EINVAL: the list is nonsense from here on.
 */
static int
mark_dead(uaddr_t addr, s32 tid, bool pi, bool pending)
{
	u32 seen, old;
	int err;

	if (!is_aligned(addr.val, sizeof(u32)))
		return -EINVAL;
	err = user_load32(addr, &old);
	do {
		if (err != 0)
			return err;
		/*
		 * Released, and ended before waking: the next owner may be
		 * asleep and nobody else will tell it.
		 */
		if (pending && !pi && old == 0)
			wake_one_at(addr);
		if ((old & FUTEX_TID_MASK) != (u32)tid)
			return 0;
		seen = old;
		err = user_cas32(
		    addr, &old, (seen & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
	} while (err != 0 || old != seen);
	if (!pi && (seen & FUTEX_WAITERS))
		wake_one_at(addr);
	return 0;
}

/* As struct robust_list_head of the ABI. */
struct head {
	u64 first;
	u64 distance;
	u64 pending;
};

static_assert(sizeof(struct head) == sizeof(struct robust_list_head), "ABI");

/* Errors: the list is nonsense from some place on. */
static int
walk(const struct head *head, uaddr_t head_addr, s32 tid)
{
	struct entry pending = entry_of(head->pending);
	struct entry at = entry_of(head->first);
	int left;
	u64 word;

	for (left = ROBUST_LIST_LIMIT; left > 0; left--) {
		int lost, err = 0;

		if (at.addr == head_addr.val)
			return 0;
		/* First the way on: the entry may vanish with its lock. */
		lost = user_read(&word, uaddr(at.addr), sizeof(word));
		if (at.addr != pending.addr)
			err = mark_dead(
			    uaddr(at.addr + head->distance), tid, at.pi, false);
		if (err != 0 || lost != 0)
			return -EFAULT;
		at = entry_of(word);
		thread_preempt_point();
	}
	return 0;
}

void
futex_exit_robust(uaddr_t head_addr, s32 tid)
{
	struct head head;
	struct entry pending;
	int err;

	if (user_read(&head, head_addr, sizeof(head)) != 0)
		return;
	err = walk(&head, head_addr, tid);
	pending = entry_of(head.pending);
	if (err == 0 && pending.addr != 0)
		err = mark_dead(
		    uaddr(pending.addr + head.distance), tid, pending.pi, true);
	/* Nobody is left to tell that the list was nonsense. */
	(void)err;
}

void
futex_clear_tid(uaddr_t addr)
{
	u32 zero = 0;

	if (addr.val == 0 || user_write(addr, &zero, sizeof(zero)) != 0)
		return;
	wake_one_at(addr);
}

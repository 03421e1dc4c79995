/*
 * Waiting for a lock, and processes that would wait for each other for ever.
 *
 * A thread that waits stands with the lock in its way.  Whoever makes that lock
 * less than it was wakes all who stand there, and each looks for itself whether
 * it can have what it wants now; so nobody waits for what is not there.
 *
 *	process --waits--> lock --owner--> process --waits--> lock ...
 *
 * Before it waits, a process follows these arrows.  If they lead back to it,
 * nobody on the way would ever go on: EDEADLK.  All arrows are set and cleared
 * under LOCK_WAITS, whatever file they are about, and one that is there leads
 * to a lock that is.  Of a process with several threads in wait the youngest
 * counts, as if the others could not help; and an open file waits for nobody,
 * because there is no telling who would have to.
 */
#include <linux/fcntl.h>

#include "core/thread.h"
#include "fs/lock_impl.h"

/* A longer way round is not found; each step has interrupts off. */
#define DEADLOCK_STEPS 256

static struct spinlock waits_lock = SPINLOCK_INIT(RANK_LOCK_WAITS);

static bool
leads_to(const struct file_lock *l, const struct lock_owner *owner)
    MUST_HOLD(&waits_lock)
{
	u32 n;

	for (n = 0; n < DEADLOCK_STEPS; n++) {
		if (l->claim.kind != LOCK_OF_PROCESS)
			return false;
		if (l->claim.owner == owner)
			return true;
		if (l->claim.owner->waits == NULL)
			return false;
		l = l->claim.owner->waits->blocker;
	}
	return false;
}

static void
set_arrow(struct lock_wait *w, struct file_lock *blocker) MUST_HOLD(&waits_lock)
{
	struct lock_owner *owner = w->claim->owner;

	w->blocker = blocker;
	w->next = owner->waits;
	w->at = &owner->waits;
	if (w->next != NULL)
		w->next->at = &w->next;
	owner->waits = w;
}

static void
clear_arrow(struct lock_wait *w) MUST_HOLD(&waits_lock)
{
	w->blocker = NULL;
	*w->at = w->next;
	if (w->next != NULL)
		w->next->at = w->at;
}

static int
begin(struct lock_wait *w, struct file_lock *blocker)
{
	bool by_process = w->claim->kind == LOCK_OF_PROCESS;
	int err = 0;

	spin_lock(&waits_lock);
	if (by_process && leads_to(blocker, w->claim->owner))
		err = -EDEADLK;
	else
		set_arrow(w, blocker);
	spin_unlock(&waits_lock);
	if (err == 0)
		list_push_back(&blocker->waits, &w->link);
	return err;
}

/* Off the list where w stands; a wake-up took it off already. */
static void
end(struct lock_wait *w)
{
	list_remove(&w->link);
	spin_lock(&waits_lock);
	if (w->blocker != NULL)
		clear_arrow(w);
	spin_unlock(&waits_lock);
}

int
lock_wait(struct lock_book *b, struct file_lock *blocker,
    const struct lock_claim *claim)
{
	struct lock_wait w = {.claim = claim, .thread = thread_current()};
	int err;

	list_init(&w.link);
	err = begin(&w, blocker);
	if (err < 0)
		return err;
	mutex_unlock(&b->lock);
	err = thread_park(PARK_INTERRUPTIBLE, NO_DEADLINE, "file lock");
	mutex_lock(&b->lock);
	end(&w);
	return err == -EINTR ? -ERESTARTSYS : 0;
}

/* Who is woken still needs the book's lock, so it stays on its stack. */
void
lock_wake(struct list *waits)
{
	struct list *link;

	while ((link = list_pop_front(waits)) != NULL) {
		struct lock_wait *w = list_entry(link, struct lock_wait, link);

		spin_lock(&waits_lock);
		clear_arrow(w);
		spin_unlock(&waits_lock);
		thread_unpark(w->thread);
	}
}

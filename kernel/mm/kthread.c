#include "mm/kthread.h"

#include "lib/errno.h"
#include "mm/kmap.h"
#include "mm/slab.h"

/* On the stack of the thread that came after it. */
static void
note_end(struct thread *t)
{
	struct kthread *k = container_of(t, struct kthread, thread);

	kstack_free(t->stack);
	spin_lock(&k->lock);
	k->ended = true;
	waitq_wake_all(&k->q);
	spin_unlock(&k->lock);
}

int
kthread_create(
    const char *name, void (*entry)(void *arg), void *arg, struct kthread **out)
{
	struct kthread *k = kzalloc(sizeof(*k));
	void *stack;

	if (k == NULL)
		return -ENOMEM;
	stack = kstack_alloc();
	if (stack == NULL) {
		kfree(k);
		return -ENOMEM;
	}
	spin_init(&k->lock, RANK_DEVICE);
	waitq_init(&k->q);
	thread_init(&k->thread, stack, entry, arg, note_end);
	k->thread.name = name;
	*out = k;
	thread_start(&k->thread);
	return 0;
}

void
kthread_join(struct kthread *k)
{
	spin_lock(&k->lock);
	while (!k->ended)
		(void)!waitq_wait_spin(&k->q, &k->lock, PARK_UNINTERRUPTIBLE,
		    NO_DEADLINE, "the end of a kernel thread");
	spin_unlock(&k->lock);
	kfree(k);
}

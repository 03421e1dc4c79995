#include "proc/signal_hand.h"

#include "lib/string.h"
#include "mm/slab.h"

/* Where everybody begins; its own reference is never dropped. */
static struct sigtable default_table = {.refs = {1}};

static void
table_put(struct sigtable *t)
{
	if (t != NULL && refcount_put(&t->refs))
		kfree(t);
}

/* Takes over the caller's reference to table. */
static int
create_take(struct sigtable *table, struct sighand **out)
{
	struct sighand *h = kmalloc(sizeof(*h));

	if (h == NULL) {
		table_put(table);
		return -ENOMEM;
	}
	refcount_init(&h->refs, 1);
	spin_init(&h->lock, RANK_SIGHAND);
	h->table = table;
	*out = h;
	return 0;
}

int
sighand_create(struct sighand **out)
{
	refcount_get(&default_table.refs);
	return create_take(&default_table, out);
}

int
sighand_fork(struct sighand *from, struct sighand **out)
{
	struct sigtable *table;

	spin_lock(&from->lock);
	table = from->table;
	refcount_get(&table->refs);
	spin_unlock(&from->lock);
	return create_take(table, out);
}

void
sighand_put(struct sighand *h)
{
	if (h == NULL || !refcount_put(&h->refs))
		return;
	table_put(h->table);
	kfree(h);
}

struct sig_action
sighand_action(struct sighand *h, int signo)
{
	struct sig_action act;

	spin_lock(&h->lock);
	act = h->table->action[signo - 1];
	spin_unlock(&h->lock);
	return act;
}

/* New sighands come to a table only through h, so one reference is ours. */
static bool
owns_locked(const struct sighand *h)
{
	return refcount_read(&h->table->refs) == 1;
}

/*
 * Exchanges a shared table for the copy that is made in spare, which then is
 * the old one.
 */
static void
own_locked(struct sighand *h, struct sigtable **spare)
{
	struct sigtable *copy = *spare;

	memcpy(copy->action, h->table->action, sizeof(copy->action));
	refcount_init(&copy->refs, 1);
	*spare = h->table;
	h->table = copy;
}

/*
 * Calls change with a table that only h has, under its lock.  It is called
 * once; before that the lock is dropped to make a table if one is needed.
 */
static int
change(struct sighand *h,
    void (*change)(struct sigtable *t, int signo, const struct sig_action *act),
    int signo, const struct sig_action *act)
{
	struct sigtable *spare = NULL;

	spin_lock(&h->lock);
	if (!owns_locked(h)) {
		spin_unlock(&h->lock);
		spare = kmalloc(sizeof(*spare));
		if (spare == NULL)
			return -ENOMEM;
		refcount_init(&spare->refs, 1);
		spin_lock(&h->lock);
		if (!owns_locked(h))
			own_locked(h, &spare);
	}
	change(h->table, signo, act);
	spin_unlock(&h->lock);
	table_put(spare);
	return 0;
}

static void
change_nothing(struct sigtable *t, int signo, const struct sig_action *act)
{
	(void)t;
	(void)signo;
	(void)act;
}

static void
change_one(struct sigtable *t, int signo, const struct sig_action *act)
{
	t->action[signo - 1] = *act;
}

static void
change_handlers(struct sigtable *t, int signo, const struct sig_action *act)
{
	(void)act;
	for (signo = 0; signo < NR_SIGNALS; signo++) {
		u64 keep = t->action[signo].handler == HANDLER_IGNORE;

		t->action[signo] = (struct sig_action){
		    .handler = keep ? HANDLER_IGNORE : HANDLER_DEFAULT};
	}
}

int
sighand_own(struct sighand *h)
{
	return change(h, change_nothing, 0, NULL);
}

int
sighand_set(struct sighand *h, int signo, const struct sig_action *act)
{
	return change(h, change_one, signo, act);
}

/* Does exec leave nothing of this table but the default? */
static bool
resets_to_default(const struct sigtable *t)
{
	size_t i;

	for (i = 0; i < NR_SIGNALS; i++)
		if (t->action[i].handler == HANDLER_IGNORE)
			return false;
	return true;
}

int
sighand_prepare_reset(struct sighand *h)
{
	bool simple;

	spin_lock(&h->lock);
	simple = resets_to_default(h->table);
	spin_unlock(&h->lock);
	return simple ? 0 : sighand_own(h);
}

int
sighand_reset(struct sighand *h)
{
	struct sigtable *old = NULL;

	spin_lock(&h->lock);
	if (resets_to_default(h->table)) {
		old = h->table;
		refcount_get(&default_table.refs);
		h->table = &default_table;
	}
	spin_unlock(&h->lock);
	table_put(old);
	return old != NULL ? 0 : change(h, change_handlers, 0, NULL);
}

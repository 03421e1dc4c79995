#include "proc/signal_queue.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#include <asm/siginfo.h>
#include <asm/signal.h>

/* The layout that programs know; ours is its beginning. */
static_assert(sizeof(struct sig_info) == 48, "siginfo_t without its tail");
static_assert(offsetof(siginfo_t, si_code) == 8, "ABI");
static_assert(offsetof(siginfo_t, si_pid) == 16, "ABI");
static_assert(offsetof(siginfo_t, si_value) == 24, "ABI");
static_assert(offsetof(siginfo_t, si_status) == 24, "ABI");
static_assert(offsetof(siginfo_t, si_utime) == 32, "ABI");
static_assert(offsetof(siginfo_t, si_addr) == 16, "ABI");
static_assert(offsetof(struct sig_info, from.value) == 24, "ABI");
static_assert(offsetof(struct sig_info, child.status) == 24, "ABI");
static_assert(offsetof(struct sig_info, child.stime_ticks) == 40, "ABI");

struct sigitem {
	struct list link;
	struct sig_info info;
};

/* Caused by the thread's own instruction: they come before all others. */
#define FAULTS                                                                 \
	(1ul << (SIGSEGV - 1) | 1ul << (SIGBUS - 1) | 1ul << (SIGILL - 1) |    \
	    1ul << (SIGTRAP - 1) | 1ul << (SIGFPE - 1) | 1ul << (SIGSYS - 1))

void
sigqueue_init(struct sigqueue *q)
{
	q->set = (struct sigset){0};
	list_init(&q->items);
}

/*
 * The kernel's and kill's standard signals have at most one item each, so they
 * may go over the quota without growing beyond bounds.
 */
static bool
has_room(const struct sig_info *info, const struct sigquota *quota)
{
	if (info->signo < SIGNAL_RTMIN && info->code >= 0)
		return true;
	return quota->used < quota->limit;
}

static bool
add_item(
    struct sigqueue *q, const struct sig_info *info, struct sigquota *quota)
{
	struct sigitem *item;

	if (!has_room(info, quota))
		return false;
	item = kmalloc(sizeof(*item));
	if (item == NULL)
		return false;
	item->info = *info;
	list_push_back(&q->items, &item->link);
	quota->used++;
	return true;
}

static void
free_item(struct sigitem *item, struct sigquota *quota)
{
	assert(quota->used > 0);
	list_remove(&item->link);
	quota->used--;
	kfree(item);
}

int
sigqueue_put(
    struct sigqueue *q, const struct sig_info *info, struct sigquota *quota)
{
	int signo = info->signo;

	assert(signo_valid(signo));
	if (signo < SIGNAL_RTMIN && sigset_has(q->set, signo))
		return 0;
	/* Nobody can ask what SIGKILL had to tell. */
	if (signo != SIGKILL && !add_item(q, info, quota)) {
		/* kill has never failed for want of memory; sigqueue may. */
		if (signo >= SIGNAL_RTMIN && info->code != SI_USER)
			return -EAGAIN;
	}
	sigset_add(&q->set, signo);
	return 0;
}

int
sigqueue_first(struct sigset set)
{
	struct sigset faults = {set.bits & FAULTS};

	if (sigset_empty(set))
		return 0;
	return sigset_first(sigset_empty(faults) ? set : faults);
}

static struct sigitem *
find_item(struct sigqueue *q, int signo, bool *more)
{
	struct sigitem *found = NULL;
	struct sigitem *item;

	*more = false;
	list_for_each (item, &q->items, link) {
		if (item->info.signo != signo)
			continue;
		if (found != NULL) {
			*more = true;
			break;
		}
		found = item;
	}
	return found;
}

int
sigqueue_take(struct sigqueue *q, struct sigset allowed, struct sig_info *info,
    struct sigquota *quota)
{
	int signo = sigqueue_first(sigset_and(q->set, allowed));
	struct sigitem *item;
	bool more;

	if (signo == 0)
		return 0;
	item = find_item(q, signo, &more);
	if (!more)
		sigset_del(&q->set, signo);
	if (item != NULL) {
		*info = item->info;
		free_item(item, quota);
	} else {
		memset(info, 0, sizeof(*info));
		info->signo = signo;
		info->code = SI_USER;
	}
	return signo;
}

void
sigqueue_discard(struct sigqueue *q, struct sigset set, struct sigquota *quota)
{
	struct sigitem *item, *next;

	if (sigset_empty(sigset_and(q->set, set)))
		return;
	q->set = sigset_without(q->set, set);
	list_for_each_safe (item, next, &q->items, link)
		if (sigset_has(set, item->info.signo))
			free_item(item, quota);
}

struct sig_info *
sigqueue_find_timer(struct sigqueue *q, s32 id)
{
	struct sigitem *item;

	list_for_each (item, &q->items, link)
		if (item->info.pad == SIG_INFO_OF_TIMER &&
		    item->info.timer.id == id)
			return &item->info;
	return NULL;
}

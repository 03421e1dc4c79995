/* Waiting for many files: ppoll, and pselect6 on top of the same. */
#include <linux/poll.h>
#include <linux/resource.h>

#include "core/clock.h"
#include "fs/poll.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/limits.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/*
 * struct watch: the files of one call, held open until it is over.
 */
struct watch {
	u32 nr;
	struct poll_entry *entries;
	struct fd *fds;
};

static int
watch_init(struct watch *w, u32 nr)
{
	size_t one = sizeof(struct poll_entry) + sizeof(struct fd);

	w->nr = nr;
	w->entries = kzalloc(MAX(nr, 1u) * one);
	if (w->entries == NULL)
		return -ENOMEM;
	w->fds = (struct fd *)(w->entries + nr);
	return 0;
}

static void
watch_free(struct watch *w)
{
	u32 i;

	for (i = 0; i < w->nr; i++)
		if (w->entries[i].file != NULL)
			fd_put(&w->fds[i]);
	kfree(w->entries);
}

/* Watches descriptor n for events; false when it is not open. */
static bool
watch_add(struct watch *w, u32 i, int n, u16 events)
{
	if (fd_get(n, &w->fds[i]) < 0)
		return false;
	w->entries[i].file = w->fds[i].file;
	w->entries[i].events = events;
	return true;
}

/* A time-out, and a mask for the time of the wait. */
struct wait_args {
	u64 deadline_ns;
	bool has_mask;
	struct sigset mask;
};

static int
wait_args_get(struct wait_args *a, uaddr_t timeout, uaddr_t mask, u64 size)
{
	int err = sys_deadline_get(timeout, &a->deadline_ns);

	a->has_mask = mask.val != 0;
	if (err == 0 && a->has_mask)
		err = sys_sigset_get(mask, size, &a->mask);
	return err;
}

static int
watch_wait(struct watch *w, const struct wait_args *a)
{
	int got;

	if (a->has_mask)
		signal_mask_push(a->mask);
	got = poll_wait_many(w->entries, w->nr, a->deadline_ns);
	/* Again after a signal, unless a handler ran. */
	if (got == -EINTR)
		got = -ERESTARTNOHAND;
	if (a->has_mask)
		signal_mask_pop_unless(got == -ERESTARTNOHAND);
	return got;
}

/* What is left of the time goes back to the caller, if it can be written. */
static void
put_time_left(uaddr_t user, u64 deadline_ns)
{
	u64 now = clock_mono_ns();
	int err;

	if (user.val == 0 || deadline_ns == NO_DEADLINE)
		return;
	err = sys_timespec_put(user, deadline_ns > now ? deadline_ns - now : 0);
	(void)err;
}

/* ---- ppoll -------------------------------------------------------------- */

static int
poll_import(struct watch *w, struct pollfd *p)
{
	u32 i;
	int bad = 0;

	for (i = 0; i < w->nr; i++) {
		p[i].revents = 0;
		if (p[i].fd < 0)
			continue;
		if (watch_add(w, i, p[i].fd, (u16)p[i].events))
			continue;
		p[i].revents = POLLNVAL;
		bad++;
	}
	return bad;
}

static int
poll_export(struct watch *w, struct pollfd *p)
{
	int nr = 0;
	u32 i;

	for (i = 0; i < w->nr; i++) {
		if (w->entries[i].file != NULL)
			p[i].revents = (short)w->entries[i].revents;
		if (p[i].revents != 0)
			nr++;
	}
	return nr;
}

static s64
poll_files(struct watch *w, struct pollfd *p, struct wait_args *a)
{
	int got;

	/* Bad descriptors are an answer at once; the others are asked too. */
	if (poll_import(w, p) > 0)
		a->deadline_ns = 0;
	got = watch_wait(w, a);
	return got < 0 ? got : poll_export(w, p);
}

static int
put_revents(uaddr_t user, const struct pollfd *p, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		uaddr_t at = uaddr(user.val + i * sizeof(*p) +
		    offsetof(struct pollfd, revents));

		if (user_write(at, &p[i].revents, sizeof(p[i].revents)) < 0)
			return -EFAULT;
	}
	return 0;
}

static s64
poll_user(uaddr_t user, u32 nr, struct pollfd *p, struct wait_args *a)
{
	struct watch w;
	s64 got;

	if (user_read(p, user, nr * sizeof(*p)) < 0)
		return -EFAULT;
	got = watch_init(&w, nr);
	if (got < 0)
		return got;
	got = poll_files(&w, p, a);
	watch_free(&w);
	if (got >= 0 && put_revents(user, p, nr) < 0)
		return -EFAULT;
	return got;
}

s64
sys_ppoll(uaddr_t user, u32 nr, uaddr_t timeout, uaddr_t mask, u64 size)
{
	struct wait_args a;
	struct pollfd *p;
	u64 deadline;
	s64 got = wait_args_get(&a, timeout, mask, size);

	if (got < 0)
		return got;
	if (nr > limit_current(RLIMIT_NOFILE))
		return -EINVAL;
	p = kmalloc(MAX(nr, 1u) * sizeof(*p));
	if (p == NULL)
		return -ENOMEM;
	deadline = a.deadline_ns;
	got = poll_user(user, nr, p, &a);
	kfree(p);
	put_time_left(timeout, deadline);
	return got;
}

/* ---- pselect6 ----------------------------------------------------------- */

#define SELECT_MAX   1024 /* descriptors that an fd_set of the C library has */
#define SELECT_WORDS (SELECT_MAX / 64)

#define SELECT_IN  (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define SELECT_OUT (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define SELECT_EX  POLLPRI

static const u16 select_events[3] = {SELECT_IN, SELECT_OUT, SELECT_EX};

struct select {
	u32 nr; /* descriptors to look at */
	uaddr_t user[3];
	u64 set[3][SELECT_WORDS];
};

static size_t
select_bytes(const struct select *s)
{
	return align_up(s->nr, 64) / 8;
}

static int
select_get(struct select *s)
{
	u32 k;

	memset(s->set, 0, sizeof(s->set));
	for (k = 0; k < 3; k++)
		if (s->user[k].val != 0 &&
		    user_read(s->set[k], s->user[k], select_bytes(s)) < 0)
			return -EFAULT;
	return 0;
}

static int
select_put(struct select *s)
{
	u32 k;

	for (k = 0; k < 3; k++)
		if (s->user[k].val != 0 &&
		    user_write(s->user[k], s->set[k], select_bytes(s)) < 0)
			return -EFAULT;
	return 0;
}

static bool
in_set(const struct select *s, u32 k, u32 n)
{
	return (s->set[k][n / 64] >> (n % 64) & 1) != 0;
}

static int
select_import(struct select *s, struct watch *w)
{
	u32 n, k;

	for (n = 0; n < s->nr; n++) {
		u16 events = 0;

		for (k = 0; k < 3; k++)
			if (in_set(s, k, n))
				events |= select_events[k];
		if (events != 0 && !watch_add(w, n, (int)n, events))
			return -EBADF;
	}
	return 0;
}

/* A bit stays where its descriptor is ready for what the set is about. */
static int
select_export(struct select *s, const struct watch *w)
{
	int nr = 0;
	u32 n, k;

	for (n = 0; n < s->nr; n++) {
		for (k = 0; k < 3; k++) {
			if (!in_set(s, k, n))
				continue;
			if (w->entries[n].revents & select_events[k])
				nr++;
			else
				s->set[k][n / 64] &= ~(1ul << (n % 64));
		}
	}
	return nr;
}

static s64
select_files(struct select *s, const struct wait_args *a)
{
	struct watch w;
	s64 got = watch_init(&w, s->nr);

	if (got < 0)
		return got;
	got = select_import(s, &w);
	if (got == 0)
		got = watch_wait(&w, a);
	if (got >= 0)
		got = select_export(s, &w);
	watch_free(&w);
	return got;
}

/* The sixth argument points to the mask and its size. */
static int
select_args(struct wait_args *a, uaddr_t timeout, uaddr_t pair)
{
	u64 words[2] = {0, 0};

	if (pair.val != 0 && user_read(words, pair, sizeof(words)) < 0)
		return -EFAULT;
	return wait_args_get(a, timeout, uaddr(words[0]), words[1]);
}

s64
sys_pselect6(
    int nr, uaddr_t in, uaddr_t out, uaddr_t ex, uaddr_t timeout, uaddr_t pair)
{
	struct wait_args a;
	struct select s = {.user = {in, out, ex}};
	s64 got = select_args(&a, timeout, pair);

	if (got < 0)
		return got;
	if (nr < 0)
		return -EINVAL;
	s.nr = MIN((u32)nr, (u32)SELECT_MAX);
	got = select_get(&s);
	if (got == 0)
		got = select_files(&s, &a);
	put_time_left(timeout, a.deadline_ns);
	if (got >= 0 && select_put(&s) < 0)
		return -EFAULT;
	return got;
}

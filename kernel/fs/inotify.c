/*
 * inotify: the file that is read, its events and its watches' numbers.
 *
 * Events wait in a list.  One that is the same as the last is not added again;
 * when there are too many, or there is no memory, one that says so is, once.
 * What one user's watches and unread events may take is a part of memory.
 */
#include "fs/inotify.h"

#include <asm/ioctls.h>
#include <linux/poll.h>

#include "core/thread.h"
#include "fs/notify_impl.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "mm/usercopy.h"

/* What of add_watch's mask a mark keeps. */
#define KEPT (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)

static const struct file_ops inotify_file_ops;

/* ---- users and limits ------------------------------------------------- */

#define NR_USERS 32 /* arbitrary: few machines have more users at a time */

/*
 * struct inotify_user: made with a user's first instance, freed with the last.
 * Locks: NOTIFY
 */
struct inotify_user {
	struct inotify_user *next;
	u32 uid;
	u32 nr_instances;
	u32 nr_watches;
	u64 event_bytes;
};

static struct inotify_user *users[NR_USERS]; /* n */

/*
 * A hundredth of memory, as on Linux, for the watches of one user, each of
 * which keeps an inode; and a sixty-fourth for what he has not read.
 */
#define WATCH_BYTES  1024
#define WATCH_PART   100
#define EVENT_PART   64
#define MOST_WATCHES 65536
#define MOST_EVENTS  16384

/* 0: not set yet, and as much as memory allows. */
static u32 limits[NR_INOTIFY_LIMITS] = {[INOTIFY_INSTANCES] = 128}; /* a */

static u64
memory_bytes(void)
{
	struct frame_stats s;

	frame_stats(&s);
	return s.total * PAGE_SIZE;
}

u32
inotify_limit(enum inotify_limit which)
{
	u64 nr = atomic_load(&limits[which]);

	if (nr == 0 && which == INOTIFY_WATCHES)
		nr = MIN(memory_bytes() / WATCH_PART / WATCH_BYTES,
		    (u64)MOST_WATCHES);
	if (nr == 0 && which == INOTIFY_EVENTS)
		nr = MIN(
		    memory_bytes() / EVENT_PART / sizeof(struct notify_event),
		    (u64)MOST_EVENTS);
	return nr;
}

void
inotify_set_limit(enum inotify_limit which, u32 nr)
{
	atomic_store(&limits[which], MAX(nr, 1u));
}

/* Takes spare where there is none yet.  Errors: -EMFILE. */
static int
get_user_locked(u32 uid, struct inotify_user **spare, struct inotify_user **out)
    MUST_HOLD(&notify_lock)
{
	struct inotify_user **at = &users[uid % NR_USERS];

	while (*at && (*at)->uid != uid)
		at = &(*at)->next;
	if (!*at) {
		*at = *spare;
		(*at)->uid = uid;
		*spare = NULL;
	}
	if ((*at)->nr_instances >= inotify_limit(INOTIFY_INSTANCES))
		return -EMFILE;
	(*at)->nr_instances++;
	*out = *at;
	return 0;
}

/* What is to be freed, or NULL. */
static struct inotify_user *
put_user_locked(struct inotify_user *u) MUST_HOLD(&notify_lock)
{
	struct inotify_user **at = &users[u->uid % NR_USERS];

	if (--u->nr_instances > 0)
		return NULL;
	assert(u->nr_watches == 0 && u->event_bytes == 0);
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	return u;
}

/* ---- events ----------------------------------------------------------- */

/* A name, and zeroes to a multiple of what comes before it. */
static u32
size_of(const struct notify_event *e)
{
	u32 unit = sizeof(struct inotify_event);

	return unit + (e->len ? (e->len + unit) / unit * unit : 0);
}

static void
append_locked(struct inotify *n, struct notify_event *e) MUST_HOLD(&notify_lock)
{
	list_push_back(&n->events, &e->link);
	n->nr_events++;
	n->unread_bytes += size_of(e);
	waitq_wake(&n->readable);
}

/* e is whose it was before append_locked. */
static void
take_locked(struct inotify *n, struct notify_event *e) MUST_HOLD(&notify_lock)
{
	list_remove(&e->link);
	n->nr_events--;
	n->unread_bytes -= size_of(e);
	if (e != &n->lost)
		n->user->event_bytes -= sizeof(*e) + e->len;
}

static void
free_event(struct inotify *n, struct notify_event *e)
{
	if (e != &n->lost)
		kfree(e);
}

static bool
is_last_locked(const struct inotify *n, s32 wd, const struct notify_what *what)
    MUST_HOLD(&notify_lock)
{
	const struct notify_event *e;

	if (list_empty(&n->events))
		return false;
	e = list_entry(n->events.prev, struct notify_event, link);
	return e->mask == what->mask && !(e->mask & IN_IGNORED) &&
	    e->wd == wd && e->len == what->name.len &&
	    memcmp(e->name, what->name.text, e->len) == 0;
}

/* NULL: there is no room for it. */
static struct notify_event *
create_locked(struct inotify *n, u32 len) MUST_HOLD(&notify_lock)
{
	u64 bytes = sizeof(struct notify_event) + len;
	struct notify_event *e;

	if (n->nr_events >= inotify_limit(INOTIFY_EVENTS) ||
	    n->user->event_bytes + bytes > memory_bytes() / EVENT_PART)
		return NULL;
	e = kmalloc(bytes);
	if (!e)
		return NULL;
	e->name = (char *)(e + 1);
	n->user->event_bytes += bytes;
	return e;
}

void
inotify_tell_locked(struct inotify *n, s32 wd, const struct notify_what *what)
{
	struct notify_event *e;

	if (is_last_locked(n, wd, what))
		return;
	e = create_locked(n, what->name.len);
	if (!e) {
		if (list_empty(&n->lost.link))
			append_locked(n, &n->lost);
		return;
	}
	list_init(&e->link);
	e->wd = wd;
	e->mask = what->mask;
	e->cookie = what->cookie;
	e->len = what->name.len;
	memcpy(e->name, what->name.text, e->len);
	append_locked(n, e);
}

/* ---- watches ---------------------------------------------------------- */

static int
by_wd(const void *key, const struct rb_node *node)
{
	const struct notify_mark *m = rb_entry(node, struct notify_mark, node);
	s32 wd = *(const s32 *)key;

	return wd < m->wd ? -1 : wd > m->wd;
}

static int
order(const struct rb_node *a, const struct rb_node *b)
{
	return by_wd(&rb_entry(a, struct notify_mark, node)->wd, b);
}

void
inotify_enter_locked(struct notify_mark *m)
{
	struct inotify *n = m->owner;

	/* There are fewer marks than numbers. */
	do
		n->last_wd = n->last_wd == INT32_MAX ? 1 : n->last_wd + 1;
	while (rb_find(&n->marks, &n->last_wd, by_wd));
	m->wd = n->last_wd;
	rb_insert(&n->marks, &m->node, order);
	n->user->nr_watches++;
}

void
inotify_leave_locked(struct notify_mark *m)
{
	rb_erase(&m->owner->marks, &m->node);
	m->owner->user->nr_watches--;
}

static int
of_file(struct file *f, struct inotify **out)
{
	if (f->ops != &inotify_file_ops)
		return -EINVAL;
	*out = f->private;
	return 0;
}

/* The number of the watch; takes *spare for a new one. */
static s64
add_locked(struct inotify *n, struct inode *i, u32 mask,
    struct notify_mark **spare) MUST_HOLD(&notify_lock)
{
	struct notify_mark *m = notify_find_locked(n, i);
	u32 kept = (mask & KEPT) | IN_UNMOUNT;

	if (m) {
		if (mask & IN_MASK_CREATE)
			return -EEXIST;
		m->mask = (mask & IN_MASK_ADD) ? m->mask | kept : kept;
		return m->wd;
	}
	if (n->user->nr_watches >= inotify_limit(INOTIFY_WATCHES))
		return -ENOSPC;
	m = *spare;
	*spare = NULL;
	m->owner = n;
	m->inode = i;
	m->mask = kept;
	notify_add_locked(m);
	return m->wd;
}

static s64
add(struct inotify *n, struct inode *i, u32 mask)
{
	struct notify_mark *spare = kzalloc(sizeof(*spare));
	s64 wd;

	if (!spare)
		return -ENOMEM;
	list_init(&spare->link);
	spin_lock(&notify_lock);
	wd = add_locked(n, i, mask, &spare);
	spin_unlock(&notify_lock);
	kfree(spare);
	return wd;
}

s64
inotify_add(
    const struct fs_who *who, struct file *f, struct fs_name name, u32 mask)
{
	u32 flags = ((mask & IN_DONT_FOLLOW) ? NAMEI_NOFOLLOW : 0) |
	    ((mask & IN_ONLYDIR) ? NAMEI_DIRECTORY : 0);
	struct inotify *n;
	struct path p;
	s64 wd = of_file(f, &n);

	if (wd < 0)
		return wd;
	wd = namei_lookup(who, name, flags, &p);
	if (wd < 0)
		return wd;
	wd = inode_may(p.dentry->inode, who->cred, MAY_READ);
	if (wd == 0)
		wd = add(n, p.dentry->inode, mask);
	path_put(p);
	return wd;
}

int
inotify_remove(struct file *f, s32 wd)
{
	const struct notify_what what = {.mask = IN_IGNORED};
	struct notify_mark *m = NULL;
	struct rb_node *node;
	struct inotify *n;
	int err = of_file(f, &n);

	if (err < 0)
		return err;
	spin_lock(&notify_lock);
	node = rb_find(&n->marks, &wd, by_wd);
	if (node) {
		m = rb_entry(node, struct notify_mark, node);
		notify_remove_locked(m);
		inotify_tell_locked(n, wd, &what);
	}
	spin_unlock(&notify_lock);
	if (!m)
		return -EINVAL;
	notify_mark_free(m);
	return 0;
}

/* ---- reading ---------------------------------------------------------- */

/*
 * The first event, if it takes no more than room; *head is of it.
 * Errors: -EAGAIN there is none, -EINVAL it takes more.
 */
static int
take_first_locked(struct inotify *n, u64 room, struct notify_event **out,
    struct inotify_event *head) MUST_HOLD(&notify_lock)
{
	struct notify_event *e =
	    list_first(&n->events, struct notify_event, link);

	if (!e)
		return -EAGAIN;
	if (size_of(e) > room)
		return -EINVAL;
	take_locked(n, e);
	*head = (struct inotify_event){
	    .wd = e->wd,
	    .mask = e->mask,
	    .cookie = e->cookie,
	    .len = size_of(e) - sizeof(*head),
	};
	*out = e;
	return 0;
}

static int
wait_for_first(struct file *f, struct inotify *n, u64 room, bool more,
    struct notify_event **out, struct inotify_event *head)
{
	int err;

	spin_lock(&notify_lock);
	for (;;) {
		err = take_first_locked(n, room, out, head);
		if (err != -EAGAIN || more || (file_flags(f) & O_NONBLOCK))
			break;
		err = waitq_wait_spin(&n->readable, &notify_lock,
		    PARK_INTERRUPTIBLE, NO_DEADLINE, "inotify");
		if (err < 0)
			break;
	}
	spin_unlock(&notify_lock);
	return err == -EINTR ? -ERESTARTSYS : err;
}

/* Event and name, with zeroes behind it.  len 0: not even the event's own. */
static int
put_event(struct iov_iter *to, const struct inotify_event *head,
    const struct notify_event *e)
{
	static const char zeroes[sizeof(*head)];
	u32 rest;

	if (iov_put(to, head, sizeof(*head)) != sizeof(*head))
		return -EFAULT;
	if (head->len == 0)
		return 0;
	rest = head->len - e->len;
	if (iov_put(to, e->name, e->len) != e->len ||
	    iov_put(to, zeroes, rest) != rest)
		return -EFAULT;
	return 0;
}

static s64
inotify_read(struct file *f, struct iov_iter *to, u64 *pos)
{
	struct inotify *n = f->private;
	struct inotify_event head;
	struct notify_event *e;
	s64 done = 0;
	int err;

	(void)pos;
	for (;;) {
		err = wait_for_first(f, n, to->left_bytes, done > 0, &e, &head);
		if (err < 0)
			break;
		err = put_event(to, &head, e);
		free_event(n, e);
		if (err < 0)
			return err;
		done += sizeof(head) + head.len;
		thread_preempt_point();
	}
	return done > 0 ? done : err;
}

static u32
inotify_poll(struct file *f, struct poll_table *t)
{
	struct inotify *n = f->private;
	bool ready;

	poll_wait(t, &n->readable);
	spin_lock(&notify_lock);
	ready = !list_empty(&n->events);
	spin_unlock(&notify_lock);
	return ready ? POLLIN | POLLRDNORM : 0;
}

static s64
inotify_ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg)
{
	struct inotify *n = f->private;
	s32 bytes;

	(void)who;
	if (cmd != FIONREAD)
		return -ENOTTY;
	spin_lock(&notify_lock);
	bytes = (s32)n->unread_bytes;
	spin_unlock(&notify_lock);
	return user_write(uaddr(arg), &bytes, sizeof(bytes));
}

/* ---- coming and going ------------------------------------------------- */

static struct notify_mark *
take_any_mark(struct inotify *n)
{
	struct notify_mark *m = NULL;
	struct rb_node *node;

	spin_lock(&notify_lock);
	node = rb_first(&n->marks);
	if (node) {
		m = rb_entry(node, struct notify_mark, node);
		notify_remove_locked(m);
	}
	spin_unlock(&notify_lock);
	return m;
}

static bool
drop_event(struct inotify *n)
{
	struct notify_event *e;

	spin_lock(&notify_lock);
	e = list_first(&n->events, struct notify_event, link);
	if (e)
		take_locked(n, e);
	spin_unlock(&notify_lock);
	if (e)
		free_event(n, e);
	return e != NULL;
}

static void
discard(struct inotify *n)
{
	struct inotify_user *gone;

	spin_lock(&notify_lock);
	gone = put_user_locked(n->user);
	spin_unlock(&notify_lock);
	kfree(gone);
	kfree(n);
}

static void
inotify_release(struct file *f)
{
	struct inotify *n = f->private;
	struct notify_mark *m;

	while ((m = take_any_mark(n))) {
		notify_mark_free(m);
		thread_preempt_point();
	}
	while (drop_event(n))
		thread_preempt_point();
	discard(n);
}

static const struct file_ops inotify_file_ops = {
    .release = inotify_release,
    .read = inotify_read,
    .poll = inotify_poll,
    .ioctl = inotify_ioctl,
    .kind = "inotify",
};

static int
charge(u32 uid, struct inotify_user **out)
{
	struct inotify_user *spare = kzalloc(sizeof(*spare));
	int err;

	if (!spare)
		return -ENOMEM;
	spin_lock(&notify_lock);
	err = get_user_locked(uid, &spare, out);
	spin_unlock(&notify_lock);
	kfree(spare);
	return err;
}

int
inotify_create(u32 uid, u32 flags, struct file **out)
{
	struct inotify *n = kzalloc(sizeof(*n));
	int err;

	if (!n)
		return -ENOMEM;
	list_init(&n->events);
	list_init(&n->lost.link);
	n->lost.wd = -1;
	n->lost.mask = IN_Q_OVERFLOW;
	rb_init(&n->marks);
	waitq_init(&n->readable);
	err = charge(uid, &n->user);
	if (err < 0) {
		kfree(n);
		return err;
	}
	err = file_create_anon(
	    &inotify_file_ops, NULL, O_RDONLY | (flags & O_NONBLOCK), n, out);
	if (err < 0)
		discard(n);
	return err;
}

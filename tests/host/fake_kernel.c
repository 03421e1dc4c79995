#include "fake_machine.h"

#include "fake_kernel.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/mutex.h"
#include "core/panic.h"
#include "core/printk.h"
#include "core/random.h"
#include "core/spinlock.h"
#include "core/thread.h"
#include "fs/devpts.h"
#include "fs/epoll.h"
#include "fs/file.h"
#include "fs/memfd.h"
#include "fs/notify.h"
#include "lib/errno.h"
#include "mm/frame.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "mm/stat.h"
#include "mm/usercopy.h"

/* ---- memory ------------------------------------------------------------- */

#define MOST_BYTES (16u << 20)

/* kfree is not told the length, fake_free wants it. */
struct block {
	size_t len_bytes;
	size_t unused;
};

void *
kmalloc(size_t len_bytes)
{
	struct block *b;

	/* Nothing that a test does is worth so much at once. */
	assert_true(len_bytes <= MOST_BYTES);
	b = fake_alloc(sizeof(*b) + len_bytes);
	if (b == NULL)
		return NULL;
	b->len_bytes = len_bytes;
	memset(b + 1, 0xa5, len_bytes);
	return b + 1;
}

void *
kzalloc(size_t len_bytes)
{
	void *p = kmalloc(len_bytes);

	return p ? memset(p, 0, len_bytes) : NULL;
}

void
kfree(void *p)
{
	struct block *b = p;

	if (p == NULL)
		return;
	b--;
	memset(p, 0x5a, b->len_bytes);
	fake_free(b, sizeof(*b) + b->len_bytes);
}

void *
kmemdup(const void *src, size_t len_bytes)
{
	void *p = kmalloc(len_bytes);

	return p ? memcpy(p, src, len_bytes) : NULL;
}

char *
kstrdup(const char *s)
{
	return kmemdup(s, strlen(s) + 1);
}

/* ---- frames ------------------------------------------------------------- */

#define NR_FRAMES 4096

static struct page pages[NR_FRAMES + 1];
/* An allocation each, so that frames are counted with the rest. */
static void *stands_for[NR_FRAMES];
static u8 memory[(NR_FRAMES + 1) * PAGE_SIZE] ALIGNED(PAGE_SIZE);

struct page *page_array = pages;
u64 page_first = 1;
u64 page_count = NR_FRAMES;
struct page *zero_page = &pages[NR_FRAMES];
u64 direct_base;

__attribute__((constructor)) static void
place_memory(void)
{
	direct_base = (u64)memory - (page_first << PAGE_SHIFT);
}

struct page *
frame_alloc_zero(enum page_kind kind)
{
	void *counted = fake_alloc(1);
	u64 i = 0;

	if (counted == NULL)
		return NULL;
	while (refcount_read(&pages[i].refs) != 0)
		i++;
	assert_true(i < NR_FRAMES);
	refcount_init(&pages[i].refs, 1);
	pages[i].kind = kind;
	pages[i].dirty = 0;
	stands_for[i] = counted;
	memset(page_kva(&pages[i]), 0, PAGE_SIZE);
	return &pages[i];
}

void
frame_free(struct page *p)
{
	assert(p != zero_page);
	p->kind = PAGE_FREE;
	fake_free(stands_for[p - pages], 1);
}

struct frame_reclaimer *fake_reclaimer;

/* A test may have its own. */
__attribute__((weak)) void
frame_add_reclaimer(struct frame_reclaimer *r)
{
	fake_reclaimer = r;
}

__attribute__((weak)) bool
frame_keep_some(void)
{
	return true;
}

u64 mm_stats[NR_MM_STATS];

void mm_forget_object(struct object *o, u64 index);

void
mm_forget_object(struct object *o, u64 index)
{
	(void)o;
	(void)index;
}

void mm_protect_object(struct object *o);
void (*fake_on_protect)(void);
void (*fake_on_preempt)(void);

void
mm_protect_object(struct object *o)
{
	(void)o;
	if (fake_on_protect != NULL)
		fake_on_protect();
}

/* ---- locks, which nobody else wants ------------------------------------- */

u32 fake_nr_mutexes;

void
mutex_init(struct mutex *m, enum lock_rank rank)
{
	memset(m, 0, sizeof(*m));
	m->rank = rank;
}

void
mutex_lock(struct mutex *m) NO_LOCK_CHECK
{
	assert_int_equal(m->owner, 0);
	m->owner = 1;
	fake_nr_mutexes++;
}

void
mutex_lock_second(struct mutex *m) NO_LOCK_CHECK
{
	mutex_lock(m);
}

void
mutex_unlock(struct mutex *m) NO_LOCK_CHECK
{
	assert_int_equal(m->owner, 1);
	m->owner = 0;
	fake_nr_mutexes--;
}

bool
mutex_held(const struct mutex *m)
{
	return m->owner == 1;
}

void
spin_init(struct spinlock *l, enum lock_rank rank)
{
	l->locked = 0;
	l->rank = rank;
}

void
spin_lock(struct spinlock *l) NO_LOCK_CHECK
{
	assert_int_equal(l->locked, 0);
	l->locked = 1;
}

void
spin_unlock(struct spinlock *l) NO_LOCK_CHECK
{
	assert_int_equal(l->locked, 1);
	l->locked = 0;
}

/* A test may have its own. */
__attribute__((weak)) bool
spin_trylock(struct spinlock *l) NO_LOCK_CHECK
{
	spin_lock(l);
	return true;
}

bool
mutex_trylock(struct mutex *m) NO_LOCK_CHECK
{
	if (m->owner != 0)
		return false;
	mutex_lock(m);
	return true;
}

void
waitq_init(struct waitq *q)
{
	list_init(&q->waiters);
}

void
waiter_init(struct waiter *w, bool exclusive)
{
	list_init(&w->link);
	w->exclusive = exclusive;
}

void
waitq_add(struct waitq *q, struct waiter *w)
{
	list_push_back(&q->waiters, &w->link);
}

void
waitq_remove(struct waitq *q, struct waiter *w)
{
	(void)q;
	list_remove(&w->link);
}

void
waitq_wake(struct waitq *q)
{
	(void)q;
}

void
waitq_wake_all(struct waitq *q)
{
	(void)q;
}

/* No test seals a file. */
bool
memfd_may_map_write(const struct file *f)
{
	return (f->access & FILE_WRITE) != 0;
}

void
memfd_init(void)
{
}

/* No test watches a file. */
void
epoll_forget_file(struct file *f)
{
	(void)f;
}

u32 notify_nr_marks;

void
notify_dentry(struct dentry *d, u32 mask, bool is_open)
{
	(void)d;
	(void)mask;
	(void)is_open;
}

void
notify_names(
    struct inode *dir, u32 mask, struct name name, u32 mode, u32 cookie)
{
	(void)dir;
	(void)mask;
	(void)name;
	(void)mode;
	(void)cookie;
}

void
notify_itself(struct inode *i, u32 mask)
{
	(void)i;
	(void)mask;
}

void
notify_end(struct inode *i)
{
	(void)i;
}

void
notify_unmounted(const struct filesystem *fs)
{
	(void)fs;
}

u32
notify_of_times(const struct file_times *times)
{
	(void)times;
	return 0;
}

u32
notify_new_cookie(void)
{
	return 0;
}

void (*fake_on_park)(void);

/* Nobody would ever wake the only thread: a signal has to, or the test. */
int
thread_park(enum park_mode mode, u64 deadline_ns, const char *what)
{
	(void)mode;
	(void)deadline_ns;
	(void)what;
	assert_int_equal(fake_nr_mutexes, 0);
	if (fake_on_park != NULL) {
		fake_on_park();
		return 0;
	}
	return -EINTR;
}

/* The only thread does not sleep. */
void
thread_unpark(struct thread *t)
{
	(void)t;
}

void
thread_preempt_point(void)
{
	if (fake_on_preempt)
		fake_on_preempt();
}

bool
thread_must_end(void)
{
	return false;
}

/* ---- the machine ----------------------------------------------------------
 */

static struct thread only_thread;
static struct hart only_hart = {.current = &only_thread};

struct hart *
hart_this(void)
{
	return &only_hart;
}

/* ---- the rest ------------------------------------------------------------ */

u64 fake_now_ns = 1000000000;

u64
clock_mono_ns(void)
{
	return fake_now_ns++;
}

u64
clock_real_ns(void)
{
	return fake_now_ns++;
}

/* A tick is a nanosecond. */
u64
clock_ticks(void)
{
	return fake_now_ns;
}

u64
clock_ns_to_ticks(u64 ns)
{
	return ns;
}

void
random_bytes(void *dst, size_t len)
{
	u8 *at = dst;

	while (len-- > 0)
		*at++ = (u8)fake_random();
}

u64
random_u64(void)
{
	return fake_random();
}

void
random_mix(const void *src, size_t len)
{
	(void)src;
	(void)len;
}

void
printk(const char *fmt, ...)
{
	(void)fmt;
}

void
printk_limited(const char *fmt, ...)
{
	(void)fmt;
}

void
panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

u64 fake_user_end = ~0ul;

/* How many bytes at addr cannot be had. */
static size_t
missing(uaddr_t addr, size_t len)
{
	if (addr.val < PAGE_SIZE || addr.val >= fake_user_end)
		return len;
	return len > fake_user_end - addr.val ? len - (fake_user_end - addr.val)
					      : 0;
}

void (*fake_on_user_read)(void);

size_t
user_read_some(void *dst, uaddr_t src, size_t len)
{
	size_t bad = missing(src, len);

	memcpy(dst, (const void *)src.val, len - bad);
	if (fake_on_user_read != NULL)
		fake_on_user_read();
	return bad;
}

size_t
user_write_some(uaddr_t dst, const void *src, size_t len)
{
	size_t bad = missing(dst, len);

	memcpy((void *)dst.val, src, len - bad);
	return bad;
}

int
user_write(uaddr_t dst, const void *src, size_t len)
{
	return user_write_some(dst, src, len) == 0 ? 0 : -EFAULT;
}

int
user_read(void *dst, uaddr_t src, size_t len)
{
	return user_read_some(dst, src, len) == 0 ? 0 : -EFAULT;
}

int
user_load32(uaddr_t src, u32 *out)
{
	return user_read_some(out, src, sizeof(*out)) == 0 ? 0 : -EFAULT;
}

/* ---- terminals: there are none ------------------------------------------ */

void
devpts_init(void)
{
}

int
devpts_open_master(struct file *f)
{
	(void)f;
	return -ENODEV;
}

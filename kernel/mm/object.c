/*
 * Objects: the pages of files and of shared memory.
 *
 * The lock guards which pages there are; the bytes in them are copied without
 * it, under a reference to the page, so that a copy to or from user memory may
 * fault and wait.
 */
#include "mm/object.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/audit.h"
#include "mm/mm_impl.h"
#include "mm/slab.h"
#include "mm/usercopy.h"

static void
xmap_free(void *p, size_t len)
{
	(void)len;
	kfree(p);
}

static const struct xmap_ops xmap_memory = {
    .alloc = kmalloc, .free = xmap_free};

void
object_init(struct object *o, const struct object_ops *ops, u64 size)
{
	refcount_init(&o->refs, 1);
	o->ops = ops;
	mutex_init(&o->lock, RANK_OBJECT);
	xmap_init(&o->pages, &xmap_memory);
	o->nr_pages = 0;
	o->size_bytes = size;
	o->nr_mapped = 0;
	o->nr_writable = 0;
	o->seen = 0;
	o->seen_writable = 0;
	o->nr_dirty = 0;
	o->nr_mapped_dirty = 0;
	o->nr_writing = 0;
	o->arriving_to = 0;
	o->round = 0;
	o->synced = 0;
	o->fill_next = 0;
	o->fill_nr = 0;
	o->sweep_next = 0;
	list_init(&o->in_cache);
}

/* Pages of objects that have a store. */
static u64 nr_stored; /* a */

u64
object_nr_stored(void)
{
	return atomic_load(&nr_stored);
}

void
object_drop_page(struct object *o, u64 index)
{
	struct page *p = xmap_remove(&o->pages, index);

	check(mutex_held(&o->lock) || refcount_read(&o->refs) == 0);
	assert(!(p->dirty & PAGE_WRITING));
	object_forget_marks(o, p);
	o->nr_pages--;
	if (object_has_store(o))
		atomic_sub(&nr_stored, 1);
	p->object = NULL;
	page_put(p);
}

/* Takes the pages from index on out of the object. */
static void
drop_pages(struct object *o, u64 index)
{
	audit_enter();
	while (xmap_next(&o->pages, index, &index) != NULL)
		object_drop_page(o, index++);
	audit_leave();
}

void
object_destroy(struct object *o)
{
	assert(refcount_read(&o->refs) == 0);
	assert(atomic_load(&o->nr_mapped) == 0);
	object_leave_cache(o);
	drop_pages(o, 0);
	o->ops->release(o);
}

void
object_put(struct object *o)
{
	if (o->ops->unused != NULL) {
		if (!refcount_put_unless_last(&o->refs))
			o->ops->unused(o);
	} else if (refcount_put(&o->refs)) {
		object_destroy(o);
	}
}

bool
object_drop(struct object *o)
{
	return refcount_put(&o->refs);
}

void
object_revive(struct object *o)
{
	/* The embedder's lock orders this after the drop that made it 0. */
	atomic_add(&o->refs.count, 1);
}

/* ---- shared anonymous memory -------------------------------------------- */

static void
anon_release(struct object *o)
{
	kfree(o);
}

static void
anon_describe(struct object *o, char *buf, size_t cap, u64 *dev, u64 *ino)
{
	(void)o;
	(void)!str_copy(buf, cap, "/dev/zero (deleted)");
	*dev = 1;
	*ino = (u64)o >> 4 & 0xffffff;
}

static const struct object_ops anon_ops = {
    .release = anon_release, .describe = anon_describe};

int
object_create_anon(u64 size_bytes, struct object **out)
{
	struct object *o = kmalloc(sizeof(*o));

	if (o == NULL)
		return -ENOMEM;
	object_init(o, &anon_ops, size_bytes);
	*out = o;
	return 0;
}

/* ---- pages -------------------------------------------------------------- */

int
object_add_page(struct object *o, u64 index, struct page *p)
{
	int err = xmap_set(&o->pages, index, p);

	if (err < 0)
		return err;
	p->object = o;
	p->index = index;
	p->used = 1;
	if (o->nr_pages++ == 0 && object_has_store(o))
		object_join_cache(o);
	if (object_has_store(o))
		atomic_add(&nr_stored, 1);
	return 0;
}

static int
make_page(struct object *o, u64 index, struct page **out)
{
	struct page *p = frame_alloc_zero(PAGE_CACHE);
	int err;

	if (p == NULL)
		return -ENOMEM;
	err = object_add_page(o, index, p);
	if (err < 0) {
		page_put(p);
		return err;
	}
	*out = p;
	return 0;
}

/* Beyond the size, where a write makes one, no store has anything. */
static int
fill_or_make(struct object *o, u64 index, struct page **out)
{
	if (object_has_store(o) && index < object_size_pages(o))
		return object_fill(o, index, out);
	return make_page(o, index, out);
}

/* Nothing is in *out when it fails: callers put what is there. */
static int
make_page_locked(struct object *o, u64 index, struct page **out)
{
	struct page *p;
	int err;

	/* Others can't take from this one while its lock is held. */
	if (object_has_store(o) && !frame_keep_some())
		(void)!object_reclaim_locked(o);
	err = fill_or_make(o, index, &p);
	if (err == -ENOMEM && object_has_store(o) && object_reclaim_locked(o))
		err = fill_or_make(o, index, &p);
	if (err < 0)
		return err;
	page_get(p);
	*out = p;
	return 0;
}

/* Locks: o's held. */
static inline int
get_page_locked(struct object *o, u64 index, struct page **out)
{
	struct page *p = xmap_get(&o->pages, index);

	if (unlikely(p == NULL))
		return make_page_locked(o, index, out);
	p->used = 1;
	page_get(p);
	*out = p;
	return 0;
}

int
object_page(struct object *o, u64 index, struct page **out)
{
	int err = -EFBIG;

	mutex_lock(&o->lock);
	if (index < object_size_pages(o))
		err = get_page_locked(o, index, out);
	mutex_unlock(&o->lock);
	return err;
}

struct page *
object_page_if_present(struct object *o, u64 index)
{
	struct page *p;

	mutex_lock(&o->lock);
	p = xmap_get(&o->pages, index);
	if (p != NULL)
		page_get(p);
	mutex_unlock(&o->lock);
	return p;
}

void
object_present_pages(struct object *o, u64 index, u32 nr, struct page **pages)
{
	u64 end;
	u32 i;

	mutex_lock(&o->lock);
	end = object_size_pages(o);
	for (i = 0; i < nr; i++) {
		pages[i] =
		    index + i < end ? xmap_get(&o->pages, index + i) : NULL;
		if (pages[i] != NULL)
			page_get(pages[i]);
	}
	mutex_unlock(&o->lock);
}

bool
object_next_page(struct object *o, u64 from, u64 *index)
{
	bool found;

	mutex_lock(&o->lock);
	found = xmap_next(&o->pages, from, index) != NULL;
	mutex_unlock(&o->lock);
	return found;
}

/* ---- bytes -------------------------------------------------------------- */

/*
 * One end of a copy: user memory or a kernel buffer, which advances.  Returns
 * how many bytes were not copied.
 */
struct end {
	bool user;
	u64 at;
};

static size_t
end_get(struct end *e, void *dst, size_t len)
{
	size_t left = 0;

	if (e->user)
		left = user_read_some(dst, uaddr(e->at), len);
	else
		memcpy(dst, (const void *)e->at, len);
	e->at += len - left;
	return left;
}

int
object_page_to_read(struct object *o, u64 index, struct page **out)
{
	if (likely(object_has_store(o)))
		return object_page(o, index, out);
	*out = object_page_if_present(o, index);
	if (*out == NULL) {
		page_get(zero_page);
		*out = zero_page;
	}
	return 0;
}

static bool
is_zero(const char *at, size_t len)
{
	while (len > 0 && *at == 0)
		at++, len--;
	return len == 0;
}

/*
 * What a mapping left behind the end is not to be seen when the end moves on.
 * Locks: o's held.
 */
static void
zero_tail(struct object *o)
{
	u64 in_page = o->size_bytes & PAGE_MASK;
	struct page *p = xmap_get(&o->pages, o->size_bytes >> PAGE_SHIFT);
	char *tail;

	if (in_page == 0 || p == NULL)
		return;
	tail = (char *)page_kva(p) + in_page;
	if (object_is_written_back(o) && !is_zero(tail, PAGE_SIZE - in_page))
		object_mark(o, p, PAGE_DIRTY);
	memset(tail, 0, PAGE_SIZE - in_page);
}

static int
page_to_write(struct object *o, u64 pos, size_t len, struct page **out)
{
	int err;

	mutex_lock(&o->lock);
	err = get_page_locked(o, pos >> PAGE_SHIFT, out);
	if (err == 0) {
		if (pos > o->size_bytes)
			zero_tail(o);
		if (object_is_written_back(o))
			o->arriving_to = pos + len;
	}
	mutex_unlock(&o->lock);
	return err;
}

/* Of the bytes up to end, of which there are any, the last has arrived. */
static void
raise_size(struct object *o, struct page *p, u64 end)
{
	if (end > o->size_bytes)
		atomic_store(&o->size_bytes, end);
	if (object_is_written_back(o))
		object_mark(o, p, PAGE_DIRTY);
}

/* Bytes up to end have arrived in the page at index, or with 0 none. */
static void
arrived(struct object *o, u64 index, struct page *p, u64 end)
{
	mutex_lock(&o->lock);
	if (end > 0)
		raise_size(o, p, end);
	o->arriving_to = 0;
	/* A page made for bytes that never came would lie beyond the end. */
	if (index << PAGE_SHIFT >= o->size_bytes &&
	    xmap_get(&o->pages, index) != NULL)
		object_drop_page(o, index);
	mutex_unlock(&o->lock);
}

static int
write_pages(struct object *o, u64 pos, struct end *e, size_t len, size_t *done)
{
	*done = 0;
	while (len > 0) {
		u64 in_page = pos & PAGE_MASK;
		size_t n = MIN(len, PAGE_SIZE - in_page);
		struct page *p;
		size_t left;
		int err;

		err = page_to_write(o, pos, n, &p);
		if (err < 0)
			return err;
		left = end_get(e, (char *)page_kva(p) + in_page, n);
		arrived(o, pos >> PAGE_SHIFT, p, left < n ? pos + n - left : 0);
		/* Only now: it is dirty, and nobody takes it for clean. */
		page_put(p);
		*done += n - left;
		if (left > 0)
			return -EFAULT;
		pos += n;
		len -= n;
	}
	return 0;
}

static int
write_bytes(struct object *o, u64 pos, struct end *e, size_t len, size_t *done)
{
	int err;

	audit_enter();
	err = write_pages(o, pos, e, len, done);
	audit_leave();
	return err;
}

int
object_write_user(
    struct object *o, u64 pos, uaddr_t src, size_t len, size_t *done)
{
	struct end e = {.user = true, .at = src.val};

	return write_bytes(o, pos, &e, len, done);
}

int
object_read(struct object *o, u64 pos, void *dst, size_t len)
{
	int err = 0;

	audit_enter();
	while (err == 0 && len > 0) {
		u64 in_page = pos & PAGE_MASK;
		size_t n = MIN(len, PAGE_SIZE - in_page);
		struct page *p;

		err = object_page_to_read(o, pos >> PAGE_SHIFT, &p);
		if (err < 0)
			break;
		memcpy(dst, (char *)page_kva(p) + in_page, n);
		page_put(p);
		dst = (char *)dst + n;
		pos += n;
		len -= n;
	}
	audit_leave();
	return err;
}

int
object_write(struct object *o, u64 pos, const void *src, size_t len)
{
	struct end e = {.at = (u64)src};
	size_t done;

	return write_bytes(o, pos, &e, len, &done);
}

/* ---- size --------------------------------------------------------------- */

void
object_grow(struct object *o, u64 size_bytes)
{
	mutex_lock(&o->lock);
	if (size_bytes > o->size_bytes) {
		zero_tail(o);
		atomic_store(&o->size_bytes, size_bytes);
	}
	mutex_unlock(&o->lock);
}

int
object_clear_tail(struct object *o)
{
	u64 in_page = o->size_bytes & PAGE_MASK;
	struct page *p;
	int err;

	assert(object_is_written_back(o));
	if (in_page == 0)
		return 0;
	audit_enter();
	mutex_lock(&o->lock);
	err = get_page_locked(o, o->size_bytes >> PAGE_SHIFT, &p);
	if (err == 0) {
		object_mark(o, p, PAGE_DIRTY);
		zero_tail(o);
		page_put(p);
	}
	mutex_unlock(&o->lock);
	audit_leave();
	return err;
}

/*
 * First the size, so that no fault brings a page beyond it back; then the
 * mappings, one address space at a time; then the pages themselves.
 */
void
object_truncate(struct object *o, u64 size_bytes)
{
	u64 keep = align_up(size_bytes, PAGE_SIZE) >> PAGE_SHIFT;

	mutex_lock(&o->lock);
	atomic_store(&o->size_bytes, size_bytes);
	mutex_unlock(&o->lock);
	if (atomic_load_acquire(&o->nr_mapped) != 0)
		mm_forget_object(o, keep);
	mutex_lock(&o->lock);
	if (object_is_written_back(o))
		object_wait_beyond(o, keep);
	drop_pages(o, keep);
	zero_tail(o);
	mutex_unlock(&o->lock);
}

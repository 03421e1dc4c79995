/*
 * Small objects come in sizes that are powers of two and the steps half way
 * between.  A slab is one page: a header, then objects of one size, the free
 * ones linked through their first word.  Slabs with free objects are on their
 * size's list.
 *
 * In the debug build a free object is filled with a pattern that is checked
 * when it is handed out again, and each object ends in a red zone.
 */
#include "mm/slab.h"

#include "arch/riscv/arch.h"
#include "core/panic.h"
#include "core/spinlock.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/kmap.h"

#define POISON     0x5a
#define REDZONE    0xb9b9b9b9b9b9b9b9ul
#define SLAB_MAGIC 0x51ab51ab

/*
 * struct slab: the head of one page of objects.
 * Locks: z the size's lock   c fixed
 */
struct slab {
	struct list link; /* z: in the size's list while it has free objects */
	void *free;       /* z: first free object */
	u32 nr_used;      /* z */
	u16 size_class;   /* c */
	u32 magic;        /* c */
};

struct size_class {
	struct spinlock lock; /* rank SLAB */
	struct list partial;  /* lock: slabs with free objects */
	u32 size;             /* c: bytes an object takes up */
	u32 per_slab;         /* c */
	u64 nr_used;          /* lock */
	u64 nr_slabs;         /* lock */
	bool spare;           /* lock: one empty slab is kept on the list */
};

static const u32 sizes[] = {
    16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1008, 1344, 2016};

#define NR_CLASSES ARRAY_SIZE(sizes)
#define SLAB_MAX   2016

static struct size_class classes[NR_CLASSES];
/* By (size + 15) / 16: which class serves it. */
static u8 class_of[SLAB_MAX / 16 + 1];

void
slab_init(void)
{
	u32 i, units;

	for (i = 0; i < NR_CLASSES; i++) {
		spin_init(&classes[i].lock, RANK_SLAB);
		list_init(&classes[i].partial);
		classes[i].size = sizes[i];
		classes[i].per_slab =
		    (PAGE_SIZE - sizeof(struct slab)) / sizes[i];
	}
	for (i = 0, units = 0; units <= SLAB_MAX / 16; units++) {
		while (sizes[i] < units * 16)
			i++;
		class_of[units] = i;
	}
}

static void *
object_at(struct slab *s, const struct size_class *c, u32 i)
{
	return (char *)s + PAGE_SIZE - (u64)(i + 1) * c->size;
}

static u64 *
redzone(void *object, const struct size_class *c)
{
	return (u64 *)((char *)object + c->size) - 1;
}

static void
poison(void *object, const struct size_class *c)
{
	memset((u64 *)object + 1, POISON, c->size - 2 * sizeof(u64));
	*redzone(object, c) = REDZONE;
}

static void
check_poison(void *object, const struct size_class *c)
{
	const u8 *byte = (const u8 *)((u64 *)object + 1);
	u32 i;

	for (i = 0; i < c->size - 2 * sizeof(u64); i++)
		if (byte[i] != POISON)
			panic("freed object %p of %u bytes was written to at "
			      "+%u",
			    object, c->size, i + 8);
	if (*redzone(object, c) != REDZONE)
		panic("object %p of %u bytes was written beyond its end",
		    object, c->size);
}

static NOINLINE struct slab *
slab_create(struct size_class *c)
{
	struct page *p = frame_alloc(PAGE_SLAB);
	struct slab *s;
	u32 i;

	if (p == NULL)
		return NULL;
	s = page_kva(p);
	list_init(&s->link);
	s->free = NULL;
	s->nr_used = 0;
	s->size_class = c - classes;
	s->magic = SLAB_MAGIC;
	for (i = 0; i < c->per_slab; i++) {
		void **object = object_at(s, c, i);

		*object = s->free;
		s->free = object;
		if (CONFIG_DEBUG)
			poison(object, c);
	}
	return s;
}

static void *
take(struct size_class *c, struct slab *s)
{
	void *object = s->free;

	s->free = *(void **)object;
	if (s->nr_used++ == 0)
		c->spare = false;
	if (s->free == NULL)
		list_remove(&s->link);
	c->nr_used++;
	return object;
}

/* One more slab, when there is none with a free object. */
static NOINLINE struct slab *
grow_locked(struct size_class *c) MUST_HOLD(&c->lock)
{
	struct slab *fresh;

	spin_unlock(&c->lock);
	fresh = slab_create(c);
	spin_lock(&c->lock);
	if (fresh == NULL)
		return NULL;
	c->nr_slabs++;
	list_push_front(&c->partial, &fresh->link);
	return fresh;
}

static inline void *
small_alloc(struct size_class *c)
{
	struct slab *s;
	void *object;

	spin_lock(&c->lock);
	s = list_first(&c->partial, struct slab, link);
	if (unlikely(s == NULL)) {
		s = grow_locked(c);
		if (s == NULL) {
			spin_unlock(&c->lock);
			return NULL;
		}
	}
	object = take(c, s);
	spin_unlock(&c->lock);
	if (CONFIG_DEBUG)
		check_poison(object, c);
	return object;
}

static void
small_free(void *object, struct slab *s)
{
	struct size_class *c = &classes[s->size_class];
	bool give_back = false;

	assert(s->magic == SLAB_MAGIC);
	if (CONFIG_DEBUG) {
		if (*redzone(object, c) != REDZONE)
			panic("object %p of %u bytes was written beyond its "
			      "end",
			    object, c->size);
		poison(object, c);
	}
	spin_lock(&c->lock);
	if (s->free == NULL)
		list_push_back(&c->partial, &s->link);
	*(void **)object = s->free;
	s->free = object;
	c->nr_used--;
	if (--s->nr_used == 0) {
		give_back = c->spare;
		c->spare = true;
	}
	if (give_back) {
		list_remove(&s->link);
		c->nr_slabs--;
	}
	spin_unlock(&c->lock);
	if (give_back)
		page_put(kva_page(s));
}

void *
kmalloc(size_t len_bytes)
{
	/* The debug build's red zone is part of what is asked for. */
	size_t need = len_bytes + (CONFIG_DEBUG ? sizeof(u64) : 0);
	struct page *p;

	if (CONFIG_DEBUG && need <= SLAB_MAX && frame_fails_on_purpose())
		return NULL;
	if (need <= SLAB_MAX)
		return small_alloc(&classes[class_of[(need + 15) / 16]]);
	if (len_bytes > PAGE_SIZE)
		return kmap_alloc(align_up(len_bytes, PAGE_SIZE) / PAGE_SIZE);
	p = frame_alloc(PAGE_KERNEL);
	return p != NULL ? page_kva(p) : NULL;
}

void *
kzalloc(size_t len_bytes)
{
	void *p = kmalloc(len_bytes);

	if (p != NULL)
		memset(p, 0, len_bytes);
	return p;
}

void
kfree(void *p)
{
	if (p == NULL)
		return;
	if (kmap_contains(p)) {
		kmap_free(p);
		return;
	}
	if (is_aligned((u64)p, PAGE_SIZE))
		page_put(kva_page(p));
	else
		small_free(p, (void *)align_down((u64)p, PAGE_SIZE));
}

void *
kmemdup(const void *src, size_t len_bytes)
{
	void *p = kmalloc(len_bytes);

	if (p != NULL)
		memcpy(p, src, len_bytes);
	return p;
}

char *
kstrdup(const char *s)
{
	return kmemdup(s, strlen(s) + 1);
}

static void
check_class(struct size_class *c)
{
	struct slab *s;
	void **object;
	u32 nr_free;

	spin_lock(&c->lock);
	list_for_each (s, &c->partial, link) {
		nr_free = 0;
		for (object = s->free; object != NULL; object = *object) {
			nr_free++;
			if (CONFIG_DEBUG)
				check_poison(object, c);
			assert(nr_free <= c->per_slab);
		}
		assert(nr_free + s->nr_used == c->per_slab);
	}
	spin_unlock(&c->lock);
}

void
slab_check(void)
{
	u32 i;

	for (i = 0; i < NR_CLASSES; i++)
		check_class(&classes[i]);
}

void
slab_stats(u64 *used_bytes, u64 *nr_frames)
{
	u32 i;

	*used_bytes = 0;
	*nr_frames = 0;
	for (i = 0; i < NR_CLASSES; i++) {
		spin_lock(&classes[i].lock);
		*used_bytes += classes[i].nr_used * classes[i].size;
		*nr_frames += classes[i].nr_slabs;
		spin_unlock(&classes[i].lock);
	}
}

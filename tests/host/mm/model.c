#include "model.h"

#include <linux/mman.h>
#include <stdio.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/mm.h"

/* ---- where pages lie ---------------------------------------------------- */

static const struct {
	u64 start;
	u32 pages;
} windows[] = {
    {1ul << 28, BRK_PAGES},                         /* the break */
    {(1ul << 30) - 4 * PAGE_SIZE, 8},               /* border of two GiB */
    {(1ul << 30) + (2ul << 20) - 4 * PAGE_SIZE, 8}, /* and of two tables */
    {MAP_TOP - 12 * PAGE_SIZE, 12},                 /* below map_top */
};

u64 window_va[NR_PAGES];
const u64 word_offset[NR_WORDS] = {0, PAGE_SIZE - sizeof(u32)};

void
model_init_windows(void)
{
	u32 w, i, n = 0;

	for (w = 0; w < ARRAY_SIZE(windows); w++)
		for (i = 0; i < windows[w].pages; i++)
			window_va[n++] = windows[w].start + i * PAGE_SIZE;
}

int
model_page_at(u64 va)
{
	u32 w, n = 0;

	for (w = 0; w < ARRAY_SIZE(windows); w++) {
		u64 in = va - windows[w].start;

		if (in < windows[w].pages * PAGE_SIZE)
			return n + (in >> PAGE_SHIFT);
		n += windows[w].pages;
	}
	return -1;
}

static bool
adjoins(u32 page)
{
	return page + 1 < NR_PAGES &&
	    window_va[page + 1] == window_va[page] + PAGE_SIZE;
}

u32
model_room(u32 page)
{
	u32 n = 1;

	for (; adjoins(page); page++)
		n++;
	return n;
}

/* ---- what pages hold ---------------------------------------------------- */

void
model_reset(struct model *m)
{
	memset(m, 0, sizeof(*m));
}

static u32
object_pages(const struct mobject *o)
{
	return align_up(o->size_bytes, PAGE_SIZE) >> PAGE_SHIFT;
}

static const u32 zeroes[NR_WORDS];

const u32 *
model_words(const struct model *m, const struct mpage *p)
{
	if (p->own)
		return p->words;
	if (p->object == NR_OBJECTS)
		return zeroes;
	if (p->index >= object_pages(&m->objects[p->object]))
		return NULL;
	return m->objects[p->object].words[p->index];
}

static bool
allowed(const struct mpage *p, const struct op *op)
{
	switch (op->kind) {
	case OP_EXEC:
		return p->prot & MM_EXEC;
	case OP_MREAD:
		return true;
	case OP_READ:
	case OP_KREAD:
	case OP_FWRITE:
		return p->prot & (MM_READ | MM_WRITE);
	}
	return (p->prot & MM_WRITE) || (op->force && !(p->flags & MM_SHARED));
}

/* Before a look at a page, or a change: 0 or why it can't be. */
static s64
reach(const struct model *m, const struct op *op, u32 page)
{
	const struct mpage *p = &m->spaces[op->space].pages[page];

	if (!p->mapped)
		return -EFAULT;
	if (!allowed(p, op))
		return -EACCES;
	return model_words(m, p) != NULL ? 0 : -ERANGE;
}

/* A page of a private mapping gets bytes of its own. */
static void
separate(struct model *m, struct mpage *p)
{
	if (p->own || (p->flags & MM_SHARED))
		return;
	memcpy(p->words, model_words(m, p), sizeof(p->words));
	p->own = true;
}

static void
store(struct model *m, struct mpage *p, u32 word, u32 value)
{
	separate(m, p);
	if (p->own)
		p->words[word] = value;
	else
		m->objects[p->object].words[p->index][word] = value;
}

static s64
load_word(struct model *m, const struct op *op)
{
	const struct mpage *p = &m->spaces[op->space].pages[op->page];
	s64 err = reach(m, op, op->page);

	return err < 0 ? err : model_words(m, p)[op->word];
}

static s64
store_word(struct model *m, const struct op *op)
{
	struct mpage *p = &m->spaces[op->space].pages[op->page];
	u32 word = op->span ? NR_WORDS - 1 : op->word;
	s64 err = reach(m, op, op->page);

	if (err < 0)
		return err;
	store(m, p, word, op->value);
	if (!op->span)
		return 0;
	if (!adjoins(op->page))
		return -EFAULT;
	err = reach(m, op, op->page + 1);
	if (err == 0)
		store(m, p + 1, 0, op->value + 1);
	return err;
}

/* The kernel says EFAULT for whatever a user's address can't do. */
static s64
as_fault(s64 result)
{
	return result < 0 ? -EFAULT : result;
}

/* ---- objects ------------------------------------------------------------ */

static s64
read_object(struct model *m, const struct op *op)
{
	struct mobject *o = &m->objects[op->object];

	if (op->offset >= object_pages(o))
		return -EFBIG;
	return o->words[op->offset][op->word];
}

static s64
write_object(struct model *m, const struct op *op, u32 value)
{
	struct mobject *o = &m->objects[op->object];
	u64 end = op->offset * PAGE_SIZE + word_offset[op->word] + sizeof(u32);

	o->size_bytes = MAX(o->size_bytes, end);
	o->words[op->offset][op->word] = value;
	return 0;
}

static s64
read_to_user(struct model *m, const struct op *op)
{
	s64 value = read_object(m, op);
	struct op put = *op;

	if (value < 0)
		return value;
	put.value = value;
	return as_fault(store_word(m, &put));
}

static s64
write_from_user(struct model *m, const struct op *op)
{
	s64 value = load_word(m, op);

	return value < 0 ? -EFAULT : write_object(m, op, value);
}

static void
forget(struct model *m, u32 object, u32 keep)
{
	u32 s, i;

	for (s = 0; s < NR_SPACES; s++)
		for (i = 0; i < NR_PAGES; i++) {
			struct mpage *p = &m->spaces[s].pages[i];

			if (p->mapped && p->object == object &&
			    p->index >= keep)
				p->own = false;
		}
}

static s64
truncate(struct model *m, const struct op *op)
{
	struct mobject *o = &m->objects[op->object];
	u64 size = op->offset * PAGE_SIZE / 2;
	u32 i, w;

	if (size >= o->size_bytes)
		return 0;
	o->size_bytes = size;
	for (i = 0; i < OBJ_PAGES; i++)
		for (w = 0; w < NR_WORDS; w++)
			if (i * PAGE_SIZE + word_offset[w] >= size)
				o->words[i][w] = 0;
	forget(m, op->object, object_pages(o));
	return 0;
}

static s64
grow(struct model *m, const struct op *op)
{
	struct mobject *o = &m->objects[op->object];

	o->size_bytes = MAX(o->size_bytes, op->offset * PAGE_SIZE / 2);
	return 0;
}

/* ---- regions ------------------------------------------------------------ */

static bool
same_kind(const struct mpage *a, const struct mpage *b)
{
	return b->mapped && a->prot == b->prot && a->flags == b->flags &&
	    a->object == b->object &&
	    (a->object == NR_OBJECTS || a->index + 1 == b->index);
}

u32
model_run(const struct mspace *s, u32 page)
{
	u32 n = 1;

	for (; adjoins(page) && same_kind(&s->pages[page], &s->pages[page + 1]);
	     page++)
		n++;
	return n;
}

static void
unmap(struct mspace *s, u32 page, u32 count)
{
	u32 i;

	for (i = page; i < page + count; i++)
		s->pages[i] = (struct mpage){.mapped = false};
}

static s64
do_munmap(struct model *m, const struct op *op)
{
	unmap(&m->spaces[op->space], op->page, op->last - op->page + 1);
	return 0;
}

/* Writes to each page, as far as they can be written. */
static s64
populate(struct model *m, const struct op *op, u32 page, u32 count)
{
	struct op touch = {.kind = OP_WRITE, .space = op->space};
	s64 err = 0;
	u32 i;

	for (i = page; i < page + count && err == 0; i++) {
		err = reach(m, &touch, i);
		if (err == 0)
			separate(m, &m->spaces[op->space].pages[i]);
	}
	return err;
}

static s64
do_mmap(struct model *m, const struct op *op)
{
	struct mspace *s = &m->spaces[op->space];
	int page = op->fixed ? op->page : model_page_at(op->at);
	u32 i;

	for (i = 0; op->fixed && op->no_replace && i < op->count; i++)
		if (s->pages[page + i].mapped)
			return -EEXIST;
	if (page < 0 || model_room(page) < op->count)
		return 0;
	unmap(s, page, op->count);
	for (i = 0; i < op->count; i++)
		s->pages[page + i] = (struct mpage){.mapped = true,
		    .prot = op->prot,
		    .object = op->object,
		    .flags = op->flags,
		    .index = op->object < NR_OBJECTS ? op->offset + i : 0};
	if (op->populate && (op->prot & MM_WRITE))
		(void)populate(m, op, page, op->count);
	return 0;
}

/* What stands between the pages of a range and its end, or 0. */
static s64
obstacle(const struct mspace *s, u32 page, u32 prot)
{
	const struct mpage *p = &s->pages[page];

	if (!p->mapped)
		return -ENOMEM;
	if ((prot & MM_EXEC) && (p->flags & MM_NEVER_EXEC))
		return -EACCES;
	return (prot & MM_WRITE) && (p->flags & MM_NEVER_WRITE) ? -EACCES : 0;
}

static s64
do_mprotect(struct model *m, const struct op *op)
{
	struct mspace *s = &m->spaces[op->space];
	s64 err = 0;
	u32 i;

	for (i = op->page; i <= op->last; i++) {
		err = obstacle(s, i, op->prot);
		if (err < 0)
			return err;
		s->pages[i].prot = op->prot;
		if (i < op->last && !adjoins(i))
			return -ENOMEM;
	}
	return 0;
}

/* Behind the last page before the first hole in a range. */
static u32
covered_to(const struct mspace *s, const struct op *op)
{
	u32 i = op->page;

	while (i <= op->last && s->pages[i].mapped &&
	    (i == op->page || adjoins(i - 1)))
		i++;
	return i;
}

bool
model_covers(const struct model *m, const struct op *op)
{
	return covered_to(&m->spaces[op->space], op) > (u32)op->last;
}

static bool
is_anon(const struct mpage *p)
{
	return p->object == NR_OBJECTS;
}

static s64
drop(struct mspace *s, const struct op *op, bool anon_only)
{
	u32 i;

	for (i = op->page; i <= op->last; i++) {
		struct mpage *p = &s->pages[i];

		if (p->mapped && anon_only && !is_anon(p))
			return -EINVAL;
		p->own = false;
	}
	return 0;
}

static s64
change_flags(struct mspace *s, const struct op *op, u32 set, u32 clear)
{
	u32 i;

	for (i = op->page; i <= op->last; i++)
		if (s->pages[i].mapped)
			s->pages[i].flags = (s->pages[i].flags & ~clear) | set;
	return 0;
}

static s64
wipe_on_fork(struct mspace *s, const struct op *op)
{
	u32 i;

	for (i = op->page; i <= op->last; i++)
		if (s->pages[i].mapped && !is_anon(&s->pages[i]))
			return -EINVAL;
	return change_flags(s, op, MM_WIPEONFORK, 0);
}

static s64
populate_range(struct model *m, const struct op *op)
{
	struct mspace *s = &m->spaces[op->space];
	struct op touch = {.kind = OP_READ, .space = op->space};
	s64 err = 0;
	u32 i, end = covered_to(s, op);

	if (op->advice == MADV_POPULATE_WRITE)
		err = populate(m, op, op->page, end - op->page);
	else
		for (i = op->page; i < end && err == 0; i++)
			err = s->pages[i].prot & MM_READ ? reach(m, &touch, i)
							 : -EACCES;
	if (err == -EACCES)
		return -EINVAL;
	return err == -ERANGE ? -EFAULT : err;
}

static s64
do_madvise(struct model *m, const struct op *op)
{
	struct mspace *s = &m->spaces[op->space];
	s64 err = -EINVAL;

	switch (op->advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
		err = drop(s, op, op->advice == MADV_FREE);
		break;
	case MADV_DONTFORK:
		err = change_flags(s, op, MM_DONTFORK, 0);
		break;
	case MADV_DOFORK:
		err = change_flags(s, op, 0, MM_DONTFORK);
		break;
	case MADV_WIPEONFORK:
		err = wipe_on_fork(s, op);
		break;
	case MADV_KEEPONFORK:
		err = change_flags(s, op, 0, MM_WIPEONFORK);
		break;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		err = populate_range(m, op);
		break;
	}
	return err == 0 && !model_covers(m, op) ? -ENOMEM : err;
}

static s64
do_mincore(struct model *m, const struct op *op)
{
	return m->spaces[op->space].pages[op->page].mapped ? -EFAULT : -ENOMEM;
}

/* In shared memory the word's place in the object, else the address: 0. */
static s64
futex_name(struct model *m, const struct op *op)
{
	const struct mpage *p = &m->spaces[op->space].pages[op->page];

	if (!p->mapped || p->prot == 0)
		return -EFAULT;
	if (!(p->flags & MM_SHARED))
		return 0;
	return model_futex_name(
	    p->object, p->index * PAGE_SIZE + word_offset[op->word]);
}

static s64
do_brk(struct model *m, const struct op *op)
{
	struct mspace *s = &m->spaces[op->space];
	u32 i;

	for (i = s->brk; i < op->count; i++)
		if (s->pages[i].mapped)
			return s->brk;
	if (op->count < s->brk)
		unmap(s, op->count, s->brk - op->count);
	for (i = s->brk; i < op->count; i++)
		s->pages[i] = (struct mpage){.mapped = true,
		    .prot = MM_READ | MM_WRITE,
		    .flags = MM_HEAP,
		    .object = NR_OBJECTS};
	s->brk = op->count;
	return s->brk;
}

/* ---- mremap ------------------------------------------------------------- */

static s64
move(struct mspace *s, const struct op *op)
{
	struct mpage moved[NR_PAGES];
	bool fixed = op->flags & MREMAP_FIXED;
	int to = fixed ? op->target : model_page_at(op->at);
	u32 i;

	for (i = 0; i < op->grown; i++) {
		moved[i] = s->pages[op->page + (i < op->count ? i : 0)];
		if (i < op->count)
			continue;
		moved[i].own = false;
		if (!is_anon(&moved[i]))
			moved[i].index += i;
	}
	for (i = 0; i < op->count; i++)
		s->pages[op->page + i].own = false;
	if (!(op->flags & MREMAP_DONTUNMAP))
		unmap(s, op->page, op->count);
	/* What lands outside the windows is unmapped by who called. */
	if (to < 0 || model_room(to) < op->grown)
		return 0;
	memcpy(&s->pages[to], moved, op->grown * sizeof(*moved));
	return 0;
}

static bool
can_grow(const struct mspace *s, const struct op *op)
{
	u32 i;

	if (model_run(s, op->page) != op->count)
		return false;
	for (i = op->count; i < op->grown; i++)
		if (s->pages[op->page + i].mapped)
			return false;
	return true;
}

static void
grow_here(struct mspace *s, const struct op *op)
{
	u32 i;

	for (i = op->count; i < op->grown; i++) {
		struct mpage *p = &s->pages[op->page + i];

		*p = p[-1];
		p->own = false;
		if (!is_anon(p))
			p->index++;
	}
}

static s64
do_mremap(struct model *m, const struct op *op)
{
	struct mspace *s = &m->spaces[op->space];
	u32 fixed = op->flags & MREMAP_FIXED;
	bool moves = op->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);

	if (!s->pages[op->page].mapped)
		return -EFAULT;
	if (moves && op->page < op->target + op->grown &&
	    op->target < op->page + op->count)
		return -EINVAL;
	/* What is only cut off may be of several regions, with holes. */
	if ((moves || op->grown > op->count) &&
	    model_run(s, op->page) < MIN(op->count, op->grown))
		return -EFAULT;
	if (moves) {
		if (fixed)
			unmap(s, op->target, op->grown);
		return move(s, op);
	}
	if (op->grown <= op->count)
		unmap(s, op->page + op->grown, op->count - op->grown);
	else if (can_grow(s, op))
		grow_here(s, op);
	else if (op->flags & MREMAP_MAYMOVE)
		return move(s, op);
	else
		return -ENOMEM;
	return 0;
}

/* ---- spaces ------------------------------------------------------------- */

static s64
do_fork(struct model *m, const struct op *op)
{
	struct mspace *child = &m->spaces[op->to];
	u32 i;

	*child = m->spaces[op->space];
	for (i = 0; i < NR_PAGES; i++) {
		if (child->pages[i].flags & MM_DONTFORK)
			unmap(child, i, 1);
		else if (child->pages[i].flags & MM_WIPEONFORK)
			child->pages[i].own = false;
	}
	return 0;
}

static s64
do_exit(struct model *m, const struct op *op)
{
	memset(&m->spaces[op->space], 0, sizeof(struct mspace));
	return 0;
}

static s64
do_create(struct model *m, const struct op *op)
{
	m->spaces[op->space].alive = true;
	return 0;
}

/* long: a flat table of cases */
s64
model_do(struct model *m, const struct op *op)
{
	switch (op->kind) {
	case OP_READ:
	case OP_EXEC:
		return load_word(m, op);
	case OP_KREAD:
		return as_fault(load_word(m, op));
	case OP_MREAD:
		return load_word(m, op);
	case OP_WRITE:
		return store_word(m, op);
	case OP_KWRITE:
		return as_fault(store_word(m, op));
	case OP_MWRITE: {
		s64 err = store_word(m, op);

		return err == -EACCES ? -EFAULT : err;
	}
	case OP_OREAD:
		return read_object(m, op);
	case OP_OWRITE:
		return write_object(m, op, op->value);
	case OP_FREAD:
		return read_to_user(m, op);
	case OP_FWRITE:
		return write_from_user(m, op);
	case OP_TRUNCATE:
		return truncate(m, op);
	case OP_GROW:
		return grow(m, op);
	case OP_MMAP:
		return do_mmap(m, op);
	case OP_MUNMAP:
		return do_munmap(m, op);
	case OP_MPROTECT:
		return do_mprotect(m, op);
	case OP_MREMAP:
		return do_mremap(m, op);
	case OP_MADVISE:
		return do_madvise(m, op);
	case OP_MINCORE:
		return do_mincore(m, op);
	case OP_FUTEX:
		return futex_name(m, op);
	case OP_BRK:
		return do_brk(m, op);
	case OP_FORK:
		return do_fork(m, op);
	case OP_EXIT:
		return do_exit(m, op);
	case OP_CREATE:
		return do_create(m, op);
	}
	return 0;
}

/* ---- text --------------------------------------------------------------- */

static const char *const names[NR_OP_KINDS] = {
    [OP_READ] = "read",
    [OP_WRITE] = "write",
    [OP_EXEC] = "exec",
    [OP_KREAD] = "kread",
    [OP_KWRITE] = "kwrite",
    [OP_MREAD] = "mm_read",
    [OP_MWRITE] = "mm_write",
    [OP_OREAD] = "object_read",
    [OP_OWRITE] = "object_write",
    [OP_FREAD] = "read_to_user",
    [OP_FWRITE] = "write_from_user",
    [OP_TRUNCATE] = "truncate",
    [OP_GROW] = "grow",
    [OP_WRITEBACK] = "write_back",
    [OP_RECLAIM] = "reclaim",
    [OP_MMAP] = "mmap",
    [OP_MUNMAP] = "munmap",
    [OP_MPROTECT] = "mprotect",
    [OP_MREMAP] = "mremap",
    [OP_MADVISE] = "madvise",
    [OP_MINCORE] = "mincore",
    [OP_FUTEX] = "futex_key",
    [OP_BRK] = "brk",
    [OP_FORK] = "fork",
    [OP_EXIT] = "exit",
    [OP_LOOK] = "look",
    [OP_CREATE] = "create",
};

/* Every field that is not zero; which matter is the kind's to say. */
void
op_print(char *buf, const struct op *op)
{
	const struct {
		const char *name;
		long value;
	} fields[] = {{"to", op->to}, {"page", op->page}, {"last", op->last},
	    {"count", op->count}, {"grown", op->grown}, {"target", op->target},
	    {"word", op->word}, {"prot", op->prot}, {"object", op->object},
	    {"offset", op->offset}, {"flags", op->flags},
	    {"advice", op->advice}, {"value", op->value}, {"fixed", op->fixed},
	    {"no_replace", op->no_replace}, {"populate", op->populate},
	    {"force", op->force}, {"span", op->span}, {"fail", op->fail},
	    {"after", op->fail_after}};
	size_t n, i;

	n = snprintf(buf, OP_TEXT, "hart %u space %u: %s", op->hart, op->space,
	    names[op->kind]);
	for (i = 0; i < ARRAY_SIZE(fields) && n < OP_TEXT; i++)
		if (fields[i].value != 0)
			n += snprintf(buf + n, OP_TEXT - n, " %s %ld",
			    fields[i].name, fields[i].value);
	if (n < OP_TEXT)
		snprintf(buf + n, OP_TEXT - n, " = %ld", op->result);
}

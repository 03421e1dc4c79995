/* Operations on the kernel's memory core, and on the reference beside it. */
#include "world.h"

#include <linux/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"
#include "mm/usercopy.h"

struct world world;

/* ---- objects ------------------------------------------------------------ */

#define FIRST_PAGES 4 /* of each object in the beginning */

/*
 * The file's store: a disk.  Who changes the file's size or writes to it holds
 * its lock, as one who has an inode does.
 */
static u32 file_store[OBJ_PAGES][NR_WORDS];
static bool has_place[OBJ_PAGES];
static struct object file;
static struct mutex file_lock;

static int
file_fill(struct object *o, u64 index, struct page *p)
{
	u32 w;

	(void)o;
	for (w = 0; w < NR_WORDS; w++)
		memcpy((char *)page_kva(p) + word_offset[w],
		    &file_store[index][w], sizeof(u32));
	return 0;
}

static int
file_fill_many(struct object *o, u64 index, u32 nr, struct page **pages)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		sim_point();
		if (frame_fails_on_purpose())
			return -EIO;
		if (file_fill(o, index + i, pages[i]) < 0)
			return -EIO;
	}
	return 0;
}

static int
file_will_write(struct object *o, u64 index)
{
	if (frame_fails_on_purpose())
		return -ENOMEM;
	sim_point();
	if (index << PAGE_SHIFT >= o->size_bytes)
		return -EFBIG;
	has_place[index] = true;
	return 0;
}

static void
file_release(struct object *o)
{
	(void)o;
}

static const struct object_ops file_ops = {.fill = file_fill,
    .fill_many = file_fill_many,
    .will_write = file_will_write,
    .release = file_release};

/* One page on its way: others may write to it between its words. */
static void
write_out(u64 index, const struct page *p)
{
	u32 w;

	if (!has_place[index])
		sim_fail("page %lu of the file has no place", index);
	for (w = 0; w < NR_WORDS; w++) {
		sim_point();
		memcpy(&file_store[index][w],
		    (const char *)page_kva(p) + word_offset[w], sizeof(u32));
	}
	sim_point();
}

/* Pages at once, as one request has them. */
#define WRITE_AT_ONCE 3

static s64
write_back(const struct op *op)
{
	struct page *pages[WRITE_AT_ONCE];
	u64 from = 0;
	u32 i, nr;

	if (!op->force)
		object_protect(&file);
	else
		object_settle(&file);
	while ((nr = object_take_dirty(&file, &from, pages, WRITE_AT_ONCE))) {
		for (i = 0; i < nr; i++)
			write_out(from + i, pages[i]);
		object_write_done(&file, from, pages, nr, false);
		from += nr;
	}
	if (!op->force && sim_point_hook == NULL && file.nr_dirty != 0)
		sim_fail("%lu pages are dirty still", file.nr_dirty);
	return 0;
}

static struct frame_reclaimer *reclaimer;

void
frame_add_reclaimer(struct frame_reclaimer *r)
{
	reclaimer = r;
}

bool
frame_keep_some(void)
{
	return true;
}

/* As who is short of memory, and holds nothing. */
static s64
reclaim(u64 nr)
{
	u64 free = sim_nr_free(), freed;

	freed = reclaimer->reclaim(nr);
	if (freed > nr ||
	    (sim_point_hook == NULL && sim_nr_free() != free + freed))
		sim_fail("%lu of %lu frames taken back, %lu more are free",
		    freed, nr, sim_nr_free() - free);
	return 0;
}

const char *
world_store_differs(const struct model *m)
{
	const struct mobject *mo = &m->objects[FILE_OBJECT];
	struct page *p;
	u32 i, w;

	for (i = 0; i < OBJ_PAGES; i++) {
		p = xmap_get(&file.pages, i);
		/* What is not dirty is what the store has. */
		if (p != NULL && p->dirty != 0)
			continue;
		for (w = 0; w < NR_WORDS; w++)
			if (file_store[i][w] != mo->words[i][w] &&
			    i * PAGE_SIZE + word_offset[w] < mo->size_bytes)
				return "the store lacks what a clean page has";
	}
	return NULL;
}

static void
make_objects(void)
{
	u32 i, w;

	for (i = 0; i < NR_OBJECTS; i++) {
		world.model.objects[i].size_bytes = FIRST_PAGES * PAGE_SIZE;
		if (i != FILE_OBJECT &&
		    object_create_anon(
			FIRST_PAGES * PAGE_SIZE, &world.objects[i]) < 0)
			sim_fail("no object");
	}
	memset(file_store, 0, sizeof(file_store));
	memset(has_place, 0, sizeof(has_place));
	mutex_init(&file_lock, RANK_INODE);
	/* Every other page is a hole. */
	for (i = 0; i < FIRST_PAGES; i += 2) {
		has_place[i] = true;
		for (w = 0; w < NR_WORDS; w++) {
			file_store[i][w] = 0xf1000000 + i * NR_WORDS + w;
			world.model.objects[FILE_OBJECT].words[i][w] =
			    file_store[i][w];
		}
	}
	object_init(&file, &file_ops, FIRST_PAGES * PAGE_SIZE);
	world.objects[FILE_OBJECT] = &file;
}

void
world_reset(u64 seed)
{
	sim_reset(seed);
	if (reclaimer == NULL)
		mm_init_reclaim();
	model_init_windows();
	model_reset(&world.model);
	memset(world.mms, 0, sizeof(world.mms));
	make_objects();
}

/* ---- harts and spaces --------------------------------------------------- */

static void
run(struct mm *mm)
{
	if (harts[sim_hart].space != &mm->space)
		sim_switch(&mm->space);
}

/* Nobody runs it any more, and its number will not come again. */
static void
exit_space(u32 s)
{
	struct mm *mm = world.mms[s];
	u32 i;

	for (i = 0; i < SIM_HARTS; i++)
		if (harts[i].space == &mm->space)
			harts[i].space = harts[i].current->space = NULL;
	sim_forget(mm->space.asid);
	world.mms[s] = NULL;
	mm_put(mm);
}

static s64
look_through(void)
{
	struct mm *mm = NULL;

	do
		mm = mm_next(mm);
	while (mm != NULL);
	return 0;
}

static s64
create_space(u32 s)
{
	int err = mm_create(&world.mms[s]);

	if (err < 0)
		return err;
	mm_set_brk_start(world.mms[s], uaddr(window_va[0]));
	world.mms[s]->c.map_top = MAP_TOP;
	return 0;
}

void
world_end(void)
{
	u32 i;

	sim_fail_no_more();
	for (i = 0; i < NR_SPACES; i++)
		if (world.mms[i] != NULL)
			exit_space(i);
	for (i = 0; i < NR_OBJECTS; i++) {
		if (refcount_read(&world.objects[i]->refs) != 1)
			sim_fail("object %u has %lu holders left", i,
			    refcount_read(&world.objects[i]->refs));
		object_put(world.objects[i]);
	}
	/* The zero page and the kernel's root stay. */
	if (sim_nr_free() != SIM_FRAMES - 2)
		sim_fail("%lu frames leaked", SIM_FRAMES - 2 - sim_nr_free());
	if (sim_nr_objects != 0)
		sim_fail("%lu small objects leaked", sim_nr_objects);
}

/* ---- bytes -------------------------------------------------------------- */

static s64
by_user(struct mm *mm, u64 va, enum sim_access access, u32 *word)
{
	static const enum fault_access faults[] = {[SIM_READ] = FAULT_READ,
	    [SIM_WRITE] = FAULT_WRITE,
	    [SIM_EXEC] = FAULT_EXEC};
	u32 tries;
	int err;

	run(mm);
	for (tries = 0; tries < sim_max_faults; tries++) {
		sim_point();
		if (sim_access(va, access, word))
			return 0;
		err = mm_fault(mm, uaddr(va), faults[access]);
		if (err < 0)
			return err;
	}
	sim_fail("hart %u faults for ever at %#lx", sim_hart, va);
}

static u64
address(const struct op *op)
{
	return window_va[op->page] +
	    word_offset[op->span ? NR_WORDS - 1 : op->word];
}

static s64
load(struct mm *mm, const struct op *op)
{
	u32 word = 0;
	s64 err = 0;

	switch (op->kind) {
	case OP_READ:
		err = by_user(mm, address(op), SIM_READ, &word);
		break;
	case OP_EXEC:
		err = by_user(mm, address(op), SIM_EXEC, &word);
		break;
	case OP_KREAD:
		run(mm);
		err = user_load32(uaddr(address(op)), &word);
		break;
	case OP_MREAD:
		err = mm_read(mm, uaddr(address(op)), &word, sizeof(word));
		break;
	}
	return err < 0 ? err : word;
}

static s64
store(struct mm *mm, const struct op *op)
{
	u32 words[2] = {op->value, op->value + 1};
	size_t len = op->span ? sizeof(words) : sizeof(words[0]);

	switch (op->kind) {
	case OP_WRITE:
		return by_user(mm, address(op), SIM_WRITE, words);
	case OP_KWRITE:
		run(mm);
		return user_write(uaddr(address(op)), words, len);
	}
	return mm_write(mm, uaddr(address(op)), words, len, op->force);
}

/* ---- objects ------------------------------------------------------------ */

/*
 * As a file system does it: the last page that stays, if in part, is there, so
 * that its end becomes zero; the places of the others are free afterwards.
 */
static s64
cut_off(struct object *o, u64 size)
{
	struct page *last = NULL;
	u32 i, w;

	if (size >= o->size_bytes)
		return 0;
	if (o == &file && size % PAGE_SIZE != 0 &&
	    object_page(o, size >> PAGE_SHIFT, &last) < 0)
		sim_fail("no last page");
	object_truncate(o, size);
	if (last != NULL)
		page_put(last);
	for (i = size >> PAGE_SHIFT; o == &file && i < OBJ_PAGES; i++)
		for (w = 0; w < NR_WORDS; w++)
			if (i * PAGE_SIZE >= size) {
				file_store[i][w] = 0;
				has_place[i] = false;
			}
	return 0;
}

static s64
change_object(struct mm *mm, struct object *o, const struct op *op)
{
	u64 pos = op->offset * PAGE_SIZE + word_offset[op->word];
	u64 half = op->offset * PAGE_SIZE / 2;
	u32 word = op->value;
	size_t done;

	/* Whose place is there before, and if nothing comes of it, no harm. */
	if (o == &file && (op->kind == OP_OWRITE || op->kind == OP_FWRITE))
		has_place[op->offset] = true;
	switch (op->kind) {
	case OP_OWRITE:
		return object_write(o, pos, &word, sizeof(word));
	case OP_FWRITE:
		run(mm);
		return object_write_user(o, pos, uaddr(address(op)), 4, &done);
	case OP_GROW:
		object_grow(o, half);
		return 0;
	}
	return cut_off(o, half);
}

/* As reads of files do it. */
static int
read_to_user(struct object *o, u64 pos, uaddr_t to)
{
	u64 in_page = pos & PAGE_MASK;
	struct page *p;
	size_t left;
	int err = object_page_to_read(o, pos >> PAGE_SHIFT, &p);

	if (err < 0)
		return err;
	left = user_write_some(to, (char *)page_kva(p) + in_page, 4);
	page_put(p);
	return left > 0 ? -EFAULT : 0;
}

static s64
on_object(struct mm *mm, const struct op *op)
{
	struct object *o = world.objects[op->object];
	u64 pos = op->offset * PAGE_SIZE + word_offset[op->word];
	bool beyond = op->offset * PAGE_SIZE >= o->size_bytes;
	u32 word;
	s64 err;

	switch (op->kind) {
	case OP_OREAD:
		err = beyond ? -EFBIG : object_read(o, pos, &word, 4);
		return err < 0 ? err : word;
	case OP_FREAD:
		run(mm);
		return beyond ? -EFBIG
			      : read_to_user(o, pos, uaddr(address(op)));
	}
	if (o == &file)
		mutex_lock(&file_lock);
	err = change_object(mm, o, op);
	if (o == &file)
		mutex_unlock(&file_lock);
	/* Who writes a file that is being run asks for the fence. */
	sim_forget_code();
	return err;
}

/* ---- regions ------------------------------------------------------------ */

static u64
range_bytes(const struct op *op)
{
	return window_va[op->last] + PAGE_SIZE - window_va[op->page];
}

/* What came to lie outside the windows goes: the model knows nothing there. */
static void
keep_inside(struct mm *mm, struct op *op, u32 pages)
{
	int page = model_page_at(op->at);

	if (page >= 0 && model_room(page) >= pages)
		return;
	sim_fail_no_more();
	if (mm_unmap(mm, uaddr(op->at), pages * PAGE_SIZE) < 0)
		sim_fail("munmap at %#lx", op->at);
}

static s64
map(struct mm *mm, struct op *op)
{
	struct mm_map_args args = {
	    .addr = uaddr(op->page != 0 ? window_va[op->page] : 0),
	    .len_bytes = op->count * PAGE_SIZE,
	    .prot = op->prot,
	    .flags = op->flags,
	    .object =
		op->object < NR_OBJECTS ? world.objects[op->object] : NULL,
	    .offset = op->offset * PAGE_SIZE,
	    .fixed = op->fixed,
	    .no_replace = op->no_replace,
	    .populate = op->populate,
	};
	uaddr_t at;
	int err;

	if (op->fixed)
		args.addr = uaddr(window_va[op->page]);
	err = mm_map(mm, &args, &at);
	if (err < 0)
		return err;
	op->at = at.val;
	if (op->fixed && op->at != window_va[op->page])
		sim_fail("fixed mapping at %#lx", op->at);
	keep_inside(mm, op, op->count);
	return 0;
}

static s64
remap(struct mm *mm, struct op *op)
{
	uaddr_t at;
	int err = mm_remap(mm, uaddr(window_va[op->page]),
	    op->count * PAGE_SIZE, op->grown * PAGE_SIZE, op->flags,
	    uaddr(window_va[op->target]), &at);

	if (err < 0)
		return err;
	op->at = at.val;
	keep_inside(mm, op, op->grown);
	return 0;
}

/* What the first look finds is not taken. */
static s64
look(struct mm *mm, const struct op *op)
{
	u64 bytes = range_bytes(op);

	s64 err;

	sim_no_answers |= 1u << sim_hart;
	err = mm_mincore(mm, uaddr(window_va[op->page]), bytes,
	    uaddr(USER_TOP - (bytes >> PAGE_SHIFT)));
	sim_no_answers &= ~(1u << sim_hart);
	return err;
}

static s64
futex_name(struct mm *mm, const struct op *op)
{
	struct mm_futex_key key;
	int err = mm_futex_key(mm, uaddr(address(op)), &key);
	u32 i = 0;

	if (err < 0)
		return err;
	if (key.object == NULL)
		return key.mm == mm && key.offset == address(op) ? 0 : -1;
	while (world.objects[i] != key.object)
		i++;
	object_put(key.object);
	return model_futex_name(i, key.offset);
}

static s64
move_break(struct mm *mm, const struct op *op)
{
	u64 start = window_va[0];

	return (mm_brk(mm, uaddr(start + op->count * PAGE_SIZE)).val - start) >>
	    PAGE_SHIFT;
}

static s64
fork_space(struct mm *mm, const struct op *op)
{
	u64 next = op->span ? USER_TOP : window_va[op->page];

	run(mm);
	return mm_fork(mm, uaddr(next), &world.mms[op->to]);
}

/* ---- one operation ------------------------------------------------------ */

static bool
needs_space(const struct op *op)
{
	return op->kind != OP_OREAD && op->kind != OP_OWRITE &&
	    op->kind != OP_TRUNCATE && op->kind != OP_GROW &&
	    op->kind != OP_WRITEBACK && op->kind != OP_RECLAIM;
}

bool
world_can(const struct op *op)
{
	if (op->kind == OP_CREATE)
		return world.mms[op->space] == NULL;
	if (needs_space(op) && world.mms[op->space] == NULL)
		return false;
	return op->kind != OP_FORK || world.mms[op->to] == NULL;
}

/* long: a flat table of cases */
static s64
perform(struct op *op)
{
	struct mm *mm = world.mms[op->space];

	switch (op->kind) {
	case OP_READ:
	case OP_EXEC:
	case OP_KREAD:
	case OP_MREAD:
		return load(mm, op);
	case OP_WRITE:
	case OP_KWRITE:
	case OP_MWRITE:
		return store(mm, op);
	case OP_OREAD:
	case OP_OWRITE:
	case OP_FREAD:
	case OP_FWRITE:
	case OP_TRUNCATE:
	case OP_GROW:
		return on_object(mm, op);
	case OP_WRITEBACK:
		return write_back(op);
	case OP_RECLAIM:
		return reclaim(op->count);
	case OP_MMAP:
		return map(mm, op);
	case OP_MUNMAP:
		return mm_unmap(
		    mm, uaddr(window_va[op->page]), range_bytes(op));
	case OP_MPROTECT:
		return mm_protect(
		    mm, uaddr(window_va[op->page]), range_bytes(op), op->prot);
	case OP_MREMAP:
		return remap(mm, op);
	case OP_MADVISE:
		return mm_advise(mm, uaddr(window_va[op->page]),
		    range_bytes(op), op->advice);
	case OP_MINCORE:
		return look(mm, op);
	case OP_FUTEX:
		return futex_name(mm, op);
	case OP_BRK:
		return move_break(mm, op);
	case OP_FORK:
		return fork_space(mm, op);
	case OP_EXIT:
		exit_space(op->space);
		return 0;
	case OP_LOOK:
		return look_through();
	case OP_CREATE:
		return create_space(op->space);
	}
	return 0;
}

void
world_do(struct op *op)
{
	sim_hart = op->hart;
	op->at = 0;
	op->done = true;
	sim_fail_nth(op->fail, op->fail_after);
	op->result = perform(op);
	sim_fail_no_more();
}

/* ---- an operation that ran out of memory -------------------------------- */

/* What space s has in a word, by a way that changes nothing; 0 for nothing. */
static u32
word_now(u32 s, u32 page, u32 word)
{
	uaddr_t at = uaddr(window_va[page]);
	u64 end = at.val + PAGE_SIZE;
	u64 entry;
	u32 value;

	if (!tree_next_leaf(world.mms[s]->root, &at, uaddr(end), &entry))
		return 0;
	memcpy(&value,
	    (char *)page_kva(pfn_page(pt_pfn(entry))) + word_offset[word],
	    sizeof(value));
	return value;
}

/* Of two words in a row the first may have been written. */
static void
settle_span(const struct op *op)
{
	struct op first = *op;

	first.span = false;
	first.word = NR_WORDS - 1;
	if (word_now(op->space, op->page, NR_WORDS - 1) == op->value)
		(void)model_do(&world.model, &first);
}

/* True when the operation failed for lack of memory, as it was made to. */
static bool
ran_out(const struct op *op)
{
	if (op->fail == 0)
		return false;
	if (op->result == -ENOMEM)
		return true;
	/* The kernel's own accesses cannot say more than EFAULT. */
	return op->result == -EFAULT &&
	    (op->kind == OP_KREAD || op->kind == OP_KWRITE ||
		op->kind == OP_FREAD || op->kind == OP_FWRITE);
}

/*
 * Asking for memory now gets it or leaves things as they are: without memory
 * not one page has been made or copied.  (Where there is a hole, what lies
 * before it was asked for.)
 */
static void
check_asked(const struct op *op, u64 had_free)
{
	if (op->kind == OP_MADVISE && op->advice == MADV_POPULATE_WRITE &&
	    op->result == -ENOMEM && model_covers(&world.model, op) &&
	    sim_nr_free() != had_free)
		sim_fail("%lu frames were taken for an answer of ENOMEM",
		    had_free - sim_nr_free());
}

void
world_step(struct op *op)
{
	u64 had_free = sim_nr_free();
	struct model before;
	s64 want;

	world_do(op);
	check_asked(op, had_free);
	if (!sim_failed()) {
		want = model_do(&world.model, op);
	} else {
		before = world.model;
		want = model_do(&world.model, op);
		if (op->kind == OP_BRK
			? op->result == before.spaces[op->space].brk
			: ran_out(op)) {
			world.model = before;
			want = op->result;
			if (op->span)
				settle_span(op);
		}
	}
	if (want != op->result)
		sim_fail("result %ld instead of %ld", op->result, want);
}

/*
 * The strings go through frames of the kernel's, because the old program's
 * memory and the new one's are never both at hand, and because another thread
 * may change them while they are read: from the copy on nothing moves.
 */
#include "proc/exec_args.h"

#include <linux/auxvec.h>

#include "core/random.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/usercopy.h"

#define PAGES_AT_FIRST   8
#define POINTERS_AT_ONCE 32 /* arbitrary: a quarter of a KiB of stack */
#define RANDOM_BYTES     16 /* AT_RANDOM */
#define STACK_ALIGN      16

void
exec_args_init(struct exec_args *a, u64 stack_limit_bytes)
{
	memset(a, 0, sizeof(*a));
	a->limit_bytes =
	    MIN(MAX(stack_limit_bytes / 4, EXEC_MIN_ROOM), EXEC_MAX_ROOM);
	a->front_start = EXEC_FRONT_SIZE;
}

void
exec_args_free(struct exec_args *a)
{
	u32 i;

	for (i = 0; i < a->nr_pages; i++)
		page_put(a->pages[i]);
	kfree(a->pages);
	kfree(a->front);
}

/* Pointers count as well, so that a million empty strings do not fit. */
static bool
is_too_much(const struct exec_args *a)
{
	u64 pointers = ((u64)a->argc + a->envc) * sizeof(u64);

	return a->len_bytes + pointers > a->limit_bytes;
}

static int
grow_list(struct exec_args *a)
{
	u32 room = a->room == 0 ? PAGES_AT_FIRST : 2 * a->room;
	struct page **pages = kmalloc(room * sizeof(*pages));

	if (pages == NULL)
		return -ENOMEM;
	if (a->nr_pages > 0)
		memcpy(pages, a->pages, a->nr_pages * sizeof(*pages));
	kfree(a->pages);
	a->pages = pages;
	a->room = room;
	return 0;
}

/* Where the next byte goes; *room is how many fit there, at least one. */
static int
next_place(struct exec_args *a, char **at, size_t *room)
{
	u64 off = a->len_bytes & PAGE_MASK;
	struct page *page;
	int err = 0;

	if (is_too_much(a))
		return -E2BIG;
	if (off == 0 && a->nr_pages == a->room)
		err = grow_list(a);
	if (err != 0)
		return err;
	if (off == 0) {
		page = frame_alloc(PAGE_KERNEL);
		if (page == NULL)
			return -ENOMEM;
		a->pages[a->nr_pages++] = page;
	}
	*at = (char *)page_kva(a->pages[a->nr_pages - 1]) + off;
	*room = PAGE_SIZE - off;
	return 0;
}

static int
add_user_string(struct exec_args *a, u64 src)
{
	u64 start = a->len_bytes;
	size_t room, len;
	char *at;
	int err;

	for (;;) {
		err = next_place(a, &at, &room);
		if (err != 0)
			return err;
		err = user_read_string(at, room, uaddr(src), &len);
		if (err != -ENAMETOOLONG)
			break;
		a->len_bytes += room;
		src += room;
		if (a->len_bytes - start > EXEC_MAX_STRING)
			return -E2BIG;
	}
	if (err != 0)
		return err;
	a->len_bytes += len + 1;
	return a->len_bytes - start > EXEC_MAX_STRING ? -E2BIG : 0;
}

int
exec_args_add(struct exec_args *a, const char *s)
{
	size_t left = strlen(s) + 1;
	size_t room;
	char *at;
	int err;

	while (left > 0) {
		err = next_place(a, &at, &room);
		if (err != 0)
			return err;
		room = MIN(room, left);
		memcpy(at, s, room);
		a->len_bytes += room;
		s += room;
		left -= room;
	}
	return is_too_much(a) ? -E2BIG : 0;
}

/* Up to the NULL that ends the list, or n; what was read before a bad byte
 * counts, for the list may end right before it. */
static int
add_pointers(
    struct exec_args *a, const u64 *list, size_t n, u32 *count, bool *ended)
{
	size_t i;
	int err;

	for (i = 0; i < n; i++) {
		*ended = list[i] == 0;
		if (*ended)
			return 0;
		++*count;
		err = add_user_string(a, list[i]);
		if (err != 0)
			return err;
	}
	return 0;
}

int
exec_args_add_user(struct exec_args *a, uaddr_t list, u32 *count)
{
	u64 words[POINTERS_AT_ONCE];
	bool ended = list.val == 0;
	size_t lacking;
	int err;

	while (!ended) {
		lacking = user_read_some(words, list, sizeof(words));
		err = add_pointers(a, words,
		    (sizeof(words) - lacking) / sizeof(u64), count, &ended);
		if (err != 0)
			return err;
		if (!ended && lacking > 0)
			return -EFAULT;
		list.val += sizeof(words);
	}
	return is_too_much(a) ? -E2BIG : 0;
}

/* ---- "#!" ---------------------------------------------------------------- */

static char
byte_at(const struct exec_args *a, u64 pos)
{
	const char *page = page_kva(a->pages[pos >> PAGE_SHIFT]);

	return page[pos & PAGE_MASK];
}

static void
drop_first(struct exec_args *a)
{
	if (a->argc == 0)
		return;
	a->argc--;
	if (a->front_start < EXEC_FRONT_SIZE) {
		a->front_start += strlen(a->front + a->front_start) + 1;
		return;
	}
	while (byte_at(a, a->skip_bytes++) != '\0')
		;
}

static int
push_front(struct exec_args *a, const char *s)
{
	size_t len = strlen(s) + 1;

	if (len > a->front_start)
		return -E2BIG;
	a->front_start -= len;
	memcpy(a->front + a->front_start, s, len);
	a->argc++;
	return 0;
}

int
exec_args_script(
    struct exec_args *a, const char *interp, const char *arg, const char *path)
{
	int err;

	if (a->front == NULL)
		a->front = kmalloc(EXEC_FRONT_SIZE);
	if (a->front == NULL)
		return -ENOMEM;
	drop_first(a);
	err = push_front(a, path);
	if (err == 0 && arg != NULL)
		err = push_front(a, arg);
	if (err == 0)
		err = push_front(a, interp);
	return err;
}

/* ---- the new stack ------------------------------------------------------- */

void
exec_auxv_add(struct exec_auxv *v, u64 type, u64 val)
{
	assert(v->nr_words + 2 <= ARRAY_SIZE(v->words));
	v->words[v->nr_words++] = type;
	v->words[v->nr_words++] = val;
}

/* Words for the new stack, gathered so that mm_write is called seldom. */
struct pen {
	struct mm *mm;
	u64 at;
	u64 words[POINTERS_AT_ONCE];
	u32 nr;
	int err;
};

static void
flush(struct pen *pen)
{
	size_t len = pen->nr * sizeof(u64);

	if (pen->err == 0 && len > 0)
		pen->err =
		    mm_write(pen->mm, uaddr(pen->at), pen->words, len, false);
	pen->at += len;
	pen->nr = 0;
}

static void
put(struct pen *pen, u64 word)
{
	pen->words[pen->nr++] = word;
	if (pen->nr == ARRAY_SIZE(pen->words))
		flush(pen);
}

static int
write_strings(const struct exec_args *a, struct mm *mm, u64 to)
{
	u64 front_len = EXEC_FRONT_SIZE - a->front_start;
	u64 pos = a->skip_bytes;
	int err = 0;

	if (front_len > 0)
		err = mm_write(
		    mm, uaddr(to), a->front + a->front_start, front_len, false);
	to += front_len;
	while (err == 0 && pos < a->len_bytes) {
		u64 off = pos & PAGE_MASK;
		u64 n = MIN(PAGE_SIZE - off, a->len_bytes - pos);

		err = mm_write(mm, uaddr(to),
		    (char *)page_kva(a->pages[pos >> PAGE_SHIFT]) + off, n,
		    false);
		pos += n;
		to += n;
	}
	return err;
}

/* A walk over the strings where they are now, for where they will be. */
struct walk {
	const struct exec_args *a;
	u64 front;
	u64 pos;
	u64 addr;
};

static void
next_string(struct walk *w)
{
	u64 from = w->pos;
	size_t len;

	if (w->front < EXEC_FRONT_SIZE) {
		len = strlen(w->a->front + w->front) + 1;
		w->front += len;
		w->addr += len;
		return;
	}
	while (byte_at(w->a, w->pos++) != '\0')
		;
	w->addr += w->pos - from;
}

static void
put_pointers(struct pen *pen, struct walk *w, u32 count)
{
	while (count-- > 0) {
		put(pen, w->addr);
		next_string(w);
	}
	put(pen, 0);
}

static u64
strings_len(const struct exec_args *a)
{
	return EXEC_FRONT_SIZE - a->front_start + a->len_bytes - a->skip_bytes;
}

/* The name is the last string; its place is known before the walk. */
static u64
name_addr(const struct exec_args *a, u64 strings_end)
{
	u64 pos = a->len_bytes - 1;

	while (pos > 0 && byte_at(a, pos - 1) != '\0')
		pos--;
	return strings_end - (a->len_bytes - pos);
}

int
exec_args_write(struct exec_args *a, struct mm *mm, u64 top,
    struct exec_auxv *v, struct exec_stack *out)
{
	/* A zero word ends it all. */
	u64 end = top - sizeof(u64);
	u64 start = end - strings_len(a);
	u64 random_at = align_down(start - RANDOM_BYTES, STACK_ALIGN);
	struct walk w = {a, a->front_start, a->skip_bytes, start};
	struct pen pen = {.mm = mm};
	u8 random[RANDOM_BYTES];
	u64 nr_words;
	u32 i;
	int err;

	random_bytes(random, sizeof(random));
	err = write_strings(a, mm, start);
	if (err == 0)
		err = mm_write(
		    mm, uaddr(random_at), random, sizeof(random), false);
	if (err != 0)
		return err;
	exec_auxv_add(v, AT_RANDOM, random_at);
	exec_auxv_add(v, AT_EXECFN, name_addr(a, end));
	exec_auxv_add(v, AT_NULL, 0);
	nr_words = 1 + a->argc + 1 + a->envc + 1 + v->nr_words;
	pen.at = align_down(random_at - nr_words * sizeof(u64), STACK_ALIGN);
	*out = (struct exec_stack){.sp = pen.at, .arg_start = start};
	put(&pen, a->argc);
	put_pointers(&pen, &w, a->argc);
	out->arg_end = w.addr;
	put_pointers(&pen, &w, a->envc);
	out->env_end = w.addr;
	for (i = 0; i < v->nr_words; i++)
		put(&pen, v->words[i]);
	flush(&pen);
	return pen.err;
}

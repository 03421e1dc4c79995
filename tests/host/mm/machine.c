/* Frames, and harts that keep translations: see sim.h. */
#include "sim.h"

#include <sanitizer/asan_interface.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NR_CACHED 20 /* entries that a hart keeps */
#define POISON    0xa5

/* ---- ending ------------------------------------------------------------- */

void (*sim_on_failure)(void);

void
sim_fail(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "FAILED: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	if (sim_on_failure != NULL)
		sim_on_failure();
	exit(1);
}

void
assert_failed(const char *what, const char *file, int line)
{
	sim_fail("%s:%d: assertion failed: %s", file, line, what);
}

static void
crashed(void)
{
	if (sim_on_failure != NULL)
		sim_on_failure();
}

static void
crashed_by(int signal)
{
	fprintf(stderr, "FAILED: signal %d\n", signal);
	crashed();
	_exit(1);
}

/* There only if the sanitizers are; they have seen to signals already. */
void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

void
sim_tell_of_crashes(void)
{
	if (__sanitizer_set_death_callback != NULL) {
		__sanitizer_set_death_callback(crashed);
		return;
	}
	signal(SIGSEGV, crashed_by);
	signal(SIGBUS, crashed_by);
	signal(SIGALRM, crashed_by);
}

/* ---- chance ------------------------------------------------------------- */

u64 sim_whims;
bool sim_greedy;

u64
sim_next(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

u32
sim_whim(u32 n)
{
	return (sim_next(&sim_whims) >> 32) * n >> 32;
}

/* ---- harts -------------------------------------------------------------- */

struct cached {
	u64 asid; /* 0: nothing */
	u64 key;  /* the address's part above the entry's span */
	u64 word;
	int level;
};

static struct cached caches[SIM_HARTS][NR_CACHED];
static struct thread threads[SIM_HARTS];
static u64 next_asid;
struct hart harts[MAX_HARTS];
u32 nr_harts = SIM_HARTS;
u32 sim_hart;

struct hart *
hart_this(void)
{
	return &harts[sim_hart];
}

static u64
key_of(u64 va, int level)
{
	return va >> (PAGE_SHIFT + 9 * level);
}

/* One of what this hart keeps for the place, by lot; NULL if nothing. */
static struct cached *
find_cached(u32 hart, u64 asid, int level, u64 va)
{
	struct cached *found = NULL;
	u64 key = key_of(va, level);
	u32 n = 0, i;

	for (i = 0; i < NR_CACHED; i++) {
		struct cached *c = &caches[hart][i];

		if (c->asid != asid || c->key != key || c->level != level)
			continue;
		n++;
		if (n == 1 || sim_whim(n) == 0)
			found = c;
	}
	return found;
}

static void
keep(u32 hart, u64 asid, int level, u64 va, u64 word)
{
	struct cached *c = find_cached(hart, asid, level, va);

	if (c != NULL && c->word == word)
		return;
	*(&caches[hart][sim_whim(NR_CACHED)]) = (struct cached){.asid = asid,
	    .key = key_of(va, level),
	    .word = word,
	    .level = level};
}

/* The entry in memory, for which the table must be one. */
static u64 *
entry_at(u64 table, int level, u64 va)
{
	struct page *p = pfn_page(pfn(table));

	if (p->kind != PAGE_TABLE || p->level != level)
		sim_fail("hart %u walks frame %#lx (kind %u, level %u) as a "
			 "table of level %d for %#lx",
		    sim_hart, table, p->kind, p->level, level, va);
	return (u64 *)page_kva(p) + pt_index(uaddr(va), level);
}

struct walk {
	u64 word;   /* the leaf or the invalid entry it ended at */
	u64 *entry; /* the last one's place in memory */
};

static void
walk(u32 hart, u64 va, struct walk *w)
{
	struct tlb_space *s = harts[hart].space;
	u64 table = s->root.val;
	int level;

	for (level = PT_LEVELS - 1; level >= 0; level--) {
		struct cached *c = find_cached(hart, s->asid, level, va);

		w->entry = NULL;
		if (c != NULL && (sim_greedy || sim_whim(2) == 0)) {
			w->word = c->word;
		} else {
			w->entry = entry_at(table, level, va);
			w->word = __atomic_load_n(w->entry, __ATOMIC_RELAXED);
			if (sim_greedy || sim_whim(4) != 0)
				keep(hart, s->asid, level, va, w->word);
		}
		if (!pt_is_link(w->word))
			break;
		if (w->word >> 54 != 0 || (w->word & (PTE_D | PTE_A | PTE_U)))
			sim_fail("link %#lx has bits it may not have", w->word);
		table = pt_pfn(w->word).val;
	}
	if (pt_is_leaf(w->word) && level != 0)
		sim_fail("leaf %#lx at level %d for %#lx", w->word, level, va);
	if (level < 0)
		sim_fail("link %#lx at level 0 for %#lx", w->word, va);
}

void
sim_speculate(u32 hart, u64 va)
{
	struct walk w;

	if (harts[hart].space != NULL)
		walk(hart, va, &w);
}

static bool
may(u64 word, enum sim_access access)
{
	switch (access) {
	case SIM_READ:
		return word & PTE_R;
	case SIM_WRITE:
		return word & PTE_W;
	case SIM_EXEC:
		return word & PTE_X;
	}
	return false;
}

/* Sets A, and D for a write, if they lack; or traps: false. */
static bool
mark(struct walk *w, enum sim_access access)
{
	u64 want = PTE_A | (access == SIM_WRITE ? PTE_D : 0);

	if ((w->word & want) == want)
		return true;
	if (w->entry == NULL || sim_whim(2) == 0 || *w->entry != w->word)
		return false;
	*w->entry |= want;
	return true;
}

/* ---- code ---------------------------------------------------------------- */

/*
 * Words that a hart has fetched, by where they lie in memory.  Its fetches may
 * see them until a FENCE.I.  Stores at users' addresses take them away, since
 * a program that writes code has to ask for a fence itself; what the kernel
 * writes by its own view of memory does not.
 */
#define NR_FETCHED 8

static struct fetched {
	const u32 *at;
	u32 word;
} fetched[SIM_HARTS][NR_FETCHED];

static void
fence_i(u32 hart)
{
	memset(fetched[hart], 0, sizeof(fetched[hart]));
}

void
sim_forget_code(void)
{
	u32 i;

	for (i = 0; i < SIM_HARTS; i++)
		fence_i(i);
}

static void
forget_word(const u32 *at)
{
	u32 h, i;

	for (h = 0; h < SIM_HARTS; h++)
		for (i = 0; i < NR_FETCHED; i++)
			if (fetched[h][i].at == at)
				fetched[h][i].at = NULL;
}

static u32
fetch(const u32 *at)
{
	u32 i;

	for (i = 0; i < NR_FETCHED; i++)
		if (fetched[sim_hart][i].at == at)
			return fetched[sim_hart][i].word;
	fetched[sim_hart][sim_whim(NR_FETCHED)] =
	    (struct fetched){.at = at, .word = *at};
	return *at;
}

/* ---- accesses ----------------------------------------------------------- */

static void
move_word(u32 *at, enum sim_access access, u32 *word)
{
	switch (access) {
	case SIM_READ:
		*word = *at;
		break;
	case SIM_WRITE:
		*at = *word;
		forget_word(at);
		break;
	case SIM_EXEC:
		*word = fetch(at);
		break;
	}
}

bool
sim_access(u64 va, enum sim_access access, u32 *word)
{
	struct walk w;
	struct page *p;

	if (harts[sim_hart].space == NULL)
		sim_fail("hart %u runs no space", sim_hart);
	walk(sim_hart, va, &w);
	if (!pt_is_leaf(w.word) || !(w.word & PTE_U) || !may(w.word, access) ||
	    !mark(&w, access))
		return false;
	p = pfn_page(pt_pfn(w.word));
	if (p->kind != PAGE_ANON && p->kind != PAGE_CACHE &&
	    (p != zero_page || access == SIM_WRITE))
		sim_fail("hart %u reaches frame %#lx (kind %u) at %#lx",
		    sim_hart, page_pfn(p).val, p->kind, va);
	move_word(
	    (u32 *)((char *)page_kva(p) + (va & PAGE_MASK)), access, word);
	return true;
}

void
sim_each_cached(void (*fn)(u32 hart, u64 asid, int level, u64 va, u64 word))
{
	u32 h, i;

	for (h = 0; h < SIM_HARTS; h++)
		for (i = 0; i < NR_CACHED; i++) {
			struct cached *c = &caches[h][i];

			if (c->asid != 0)
				fn(h, c->asid, c->level,
				    c->key << (PAGE_SHIFT + 9 * c->level),
				    c->word);
		}
}

/* ---- fences: what core/tlb.c promises, and not more --------------------- */

void
tlb_space_init(struct tlb_space *s, pfn_t root)
{
	*s = (struct tlb_space){.root = root, .asid = ++next_asid};
}

void
tlb_space_inherit(struct tlb_space *s, const struct tlb_space *from)
{
	s->must_flush = from->must_flush;
}

static void
drop_all(u32 hart, u64 asid)
{
	u32 i;

	for (i = 0; i < NR_CACHED; i++)
		if (caches[hart][i].asid == asid)
			caches[hart][i].asid = 0;
}

static void
drop_leaf(u32 hart, u64 asid, u64 va)
{
	u32 i;

	for (i = 0; i < NR_CACHED; i++) {
		struct cached *c = &caches[hart][i];

		if (c->asid == asid && c->level == 0 && c->key == key_of(va, 0))
			c->asid = 0;
	}
}

/*
 * A hart that does not run the space fences before it does, so it might as
 * well do so now; one that runs it is interrupted, sooner or later.
 */
void
tlb_flush(struct tlb_space *s)
{
	u32 i;

	for (i = 0; i < SIM_HARTS; i++) {
		if (i != sim_hart && harts[i].space == s)
			sim_point();
		drop_all(i, s->asid);
	}
}

void
tlb_flush_page(struct tlb_space *s, uaddr_t va)
{
	u32 i;

	for (i = 0; i < SIM_HARTS; i++) {
		if (i != sim_hart && harts[i].space == s)
			sim_point();
		drop_leaf(i, s->asid, va.val);
	}
}

void
tlb_fence_local(struct tlb_space *s)
{
	if (harts[sim_hart].space == s)
		drop_all(sim_hart, s->asid);
}

/* Harts that do not run the space fence before they do: see must_flush. */
void
tlb_flush_code(struct tlb_space *s)
{
	u32 i;

	s->must_flush = ~0ul;
	for (i = 0; i < SIM_HARTS; i++) {
		if (harts[i].space != s && i != sim_hart)
			continue;
		sim_point();
		fence_i(i);
		s->must_flush &= ~(1ul << i);
	}
}

void
sim_switch(struct tlb_space *s)
{
	harts[sim_hart].space = s;
	harts[sim_hart].current->space = s;
	if (s == NULL || !(s->must_flush >> sim_hart & 1))
		return;
	s->must_flush &= ~(1ul << sim_hart);
	fence_i(sim_hart);
}

void
sim_forget(u64 asid)
{
	u32 i;

	for (i = 0; i < SIM_HARTS; i++)
		drop_all(i, asid);
}

/* ---- frames ------------------------------------------------------------- */

static u8 memory[SIM_FRAMES * PAGE_SIZE] ALIGNED(PAGE_SIZE);
static struct page pages[SIM_FRAMES];
static struct page *free_list;
static u64 nr_free;
static u64 nr_used_ever; /* frames from here on were never had */
struct page *page_array = pages;
u64 page_first = 0x80000;
u64 page_count = SIM_FRAMES;
struct page *zero_page;
u64 direct_base;
struct page *sim_kernel_root;

static struct {
	u32 left;
	bool and_after;
	bool failed;
} failing[SIM_HARTS];

void
sim_fail_nth(u32 n, bool and_after)
{
	failing[sim_hart].left = n;
	failing[sim_hart].and_after = and_after;
	failing[sim_hart].failed = false;
}

void
sim_fail_no_more(void)
{
	failing[sim_hart].left = 0;
}

bool
sim_failed(void)
{
	return failing[sim_hart].failed;
}

bool
frame_fails_on_purpose(void)
{
	u32 h = sim_hart;

	if (failing[h].left == 0 || --failing[h].left > 0)
		return false;
	failing[h].left = failing[h].and_after;
	failing[h].failed = true;
	return true;
}

static struct page *
take_frame(void)
{
	struct page *p = free_list;

	if (p != NULL)
		free_list = p->next_free;
	else if (nr_used_ever < SIM_FRAMES)
		p = &pages[nr_used_ever++];
	if (p != NULL)
		nr_free--;
	return p;
}

struct page *
frame_alloc(enum page_kind kind)
{
	struct page *p;

	sim_point();
	if (frame_fails_on_purpose())
		return NULL;
	p = take_frame();
	if (p == NULL)
		sim_fail("the simulated memory is too small");
	*p = (struct page){.kind = kind, .refs = {1}};
	ASAN_UNPOISON_MEMORY_REGION(page_kva(p), PAGE_SIZE);
	if (kind == PAGE_TABLE && sim_whim(2) == 0) {
		memset(page_kva(p), 0, PAGE_SIZE);
		p->zeroed = 1;
	}
	return p;
}

bool
frame_is_zeroed(const struct page *p)
{
	const u64 *words = page_kva(p);
	u32 i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		if (words[i] != 0)
			return false;
	return true;
}

struct page *
frame_alloc_zero(enum page_kind kind)
{
	struct page *p = frame_alloc(kind);

	if (p != NULL)
		frame_make_zero(p);
	return p;
}

/* T5: no hart may keep a way to a frame that is free. */
static void
check_unreachable(const struct page *p)
{
	u64 f = page_pfn(p).val;
	u32 h, i;

	for (h = 0; h < SIM_HARTS; h++)
		for (i = 0; i < NR_CACHED; i++) {
			struct cached *c = &caches[h][i];

			if (c->asid != 0 && (c->word & PTE_V) &&
			    pt_pfn(c->word).val == f)
				sim_fail("T5: frame %#lx is freed, hart %u "
					 "keeps entry %#lx of level %d for "
					 "%#lx",
				    f, h, c->word, c->level,
				    c->key << (PAGE_SHIFT + 9 * c->level));
		}
}

void
frame_free(struct page *p)
{
	sim_point();
	if (refcount_read(&p->refs) != 0 || p->kind <= PAGE_RESERVED)
		sim_fail("frame %#lx (kind %u, refs %lu) is freed",
		    page_pfn(p).val, p->kind, refcount_read(&p->refs));
	if (p->zeroed && !frame_is_zeroed(p))
		sim_fail(
		    "P3: frame %#lx (kind %u, level %u) is freed as zeroed",
		    page_pfn(p).val, p->kind, p->level);
	check_unreachable(p);
	memset(page_kva(p), POISON, PAGE_SIZE);
	ASAN_POISON_MEMORY_REGION(page_kva(p), PAGE_SIZE);
	p->kind = PAGE_FREE;
	p->next_free = free_list;
	free_list = p;
	nr_free++;
}

void
frame_stats(struct frame_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->total = SIM_FRAMES;
	out->free = nr_free;
}

u32
sim_nr_used_ever(void)
{
	return nr_used_ever;
}

u64
sim_nr_free(void)
{
	return nr_free;
}

/* ---- a new machine ------------------------------------------------------ */

extern u64 kernel_satp;
u64 kernel_satp;

void
sim_reset(u64 seed)
{
	u32 i;

	sim_whims = seed;
	direct_base = (u64)memory - (page_first << PAGE_SHIFT);
	memset(caches, 0, sizeof(caches));
	sim_forget_code();
	memset(failing, 0, sizeof(failing));
	memset(pages, 0, nr_used_ever * sizeof(*pages));
	ASAN_UNPOISON_MEMORY_REGION(memory, nr_used_ever * PAGE_SIZE);
	free_list = NULL;
	nr_used_ever = 0;
	nr_free = SIM_FRAMES;
	next_asid = 0;
	sim_nr_objects = 0;
	for (i = 0; i < SIM_HARTS; i++) {
		threads[i] = (struct thread){.hart = i};
		harts[i] = (struct hart){.nr = i, .current = &threads[i]};
	}
	sim_hart = 0;
	zero_page = frame_alloc_zero(PAGE_KERNEL);
	sim_kernel_root = frame_alloc_zero(PAGE_KERNEL);
	kernel_satp = page_pfn(sim_kernel_root).val;
}

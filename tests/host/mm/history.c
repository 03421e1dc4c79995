/*
 * Random histories of the memory core against the reference.
 *
 *	mm_history [--seed N] [--steps N] [--runs N] [--spaces N] [--harts N]
 *	           [--every N] [--shrink]
 *
 * Each run begins with a new machine and a seed of its own, one more than the
 * last one's.  After every N-th step (--every) all bytes, all regions, all
 * counts and all that harts keep are compared; before each step some hart loads
 * a translation that nobody asked for.  A failure prints the seed and the last
 * steps; --seed and --steps lead there again, and --shrink takes away steps as
 * long as what is left fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/hart.h"
#include "exhaust.h"
#include "mm/mm.h"
#include "mm/stat.h"
#include "world.h"

static struct {
	u64 seed;
	u64 steps;
	u64 runs;
	u32 spaces;
	u32 harts;
	u32 every;
	u32 exhaustive;
	bool shrink;
} opt = {.seed = 1,
    .steps = 10000,
    .runs = 1,
    .spaces = NR_SPACES,
    .harts = SIM_HARTS,
    .every = 1};

static u64 choices; /* the generator's stream */
static u64 seed;    /* this run's */
static u64 step;

/* ---- what to do next ---------------------------------------------------- */

static u32
pick(u32 n)
{
	return (sim_next(&choices) >> 32) * n >> 32;
}

static bool
one_in(u32 n)
{
	return pick(n) == 0;
}

/* How often each kind is tried, of the sum. */
static const u32 weights[NR_OP_KINDS] = {
    [OP_READ] = 160,
    [OP_WRITE] = 200,
    [OP_EXEC] = 15,
    [OP_KREAD] = 20,
    [OP_KWRITE] = 30,
    [OP_MREAD] = 15,
    [OP_MWRITE] = 20,
    [OP_OREAD] = 5,
    [OP_OWRITE] = 10,
    [OP_FREAD] = 10,
    [OP_FWRITE] = 10,
    [OP_TRUNCATE] = 8,
    [OP_GROW] = 6,
    [OP_WRITEBACK] = 12,
    [OP_RECLAIM] = 10,
    [OP_MMAP] = 70,
    [OP_MUNMAP] = 25,
    [OP_MPROTECT] = 50,
    [OP_MREMAP] = 30,
    [OP_MADVISE] = 50,
    [OP_MINCORE] = 4,
    [OP_FUTEX] = 6,
    [OP_BRK] = 12,
    [OP_FORK] = 160,
    [OP_EXIT] = 24,
    [OP_CREATE] = 5,
};

static u8
pick_kind(void)
{
	static u32 sum;
	u32 at, kind;

	if (sum == 0)
		for (kind = 0; kind < NR_OP_KINDS; kind++)
			sum += weights[kind];
	at = pick(sum);
	for (kind = 0; at >= weights[kind]; kind++)
		at -= weights[kind];
	return kind;
}

/* Mostly what programs use. */
static u8
pick_prot(void)
{
	static const u8 usual[] = {MM_READ | MM_WRITE, MM_READ | MM_WRITE,
	    MM_READ | MM_WRITE, MM_READ | MM_WRITE | MM_EXEC, MM_READ,
	    MM_READ | MM_EXEC, MM_EXEC, MM_WRITE, 0};

	return usual[pick(ARRAY_SIZE(usual))];
}

static void
pick_mmap(struct op *op)
{
	op->prot = pick_prot();
	op->fixed = !one_in(4);
	op->count = 1 + pick(MIN(model_room(op->page), 8u));
	op->object = one_in(3) ? pick(NR_OBJECTS) : NR_OBJECTS;
	op->offset = op->object < NR_OBJECTS ? pick(OBJ_PAGES) : 0;
	op->no_replace = one_in(8);
	op->populate = one_in(6);
	if (op->object < NR_OBJECTS && one_in(2))
		op->flags = MM_SHARED;
	if ((op->flags & MM_SHARED) && one_in(4)) {
		op->flags |= MM_NEVER_WRITE;
		op->prot &= ~MM_WRITE;
	}
	if (op->object < NR_OBJECTS && one_in(8)) {
		op->flags |= MM_NEVER_EXEC;
		op->prot &= ~MM_EXEC;
	}
}

static void
pick_mremap(struct op *op)
{
	const struct mspace *s = &world.model.spaces[op->space];
	u32 run = model_run(s, op->page);
	u32 room = model_room(op->page);

	op->count = one_in(8) ? 1 + pick(room) : 1 + pick(run);
	op->grown = 1 + pick(MIN(room, 8u));
	op->target = pick(NR_PAGES);
	if (!one_in(3))
		op->flags = MREMAP_MAYMOVE;
	if (op->flags != 0 && one_in(2))
		op->flags |= MREMAP_FIXED;
	if (op->flags != 0 && one_in(6)) {
		op->flags |= MREMAP_DONTUNMAP;
		op->grown = op->count;
	}
	if (op->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		while (model_room(op->target) < op->grown)
			op->target--;
}

static void
pick_madvise(struct op *op)
{
	static const u8 advices[] = {MADV_DONTNEED, MADV_DONTNEED, MADV_FREE,
	    MADV_DONTFORK, MADV_DOFORK, MADV_WIPEONFORK, MADV_KEEPONFORK,
	    MADV_POPULATE_READ, MADV_POPULATE_WRITE};

	op->advice = advices[pick(ARRAY_SIZE(advices))];
}

static bool
all_anon(const struct op *op)
{
	const struct mspace *s = &world.model.spaces[op->space];
	u32 i;

	for (i = op->page; i <= op->last; i++)
		if (s->pages[i].mapped && s->pages[i].object < NR_OBJECTS)
			return false;
	return true;
}

/*
 * Filling may be done in part when memory runs out; then it is made to fail
 * only where the part cannot be told from nothing or all.
 */
static bool
may_fail(const struct op *op)
{
	switch (op->kind) {
	case OP_EXIT:
	case OP_TRUNCATE:
	case OP_GROW:
	case OP_WRITEBACK:
	case OP_RECLAIM:
		return false;
	case OP_MMAP:
		return !op->populate || op->object == NR_OBJECTS;
	case OP_MADVISE:
		return (op->advice != MADV_POPULATE_READ &&
			   op->advice != MADV_POPULATE_WRITE) ||
		    all_anon(op);
	}
	return true;
}

static void
pick_details(struct op *op)
{
	switch (op->kind) {
	case OP_MMAP:
		pick_mmap(op);
		break;
	case OP_MREMAP:
		pick_mremap(op);
		break;
	case OP_MADVISE:
		pick_madvise(op);
		break;
	case OP_MPROTECT:
		op->prot = pick_prot();
		break;
	case OP_BRK:
		op->count = pick(BRK_PAGES + 1);
		break;
	case OP_FORK:
		op->span = one_in(4);
		break;
	case OP_WRITEBACK:
		op->force = one_in(3);
		break;
	case OP_RECLAIM:
		op->count = 1 + pick(OBJ_PAGES);
		break;
	case OP_KWRITE:
	case OP_MWRITE:
		op->span = one_in(4);
		op->force = op->kind == OP_MWRITE && one_in(2);
		break;
	case OP_OREAD:
	case OP_OWRITE:
	case OP_FREAD:
	case OP_FWRITE:
		op->offset = pick(OBJ_PAGES);
		op->object = pick(NR_OBJECTS);
		break;
	case OP_TRUNCATE:
	case OP_GROW:
		op->offset = pick(2 * OBJ_PAGES + 1);
		op->object = pick(NR_OBJECTS);
		break;
	}
}

static void
pick_any(struct op *op)
{
	*op = (struct op){.kind = pick_kind()};
	op->hart = pick(opt.harts);
	op->space = pick(opt.spaces);
	op->to = pick(opt.spaces);
	op->page = pick(NR_PAGES);
	op->last = MIN(op->page + pick(one_in(4) ? 16 : 4), NR_PAGES - 1u);
	op->word = pick(NR_WORDS);
	op->value = step + 1;
	pick_details(op);
	/* Advice has the most ways to run out half way. */
	if (one_in(op->kind == OP_MADVISE ? 4 : 16) && may_fail(op)) {
		op->fail = 1 + pick(6);
		op->fail_after = one_in(2);
	}
}

/*
 * What a mapping writes to the last page beyond the size goes when the file
 * grows, or a write is tried there, or the page is written back: the model does
 * not know it.
 */
static bool
is_nobodys(const struct op *op)
{
	const struct mpage *p = &world.model.spaces[op->space].pages[op->page];
	u32 word = op->span ? NR_WORDS - 1 : op->word;
	u64 start = p->index * PAGE_SIZE, size;

	if (!p->mapped || !(p->flags & MM_SHARED) || p->object == NR_OBJECTS)
		return false;
	size = world.model.objects[p->object].size_bytes;
	return (op->kind == OP_WRITE || op->kind == OP_KWRITE ||
		   op->kind == OP_MWRITE || op->kind == OP_FREAD) &&
	    start < size && start + word_offset[word] >= size;
}

static void
pick_op(struct op *op)
{
	do
		pick_any(op);
	while (!world_can(op) || is_nobodys(op));
}

/* ---- running ------------------------------------------------------------ */

/* What was done, for the account of a failure, or to be done again. */
static struct op *script;
static u64 script_len;
static struct op *current;

/* No step takes nearly as long, so one that does never ends. */
#define STEP_SECONDS 60

static void
step_op(struct op *op)
{
	if (!world_can(op))
		return;
	sim_speculate(sim_whim(opt.harts), window_va[sim_whim(NR_PAGES)]);
	current = op;
	if (step % 1024 == 0)
		alarm(STEP_SECONDS);
	world_step(op);
	if (step % opt.every == 0) {
		world_compare();
		world_check(step % 256 == 0);
	}
}

#define LAST_STEPS 40

static void
tell(void)
{
	char text[OP_TEXT];
	u64 i = step > LAST_STEPS ? step - LAST_STEPS : 0;

	fprintf(stderr, "seed %lu, step %lu of %lu; the last steps:\n", seed,
	    step, opt.steps);
	for (; i < step; i++) {
		if (!script[i].done)
			continue;
		op_print(text, &script[i]);
		fprintf(stderr, "%8lu  %s\n", i, text);
	}
	op_print(text, current);
	fprintf(stderr, "%8lu  %s\n", step, text);
}

static void
run_random(void)
{
	choices = seed * 2;
	world_reset(seed * 2 + 1);
	for (step = 0; step < opt.steps; step++) {
		pick_op(&script[step]);
		step_op(&script[step]);
	}
	world_compare();
	world_check(true);
	world_end();
}

/* ---- shrinking ---------------------------------------------------------- */

/* The same steps with other whims of the hardware, in a process of its own. */
static bool
fails_with(u64 whims, bool quiet)
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		sim_on_failure = NULL;
		if (quiet && freopen("/dev/null", "w", stderr) == NULL)
			_exit(2);
		world_reset(whims);
		for (step = 0; step < script_len; step++)
			step_op(&script[step]);
		world_end();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		abort();
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

#define WHIMS_TRIED 8

static bool
fails(void)
{
	u64 i;

	for (i = 0; i < WHIMS_TRIED; i++)
		if (fails_with(i, true))
			return true;
	return false;
}

/* Takes away pieces, large ones first, as long as the rest fails. */
static void
shrink(void)
{
	struct op *kept = malloc(script_len * sizeof(*kept));
	u64 piece, at, kept_len;

	for (piece = script_len / 2; piece > 0; piece /= 2)
		for (at = 0; at + piece <= script_len;) {
			kept_len = script_len;
			memcpy(kept, script, script_len * sizeof(*kept));
			memmove(&script[at], &script[at + piece],
			    (script_len - at - piece) * sizeof(*script));
			script_len -= piece;
			if (fails())
				continue;
			memcpy(script, kept, kept_len * sizeof(*kept));
			script_len = kept_len;
			at += piece;
		}
	free(kept);
}

/*
 * Runs in a process of its own, which shares the script: when that fails, there
 * still is one in which nothing has happened yet, and so nothing is broken.
 */
static void
run_and_shrink(void)
{
	char text[OP_TEXT];
	pid_t pid;
	int status;
	u64 i;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		run_random();
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		abort();
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	for (script_len = 0; script[script_len].done;)
		script_len++;
	if (!fails())
		fprintf(stderr, "other whims do not bring it about again\n");
	shrink();
	for (i = 0; i < WHIMS_TRIED && !fails_with(i, false); i++)
		;
	fprintf(stderr, "%lu steps are enough:\n", script_len);
	for (i = 0; i < script_len; i++) {
		op_print(text, &script[i]);
		fprintf(stderr, "%8lu  %s\n", i, text);
	}
	exit(1);
}

/* ---- options ------------------------------------------------------------ */

static bool
option(const char *name, const char *value)
{
	u64 n = strtoul(value, NULL, 0);

	if (strcmp(name, "--seed") == 0)
		opt.seed = n;
	else if (strcmp(name, "--steps") == 0)
		opt.steps = n;
	else if (strcmp(name, "--runs") == 0)
		opt.runs = n;
	else if (strcmp(name, "--spaces") == 0)
		opt.spaces = n;
	else if (strcmp(name, "--harts") == 0)
		opt.harts = n;
	else if (strcmp(name, "--every") == 0)
		opt.every = n;
	else if (strcmp(name, "--exhaustive") == 0)
		opt.exhaustive = n;
	else
		return false;
	return n > 0;
}

static void
read_options(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--shrink") == 0)
			opt.shrink = true;
		else if (i + 1 < argc && option(argv[i], argv[i + 1]))
			i++;
		else
			goto usage;
	}
	if (opt.spaces <= NR_SPACES && opt.harts <= SIM_HARTS)
		return;
usage:
	fprintf(stderr,
	    "usage: mm_history [--seed N] [--steps N] [--runs N] "
	    "[--spaces N] [--harts N] [--every N] [--shrink] "
	    "[--exhaustive N]\n");
	exit(2);
}

int
main(int argc, char **argv)
{
	size_t script_bytes;
	u32 i;

	read_options(argc, argv);
	sim_tell_of_crashes();
	if (opt.exhaustive > 0) {
		exhaust(opt.exhaustive);
		return 0;
	}
	script_bytes = (opt.steps + 1) * sizeof(*script);
	script = mmap(NULL, script_bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sim_on_failure = tell;
	for (seed = opt.seed; seed < opt.seed + opt.runs; seed++) {
		memset(script, 0, script_bytes);
		if (opt.shrink)
			run_and_shrink();
		else
			run_random();
	}
	printf("%lu runs of %lu steps from seed %lu agree\n", opt.runs,
	    opt.steps, opt.seed);
	for (i = 0; i < NR_MM_STATS; i++)
		printf("%12lu %s\n", mm_stats[i], mm_stat_names[i]);
	return 0;
}

/*
 * Which sequences of operations: all of one alone, then those of `scenarios`,
 * then all pairs in a drawn order, and every fourth is a drawn one of three
 * operations or of many.
 */
#include "crash_ops.h"

#include "fake.h"

#include <stdlib.h>
#include <string.h>

/* What single operations and pairs are too short for. */
static const char *const scenarios[] = {
    /* A directory grows, over commits. */
    "many*40 sync many*20 append-fsync many*20",
    /* Blocks of directories become a file's, after a commit and within one. */
    "many*30 sync empty*30 rmdir sync fill append-fsync",
    "many*30 sync empty*30 rmdir fill append-fsync fill sync",
    "many*10 empty*10 fill sync many*10 sync empty*10 far append-fsync",
    /* The disk is full, and has room again. */
    "fill*60 append-fsync create mkdir append sync unfill fill*3 sync",
    "fill*60 sync unfill append-fsync fill*2 far sync many*5",
    /* A file with many blocks of numbers is cut off, and another one comes. */
    "holes sync cut-holes append-fsync fill sync",
    "holes append-fsync cut-holes holes sync cut-holes far",
    /* Files without a name. */
    "orphan orphan-write append-fsync unlink-file orphan-close sync",
    "orphan append-fsync orphan-write sync fill orphan-close append-fsync",
    /* A file is replaced, as a careful program does it. */
    "new-fsync replace new-fsync replace append-fsync",
    "new-fsync rename-over replace sync",
    /* The log comes round to its beginning, some times. */
    "fill*3 sync fill*3 sync unfill sync fill*3 sync fill*3 sync unfill "
    "sync fill*3 sync fill*3 sync unfill sync fill*3 sync fill*3 sync",
    /* Writing through a mapping. */
    "mmap sync mmap truncate mmap append-fsync mmap sync",
    "mmap append-fsync rename-over mmap sync mmap orphan append-fsync",
};

struct list_of {
	const struct operation **ops;
	u32 nr, max;
};

static void
add_operation(struct list_of *s, const struct operation *op, u64 nr)
{
	while (nr-- > 0 && s->nr < s->max)
		s->ops[s->nr++] = op;
}

/* Words of the form NAME or NAME*TIMES. */
static void
add_scenario(struct list_of *s, const char *words)
{
	while (*words != 0) {
		size_t len = strcspn(words, " *");
		const struct operation *op = crash_operation(words, len);
		char *end = (char *)words + len;
		u64 nr = *end == '*' ? strtoul(end + 1, &end, 10) : 1;

		add_operation(s, op, nr);
		words = end + strspn(end, " ");
	}
}

/* Three, or now and then many, some of them often. */
static void
add_drawn(struct list_of *s)
{
	u32 n = fake_random() % 4 == 0 ? 4 + fake_random() % 40 : 3;

	while (n-- > 0)
		add_operation(s,
		    &crash_operations[fake_random() % crash_nr_operations],
		    fake_random() % 8 == 0 ? 1 + fake_random() % 20 : 1);
}

/* A pair's number leads to another one, so that the first ones are a sample. */
static void
add_pair(struct list_of *s, u64 seed, u64 number)
{
	u64 n = crash_nr_operations, step = n * n / 3;

	while (step % 2 == 0 || step % 5 == 0 || step % 7 == 0 || n % step == 0)
		step++;
	number = (number * step + crash_stir(seed, 1) % (n * n)) % (n * n);
	add_operation(s, &crash_operations[number / n], 1);
	add_operation(s, &crash_operations[number % n], 1);
}

u32
crash_choose(u64 seed, u64 number, const struct operation **ops, u32 max)
{
	struct list_of s = {.ops = ops, .max = max};
	u64 n = number, alone = crash_nr_operations;

	fake_random_seed(crash_stir(crash_stir(seed, n), 1ul << 40));
	if (n < alone) {
		add_operation(&s, &crash_operations[n], 1);
		return s.nr;
	}
	n -= alone;
	if (n < ARRAY_SIZE(scenarios)) {
		add_scenario(&s, scenarios[n]);
		return s.nr;
	}
	n -= ARRAY_SIZE(scenarios);
	if (n % 4 != 3 && n - n / 4 < alone * alone)
		add_pair(&s, seed, n - n / 4);
	else
		add_drawn(&s);
	return s.nr;
}

/*
 * All histories of up to N steps over three address spaces and two pages, which
 * lie in two tables: read, write, fork, unmap, exit, one space on each hart.
 *
 * Each begins with space 0, both pages mapped and the first one written.  The
 * hardware is as greedy as can be: it keeps every entry that it sees and always
 * uses what it keeps, so a flush that is missing shows at the next access.
 * What can't be done (a read in a space that is not there) isn't counted.  Nor
 * is what differs from another history by the numbers of spaces alone: a child
 * takes the lowest number that is free.
 */
#include "exhaust.h"

#include <stdio.h>

#include "mm/mm.h"
#include "world.h"

#define MAX_LEN 16
#define SPACES  3

/* Two neighbours at the border of two tables. */
static const u8 pages[] = {9, 10};
#define FIRST_PAGE_OF_BORDER 9

static struct op alphabet[64];
static u32 nr_letters;
static struct op history[MAX_LEN];
static u32 len;
static u64 nr_histories;
static u64 nr_steps;

static void
add(struct op op)
{
	op.hart = op.space;
	alphabet[nr_letters++] = op;
}

static void
make_alphabet(void)
{
	u8 s, p;

	for (s = 0; s < SPACES; s++) {
		for (p = 0; p < ARRAY_SIZE(pages); p++) {
			add((struct op){
			    .kind = OP_READ, .space = s, .page = pages[p]});
			add((struct op){
			    .kind = OP_WRITE, .space = s, .page = pages[p]});
			add((struct op){.kind = OP_MUNMAP,
			    .space = s,
			    .page = pages[p],
			    .last = pages[p]});
		}
		add((struct op){.kind = OP_FORK,
		    .space = s,
		    .page = pages[s % 2],
		    .span = s == 2});
		add((struct op){.kind = OP_EXIT, .space = s});
	}
}

static void
tell(void)
{
	char text[OP_TEXT];
	u32 i;

	for (i = 0; i < len; i++) {
		op_print(text, &history[i]);
		fprintf(stderr, "%8u  %s\n", i, text);
	}
}

static void
begin(void)
{
	struct op create = {.kind = OP_CREATE};
	struct op map = {.kind = OP_MMAP,
	    .page = FIRST_PAGE_OF_BORDER,
	    .count = ARRAY_SIZE(pages),
	    .prot = MM_READ | MM_WRITE,
	    .object = NR_OBJECTS,
	    .fixed = true};
	struct op write = {
	    .kind = OP_WRITE, .page = FIRST_PAGE_OF_BORDER, .value = 1000};

	world_reset(1);
	world_step(&create);
	world_step(&map);
	world_step(&write);
}

/* The lowest number that is free; SPACES for none. */
static u8
free_space(void)
{
	u8 s = 0;

	while (s < SPACES && world.mms[s] != NULL)
		s++;
	return s;
}

/* Plays the history; false if its last step can't be done. */
static bool
play(void)
{
	u32 i;

	begin();
	for (i = 0; i < len; i++) {
		if (history[i].kind == OP_FORK)
			history[i].to = free_space();
		if (!world_can(&history[i]) || history[i].to == SPACES)
			break;
		history[i].value = 2000 + i;
		world_step(&history[i]);
		nr_steps++;
	}
	if (i == len) {
		world_compare();
		world_check(false);
	}
	world_end();
	return i == len;
}

static void
extend(u32 max_len)
{
	u32 i;

	for (i = 0; i < nr_letters; i++) {
		history[len++] = alphabet[i];
		if (play()) {
			nr_histories++;
			if (len < max_len)
				extend(max_len);
		}
		len--;
	}
}

void
exhaust(u32 max_len)
{
	sim_greedy = true;
	sim_on_failure = tell;
	make_alphabet();
	extend(MIN(max_len, (u32)MAX_LEN));
	printf("%lu histories of up to %u steps over %u operations agree "
	       "(%lu steps)\n",
	    nr_histories, max_len, nr_letters, nr_steps);
}

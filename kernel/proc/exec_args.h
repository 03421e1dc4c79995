/* What exec hands to a program on its stack. */
#ifndef PROC_EXEC_ARGS_H
#define PROC_EXEC_ARGS_H

#include "lib/types.h"

struct mm;
struct page;

#define EXEC_MAX_STRING (32 * PAGE_SIZE) /* as Linux: one argument */
#define EXEC_MIN_ROOM   (32 * PAGE_SIZE) /* as Linux: always allowed in all */
#define EXEC_MAX_ROOM   (6ul << 20)      /* as Linux: never more */
#define EXEC_FRONT_SIZE PAGE_SIZE * 2    /* a path and four "#!" lines */

/*
 * struct exec_args: the strings of argv, envp and the program's own name, one
 * behind the other, copied out of the old program's memory page by page; in
 * front of them what "#!" lines put there.  Owned by one exec.
 *
 *	front: ...... interpreter\0argument\0script\0
 *	pages: (skipped: argv[0]\0) argv[1]\0 ... envp[0]\0 ... name\0
 */
struct exec_args {
	struct page **pages;
	u32 nr_pages;
	u32 room;        /* pointers that pages has room for */
	u64 skip_bytes;  /* at the start of pages: replaced by what is in front
			  */
	u64 len_bytes;   /* in pages */
	u64 limit_bytes; /* for strings and pointers together */
	u32 argc;
	u32 envc;
	char *front;     /* EXEC_FRONT_SIZE bytes, or NULL */
	u32 front_start; /* what is in front lies at its end */
};

/* What the program finds beside argv and envp: pairs, ended by AT_NULL. */
struct exec_auxv {
	u64 words[2 * 24];
	u32 nr_words;
};

/* stack_limit_bytes: RLIMIT_STACK. */
void exec_args_init(struct exec_args *a, u64 stack_limit_bytes);
void exec_args_free(struct exec_args *a);
/*
 * The list at user address list (0: empty), whose count goes to *count.
 * Errors: -E2BIG, -EFAULT, -ENOMEM.
 */
int exec_args_add_user(
    struct exec_args *a, uaddr_t list, u32 *count) MUST_CHECK;
int exec_args_add(struct exec_args *a, const char *s) MUST_CHECK;
/* A "#!" line: argv[0] gives way to interp, arg (may be NULL) and path. */
int exec_args_script(struct exec_args *a, const char *interp, const char *arg,
    const char *path) MUST_CHECK;

void exec_auxv_add(struct exec_auxv *v, u64 type, u64 val);

/* Where things ended up. */
struct exec_stack {
	u64 sp;
	u64 arg_start;
	u64 arg_end; /* and the environment's start */
	u64 env_end;
};
/*
 * Strings, 16 random bytes, auxv, pointers and argc, from top downwards.  Adds
 * AT_RANDOM, AT_EXECFN and AT_NULL to v.
 * Errors: -E2BIG, -ENOMEM.
 */
int exec_args_write(struct exec_args *a, struct mm *mm, u64 top,
    struct exec_auxv *v, struct exec_stack *out) MUST_CHECK;

#endif

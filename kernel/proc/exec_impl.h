/* One exec, on its way through exec.c and exec_load.c. */
#ifndef PROC_EXEC_IMPL_H
#define PROC_EXEC_IMPL_H

#include "fs/file.h"
#include "lib/elf.h"
#include "mm/mm.h"
#include "proc/exec_args.h"
#include "proc/exec_script.h"
#include "proc/proc.h"

/*
 * struct exec: all that the new program will have, owned here until the commit
 * hands it to the process.  Only the thread that execs sees it.
 */
struct exec {
	struct exec_args args;
	struct fs_who who;
	struct file *file; /* the program itself, once scripts are resolved */
	const char *name;  /* as the caller gave it */
	char *fd_name;     /* owned: the name, if it was by descriptor */
	char comm[COMM_SIZE];
	struct mm *mm;       /* the new address space */
	struct cred *cred;   /* the new rights; NULL: as before */
	bool secure;         /* the program has more rights than its caller */
	bool clears_persona; /* what its caller asked of personality is off */
	bool dumpable;       /* the new memory may be looked into */
	u64 stack_top;
	u64 entry; /* where it begins */
	struct exec_stack stack;
	struct mm_places places;
	struct exec_auxv auxv;
	char line[EXEC_SCRIPT_LINE + 1]; /* the file's first bytes */
};

/* Is what it maps at random places? */
bool exec_is_random(const struct exec *e);
/*
 * Maps the stack, the program and its interpreter into e->mm, sets entry,
 * places and what auxv says of it. Errors: -ENOEXEC, -ENOMEM, -EIO, -ELIBBAD.
 */
int exec_load(struct exec *e) MUST_CHECK;
/* For exec_load, once it knows whether code may lie on the stack. */
int exec_map_stack(struct exec *e, bool executable) MUST_CHECK;

#endif

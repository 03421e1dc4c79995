/* The inside of devpts: one file system, and the names in it. */
#ifndef FS_DEVPTS_IMPL_H
#define FS_DEVPTS_IMPL_H

#include "core/spinlock.h"
#include "dev/pty.h"
#include "fs/devpts.h"
#include "fs/vfs_impl.h"

/* Inode numbers, as Linux gives them: the root, ptmx, and then the slaves. */
#define DEVPTS_ROOT_INO  1
#define DEVPTS_PTMX_INO  2
#define DEVPTS_FIRST_INO 3

#define DEVPTS_NO_ID (~0ul) /* of an option: whoever opens the master */

/* More than any number of a terminal has, in decimal. */
#define DEVPTS_NUMBER_CHARS 12

/*
 * struct devpts_node: the name of one slave; the devpts has a reference as long
 * as the master is open.
 * Locks: d the devpts's lock   c fixed
 */
struct devpts_node {
	struct inode inode;
	struct pty *pty; /* d: its master is open; NULL: it was */
};

/* What mount(2) says. */
struct devpts_options {
	u64 uid;
	u64 gid;
	u64 mode;
	u64 ptmx_mode;
	u64 max;
};

/*
 * struct devpts: one file system.  Every inode and every pair has a reference.
 * Laws   V1  the node of a number is there only if the number is taken
 *        V2  nr_taken counts the numbers that are taken
 * Locks  d lock   c fixed   i the root's mutex: until nothing is mounted
 */
struct devpts {
	struct filesystem fs;
	struct inode *ptmx;                  /* i: counted */
	struct spinlock lock;                /* rank DEVPTS */
	struct devpts_options options;       /* d */
	u32 nr_taken;                        /* d */
	bool taken[MAX_PTYS];                /* d */
	struct devpts_node *nodes[MAX_PTYS]; /* d: counted */
};

extern const struct filesystem_ops devpts_ops;

static inline struct devpts *
devpts_of(struct filesystem *fs)
{
	return container_of(fs, struct devpts, fs);
}

/* An inode of d with a reference to it. */
void devpts_inode_begin(struct inode *i, struct devpts *d, u64 ino,
    const struct inode_new *new, const struct inode_ops *ops);

#endif

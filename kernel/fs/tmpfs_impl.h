/* What tmpfs.c and tmpfs_dir.c share. */
#ifndef FS_TMPFS_IMPL_H
#define FS_TMPFS_IMPL_H

#include "core/spinlock.h"
#include "fs/vfs.h"
#include "lib/rbtree.h"

/*
 * struct tmpfs_numbers: which numbers its inodes have.
 * Laws   T3  all below lowest are used
 * Locks  l lock
 */
struct tmpfs_numbers {
	struct spinlock lock; /* rank TMPFS_NUMBERS */
	u64 *used;            /* l: a bit for each, NULL while nr is 0 */
	u64 nr;               /* l */
	u64 lowest;           /* l */
};

/*
 * struct tmpfs: one file system.
 * Laws   T1  nr_inodes counts the inodes there are, each of which holds a
 *            reference to fs
 * Locks  a atomic   c fixed
 */
struct tmpfs {
	struct filesystem fs;
	u64 max_pages;  /* a: a remount sets both */
	u64 max_inodes; /* a */
	u32 mode;       /* c: of the root, as the mount said; and whose */
	u32 uid;        /* c */
	u32 gid;        /* c */
	u64 nr_pages;   /* a: those that files were charged for */
	u64 nr_inodes;  /* a */
	struct tmpfs_numbers numbers;
};

/*
 * struct tmpfs_entry: one name in one directory, allocated as long as the name
 * needs it.
 */
struct tmpfs_entry {
	struct rb_node node; /* the directory's: by cookie */
	u64 cookie;          /* c: what getdents calls its offset */
	struct inode *inode; /* the directory's: counted */
	u8 len;              /* c */
	char name[];         /* c: not terminated */
};

/*
 * struct tmpfs_dir
 * Laws   T2  nlink is 2 and one for each directory in entries
 * Locks: i the inode's
 */
struct tmpfs_dir {
	struct inode inode;      /* first */
	struct rb_tree entries;  /* i */
	u64 nr_entries;          /* i */
	struct tmpfs_dir *above; /* while the file system is taken down */
};

static inline struct tmpfs *
tmpfs_of(struct filesystem *fs)
{
	return container_of(fs, struct tmpfs, fs);
}

static inline struct tmpfs_dir *
tmpfs_dir_of(struct inode *i)
{
	return container_of(i, struct tmpfs_dir, inode);
}

/* A filled with zeroes; its memory goes with destroy. */
void tmpfs_numbers_init(struct tmpfs_numbers *n);
void tmpfs_numbers_destroy(struct tmpfs_numbers *n);
/* Errors: -ENOMEM. */
int tmpfs_number_get(struct tmpfs_numbers *n, u64 *ino) MUST_CHECK;
void tmpfs_number_put(struct tmpfs_numbers *n, u64 ino);

/* An inode of any type, nlink 1. */
int tmpfs_create_inode(struct tmpfs *t, const struct inode_new *new,
    struct inode **out) MUST_CHECK;
/* Only the memory; NULL when there is none. */
struct inode *tmpfs_make_dir(
    struct tmpfs *t, u64 ino, const struct inode_new *new);
void tmpfs_release_dir(struct inode *i);
/* Takes all names out, from the root down. */
void tmpfs_empty(struct filesystem *fs);

#endif

/*
 * /proc: what it shows comes from tables that the folders above hand in.
 *
 * An entry is a line of a table: a file whose text a function prints, a link,
 * or a directory with a table of its own.  What the entries of one table are
 * about is told by a key (a process and its descriptor, say), which every
 * function gets.  Nothing is kept: inodes are made by a look-up and gone with
 * the last user, so a key is checked again at each use.
 */
#ifndef FS_PROCFS_H
#define FS_PROCFS_H

#include "fs/seq.h"
#include "fs/vfs.h"

/* Two numbers of the table's own meaning, e.g. a thread and a descriptor. */
struct procfs_key {
	u64 id;
	u64 sub;
};

struct iov_iter;
struct procfs_dir;

/*
 * struct procfs_entry: static.  Which functions count depends on mode's type:
 * S_IFREG show or read, and write, S_IFLNK readlink and follow, S_IFDIR dir.
 */
struct procfs_entry {
	const char *name;
	u32 mode; /* type and permission bits */
	/* Prints the whole text.  Errors: -ESRCH and so on, for the read. */
	int (*show)(struct seq *s, struct procfs_key key);
	/*
	 * Instead of show, for what is not text: bytes from *pos on, which it
	 * moves.  by_admin: who has CAP_SYS_ADMIN opened it.
	 */
	s64 (*read)(struct procfs_key key, bool by_admin, struct iov_iter *to,
	    u64 *pos);
	/* text is terminated as well; from one write call, below a page. */
	int (*write)(struct procfs_key key, const char *text, size_t len);
	/* The link's text, terminated. */
	int (*readlink)(struct procfs_key key, char *buf, size_t cap);
	/* Where it leads, with references; NULL: where its text says. */
	int (*follow)(struct procfs_key key, struct path *out);
	struct procfs_dir *dir;
	/* Text worth reading again from a position other than 0. */
	bool live;
};

/* One of a directory's names that are in no table. */
struct procfs_child {
	const struct procfs_entry *entry; /* its name does not count */
	struct procfs_key key;
	char name[24];
};

/* The source of such names: processes, descriptors. */
struct procfs_children {
	/* Errors: -ENOENT. */
	int (*lookup)(
	    struct procfs_key key, const char *name, struct procfs_child *out);
	/* The first at or after *pos, which becomes its own + 1; or false. */
	bool (*next)(struct procfs_key key, u64 *pos, struct procfs_child *out);
};

struct procfs_table {
	const struct procfs_entry *entries;
	u32 nr;
	struct procfs_table *next;
};

/*
 * struct procfs_dir: static; complete before /proc is first mounted.  owner
 * tells what a table cannot; NULL: root.
 */
struct procfs_dir {
	struct procfs_table *tables;
	const struct procfs_children *children;
	/* Who owns what is in here.  Errors: -ENOENT: it is gone. */
	int (*owner)(struct procfs_key key, u32 *uid, u32 *gid);
	/* Is it about who asks, who may use it whatever its mode?  Or NULL. */
	bool (*is_own)(struct procfs_key key);
};

extern struct procfs_dir procfs_root; /* /proc */
extern struct procfs_dir procfs_calf; /* /proc/calf */

/* Boot: adds a table to a directory's names. */
void procfs_add(struct procfs_dir *dir, struct procfs_table *table);
/* Boot: makes the type "proc" known. */
void procfs_init(void);

#endif

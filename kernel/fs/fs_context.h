/*
 * Where a process stands among files: its root, its working directory, the
 * mode bits that new files do not get.  Threads may share one (CLONE_FS).
 */
#ifndef FS_FS_CONTEXT_H
#define FS_FS_CONTEXT_H

#include "core/spinlock.h"
#include "fs/vfs.h"

/*
 * struct fs_context: fs_context_create or fs_context_copy make it with one
 * reference; each thread that uses it holds one.
 * Locks: f lock   a atomic
 */
struct fs_context {
	struct refcount refs; /* a */
	struct spinlock lock; /* rank FS_CONTEXT */
	struct path root;     /* f */
	struct path cwd;      /* f */
	u32 umask;            /* a */
};

/*
 * Who asks for something of a file: passed down by whoever knows processes.
 * Borrowed for the length of the call.
 */
struct fs_who {
	const struct cred *cred;
	struct fs_context *ctx;
	u64 fsize_limit; /* RLIMIT_FSIZE: no file is made longer */
};

/* The kernel itself, after vfs_init: root, at the initial root, no limits. */
const struct fs_who *fs_who_kernel(void);

/* At the initial root, umask 022. */
int fs_context_create(struct fs_context **out) MUST_CHECK;
int fs_context_copy(
    struct fs_context *from, struct fs_context **out) MUST_CHECK;
static inline struct fs_context *
fs_context_get(struct fs_context *c)
{
	refcount_get(&c->refs);
	return c;
}
/* Sleeps. */
void fs_context_put(struct fs_context *c);
/* References for the caller. */
struct path fs_context_root(struct fs_context *c);
struct path fs_context_cwd(struct fs_context *c);
u32 fs_context_umask(struct fs_context *c);
/* Returns the old one. */
u32 fs_context_set_umask(struct fs_context *c, u32 umask);
/* These take over the caller's reference; sleep. */
void fs_context_set_cwd_take(struct fs_context *c, struct path cwd);
void fs_context_set_root_take(struct fs_context *c, struct path root);

#endif

/*
 * Tables of open files: what a descriptor number means.
 *
 * A table is shared by all who were cloned with CLONE_FILES; each thread holds
 * one reference.  Only the thread itself changes which table it uses, so the
 * current thread reads its own pointer without a lock, and while it is the only
 * user of its table nobody else can close anything there: fd_get then neither
 * locks nor counts.
 */
#ifndef PROC_FDTABLE_H
#define PROC_FDTABLE_H

#include "core/spinlock.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/refcount.h"
#include "lib/types.h"

struct file;
struct task;

/* A table of this size is part of the struct: most processes need no more. */
#define FDTABLE_INLINE 32

/*
 * struct fdtable: made by fdtable_create and fdtable_copy, freed with its last
 * reference, which closes what is open.
 * Laws   F1  bit n of open is set when descriptor n is taken; files[n] is NULL
 *            beside a set bit only between fd_reserve and fd_install
 *        F2  a bit of cloexec is set only beside its bit of open
 *        F3  every taken descriptor is below nr_slots, none free is below
 *            first_free
 * Locks  l lock (and t while the thread is its only user)   a atomic
 */
struct fdtable {
	struct refcount refs; /* a: threads */
	struct spinlock lock; /* rank FDTABLE */
	u32 nr_slots;         /* l: a multiple of 64 but for the inline table */
	u32 first_free;       /* l: no free slot below */
	u64 *open;            /* l: a bit for each slot */
	u64 *cloexec;         /* l: a bit for each slot */
	struct file **files;  /* l */
	struct lock_owner locks; /* fcntl's, of the process */
	u64 inline_open;
	u64 inline_cloexec;
	struct file *inline_files[FDTABLE_INLINE];
};

int fdtable_create(struct fdtable **out) MUST_CHECK;
/* A table with the same files open.  Errors: -ENOMEM. */
int fdtable_copy(struct fdtable *from, struct fdtable **out) MUST_CHECK;
void fdtable_get(struct fdtable *t);
/* Sleeps: the last one closes the files. */
void fdtable_put(struct fdtable *t);

/*
 * struct fd: a file used for the length of one system call.
 */
struct fd {
	struct file *file;
	bool counted; /* fd_put has a reference to drop */
};

/*
 * The file behind descriptor n of the current thread.  O_PATH ones too: who
 * cares looks at the file.
 * Errors: -EBADF.
 */
int fd_get(int n, struct fd *out) MUST_CHECK;
/* Sleeps: another thread may have closed it meanwhile. */
static inline void
fd_put(struct fd *fd)
{
	if (fd->counted)
		file_put(fd->file);
	fd->file = NULL;
}

/*
 * The lowest free descriptor from min on, taken but empty.  Then one of
 * fd_install, which takes over the caller's reference, or fd_unreserve.
 * Errors: -EMFILE, -ENOMEM, -EINVAL (min beyond the limit).
 */
int fd_reserve_from(int min, bool cloexec, int *out) MUST_CHECK;
int fd_reserve(bool cloexec, int *out) MUST_CHECK;
void fd_install_take(int n, struct file *file);
void fd_unreserve(int n);
/* Reserve and install at once; on error the reference stays the caller's. */
int fd_open_take(struct file *file, bool cloexec, int *out) MUST_CHECK;

/* Sleeps.  Errors: -EBADF. */
int fd_close(int n) MUST_CHECK;
int fd_dup(int n, int *out) MUST_CHECK;
/* fcntl's F_DUPFD and F_DUPFD_CLOEXEC. */
int fd_dup_from(int n, int min, bool cloexec, int *out) MUST_CHECK;
/* dup3; dup2 is the caller's: same numbers are -EINVAL here. */
int fd_dup_to(int from, int to, bool cloexec) MUST_CHECK;
int fd_get_cloexec(int n, bool *out) MUST_CHECK;
int fd_set_cloexec(int n, bool on) MUST_CHECK;
/* Is n open on f, still? */
bool fd_is(int n, const struct file *f);
/* flags: CLOSE_RANGE_* of Linux. */
int fd_close_range(u32 first, u32 last, u32 flags) MUST_CHECK;
/* unshare(CLONE_FILES). */
int fd_unshare(void) MUST_CHECK;
/* exec: closes what is marked.  Sleeps. */
void fd_close_on_exec(void);

/*
 * A file of any thread's table, with a reference; for /proc and pidfd_getfd,
 * which ask for the right to it under the same hold.
 * Locks: PROC_TREE.  Errors: -EBADF, -ESRCH (it has left already).
 */
int fd_get_of_task_locked(struct task *t, int n, struct file **out) MUST_CHECK;
/*
 * FILE_READ and FILE_WRITE of it, for who holds locks that are in the way of
 * putting a reference.  Errors: as above.
 */
int fd_access_of_task_locked(struct task *t, int n, u32 *access) MUST_CHECK;
/* The same, for /proc/PID/fdinfo. */
struct fd_info {
	u64 pos; /* 0 where there are none */
	u32 flags;
	u32 mount_id;
	u64 ino;
	bool cloexec;
};
int fd_info_of_task_locked(
    struct task *t, int n, struct fd_info *out) MUST_CHECK;
/* The lowest taken descriptor from n on, -1 if there is none. */
int fd_next_of_task(struct task *t, int n);
/* Slots in the table, for /proc/PID/status. */
u32 fd_slots_of_task(struct task *t);

#endif

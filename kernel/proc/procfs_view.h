/* What /proc shows of a process, all of one moment. */
#ifndef PROC_PROCFS_VIEW_H
#define PROC_PROCFS_VIEW_H

#include "fs/cred.h"
#include "fs/procfs.h"
#include "mm/mm.h"
#include "proc/proc.h"

/*
 * In a key: which process or thread, and whether the thread is meant alone.  A
 * name below has its number above that bit.
 */
enum {
	VIEW_PROCESS,
	VIEW_THREAD,
};

static inline u64
view_scope(struct procfs_key key)
{
	return key.sub & VIEW_THREAD;
}

static inline struct procfs_key
view_key(s32 nr, u64 scope)
{
	return (struct procfs_key){.id = nr, .sub = scope};
}

/*
 * struct proc_view: taken under the locks, printed without them.  Lives for
 * one read; mm is a reference.
 */
struct proc_view {
	s32 tgid, tid, ppid, pgid, sid;
	u32 tty_device;
	s32 foreground; /* -1: no terminal */
	char state;     /* R S D T Z X */
	const char *state_name;
	char comm[COMM_SIZE];
	u32 nr_threads;
	u32 uids[4]; /* real, effective, saved, of files */
	u32 gids[4];
	struct cred_caps caps;
	s8 nice;
	s16 oom_score_adj;
	bool may_look; /* the reader: as a debugger could */
	bool no_new_privs;
	bool has_umask; /* not of who is leaving */
	u32 umask;
	s16 hart;
	u64 affinity;
	int exit_signal;
	int exit_status;
	u64 start_ns;
	struct proc_usage usage;
	struct proc_usage children;
	struct sigset pending, shared_pending, blocked, ignored, caught;
	u32 nr_queued;
	struct rlimit_value limits[NR_LIMITS];
	u32 fd_slots;
	struct mm *mm;
	struct mm_usage memory; /* all zero without mm */
	struct mm_places places;
};

/*
 * The view of key's process or thread, to be freed with view_free.
 * Sleeps.  Errors: -ESRCH, -ENOMEM.
 */
int view_take(struct procfs_key key, struct proc_view **out) MUST_CHECK;
void view_free(struct proc_view *v);

/*
 * The thread that answers for key, with a reference.  Errors: -ESRCH: there is
 * none, or none any more.
 */
int view_task(struct procfs_key key, struct task **out) MUST_CHECK;
/*
 * The same without a reference, for what is nobody else's business: memory,
 * files, environment.  What the right was asked for is to be taken under the
 * same hold: exec may make of the thread somebody who has it not.
 * Locks: PROC_TREE.  Errors: also -EACCES.
 */
int view_private_locked(struct procfs_key key, struct task **out) MUST_CHECK;
/* The thread alone, with a reference. */
int view_task_private(struct procfs_key key, struct task **out) MUST_CHECK;
/* Its memory, with a reference; for who has the right.  Also -EACCES. */
int view_mm_private(struct procfs_key key, struct mm **out) MUST_CHECK;

/* For procfs_dir.owner. */
int view_owner(struct procfs_key key, u32 *uid, u32 *gid) MUST_CHECK;
/* For procfs_dir.is_own: of the caller's process, or a thread in it. */
bool view_is_own(struct procfs_key key);

extern struct procfs_dir procfs_pid_dir;    /* /proc/PID */
extern struct procfs_dir procfs_thread_dir; /* /proc/PID/task/TID */
extern struct procfs_dir procfs_task_dir;   /* /proc/PID/task */
extern struct procfs_dir procfs_fd_dir;     /* /proc/PID/fd */
extern struct procfs_dir procfs_fdinfo_dir; /* /proc/PID/fdinfo */

/* The line of a region, as /proc/PID/maps has it. */
void procfs_print_region(struct seq *s, const struct mm_region_info *r);

int procfs_show_mounts(struct seq *s, struct procfs_key key) MUST_CHECK;
int procfs_show_mountinfo(struct seq *s, struct procfs_key key) MUST_CHECK;

/* Boot: the tables of each file. */
extern struct procfs_dir procfs_sys_dir; /* /proc/sys */

void procfs_pid_init(void);
void procfs_dirs_init(void);
void procfs_system_init(void);
void procfs_calf_init(void);
void procfs_weigh_init(void);
void procfs_pagemap_init(void);

#endif

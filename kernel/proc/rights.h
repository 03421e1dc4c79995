/*
 * Changing who the current thread is and what it may: setuid and its kin, and
 * capabilities.  Both stand in task_current()->cred.
 */
#ifndef PROC_RIGHTS_H
#define PROC_RIGHTS_H

#include "lib/errno.h"
#include "lib/types.h"

/* The same rules hold for both. */
enum rights_kind {
	RIGHTS_USER,
	RIGHTS_GROUP,
};

#define RIGHTS_KEEP (~0u) /* -1: this one stays as it is */

/* setuid, setgid.  Errors, of all these: -EINVAL, -EPERM, -EAGAIN. */
int rights_set(enum rights_kind kind, u32 id) MUST_CHECK;
/* setreuid, setregid. */
int rights_set_re(enum rights_kind kind, u32 r, u32 e) MUST_CHECK;
/* setresuid, setresgid. */
int rights_set_res(enum rights_kind kind, u32 r, u32 e, u32 s) MUST_CHECK;
/* setfsuid, setfsgid: the old one, whether or not it changed. */
u32 rights_set_fs(enum rights_kind kind, u32 id);
/* setgroups. */
int rights_set_groups(const u32 *groups, u32 nr) MUST_CHECK;

struct caps_asked;
struct cred;
struct cred_caps;
struct proc;

/* Of a thread, 0: the current one.  Errors: -ESRCH. */
int rights_get_caps(s32 tid, struct cred_caps *out) MUST_CHECK;
/* capset.  Errors: -EPERM, -ENOMEM. */
int rights_set_caps(const struct caps_asked *asked) MUST_CHECK;
/*
 * prctl about capabilities: what was asked for, or 0.
 * Errors: -EINVAL also for every other option, -EPERM, -ENOMEM.
 */
s64 rights_prctl(int option, u64 a2, u64 a3, u64 a4, u64 a5) MUST_CHECK;

/* Which of the current thread's numbers and sets count. */
enum rights_look {
	RIGHTS_LOOK_FILES, /* what files are used with, as in /proc */
	RIGHTS_LOOK_REAL,  /* the real ones, and what is permitted */
};

/*
 * May the current thread look into p, as a debugger could?  its are the rights
 * that p, or its thread in question, has.  Locks: PROC_TREE.
 */
bool rights_may_look_locked(
    const struct proc *p, const struct cred *its, enum rights_look how);

#endif

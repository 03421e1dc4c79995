/*
 * Changing who the current thread is: setuid and its kin.  Who it is stands in
 * task_current()->cred.
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
/* The last of CAP_* that Linux 6.12 has. */
#define RIGHTS_LAST_CAP 40

/* A bit for each. */
struct rights_caps {
	u64 effective;
	u64 permitted;
	u64 inheritable;
};

/* Of a thread, 0: the current one.  Errors: -ESRCH. */
int rights_get_caps(s32 tid, struct rights_caps *out) MUST_CHECK;
/*
 * Root has all and nobody else any, so only what is the case may be set.
 * Errors: -EPERM.
 */
int rights_set_caps(s32 tid, const struct rights_caps *caps) MUST_CHECK;
/* prctl's PR_CAP_AMBIENT_*: there are none.  Errors: -EINVAL, -EPERM. */
int rights_ambient(u64 what, u64 cap) MUST_CHECK;

/* setgroups. */
int rights_set_groups(const u32 *groups, u32 nr) MUST_CHECK;

#endif

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
/* setgroups. */
int rights_set_groups(const u32 *groups, u32 nr) MUST_CHECK;

#endif

/*
 * How the capabilities of a thread change: Linux's rules, for sets that are not
 * in use yet.  Whose they are, and the lock, are rights.c's affair.
 */
#ifndef PROC_CAPS_H
#define PROC_CAPS_H

#include "fs/cred.h"

/* The four numbers of one kind, users or groups. */
struct cred_ids {
	u32 r;
	u32 e;
	u32 s;
	u32 fs;
};

/* Is every one of them also in what? */
static inline bool
caps_are_within(u64 caps, u64 what)
{
	return (caps & ~what) == 0;
}

/* What capset asks for. */
struct caps_asked {
	u64 effective;
	u64 permitted;
	u64 inheritable;
};

/* capset.  Errors: -EPERM. */
int caps_set(struct cred_caps *c, const struct caps_asked *asked) MUST_CHECK;

/* The numbers of the user change, by setuid, setreuid or setresuid. */
void caps_follow_ids(struct cred_caps *c, const struct cred_ids *old,
    const struct cred_ids *new);
/* By setfsuid. */
void caps_follow_fs_id(struct cred_caps *c, u32 old, u32 new);

/*
 * prctl's requests that change the sets: PR_CAPBSET_DROP, PR_SET_SECUREBITS,
 * PR_SET_KEEPCAPS, PR_CAP_AMBIENT.
 * Errors: -EINVAL also for every other option, -EPERM.
 */
int caps_prctl(struct cred_caps *c, int option, u64 a2, u64 a3) MUST_CHECK;

/*
 * struct caps_exec: what a program will have.  The caller says who executes it
 * and as whom the file asks to be; caps_exec answers in the same fields.
 */
struct caps_exec {
	struct cred_caps caps;
	u32 ruid, rgid; /* these do not change */
	u32 euid, egid;
	bool no_new_privs;
	bool gains;  /* answer: it may more than who executes it */
	bool secure; /* answer: AT_SECURE, it must not trust its caller */
};

void caps_exec(struct caps_exec *x);

#endif

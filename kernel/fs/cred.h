/*
 * Who somebody is, user and group numbers, and what he may: capabilities
 * (CAP_* of the ABI), which are the parts of what is root's power.
 *
 * Being root (0) is no right by itself.  It gives the sets below when a program
 * is executed or a thread changes its number, by the rules in proc/caps.c; what
 * is asked afterwards is only cred_capable.
 */
#ifndef FS_CRED_H
#define FS_CRED_H

#include <linux/capability.h>

#include "lib/errno.h"
#include "lib/refcount.h"
#include "lib/types.h"

#define CRED_MAX_GROUPS 65536 /* NGROUPS_MAX of the ABI */

/* Every capability that there is. */
#define CAPS_ALL ((2ul << CAP_LAST_CAP) - 1)

/*
 * struct cred_caps: sets of capabilities, in each a bit for each.
 * Laws  effective is within permitted;
 *       ambient is within permitted and inheritable
 */
struct cred_caps {
	u64 effective;   /* those that count */
	u64 permitted;   /* those that may be made to count */
	u64 inheritable; /* exec adds them to root's, or leaves them */
	u64 ambient;     /* kept by exec of a program that gives no rights */
	u64 bounding;    /* those that exec may give */
	u32 securebits;  /* SECBIT_*: how root's number and these go together */
};

/*
 * struct cred: made by cred_create or cred_dup, which give one reference; may
 * be written only until a second holder can see it.  Who changes his identity
 * makes a copy, changes that, and drops the old one.
 * Locks: c fixed once shared   a atomic
 */
struct cred {
	struct refcount refs;  /* a */
	u32 ruid;              /* c: who started the process */
	u32 euid;              /* c: as whom it acts */
	u32 suid;              /* c: as whom it may act again */
	u32 fsuid;             /* c: as whom it uses files: follows euid */
	u32 rgid;              /* c */
	u32 egid;              /* c */
	u32 sgid;              /* c */
	u32 fsgid;             /* c */
	struct cred_caps caps; /* c */
	u32 nr_groups;         /* c */
	u32 groups[];          /* c: supplementary groups, ascending */
};

/* What one wants to do, for cred_may; the values of an rwx triple. */
enum {
	MAY_EXEC = 1, /* in a directory: go through it */
	MAY_WRITE = 2,
	MAY_READ = 4,
};

/*
 * Root with every capability, in no supplementary group, with room for that
 * many.
 */
int cred_create(u32 nr_groups, struct cred **out) MUST_CHECK;
/* A copy that the caller may change. */
int cred_dup(const struct cred *from, struct cred **out) MUST_CHECK;
/* The same with other groups, which are sorted here. */
int cred_dup_groups(const struct cred *from, const u32 *groups, u32 nr,
    struct cred **out) MUST_CHECK;
/* For access(2): the real user and group do the asking, as far as they may. */
int cred_dup_real(const struct cred *from, struct cred **out) MUST_CHECK;
struct cred *cred_get(const struct cred *c);
void cred_put(const struct cred *c);

/* May he do what takes cap (CAP_*)? */
static inline bool
cred_capable(const struct cred *c, u32 cap)
{
	return (c->caps.effective >> cap & 1) != 0;
}

/* The group that files are used with, or a supplementary one. */
bool cred_in_group(const struct cred *c, u32 gid);
/* Egid, or a supplementary one: for what is not about files. */
bool cred_in_egroup(const struct cred *c, u32 gid);
/*
 * Who asks, for a file system that is not told: the current thread's, borrowed
 * from it; NULL for a thread of the kernel's, which may do everything.
 */
const struct cred *cred_current(void);
/* Boot, by who knows processes: what finds it. */
void cred_set_current(const struct cred *(*fn)(void));
/*
 * May c do want (MAY_* bits) to what has this mode and owner?
 * Errors: -EACCES.
 */
int cred_may(
    const struct cred *c, u32 mode, u32 uid, u32 gid, u32 want) MUST_CHECK;

#endif

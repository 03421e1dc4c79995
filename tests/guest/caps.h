/* What the tests of capabilities share. */
#ifndef GUEST_CAPS_H
#define GUEST_CAPS_H

#include "files.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#define BIT(cap) (1ull << (cap))
/* The last is CAP_CHECKPOINT_RESTORE. */
#define ALL (BIT(41) - 1)

/* Effective, permitted, inheritable. */
struct caps {
	uint64_t e, p, i;
};

/* Of process `pid`, 0: the caller. */
static inline struct caps
caps_of(pid_t pid)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, pid};
	struct __user_cap_data_struct d[2];

	must(raw(capget, &h, d));
	return (struct caps){
	    .e = d[0].effective | (uint64_t)d[1].effective << 32,
	    .p = d[0].permitted | (uint64_t)d[1].permitted << 32,
	    .i = d[0].inheritable | (uint64_t)d[1].inheritable << 32,
	};
}

static inline int
caps_set(uint64_t e, uint64_t p, uint64_t i)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {
	    {(uint32_t)e, (uint32_t)p, (uint32_t)i},
	    {(uint32_t)(e >> 32), (uint32_t)(p >> 32), (uint32_t)(i >> 32)},
	};

	return raw(capset, &h, d);
}

static inline void
caps_are(uint64_t e, uint64_t p, uint64_t i, const char *when)
{
	struct caps c = caps_of(0);

	if (!ok(c.e == e && c.p == p && c.i == i, "%s", when))
		note("got %llx %llx %llx", (long long)c.e, (long long)c.p,
		    (long long)c.i);
}

static inline int
ambient(int how, int cap)
{
	return prctl(PR_CAP_AMBIENT, how, cap, 0, 0);
}

/* Root without these. */
static inline void
caps_lose(uint64_t caps)
{
	must(caps_set(ALL & ~caps, ALL & ~caps, 0));
}

/* USER with these and no others. */
static inline void
caps_only(uint64_t caps)
{
	must(prctl(PR_SET_KEEPCAPS, 1));
	must(setgroups(0, NULL));
	must(setresgid(USER, USER, USER));
	must(setresuid(USER, USER, USER));
	must(caps_set(caps, caps, 0));
	must(prctl(PR_SET_DUMPABLE, 1));
}

/*
 * struct deed: something that takes a capability.  Root without `lost` is
 * refused with `error`, and USER with `cap` alone does it.
 */
struct deed {
	const char *name;
	int cap;
	uint64_t lost; /* 0: only cap */
	int error;
	void (*prepare)(void); /* by root, each time; or NULL */
	int (*act)(void);
};

static const struct deed *caps_deed;

static inline void
caps_without(void)
{
	const struct deed *d = caps_deed;

	caps_lose(d->lost != 0 ? d->lost : BIT(d->cap));
	is_errno(d->act(), d->error, "%s without it", d->name);
}

static inline void
caps_with(void)
{
	caps_only(BIT(caps_deed->cap));
	is(caps_deed->act(), 0, "%s with it alone", caps_deed->name);
}

static inline void
caps_try(const struct deed *d)
{
	caps_deed = d;
	if (d->prepare != NULL)
		d->prepare();
	lives(caps_without, "%s: root", d->name);
	if (d->prepare != NULL)
		d->prepare();
	lives(caps_with, "%s: a user", d->name);
}

#endif

#include "fs/cred.h"

#include <linux/securebits.h>

#include "lib/assert.h"
#include "lib/string.h"
#include "mm/slab.h"

static const struct cred *(*find_current)(void); /* fixed at boot */

void
cred_set_current(const struct cred *(*fn)(void))
{
	find_current = fn;
}

const struct cred *
cred_current(void)
{
	return find_current ? find_current() : NULL;
}

static size_t
size_with(u32 nr_groups)
{
	return sizeof(struct cred) + nr_groups * sizeof(u32);
}

int
cred_create(u32 nr_groups, struct cred **out)
{
	struct cred *c;

	assert(nr_groups <= CRED_MAX_GROUPS);
	c = kzalloc(size_with(nr_groups));
	if (!c)
		return -ENOMEM;
	refcount_init(&c->refs, 1);
	c->caps.effective = c->caps.permitted = c->caps.bounding = CAPS_ALL;
	c->nr_groups = nr_groups;
	*out = c;
	return 0;
}

int
cred_dup(const struct cred *from, struct cred **out)
{
	struct cred *c = kmemdup(from, size_with(from->nr_groups));

	if (!c)
		return -ENOMEM;
	refcount_init(&c->refs, 1);
	*out = c;
	return 0;
}

static void
sift_down(u32 *heap, u32 nr, u32 i)
{
	for (;;) {
		u32 child = 2 * i + 1;
		u32 val = heap[i];

		if (child >= nr)
			return;
		if (child + 1 < nr && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= val)
			return;
		heap[i] = heap[child];
		heap[child] = val;
		i = child;
	}
}

/* Heap sort: a hostile list costs no more than any other. */
static void
sort(u32 *groups, u32 nr)
{
	u32 i;

	for (i = nr / 2; i > 0; i--)
		sift_down(groups, nr, i - 1);
	for (i = nr; i > 1; i--) {
		u32 top = groups[0];

		groups[0] = groups[i - 1];
		groups[i - 1] = top;
		sift_down(groups, i - 1, 0);
	}
}

int
cred_dup_groups(
    const struct cred *from, const u32 *groups, u32 nr, struct cred **out)
{
	struct cred *c;
	int err = cred_create(nr, &c);

	if (err < 0)
		return err;
	memcpy(c, from, sizeof(*c));
	refcount_init(&c->refs, 1);
	c->nr_groups = nr;
	memcpy(c->groups, groups, nr * sizeof(u32));
	sort(c->groups, nr);
	*out = c;
	return 0;
}

int
cred_dup_real(const struct cred *from, struct cred **out)
{
	int err = cred_dup(from, out);

	if (err < 0)
		return err;
	(*out)->euid = (*out)->fsuid = from->ruid;
	(*out)->egid = (*out)->fsgid = from->rgid;
	if (!(from->caps.securebits & SECBIT_NO_SETUID_FIXUP))
		(*out)->caps.effective =
		    from->ruid == 0 ? from->caps.permitted : 0;
	return 0;
}

struct cred *
cred_get(const struct cred *c)
{
	struct cred *counted = (struct cred *)c;

	refcount_get(&counted->refs);
	return counted;
}

void
cred_put(const struct cred *c)
{
	struct cred *counted = (struct cred *)c;

	if (refcount_put(&counted->refs))
		kfree(counted);
}

static bool
in_groups(const struct cred *c, u32 gid)
{
	u32 low = 0, high = c->nr_groups;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (c->groups[mid] == gid)
			return true;
		if (c->groups[mid] < gid)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

bool
cred_in_group(const struct cred *c, u32 gid)
{
	return c->fsgid == gid || in_groups(c, gid);
}

bool
cred_in_egroup(const struct cred *c, u32 gid)
{
	return c->egid == gid || in_groups(c, gid);
}

/* Which triple counts is decided by who he is, not by what it allows. */
static u32
granted_bits(const struct cred *c, u32 mode, u32 uid, u32 gid)
{
	if (c->fsuid == uid)
		return mode >> 6 & 7;
	if (cred_in_group(c, gid))
		return mode >> 3 & 7;
	return mode & 7;
}

/*
 * May he do want, whatever the owner has said?  To run a file takes that it is
 * a program for somebody.
 */
static bool
may_override(const struct cred *c, u32 mode, u32 want)
{
	bool is_dir = (mode & 0170000) == 0040000;
	bool runs = (mode & 0111) != 0;

	if (want == MAY_READ || (is_dir && !(want & MAY_WRITE)))
		if (cred_capable(c, CAP_DAC_READ_SEARCH))
			return true;
	return (is_dir || runs || !(want & MAY_EXEC)) &&
	    cred_capable(c, CAP_DAC_OVERRIDE);
}

int
cred_may(const struct cred *c, u32 mode, u32 uid, u32 gid, u32 want)
{
	u32 granted = granted_bits(c, mode, uid, gid);

	return (want & ~granted) == 0 || may_override(c, mode, want) ? 0
								     : -EACCES;
}

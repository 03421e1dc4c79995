/*
 * Good pointers at the edge of memory.  What ends with the last byte before a
 * page that can't be touched must be taken; what ends a byte beyond must not.
 * And no call may ask for alignment, or write more than it should.
 */
#include "hostile.h"

#define CANARY 0x5a

static char *border;

/* Makes one call with its argument moved; its errno, or 0. */
static int
call_with(const struct hostile_call *call, int arg, char *at, size_t len)
{
	static char room[HOSTILE_ROOM_BYTES] __attribute__((aligned(16)));
	long args[6];

	hostile_good_args(call, args, room);
	memcpy(at, (char *)args[arg], len);
	args[arg] = (long)at;
	errno = 0;
	return hostile_do(call, args) == -1 ? errno : 0;
}

/* Good arguments succeed, fail as the table says, or made it before. */
static bool
good(const struct hostile_call *call, int err)
{
	return err == 0 || err == call->fails || err == EEXIST;
}

/* What is wrong is said, and counted. */
static int
complain(const struct hostile_call *call, int arg, const char *what, int err)
{
	note("%s, argument %d, %s: %s", call->name, arg, what,
	    err ? strerrorname_np(err) : "no error");
	return 1;
}

static int
at_the_border(const struct hostile_call *call, int arg)
{
	const struct hostile_arg *a = &call->arg[arg];
	int wrong = 0, err;

	if (!call->only_bad && !(a->flags & H_ALIGNED && a->len_bytes & 3)) {
		err = call_with(call, arg, border - a->len_bytes, a->len_bytes);
		if (!good(call, err))
			wrong += complain(call, arg, "just fits", err);
	}
	if (!(a->flags & (H_PARTIAL | H_ALIGNED))) {
		err = call_with(
		    call, arg, border - a->len_bytes + 1, a->len_bytes - 1);
		if (err != EFAULT)
			wrong += complain(call, arg, "a byte too much", err);
	}
	return wrong;
}

/* At an odd address, between canaries. */
static int
unaligned(const struct hostile_call *call, int arg)
{
	static char area[HOSTILE_SLOT_BYTES + 64];
	const struct hostile_arg *a = &call->arg[arg];
	int wrong = 0, err;
	char *at = area + 17, *end = at + a->len_bytes;

	if (call->only_bad || a->flags & H_ALIGNED)
		return 0;
	memset(area, CANARY, sizeof(area));
	err = call_with(call, arg, at, a->len_bytes);
	if (!good(call, err))
		wrong += complain(call, arg, "at an odd address", err);
	for (char *p = area; p < at; p++)
		if (*p != CANARY)
			return wrong + complain(call, arg, "before it", 0);
	for (char *p = end; p < area + sizeof(area); p++)
		if (*p != CANARY)
			return wrong + complain(call, arg, "behind it", 0);
	return wrong;
}

TEST(hostile_border)
{
	hostile_setup();
	border = page_border();
	hostile_each_pointer(at_the_border, "at the border");
	hostile_each_pointer(unaligned, "at an odd address");
}

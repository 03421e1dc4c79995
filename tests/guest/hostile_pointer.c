/* Bad pointers at every argument of every call: EFAULT, and nothing else. */
#include "hostile.h"

static long unmapped, no_access, read_only;

/* The pointers that are bad whatever they are used for. */
static const long *const bad_places[] = {&unmapped, &no_access};
static const unsigned long bad_values[] = {
    0, /* unless that is no pointer */
    1, /* misaligned, too */
    8,
    0xff8,        /* the last words of page 0 */
    0x3fffffff00, /* the last words of the lower half under Sv39 */
    0x3ffffffff8,
    0x4000000000, /* not canonical under Sv39 */
    0x7ffffffffffffff8,
    0x8000000000000000,
    0xffffffbffffffff8, /* the last words that are not canonical */
    0xffffffc000000000, /* the upper half */
    0xffffffc081000000, /* calf's view of memory that is there */
    0xffffffd000001000,
    0xffffffff80000000, /* where kernels often are */
    0xffffffff80200000,
    0xfffffffffffff000, /* the last page */
    0xfffffffffffffff8,
    0xffffffffffffffff,
};

/* Makes one call with one pointer replaced; whether it answered as it must. */
static bool
refuses(const struct hostile_call *call, int arg, long pointer)
{
	static char room[HOSTILE_ROOM_BYTES] __attribute__((aligned(16)));
	const struct hostile_arg *a = &call->arg[arg];
	int want = a->flags & H_ALIGNED && pointer & 3 ? EINVAL : EFAULT;
	long args[6], ret;

	if (pointer == 0 && a->flags & H_NULL_OK)
		return true;
	hostile_good_args(call, args, room);
	args[arg] = pointer;
	errno = 0;
	ret = hostile_do(call, args);
	if (ret == -1 && errno == want)
		return true;
	note("%s, argument %d, pointer %#lx: %ld, %s", call->name, arg, pointer,
	    ret, strerrorname_np(errno));
	return false;
}

static int
all_bad(const struct hostile_call *call, int arg)
{
	enum hostile_kind kind = call->arg[arg].kind;
	int wrong = 0;

	for (size_t i = 0; i < sizeof(bad_values) / sizeof(*bad_values); i++)
		wrong += !refuses(call, arg, bad_values[i]);
	for (size_t i = 0; i < sizeof(bad_places) / sizeof(*bad_places); i++) {
		wrong += !refuses(call, arg, *bad_places[i]);
		wrong += !refuses(call, arg, *bad_places[i] + 1);
	}
	if (kind == H_OUT || kind == H_INOUT)
		wrong += !refuses(call, arg, read_only);
	return wrong;
}

TEST(hostile_pointer)
{
	char *p = pages(4096, PROT_READ);

	hostile_setup();
	read_only = (long)p;
	no_access = (long)pages(4096, PROT_NONE);
	p = pages(4096, PROT_NONE);
	must(munmap(p, 4096));
	unmapped = (long)p;
	hostile_each_pointer(all_bad, "bad pointers");
}

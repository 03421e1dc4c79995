#include "fs/devmem.h"

#include "core/panic.h"
#include "core/random.h"
#include "core/thread.h"
#include "dev/chardev.h"

#define MEM_MAJOR     1
#define NULL_MINOR    3
#define ZERO_MINOR    5
#define FULL_MINOR    7
#define RANDOM_MINOR  8
#define URANDOM_MINOR 9

static s64
read_nothing(struct chardev_open *o, struct iov_iter *to, u64 pos)
{
	(void)o;
	(void)to;
	(void)pos;
	return 0;
}

static s64
write_away(struct chardev_open *o, struct iov_iter *from, u64 pos)
{
	u64 len = from->left_bytes;

	(void)o;
	(void)pos;
	iov_skip(from, len);
	return len;
}

static s64
write_full(struct chardev_open *o, struct iov_iter *from, u64 pos)
{
	(void)o;
	(void)from;
	(void)pos;
	return -ENOSPC;
}

/* A page at a time, so that a long read can be preempted and ended. */
static s64
read_zeroes(struct chardev_open *o, struct iov_iter *to, u64 pos)
{
	s64 done = 0;

	(void)o;
	(void)pos;
	while (to->left_bytes > 0) {
		u64 want = MIN(to->left_bytes, PAGE_SIZE);
		u64 n = iov_put_zeroes(to, want);

		done += n;
		if (n < want)
			return done > 0 ? done : -EFAULT;
		if (thread_must_end())
			break;
		thread_preempt_point();
	}
	return done;
}

/* As much as random_bytes makes in one go without a second thought. */
#define RANDOM_CHUNK 256

static s64
read_random(struct chardev_open *o, struct iov_iter *to, u64 pos)
{
	u8 bytes[RANDOM_CHUNK];
	s64 done = 0;

	(void)o;
	(void)pos;
	while (to->left_bytes > 0) {
		u64 want = MIN(to->left_bytes, sizeof(bytes));
		u64 n;

		random_bytes(bytes, want);
		n = iov_put(to, bytes, want);
		done += n;
		if (n < want)
			return done > 0 ? done : -EFAULT;
		if (thread_must_end())
			break;
		thread_preempt_point();
	}
	return done;
}

/* What is written is stirred in: it can only make things less known. */
static s64
write_random(struct chardev_open *o, struct iov_iter *from, u64 pos)
{
	u8 bytes[RANDOM_CHUNK];
	s64 done = 0;

	(void)o;
	(void)pos;
	while (from->left_bytes > 0) {
		u64 want = MIN(from->left_bytes, sizeof(bytes));
		u64 n = iov_get(from, bytes, want);

		random_mix(bytes, n);
		done += n;
		if (n < want)
			return done > 0 ? done : -EFAULT;
		if (thread_must_end())
			break;
		thread_preempt_point();
	}
	return done;
}

/* Private zeroes are what a mapping of it has. */
static int
map_zeroes(struct chardev_open *o, struct object **out)
{
	(void)o;
	*out = NULL;
	return 0;
}

static const struct chardev_ops null_ops = {
    .read = read_nothing, .write = write_away, .seekable = true};
static const struct chardev_ops zero_ops = {.read = read_zeroes,
    .write = write_away,
    .map = map_zeroes,
    .seekable = true};
static const struct chardev_ops full_ops = {
    .read = read_zeroes, .write = write_full, .seekable = true};
static const struct chardev_ops random_ops = {
    .read = read_random, .write = write_random, .seekable = true};

void
devmem_init(void)
{
	static const struct {
		u32 minor;
		const char *name;
		const struct chardev_ops *ops;
	} devices[] = {
	    {NULL_MINOR, "null", &null_ops},
	    {ZERO_MINOR, "zero", &zero_ops},
	    {FULL_MINOR, "full", &full_ops},
	    {RANDOM_MINOR, "random", &random_ops},
	    {URANDOM_MINOR, "urandom", &random_ops},
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (chardev_register(MEM_MAJOR, devices[i].minor,
			devices[i].name, 0666, devices[i].ops) < 0)
			panic("no memory for /dev/%s", devices[i].name);
}

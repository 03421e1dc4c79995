/*
 * Character devices: drivers register their numbers and functions here, and
 * fs/ opens what a device node's number says.  devfs shows those that have a
 * name.
 */
#ifndef DEV_CHARDEV_H
#define DEV_CHARDEV_H

#include "core/poll_table.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/types.h"
#include "mm/iovec.h"

struct object;

/*
 * Device numbers are kept as the ABI writes them in st_rdev and takes them in
 * mknod: 12 bits of major, 20 bits of minor, the minor's upper part on top.
 */
static inline u32
dev_make(u32 major, u32 minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static inline u32
dev_major(u32 dev)
{
	return dev >> 8 & 0xfff;
}

static inline u32
dev_minor(u32 dev)
{
	return (dev & 0xff) | (dev >> 12 & ~0xffu);
}

/* What a driver's functions get: one open of one device. */
struct chardev_open {
	u32 dev;       /* the number that was opened */
	u32 flags;     /* O_* as they are now: look at O_NONBLOCK each time */
	void *private; /* set by the driver's open */
};

/*
 * Any may be NULL: open and release have nothing to do then, read and write
 * are -EINVAL, poll is always ready, ioctl is -ENOTTY, map is -ENODEV.
 * read and write return the bytes moved, or an error when there are none;
 * waits that a signal ends are -ERESTARTSYS.
 */
struct chardev_ops {
	/* Who opens /dev/tty finds another device; hence *o may change. */
	int (*open)(struct chardev_open *o);
	void (*release)(struct chardev_open *o);
	s64 (*read)(struct chardev_open *o, struct iov_iter *to, u64 pos);
	s64 (*write)(struct chardev_open *o, struct iov_iter *from, u64 pos);
	/* POLL* bits that hold now, after poll_wait for what can change it. */
	u32 (*poll)(struct chardev_open *o, struct poll_table *t);
	s64 (*ioctl)(struct chardev_open *o, u32 cmd, u64 arg);
	/* An object with a reference for the caller; NULL: private zeroes. */
	int (*map)(struct chardev_open *o, struct object **out);
	/* lseek is allowed, and moves nothing but the number. */
	bool seekable;
};

/*
 * struct chardev: one registered number, for ever; chardev_register makes it.
 */
struct chardev {
	const char *name; /* c: below /dev; NULL: not shown there */
	u32 dev;          /* c: dev_make(major, minor) */
	u32 mode;         /* c: permission bits of its node */
	const struct chardev_ops *ops; /* c */
	struct list link;              /* the registry's lock */
};

/*
 * Before devfs is first mounted.  The number must not be taken.
 * name lives for ever.  Sleeps.  Errors: -ENOMEM.
 */
int chardev_register(u32 major, u32 minor, const char *name, u32 mode,
    const struct chardev_ops *ops) MUST_CHECK;
/* NULL when nobody has registered this number. */
const struct chardev *chardev_find(u32 dev);
/* Calls fn for each, in the order of registration. */
void chardev_for_each(
    void (*fn)(const struct chardev *d, void *arg), void *arg);

#endif

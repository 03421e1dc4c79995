#include "dev/chardev.h"

#include "core/spinlock.h"
#include "lib/assert.h"
#include "mm/slab.h"

static struct spinlock lock = SPINLOCK_INIT(RANK_DEVICE);
static struct list devices = LIST_INIT(devices);

/* Nothing is ever taken off the list, so a device found stays good. */
static const struct chardev *
find_locked(u32 dev)
{
	const struct chardev *d;

	list_for_each (d, &devices, link)
		if (d->dev == dev)
			return d;
	return NULL;
}

const struct chardev *
chardev_find(u32 dev)
{
	const struct chardev *d;

	spin_lock(&lock);
	d = find_locked(dev);
	spin_unlock(&lock);
	return d;
}

int
chardev_register(u32 major, u32 minor, const char *name, u32 mode,
    const struct chardev_ops *ops)
{
	struct chardev *d = kmalloc(sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->name = name;
	d->dev = dev_make(major, minor);
	d->mode = mode;
	d->ops = ops;
	spin_lock(&lock);
	assert(!find_locked(d->dev));
	list_push_back(&devices, &d->link);
	spin_unlock(&lock);
	return 0;
}

/* The list only grows at its end: it can be walked without the lock. */
void
chardev_for_each(void (*fn)(const struct chardev *d, void *arg), void *arg)
{
	const struct chardev *d;

	list_for_each (d, &devices, link)
		fn(d, arg);
}

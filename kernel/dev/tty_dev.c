/* Open terminals, and terminals as character devices. */
#include "dev/chardev.h"
#include "dev/tty_impl.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "mm/slab.h"

#include <asm/fcntl.h>

/* The numbers that Linux gives them. */
#define CONSOLE_MAJOR 5
#define CONSOLE_MINOR 1
#define CURRENT_MINOR 0 /* /dev/tty, of the same major */

static struct tty *console;    /* c, once registered */
static struct tty *registered; /* c, from boot on: the last, before it others */

/* May the caller open t?  Then it is open. */
static int
count_open(struct tty *t, u32 *nr_hangups) NO_LOCK_CHECK
{
	struct tty_caller caller = {.is_admin = true};
	int err = 0;

	if (atomic_load(&t->exclusive))
		tty_caller(&caller);
	spin_lock(&t->queue_lock);
	if (t->exclusive && !caller.is_admin)
		err = -EBUSY;
	else if (t->driver->open != NULL)
		err = t->driver->open(t);
	*nr_hangups = t->nr_hangups;
	spin_unlock(&t->queue_lock);
	return err;
}

int
tty_open(
    struct tty *t, bool is_console, bool may_control, struct tty_file **out)
{
	struct tty_file *f = kzalloc(sizeof(*f));
	int err;

	if (f == NULL)
		return -ENOMEM;
	err = count_open(t, &f->nr_hangups);
	if (err < 0) {
		kfree(f);
		return err;
	}
	tty_get(t);
	f->tty = t;
	f->is_console = is_console;
	if (may_control && tty_job_ops() != NULL)
		tty_job_ops()->opened(t);
	*out = f;
	return 0;
}

void
tty_close(struct tty_file *f)
{
	struct tty *t = f->tty;

	if (t->driver->close != NULL) {
		spin_lock(&t->queue_lock);
		t->driver->close(t);
		spin_unlock(&t->queue_lock);
	}
	tty_put(t);
	kfree(f);
}

static struct tty_file *
file_of(struct chardev_open *o)
{
	return o->private;
}

static int
open_tty(struct chardev_open *o, struct tty *t, bool is_console)
{
	bool may_control = !is_console && !(o->flags & O_NOCTTY) &&
	    (o->flags & O_ACCMODE) != O_WRONLY;
	struct tty_file *f;
	int err = tty_open(t, is_console, may_control, &f);

	if (err == 0)
		o->private = f;
	return err;
}

static int
console_open(struct chardev_open *o)
{
	return open_tty(o, console, true);
}

/* By its number. */
static int
registered_open(struct chardev_open *o)
{
	struct tty *t = registered;

	while (t != NULL && t->device != o->dev)
		t = t->next;
	return t != NULL ? open_tty(o, t, false) : -ENXIO;
}

/* Whatever terminal controls the caller. */
static int
current_open(struct chardev_open *o)
{
	struct tty *t = NULL;
	int err;

	if (tty_job_ops() != NULL)
		t = tty_job_ops()->get_controlling();
	if (t == NULL)
		return -ENXIO;
	err = open_tty(o, t, false);
	tty_put(t);
	return err;
}

static void
release(struct chardev_open *o)
{
	tty_close(file_of(o));
}

static s64
read(struct chardev_open *o, struct iov_iter *to, u64 pos)
{
	(void)pos;
	return tty_read(file_of(o), to, (o->flags & O_NONBLOCK) != 0);
}

static s64
write(struct chardev_open *o, struct iov_iter *from, u64 pos)
{
	(void)pos;
	return tty_write(file_of(o), from, (o->flags & O_NONBLOCK) != 0);
}

static u32
poll(struct chardev_open *o, struct poll_table *t)
{
	return tty_poll(file_of(o), t);
}

static s64
ioctl(struct chardev_open *o, u32 cmd, u64 arg)
{
	return tty_ioctl(file_of(o), cmd, arg);
}

#define TTY_OPS(open_fn)                                                       \
	{                                                                      \
		.open = (open_fn), .release = release, .read = read,           \
		.write = write, .poll = poll, .ioctl = ioctl                   \
	}

int
tty_open_device(struct chardev_open *o, struct tty *t)
{
	return open_tty(o, t, false);
}

const struct chardev_ops tty_chardev_ops = TTY_OPS(NULL);
static const struct chardev_ops console_ops = TTY_OPS(console_open);
static const struct chardev_ops registered_ops = TTY_OPS(registered_open);
static const struct chardev_ops current_ops = TTY_OPS(current_open);

int
tty_register(struct tty *t, const char *name)
{
	t->next = registered;
	registered = t;
	return chardev_register(dev_major(t->device), dev_minor(t->device),
	    name, 0660, &registered_ops);
}

int
tty_register_console(struct tty *t, const char *name)
{
	int err;

	assert(console == NULL);
	console = t;
	err = tty_register(t, name);
	if (err == 0)
		err = chardev_register(CONSOLE_MAJOR, CONSOLE_MINOR, "console",
		    0600, &console_ops);
	if (err == 0)
		err = chardev_register(
		    CONSOLE_MAJOR, CURRENT_MINOR, "tty", 0666, &current_ops);
	return err;
}

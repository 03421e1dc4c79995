/*
 * Names in use.
 *
 * A hash table finds the dentry of (directory, name) if somebody uses it.  It
 * holds no references: a dentry leaves it with its last user.  dentry_put sees
 * the count fall to zero before it has the lock, so for a moment the table has
 * a dentry that nobody may take any more; who looks for that name makes a new
 * one beside it.
 *
 * That a name found here is still true needs no look at the file system:
 * unlink and rename change the dentry while they hold the directory's mutex.
 */
#include "core/panic.h"
#include "core/printk.h"
#include "core/random.h"
#include "core/thread.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/slab.h"

/* More than names in use at one time, mostly; 2 KiB. */
#define NR_BUCKETS 256

struct spinlock dentry_lock = SPINLOCK_INIT(RANK_DENTRY);
static struct dentry *buckets[NR_BUCKETS];

/*
 * Each byte is mixed in by a multiplication (the 64-bit FNV prime), from a
 * start that changes with each boot, and the upper half, which is the better
 * one, is folded down.
 */
static u64 hash_start;
#define HASH_PRIME 0x100000001b3ul

struct name
name_make(const char *text, u32 len)
{
	u64 hash = hash_start;
	u32 i;

	if (unlikely(hash == 0))
		hash = hash_start = random_u64() | 1;
	for (i = 0; i < len; i++)
		hash = (hash ^ (u8)text[i]) * HASH_PRIME;
	return (struct name){text, len, hash ^ hash >> 32};
}

static u32
table_hash(const struct dentry *dir, struct name name)
{
	return (u32)name.hash ^ (u32)((u64)dir >> 5) * 0x9e3779b1u;
}

static struct dentry **
bucket_of(u32 hash)
{
	return &buckets[(hash ^ hash >> 16) % NR_BUCKETS];
}

static void
insert_locked(struct dentry *d)
{
	struct dentry **bucket = bucket_of(d->hash);

	d->next = *bucket;
	*bucket = d;
	d->hashed = true;
}

static void
remove_locked(struct dentry *d)
{
	struct dentry **link = bucket_of(d->hash);

	if (!d->hashed)
		return;
	while (*link != d)
		link = &(*link)->next;
	*link = d->next;
	d->hashed = false;
}

static bool
is_named(const struct dentry *d, struct dentry *dir, struct name name, u32 hash)
{
	return d->hash == hash && d->parent == dir && d->len == name.len &&
	    memcmp(d->name, name.text, name.len) == 0;
}

/* The dentry in use, with a reference, or NULL. */
static struct dentry *
find(struct dentry *dir, struct name name)
{
	u32 hash = table_hash(dir, name);
	struct dentry *d;

	spin_lock(&dentry_lock);
	for (d = *bucket_of(hash); d; d = d->next)
		if (is_named(d, dir, name, hash) &&
		    refcount_get_unless_zero(&d->refs))
			break;
	spin_unlock(&dentry_lock);
	return d;
}

int
dentry_reserve_name(struct name name, char **out)
{
	*out = NULL;
	if (name.len < DENTRY_INLINE_NAME)
		return 0;
	*out = kmalloc(name.len + 1);
	return *out ? 0 : -ENOMEM;
}

static void
set_name(struct dentry *d, struct name name, char *reserved)
{
	d->name = reserved ? reserved : d->inline_name;
	memcpy(d->name, name.text, name.len);
	d->name[name.len] = '\0';
	d->len = name.len;
}

static void
free_name(struct dentry *d, char *name)
{
	if (name != d->inline_name)
		kfree(name);
}

int
dentry_create(struct dentry *dir, struct name name, struct dentry **out)
{
	struct dentry *d;
	char *reserved;
	int err;

	*out = NULL;
	if (name.len > NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	err = dentry_reserve_name(name, &reserved);
	if (err < 0)
		return err;
	d = kmalloc(sizeof(*d));
	if (!d) {
		kfree(reserved);
		return -ENOMEM;
	}
	refcount_init(&d->refs, 1);
	d->parent = dir ? dentry_get(dir) : NULL;
	d->inode = NULL;
	d->next = NULL;
	d->hash = table_hash(dir, name);
	d->hashed = d->deleted = false;
	d->nr_mounts = 0;
	set_name(d, name, reserved);
	*out = d;
	return 0;
}

/* D4.  False: the directory is in use by another name. */
static bool
claim_locked(struct dentry *d, struct inode *inode) MUST_HOLD(&dentry_lock)
{
	struct dentry *other;

	if (!inode_is_dir(inode))
		return true;
	other = inode->dentry;
	if (other && refcount_read(&other->refs) > 0)
		return false;
	inode->dentry = d;
	return true;
}

static bool
try_publish_take(struct dentry *d, struct inode *inode)
{
	bool ok;

	spin_lock(&dentry_lock);
	ok = claim_locked(d, inode);
	if (ok) {
		d->inode = inode;
		insert_locked(d);
	}
	spin_unlock(&dentry_lock);
	return ok;
}

void
dentry_publish_take(struct dentry *d, struct inode *inode)
{
	bool ok = try_publish_take(d, inode);

	/* It is new, or no directory. */
	assert(ok);
}

int
dentry_create_root_take(
    const char *text, struct inode *inode, struct dentry **out)
{
	int err = dentry_create(NULL, name_make(text, strlen(text)), out);

	if (err < 0)
		return err;
	(*out)->inode = inode;
	if (inode_is_dir(inode))
		inode->dentry = *out;
	return 0;
}

/* Frees d, and returns the parent, whose reference d had. */
static struct dentry *
destroy(struct dentry *d)
{
	struct dentry *parent = d->parent;

	spin_lock(&dentry_lock);
	remove_locked(d);
	if (d->inode && inode_is_dir(d->inode) && d->inode->dentry == d)
		d->inode->dentry = NULL;
	spin_unlock(&dentry_lock);
	if (d->inode)
		inode_put(d->inode);
	free_name(d, d->name);
	kfree(d);
	return parent;
}

void
dentry_put(struct dentry *d)
{
	while (d && refcount_put(&d->refs)) {
		d = destroy(d);
		thread_preempt_point();
	}
}

int
dentry_lookup_locked(struct dentry *dir, struct name name, struct dentry **out)
{
	struct inode *inode;
	int err;

	check(mutex_held(&dir->inode->lock));
	*out = find(dir, name);
	if (*out)
		return 0;
	if (dir->inode->dead)
		return -ENOENT;
	err = dentry_create(dir, name, out);
	if (err < 0)
		return err;
	err = dir->inode->ops->lookup(dir->inode, name, &inode);
	if (err == 0 && !try_publish_take(*out, inode)) {
		printk_limited("fs: the directory %lu of a %s has two names\n",
		    inode->ino, inode->fs->type);
		inode_put(inode);
		err = -EIO;
	}
	if (err < 0) {
		dentry_put(*out);
		*out = NULL;
	}
	return err;
}

int
dentry_lookup(struct dentry *dir, struct name name, struct dentry **out)
{
	int err;

	*out = find(dir, name);
	if (*out)
		return 0;
	mutex_lock(&dir->inode->lock);
	err = dentry_lookup_locked(dir, name, out);
	mutex_unlock(&dir->inode->lock);
	return err;
}

void
dentry_delete(struct dentry *d)
{
	spin_lock(&dentry_lock);
	remove_locked(d);
	d->deleted = true;
	spin_unlock(&dentry_lock);
}

void
dentry_move_take(
    struct dentry *d, struct dentry *to_dir, struct name name, char *reserved)
{
	struct dentry *old_dir;
	char *old_name;

	dentry_get(to_dir);
	spin_lock(&dentry_lock);
	remove_locked(d);
	old_dir = d->parent;
	old_name = d->name;
	d->parent = to_dir;
	d->hash = table_hash(to_dir, name);
	set_name(d, name, reserved);
	insert_locked(d);
	spin_unlock(&dentry_lock);
	free_name(d, old_name);
	dentry_put(old_dir);
}

/* A name that lies inside its dentry moves with the bytes, any other not. */
static void
swap_names(struct dentry *a, struct dentry *b)
{
	char text[DENTRY_INLINE_NAME];
	char *a_name = a->name == a->inline_name ? b->inline_name : a->name;
	u8 a_len = a->len;

	memcpy(text, a->inline_name, sizeof(text));
	memcpy(a->inline_name, b->inline_name, sizeof(text));
	memcpy(b->inline_name, text, sizeof(text));
	a->name = b->name == b->inline_name ? a->inline_name : b->name;
	b->name = a_name;
	a->len = b->len;
	b->len = a_len;
}

void
dentry_exchange(struct dentry *a, struct dentry *b)
{
	struct dentry *a_parent;
	u32 a_hash;

	spin_lock(&dentry_lock);
	remove_locked(a);
	remove_locked(b);
	a_parent = a->parent;
	a_hash = a->hash;
	a->parent = b->parent;
	a->hash = b->hash;
	b->parent = a_parent;
	b->hash = a_hash;
	swap_names(a, b);
	insert_locked(a);
	insert_locked(b);
	spin_unlock(&dentry_lock);
}

/*
 * Without the lock: parents change under RENAME alone, and each is kept by what
 * is below it.  A way up may be as long as there is memory for.
 */
bool
dentry_is_above(struct dentry *a, struct dentry *d)
{
	for (; d && d != a; d = atomic_load(&d->parent))
		thread_preempt_point();
	return d != NULL;
}

struct dentry *
dentry_get_parent(struct dentry *d)
{
	struct dentry *parent;

	spin_lock(&dentry_lock);
	parent = dentry_get(d->parent ? d->parent : d);
	spin_unlock(&dentry_lock);
	return parent;
}

/* Law D1: nobody behind d in its bucket has d's name. */
static void
check_unique_locked(const struct dentry *d)
{
	const struct dentry *other;

	if (refcount_read(&d->refs) == 0)
		return;
	for (other = d->next; other; other = other->next)
		assert(refcount_read(&other->refs) == 0 ||
		    other->parent != d->parent ||
		    strcmp(other->name, d->name) != 0);
}

void
dentry_check(void)
{
	struct dentry *d;
	u32 i;

	spin_lock(&dentry_lock);
	for (i = 0; i < NR_BUCKETS; i++) {
		for (d = buckets[i]; d; d = d->next) {
			assert(d->hashed && !d->deleted);
			assert(d->parent && d->inode);
			assert(bucket_of(d->hash) == &buckets[i]);
			check_unique_locked(d);
		}
	}
	spin_unlock(&dentry_lock);
}

/*
 * Names that are known: those in use, and some that were.
 *
 * A hash table finds the dentry of (directory, name).  Those of file systems
 * that keep names stay in it when nobody uses them: it has a reference to each.
 * Others leave it with their last user: dentry_put sees the count fall to zero
 * before it has the lock, so for a moment the table has a dentry that nobody
 * may take any more; who looks for that name makes a new one beside it.
 *
 * Laws of kept names:
 *
 * N1  What is found is true, with no look at the file system: a name leaves the
 *     table, or moves in it, together with the change in the directory, under
 *     the directory's mutex; and it enters the table under that mutex.
 * N2  A file system keeps names (keeps_names) if nothing but the calls of
 *     namei.h changes them.  Those of /proc come and go by themselves: they
 *     are not kept.
 * N3  Only names that are there are kept; whether one is missing is asked of
 *     the file system each time.
 * N4  There is one kept name for each 64 KiB of memory at most, and 4096, but
 *     for those in use.  The hand goes round and drops who has no user, nor
 *     was looked for since it came by last; it moves when there are too many.
 * N5  A kept name keeps no mount busy: the end of the last mount drops all of
 *     its file system before that is taken down.
 * N6  A kept name gives no rights: who walks is asked at each directory.
 * N7  What has lost its name is not kept: the table's reference goes with the
 *     name, and the file with its last user.
 */
#include "core/panic.h"
#include "core/printk.h"
#include "core/random.h"
#include "core/thread.h"
#include "fs/notify.h"
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"

/* A quarter of what is kept at most; 8 KiB. */
#define NR_BUCKETS 1024u

/*
 * With its inode a name takes about 600 bytes: so all take a hundredth of
 * memory, and of a large one 2.5 MiB.
 */
#define PAGES_PER_KEPT 16
#define MAX_KEPT       4096u

/* Names that the hand looks at in one go, with interrupts off. */
#define LOOK 16u

struct spinlock dentry_lock = SPINLOCK_INIT(RANK_DENTRY);
static struct dentry *buckets[NR_BUCKETS];
static struct list kept = LIST_INIT(kept); /* dentry_lock: the hand is first */
static u32 nr_kept;                        /* dentry_lock */

u64 name_hash_start;

u64
name_hash_begin(void)
{
	name_hash_start = random_u64() | 1;
	return name_hash_start;
}

struct name
name_make(const char *text, u32 len)
{
	u64 hash = name_hash();
	u32 i;

	for (i = 0; i < len; i++)
		hash = name_hash_on(hash, text[i]);
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
	u32 i = 0;

	if (d->hash != hash || d->parent != dir || d->len != name.len)
		return false;
	/* Names are short, and lie anywhere: memcmp has no better way. */
	while (i < name.len && d->name[i] == name.text[i])
		i++;
	return i == name.len;
}

struct dentry *
dentry_find_locked(struct dentry *dir, struct name name)
{
	u32 hash = table_hash(dir, name);
	struct dentry *d;

	for (d = *bucket_of(hash); d; d = d->next)
		if (is_named(d, dir, name, hash) && refcount_read(&d->refs) > 0)
			break;
	if (d)
		d->wanted = true;
	return d;
}

/* The known dentry, with a reference, or NULL. */
static struct dentry *
find(struct dentry *dir, struct name name)
{
	struct dentry *d;

	spin_lock(&dentry_lock);
	d = dentry_find_locked(dir, name);
	/* Its last user may have gone since it was found. */
	if (d && !refcount_get_unless_zero(&d->refs))
		d = NULL;
	spin_unlock(&dentry_lock);
	return d;
}

/* ---- what is kept ----------------------------------------------------- */

static void
keep_locked(struct dentry *d) MUST_HOLD(&dentry_lock)
{
	refcount_get(&d->refs);
	d->kept = true;
	list_push_back(&kept, &d->in_kept);
	nr_kept++;
	d->inode->fs->nr_kept++;
}

/* The table's reference is the caller's then. */
static void
unkeep_locked(struct dentry *d) MUST_HOLD(&dentry_lock)
{
	d->kept = false;
	list_remove(&d->in_kept);
	nr_kept--;
	d->inode->fs->nr_kept--;
}

/* At the hand: is it to go?  With fs, all of that do. */
static bool
is_to_go_locked(struct dentry *d, const struct filesystem *fs)
{
	bool wanted = d->wanted;

	if (fs)
		return d->inode->fs == fs;
	d->wanted = false;
	return !wanted && refcount_read(&d->refs) == 1;
}

/* Those to go of the next nr at the hand, in a row by next. */
static struct dentry *
take_out_locked(u32 nr, const struct filesystem *fs) MUST_HOLD(&dentry_lock)
{
	struct dentry *gone = NULL, *d;

	for (; nr > 0 && nr_kept > 0; nr--) {
		d = list_first(&kept, struct dentry, in_kept);
		if (is_to_go_locked(d, fs)) {
			remove_locked(d);
			unkeep_locked(d);
			d->next = gone;
			gone = d;
		} else {
			list_remove(&d->in_kept);
			list_push_back(&kept, &d->in_kept);
		}
	}
	return gone;
}

static void
put_row(struct dentry *d)
{
	struct dentry *next;

	for (; d; d = next) {
		next = d->next;
		dentry_put(d);
	}
}

static u32
most_kept(void)
{
	return MIN(page_count / PAGES_PER_KEPT, MAX_KEPT);
}

void
dentry_trim(void)
{
	struct dentry *gone;

	if (likely(atomic_load(&nr_kept) <= most_kept()))
		return;
	spin_lock(&dentry_lock);
	gone = take_out_locked(LOOK, NULL);
	spin_unlock(&dentry_lock);
	put_row(gone);
}

void
dentry_forget(const struct filesystem *fs)
{
	struct dentry *gone;
	bool more;

	/* Not once round: who trims meanwhile moves the hand on. */
	do {
		spin_lock(&dentry_lock);
		gone = take_out_locked(LOOK, fs);
		more = fs->nr_kept > 0;
		spin_unlock(&dentry_lock);
		put_row(gone);
	} while (more);
}

/* ---- coming and going ------------------------------------------------- */

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
	d->hashed = d->deleted = d->kept = d->wanted = false;
	list_init(&d->in_kept);
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
		if (inode->fs->keeps_names)
			keep_locked(d);
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
	if (d->inode) {
		notify_put(d->inode);
		inode_put(d->inode);
	}
	free_name(d, d->name);
	kfree(d);
	return parent;
}

/* One by one up the tree, which may be as deep as there is memory for. */
void
dentry_free(struct dentry *d)
{
	do {
		d = destroy(d);
		thread_preempt_point();
	} while (d && refcount_put(&d->refs));
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
	dentry_trim();
	return err;
}

void
dentry_delete(struct dentry *d)
{
	bool kept_too, last = false;

	spin_lock(&dentry_lock);
	remove_locked(d);
	d->deleted = true;
	kept_too = d->kept;
	if (kept_too)
		unkeep_locked(d);
	spin_unlock(&dentry_lock);
	if (kept_too)
		last = refcount_put(&d->refs);
	assert(!last); /* the caller has one */
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
	u32 i, nr = 0;

	spin_lock(&dentry_lock);
	for (i = 0; i < NR_BUCKETS; i++) {
		for (d = buckets[i]; d; d = d->next) {
			nr += d->kept;
			assert(d->hashed && !d->deleted);
			assert(d->parent && d->inode);
			assert(bucket_of(d->hash) == &buckets[i]);
			check_unique_locked(d);
		}
	}
	assert(nr == nr_kept);
	spin_unlock(&dentry_lock);
}

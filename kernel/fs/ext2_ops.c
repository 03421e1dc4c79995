/*
 * Names that come, go and move.  Each is one handle, and in two parts: first
 * all that can fail, which leaves nothing behind; then the change.
 */
#include <linux/stat.h>

#include "fs/ext2_impl.h"
#include "lib/errno.h"
#include "lib/string.h"

#define MIN_DIR_LINKS 2u

#define DOTDOT ((struct name){.text = "..", .len = 2})

/* A new inode: its number, its block, its first block of bytes. */
#define NEW_CREDITS                                                            \
	(EXT2_ALLOC_CREDITS + EXT2_STORE_CREDITS + EXT2_MAP_CREDITS + 1)

static bool
is_long_link(const struct inode_new *new)
{
	return S_ISLNK(new->mode) &&
	    strlen(new->target) >= EXT2_NR_POINTERS * sizeof(u32);
}

/* ---- new files ---------------------------------------------------------- */

/* What a file has before it has a name. */
static int
begin_file(struct inode *i, struct handle *h, const struct inode_new *new,
    const struct inode *dir)
{
	if (S_ISDIR(new->mode))
		return ext2_dir_begin(i, h, dir);
	if (is_long_link(new))
		return ext2_symlink_begin(i, h, new->target);
	return 0;
}

/* In vain: it goes when the handle has ended and the inode is put. */
static void
undo_file(struct ext2_inode *i, struct handle *h)
{
	i->regular.inode.nlink = 0;
	if (ext2_orphan_add(i, h) < 0)
		(void)ext2_broken(
		    ext2_disk_of(i), "an inode in vain", ext2_ino(i));
}

static u32
inherited_flags(struct inode *dir, u32 mode)
{
	u32 flags = ext2_inode_of(dir)->flags & EXT2_FLAGS_INHERITED;

	if (S_ISDIR(mode))
		return flags;
	return S_ISREG(mode) ? flags & ~EXT2_FLAGS_DIRECTORY
			     : flags & EXT2_FLAGS_OTHER;
}

/* A reference to an inode without a name; *i set even where that fails. */
static int
make_file(struct inode *dir, struct handle *h, const struct inode_new *new,
    struct ext2_inode **i)
{
	struct ext2 *e = ext2_of(dir->fs);
	u32 ino;
	int err;

	*i = NULL;
	if (S_ISLNK(new->mode) && strlen(new->target) >= e->block_bytes)
		return -ENAMETOOLONG;
	err = ext2_alloc_inode(e, h, dir, new->mode, &ino);
	if (err < 0)
		return err;
	err = ext2_inode_create(e, h, ino, new, i);
	if (err < 0) {
		if (ext2_free_inode(e, h, ino, S_ISDIR(new->mode)) < 0)
			(void)ext2_broken(e, "an inode in vain", ino);
		return err;
	}
	(*i)->flags = inherited_flags(dir, new->mode);
	err = begin_file(&(*i)->regular.inode, h, new, dir);
	if (err == 0)
		err = ext2_store(*i, h);
	if (err < 0)
		undo_file(*i, h);
	return err;
}

static int
create_in(struct inode *dir, struct handle *h, struct name name,
    const struct inode_new *new, struct ext2_inode **i)
{
	struct ext2_hold at_dir = {}, at_inode = {};
	struct ext2_entry entry;
	struct inode *inode;
	int err;

	*i = NULL;
	err = ext2_entry_find_room(dir, h, name, &entry);
	if (err < 0)
		return err;
	err = ext2_hold(ext2_inode_of(dir), &at_dir);
	if (err == 0)
		err = make_file(dir, h, new, i);
	if (err == 0) {
		err = ext2_hold(*i, &at_inode);
		if (err < 0)
			undo_file(*i, h);
	}
	if (err < 0)
		goto out;
	/* commit */
	inode = &(*i)->regular.inode;
	if (S_ISDIR(new->mode)) {
		inode->nlink = 2;
		dir->nlink++;
	}
	ext2_entry_add(dir, h, &entry, name, inode);
	inode_touch(dir);
	ext2_store_held(&at_dir, h);
	ext2_store_held(&at_inode, h);
out:
	ext2_unhold(&at_inode);
	ext2_unhold(&at_dir);
	ext2_entry_put(&entry);
	return err;
}

bool
ext2_commit_helps(struct ext2 *e, int err, bool *tried)
{
	if (err != -ENOSPC || *tried || atomic_load(&e->nr_freed) == 0)
		return false;
	*tried = true;
	return journal_commit(e->journal, journal_running(e->journal)) == 0;
}

int
ext2_create(struct inode *dir, struct name name, const struct inode_new *new,
    struct inode **out)
{
	struct ext2 *e = ext2_of(dir->fs);
	struct ext2_inode *i;
	struct handle h;
	bool tried = false;
	int err;

	if (S_ISDIR(new->mode) && dir->nlink >= EXT2_MAX_LINKS)
		return -EMLINK;
	do {
		err = ext2_begin(e,
		    EXT2_NAME_CREDITS + NEW_CREDITS + EXT2_ORPHAN_CREDITS +
			EXT2_STORE_CREDITS,
		    &h);
		if (err < 0)
			return err;
		err = create_in(dir, &h, name, new, &i);
		journal_end(&h);
		if (err < 0 && i)
			inode_put(&i->regular.inode);
	} while (ext2_commit_helps(e, err, &tried));
	if (err == 0)
		*out = &i->regular.inode;
	return err;
}

int
ext2_tmpfile(struct inode *dir, const struct inode_new *new, struct inode **out)
{
	struct ext2_inode *i;
	struct handle h;
	int err = ext2_begin(ext2_of(dir->fs),
	    NEW_CREDITS + EXT2_ORPHAN_CREDITS + EXT2_STORE_CREDITS, &h);

	if (err < 0)
		return err;
	err = make_file(dir, &h, new, &i);
	if (err == 0) {
		i->regular.inode.nlink = 0;
		err = ext2_orphan_add(i, &h);
		if (err < 0)
			err = ext2_broken(
			    ext2_disk_of(i), "an inode in vain", ext2_ino(i));
	}
	journal_end(&h);
	if (err == 0)
		*out = &i->regular.inode;
	else if (i)
		inode_put(&i->regular.inode);
	return err;
}

/* ---- names that come and go --------------------------------------------- */

static int
link_in(
    struct inode *dir, struct handle *h, struct name name, struct inode *inode)
{
	struct ext2_hold at_dir = {}, at_inode = {};
	struct ext2_inode *i = ext2_inode_of(inode);
	struct ext2_entry entry;
	int err = ext2_entry_find_room(dir, h, name, &entry);

	if (err < 0)
		return err;
	err = ext2_hold(ext2_inode_of(dir), &at_dir);
	if (err == 0)
		err = ext2_hold(i, &at_inode);
	if (err == 0 && inode->nlink == 0)
		err = ext2_orphan_remove(i, h);
	if (err < 0)
		goto out;
	/* commit */
	ext2_entry_add(dir, h, &entry, name, inode);
	inode->nlink++;
	inode_touch(dir);
	inode->ctime_ns = dir->ctime_ns;
	ext2_store_held(&at_dir, h);
	ext2_store_held(&at_inode, h);
out:
	ext2_unhold(&at_inode);
	ext2_unhold(&at_dir);
	ext2_entry_put(&entry);
	return err;
}

int
ext2_link(struct inode *dir, struct name name, struct inode *inode)
{
	struct ext2 *e = ext2_of(dir->fs);
	struct handle h;
	bool tried = false;
	int err;

	if (inode->nlink >= EXT2_MAX_LINKS)
		return -EMLINK;
	do {
		err = ext2_begin(e,
		    EXT2_NAME_CREDITS + EXT2_ORPHAN_CREDITS +
			2 * EXT2_STORE_CREDITS,
		    &h);
		if (err < 0)
			return err;
		err = link_in(dir, &h, name, inode);
		journal_end(&h);
	} while (ext2_commit_helps(e, err, &tried));
	return err;
}

/* A directory's own dot is a name too: it goes with the last other one. */
static bool
is_last_name(const struct inode *i)
{
	return inode_is_dir(i) || i->nlink <= 1;
}

/*
 * What the disk said may have been too little.  A directory that is there has
 * its own name and dot: with none left it would be freed, with all in it.
 */
static void
drop_link(struct inode *i)
{
	u32 least = inode_is_dir(i) ? MIN_DIR_LINKS : 0;

	if (i->nlink > least)
		i->nlink--;
}

/* One name less; the entry is gone, or names another. */
static void
lost_name(struct inode *dir, struct inode *inode)
{
	if (inode_is_dir(inode)) {
		inode->nlink = 0;
		drop_link(dir);
	} else {
		drop_link(inode);
	}
	inode->ctime_ns = inode_now_ns();
}

static int
unlink_in(
    struct inode *dir, struct handle *h, struct name name, struct inode *inode)
{
	struct ext2_hold at_dir = {}, at_inode = {};
	struct ext2_entry entry;
	int err = ext2_entry_find(dir, name, &entry);

	if (err < 0)
		return err;
	err = ext2_hold(ext2_inode_of(dir), &at_dir);
	if (err == 0)
		err = ext2_hold(ext2_inode_of(inode), &at_inode);
	if (err == 0 && is_last_name(inode))
		err = ext2_orphan_add(ext2_inode_of(inode), h);
	if (err < 0)
		goto out;
	/* commit */
	ext2_entry_remove(dir, h, &entry);
	lost_name(dir, inode);
	inode_touch(dir);
	ext2_store_held(&at_dir, h);
	ext2_store_held(&at_inode, h);
out:
	ext2_unhold(&at_inode);
	ext2_unhold(&at_dir);
	ext2_entry_put(&entry);
	return err;
}

int
ext2_unlink(struct inode *dir, struct name name, struct inode *inode)
{
	struct handle h;
	int err = 0;

	if (inode_is_dir(inode))
		err = ext2_dir_check_empty(inode);
	if (err == 0)
		err = ext2_begin(ext2_of(dir->fs),
		    3 * EXT2_STORE_CREDITS + EXT2_ORPHAN_CREDITS + 2, &h);
	if (err < 0)
		return err;
	err = unlink_in(dir, &h, name, inode);
	journal_end(&h);
	return err;
}

/* ---- names that move ---------------------------------------------------- */

/* One rename: what it changes, all of it found before anything is. */
struct move {
	struct inode *from_dir, *to_dir, *inode;
	struct inode *victim; /* or NULL */
	struct name to;
	bool exchange;
	bool is_room; /* to_entry is where a new name fits */
	struct ext2_entry from_entry, to_entry;
	struct ext2_entry dotdot, victim_dotdot; /* of directories that move */
	struct ext2_hold holds[4];
};

static bool
changes_parent(const struct move *m, const struct inode *i)
{
	return i && inode_is_dir(i) && m->from_dir != m->to_dir;
}

static int
find_entries(struct move *m, struct handle *h, struct name from)
{
	int err = ext2_entry_find(m->from_dir, from, &m->from_entry);

	m->is_room = !m->victim;
	if (err == 0 && m->victim)
		err = ext2_entry_find(m->to_dir, m->to, &m->to_entry);
	else if (err == 0)
		err = ext2_entry_find_room(m->to_dir, h, m->to, &m->to_entry);
	if (err == 0 && changes_parent(m, m->inode))
		err = ext2_entry_find(m->inode, DOTDOT, &m->dotdot);
	if (err == 0 && m->exchange && changes_parent(m, m->victim))
		err = ext2_entry_find(m->victim, DOTDOT, &m->victim_dotdot);
	return err;
}

static int
find_places(struct move *m)
{
	struct inode *all[] = {m->from_dir, m->to_dir, m->inode, m->victim};
	int err = 0;
	u32 n;

	for (n = 0; err == 0 && n < ARRAY_SIZE(all); n++)
		if (all[n])
			err = ext2_hold(ext2_inode_of(all[n]), &m->holds[n]);
	return err;
}

static void
let_go(struct move *m)
{
	u32 n;

	for (n = 0; n < ARRAY_SIZE(m->holds); n++)
		ext2_unhold(&m->holds[n]);
	ext2_entry_put(&m->from_entry);
	ext2_entry_put(&m->to_entry);
	ext2_entry_put(&m->dotdot);
	ext2_entry_put(&m->victim_dotdot);
}

/* A directory that goes elsewhere leads up to there. */
static void
change_parent(struct move *m, struct handle *h, struct inode *dir,
    struct ext2_entry *dotdot, struct inode *from, struct inode *to)
{
	dir->ctime_ns = inode_now_ns();
	if (!changes_parent(m, dir))
		return;
	ext2_entry_set(dir, h, dotdot, to);
	drop_link(from);
	to->nlink++;
}

static void
move_names(struct move *m, struct handle *h)
{
	u32 n;

	if (m->is_room)
		ext2_entry_add(m->to_dir, h, &m->to_entry, m->to, m->inode);
	else
		ext2_entry_set(m->to_dir, h, &m->to_entry, m->inode);
	if (m->exchange)
		ext2_entry_set(m->from_dir, h, &m->from_entry, m->victim);
	else
		ext2_entry_remove(m->from_dir, h, &m->from_entry);
	change_parent(m, h, m->inode, &m->dotdot, m->from_dir, m->to_dir);
	if (m->exchange)
		change_parent(
		    m, h, m->victim, &m->victim_dotdot, m->to_dir, m->from_dir);
	else if (m->victim)
		lost_name(m->to_dir, m->victim);
	inode_touch(m->from_dir);
	inode_touch(m->to_dir);
	for (n = 0; n < ARRAY_SIZE(m->holds); n++)
		if (m->holds[n].b)
			ext2_store_held(&m->holds[n], h);
}

/* May a directory come to dir, if that is one, while goes leaves it? */
static bool
has_room_for(const struct move *m, const struct inode *dir,
    const struct inode *comes, const struct inode *goes)
{
	return !changes_parent(m, comes) || changes_parent(m, goes) ||
	    dir->nlink < EXT2_MAX_LINKS;
}

static int
check_move(const struct move *m)
{
	if (!has_room_for(m, m->to_dir, m->inode, m->victim) ||
	    (m->exchange && !has_room_for(m, m->from_dir, m->victim, m->inode)))
		return -EMLINK;
	if (m->victim && !m->exchange && inode_is_dir(m->victim))
		return ext2_dir_check_empty(m->victim);
	return 0;
}

static int
move_in(struct move *m, struct handle *h, struct name from)
{
	int err = find_entries(m, h, from);

	if (err == 0)
		err = find_places(m);
	if (err == 0 && m->victim && !m->exchange && is_last_name(m->victim))
		err = ext2_orphan_add(ext2_inode_of(m->victim), h);
	if (err == 0)
		move_names(m, h);
	let_go(m);
	return err;
}

int
ext2_rename(struct inode *from_dir, struct name from, struct inode *inode,
    struct inode *to_dir, struct name to, struct inode *victim, bool exchange)
{
	struct move m = {
	    .from_dir = from_dir,
	    .to_dir = to_dir,
	    .inode = inode,
	    .victim = victim,
	    .to = to,
	    .exchange = exchange,
	};
	struct ext2 *e = ext2_of(from_dir->fs);
	struct handle h;
	bool tried = false;
	int err = check_move(&m);

	if (err < 0)
		return err;
	do {
		err = ext2_begin(e,
		    EXT2_NAME_CREDITS + EXT2_ORPHAN_CREDITS +
			5 * EXT2_STORE_CREDITS + 4,
		    &h);
		if (err < 0)
			return err;
		err = move_in(&m, &h, from);
		journal_end(&h);
	} while (ext2_commit_helps(e, err, &tried));
	return err;
}

/*
 * Walking along a path, component by component; over those that are known, at
 * once.
 *
 * walk.at is where we are, walk.rest what is still to be walked.  A symbolic
 * link on the way puts its text before the rest: the text becomes what is
 * walked, and remembers where to go on after it.  A link that is the last thing
 * in the text of another takes that one's place, so only links in the middle of
 * something stack up: of what waits to be gone on with, only the path itself
 * can be empty.
 *
 *	path   "a/link/b"         rest ----> "x/y"      (text of link)
 *	                          outer_rest ----> "b"
 */
#include "fs/vfs_impl.h"
#include "lib/string.h"
#include "mm/slab.h"

#define MAX_LINKS 40 /* followed in one walk, as Linux has it */

/* Known names that are gone over with interrupts off. */
#define MOST_KNOWN 16

/*
 * struct link_text: the text of a symbolic link that is being walked.
 */
struct link_text {
	struct link_text *outer; /* the text or path that the link stood in */
	const char *outer_rest;  /* where to go on in that */
	char text[];
};

static void
move_to_take(struct walk *w, struct path p)
{
	struct path was = w->at;

	w->at = p;
	path_put(was);
}

int
walk_begin(
    struct walk *w, const struct fs_who *who, struct fs_name name, u32 flags)
{
	bool absolute = *name.path == '/';

	if (*name.path == '\0' && !(flags & NAMEI_EMPTY))
		return -ENOENT;
	w->who = who;
	w->rest = name.path;
	w->links = NULL;
	w->must_be_dir = false;
	w->nr_links = 0;
	w->root = fs_context_root(who->ctx);
	if (absolute)
		w->at = path_get(w->root);
	else if (name.base)
		w->at = path_get(name.base->path);
	else
		w->at = fs_context_cwd(who->ctx);
	return 0;
}

/* Leaves the innermost text; false when that is the path itself. */
static bool
pop_text(struct walk *w)
{
	struct link_text *done = w->links;

	if (!done)
		return false;
	w->rest = done->outer_rest;
	w->links = done->outer;
	kfree(done);
	return true;
}

void
walk_end(struct walk *w)
{
	while (pop_text(w))
		;
	path_put(w->at);
	path_put(w->root);
	dentry_trim();
}

static enum last_kind
kind_of(struct name name)
{
	if (name.text[0] != '.')
		return LAST_NAME;
	if (name.len == 1)
		return LAST_DOT;
	return name.len == 2 && name.text[1] == '.' ? LAST_DOTDOT : LAST_NAME;
}

/* The name at the start of the rest, which goes on behind its slashes. */
static struct name
take_name(struct walk *w)
{
	struct name name = name_take(w->rest);

	w->rest += name.len;
	w->trailing = *w->rest == '/';
	while (*w->rest == '/')
		w->rest++;
	return name;
}

/* Is there nothing behind the name that was taken, in any text? */
static bool
is_last(const struct walk *w)
{
	return *w->rest == '\0' && (!w->links || *w->links->outer_rest == '\0');
}

/* To the next name, wherever it stands; false when there is none. */
static bool
find_rest(struct walk *w)
{
	do
		while (*w->rest == '/')
			w->rest++;
	while (*w->rest == '\0' && pop_text(w));
	return *w->rest != '\0';
}

/* May who asks look for a name where we are? */
static int
may_search(const struct walk *w)
{
	struct inode *dir = w->at.dentry->inode;

	if (!inode_is_dir(dir))
		return -ENOTDIR;
	return inode_may(dir, w->who->cred, MAY_EXEC);
}

/* Onto what is mounted over the place we are at, as often as that is so. */
static void
cross_down(struct walk *w)
{
	struct path over;

	while (dentry_is_covered(w->at.dentry) && mount_covering(w->at, &over))
		move_to_take(w, over);
}

static void
step_up(struct walk *w)
{
	struct path below;

	/* Off the root of a mount, to the place that it covers. */
	while (!path_is(w->at, w->root) && w->at.dentry == w->at.mount->root) {
		if (!mount_covered(w->at.mount, &below))
			return;
		move_to_take(w, below);
	}
	if (path_is(w->at, w->root))
		return;
	move_to_take(w,
	    (struct path){
		mount_get(w->at.mount), dentry_get_parent(w->at.dentry)});
	cross_down(w);
}

/* The text of a link, in memory that can go onto the stack of texts. */
static int
read_link_text(struct inode *link, struct link_text **out)
{
	size_t cap = link->size_bytes ? link->size_bytes + 1 : PATH_MAX_BYTES;
	struct link_text *t = kmalloc(sizeof(*t) + cap);
	int err;

	if (!t)
		return -ENOMEM;
	err = link->ops->readlink(link, t->text, cap);
	if (err < 0)
		kfree(t);
	else
		*out = t;
	return err;
}

static int
push_text(struct walk *w, struct inode *link)
{
	struct link_text *t;
	int err = read_link_text(link, &t);

	if (err < 0)
		return err;
	if (*w->rest == '\0')
		pop_text(w);
	t->outer = w->links;
	t->outer_rest = w->rest;
	w->links = t;
	w->rest = t->text;
	if (*t->text == '/')
		move_to_take(w, path_get(w->root));
	return *t->text ? 0 : -ENOENT;
}

static int
follow(struct walk *w, struct inode *link)
{
	struct path there;
	int err;

	if (++w->nr_links > MAX_LINKS)
		return -ELOOP;
	if (!link->ops->follow)
		return push_text(w, link);
	err = link->ops->follow(link, &there);
	if (err == 0)
		move_to_take(w, there);
	return err;
}

int
walk_enter_take(
    struct walk *w, struct dentry *child, bool follow_link, bool *done)
{
	struct dentry *was = w->at.dentry;
	int err;

	*done = !(follow_link && inode_is_symlink(child->inode));
	if (!*done) {
		err = follow(w, child->inode);
		dentry_put(child);
		return err;
	}
	w->at.dentry = child;
	dentry_put(was);
	cross_down(w);
	return 0;
}

static int
step(struct walk *w, struct name name, bool follow_link, bool *done)
{
	struct dentry *child;
	int err;

	*done = true;
	switch (kind_of(name)) {
	case LAST_DOT:
		return 0;
	case LAST_DOTDOT:
		step_up(w);
		return 0;
	default:
		err = dentry_lookup(w->at.dentry, name, &child);
		if (err < 0)
			return err;
		return walk_enter_take(w, child, follow_link, done);
	}
}

/* ---- names that are known --------------------------------------------- */

/* As cred_may has it, and at once for who may in every directory. */
static bool
may_search_by_mode(const struct cred *cred, const struct inode *dir)
{
	return cred_capable(cred, CAP_DAC_READ_SEARCH) ||
	    cred_may(cred, dir->mode, dir->uid, dir->gid, MAY_EXEC) == 0;
}

/*
 * One name further in what is known, without a reference; false where the
 * slower way has to ask somebody, wait, or say what is wrong.  MOUNT and DENTRY
 * are held.
 */
static bool
step_known_locked(const struct walk *w, struct path *at, struct name name,
    bool enter_link) MUST_HOLD(&mount_lock) MUST_HOLD(&dentry_lock)
{
	struct inode *dir = at->dentry->inode;
	struct dentry *child;
	struct mount *over;

	if (kind_of(name) != LAST_NAME || !inode_is_dir(dir) ||
	    dir->ops->permission || !may_search_by_mode(w->who->cred, dir))
		return false;
	child = dentry_find_locked(at->dentry, name);
	if (!child || (enter_link && inode_is_symlink(child->inode)))
		return false;
	at->dentry = child;
	while (unlikely(dentry_is_covered(at->dentry)) &&
	    (over = mount_covering_locked(*at)))
		*at = (struct path){over, over->root};
	return true;
}

/* From at on: how far the text goes over known names. */
static void
go_known_locked(struct walk *w, struct path *at, bool all, bool follow)
    MUST_HOLD(&mount_lock) MUST_HOLD(&dentry_lock)
{
	const char *text = w->rest;
	u32 n;

	while (*text == '/')
		text++;
	for (n = 0; n < MOST_KNOWN && *text; n++) {
		struct name name = name_take(text);
		bool slash;

		text += name.len;
		slash = *text == '/';
		while (*text == '/')
			text++;
		/* The last name of a link's text may not be the last of all. */
		if (*text == '\0' && (!all || w->links))
			break;
		if (!step_known_locked(w, at, name, follow || slash))
			break;
		w->rest = text;
		w->must_be_dir |= slash && *text == '\0';
	}
}

/*
 * As far as names are known and nothing is in the way, all at once: the tree
 * stands still meanwhile, so only where it ends is a reference needed.  What
 * cannot be done so is left to the walk name by name.
 *
 *	all     to the last name, too, and follow says whether it may be a link;
 *	        else to the directory before it
 */
static void
walk_known(struct walk *w, bool all, bool follow)
{
	struct path was = w->at, at = was;
	const char *rest = w->rest;
	bool must_be_dir = w->must_be_dir;

	spin_lock(&mount_lock);
	spin_lock(&dentry_lock);
	go_known_locked(w, &at, all, follow);
	if (at.dentry == was.dentry ||
	    refcount_get_unless_zero(&at.dentry->refs)) {
		w->at = at;
		if (at.mount != was.mount)
			mount_get(at.mount);
	} else {
		w->rest = rest;
		w->must_be_dir = must_be_dir;
	}
	spin_unlock(&dentry_lock);
	spin_unlock(&mount_lock);
	if (w->at.dentry != was.dentry)
		dentry_put(was.dentry);
	if (w->at.mount != was.mount)
		mount_put(was.mount);
}

/* ---- all of it -------------------------------------------------------- */

static int
to_parent(struct walk *w)
{
	bool done;

	w->last_kind = LAST_NONE;
	while (find_rest(w)) {
		struct name name = take_name(w);
		int err = may_search(w);

		if (err < 0)
			return err;
		if (is_last(w)) {
			w->last = name;
			w->last_kind = kind_of(name);
			w->must_be_dir |= w->trailing;
			return 0;
		}
		err = step(w, name, true, &done);
		if (err < 0)
			return err;
	}
	return 0;
}

int
walk_to_parent(struct walk *w)
{
	walk_known(w, false, true);
	return to_parent(w);
}

int
walk_last(struct walk *w, bool follow_link, bool *done)
{
	*done = true;
	if (w->last_kind == LAST_NONE)
		return 0;
	return step(w, w->last, follow_link || w->must_be_dir, done);
}

int
walk_all(struct walk *w, u32 flags)
{
	bool done, follow = !(flags & NAMEI_NOFOLLOW);
	int err;

	do {
		walk_known(w, true, follow);
		err = to_parent(w);
		if (err == 0)
			err = walk_last(w, follow, &done);
	} while (err == 0 && !done);
	if (err < 0)
		return err;
	if ((w->must_be_dir || (flags & NAMEI_DIRECTORY)) &&
	    !inode_is_dir(w->at.dentry->inode))
		return -ENOTDIR;
	return 0;
}

int
namei_lookup(
    const struct fs_who *who, struct fs_name name, u32 flags, struct path *out)
{
	struct walk w;
	int err = walk_begin(&w, who, name, flags);

	if (err < 0)
		return err;
	err = walk_all(&w, flags);
	if (err == 0)
		*out = path_get(w.at);
	walk_end(&w);
	return err;
}

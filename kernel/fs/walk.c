/*
 * Walking along a path, component by component.
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
	const char *start = w->rest, *end = start;

	while (*end && *end != '/')
		end++;
	w->trailing = *end == '/';
	for (w->rest = end; *w->rest == '/'; w->rest++)
		;
	return name_make(start, end - start);
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

int
walk_to_parent(struct walk *w)
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
	bool done;
	int err;

	do {
		err = walk_to_parent(w);
		if (err == 0)
			err = walk_last(w, !(flags & NAMEI_NOFOLLOW), &done);
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

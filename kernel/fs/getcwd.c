/*
 * Where one stands: paths as text, chdir, chroot.
 */
#include "fs/vfs_impl.h"
#include "lib/string.h"

/* ---- text ------------------------------------------------------------- */

/* A text that grows from the end of its buffer to the front. */
struct back_text {
	char *start; /* of the buffer */
	char *at;    /* of the text so far */
	bool full;
};

static void
prepend(struct back_text *t, const char *text, size_t len)
{
	if ((size_t)(t->at - t->start) < len) {
		t->full = true;
		return;
	}
	t->at -= len;
	memcpy(t->at, text, len);
}

/*
 * Goes up from p to root, a name at a time; true when it came to root.
 * Locks: MOUNT and DENTRY held.
 */
static bool
prepend_names(struct back_text *t, struct path p, struct path root)
{
	while (!t->full && !path_is(p, root)) {
		if (p.dentry == p.mount->root) {
			if (!p.mount->parent)
				return false;
			p = (struct path){p.mount->parent, p.mount->at};
			continue;
		}
		prepend(t, p.dentry->name, p.dentry->len);
		if (!p.dentry->parent)
			return false;
		prepend(t, "/", 1);
		p.dentry = p.dentry->parent;
	}
	return true; /* or as good as: nobody gets to see it */
}

/* Of what has no place in the tree: a pipe's name is all there is. */
static bool
is_nameless(struct path p)
{
	return !p.dentry->parent && p.dentry != p.mount->root;
}

int
path_text(struct path p, struct path root, bool any, char *buf, size_t cap,
    char **out)
{
	static const char gone[] = " (deleted)", far[] = "(unreachable)";
	struct back_text t = {.start = buf, .at = buf + cap};
	bool reached, deleted, is_memory;

	spin_lock(&mount_lock);
	spin_lock(&dentry_lock);
	is_memory = is_nameless(p) && inode_is_regular(p.dentry->inode);
	deleted = p.dentry->deleted;
	prepend(&t, "", 1);
	if ((deleted || is_memory) && any)
		prepend(&t, gone, strlen(gone));
	reached = prepend_names(&t, p, root) || is_nameless(p);
	spin_unlock(&dentry_lock);
	spin_unlock(&mount_lock);
	if (*t.at == '\0' || is_memory || (deleted && path_is(p, root)))
		prepend(&t, "/", 1);
	if (!reached && any)
		prepend(&t, far, strlen(far));
	if (t.full)
		return -ERANGE;
	*out = t.at;
	return !any && (deleted || !reached) ? -ENOENT : 0;
}

int
dentry_text(struct dentry *d, char *buf, size_t cap, char **out)
{
	static const char gone[] = "//deleted";
	struct back_text t = {.start = buf, .at = buf + cap};

	spin_lock(&dentry_lock);
	prepend(&t, "", 1);
	if (d->deleted)
		prepend(&t, gone, strlen(gone));
	for (; d->parent && !t.full; d = d->parent) {
		prepend(&t, d->name, d->len);
		prepend(&t, "/", 1);
	}
	spin_unlock(&dentry_lock);
	if (*t.at == '\0')
		prepend(&t, "/", 1);
	if (t.full)
		return -ERANGE;
	*out = t.at;
	return 0;
}

int
namei_getcwd(struct fs_context *ctx, char *buf, size_t cap, char **out)
{
	struct path root = fs_context_root(ctx), cwd = fs_context_cwd(ctx);
	int err = -ENOENT;

	if (!cwd.dentry->deleted)
		err = path_text(cwd, root, true, buf, cap, out);
	path_put(cwd);
	path_put(root);
	return err;
}

/* ---- going elsewhere -------------------------------------------------- */

static int
lookup_dir(const struct fs_who *who, struct fs_name name, struct path *out)
{
	int err = namei_lookup(who, name, NAMEI_DIRECTORY, out);

	if (err < 0)
		return err;
	err = inode_may(out->dentry->inode, who->cred, MAY_EXEC);
	if (err < 0)
		path_put(*out);
	return err;
}

int
namei_chdir(const struct fs_who *who, struct fs_name name)
{
	struct path p;
	int err = lookup_dir(who, name, &p);

	if (err == 0)
		fs_context_set_cwd_take(who->ctx, p);
	return err;
}

int
file_chdir(const struct fs_who *who, struct file *f)
{
	int err = -ENOTDIR;

	if (inode_is_dir(f->inode))
		err = inode_may(f->inode, who->cred, MAY_EXEC);
	if (err == 0)
		fs_context_set_cwd_take(who->ctx, path_get(f->path));
	return err;
}

int
namei_chroot(const struct fs_who *who, struct fs_name name)
{
	struct path p;
	int err = lookup_dir(who, name, &p);

	if (err < 0)
		return err;
	if (!cred_capable(who->cred, CAP_SYS_CHROOT)) {
		path_put(p);
		return -EPERM;
	}
	fs_context_set_root_take(who->ctx, p);
	return 0;
}

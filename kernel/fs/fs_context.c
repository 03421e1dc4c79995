#include "fs/fs_context.h"

#include "fs/vfs_impl.h"
#include "mm/slab.h"

#define DEFAULT_UMASK 022

/* Takes over both paths on 0. */
static int
create_take(
    struct path root, struct path cwd, u32 umask, struct fs_context **out)
{
	struct fs_context *c = kmalloc(sizeof(*c));

	if (!c)
		return -ENOMEM;
	refcount_init(&c->refs, 1);
	spin_init(&c->lock, RANK_FS_CONTEXT);
	c->root = root;
	c->cwd = cwd;
	c->umask = umask;
	*out = c;
	return 0;
}

int
fs_context_create(struct fs_context **out)
{
	struct path root = vfs_root();
	int err = create_take(root, root, DEFAULT_UMASK, out);

	if (err == 0) {
		path_get(root);
		path_get(root);
	}
	return err;
}

int
fs_context_copy(struct fs_context *from, struct fs_context **out)
{
	struct path root, cwd;
	int err;

	spin_lock(&from->lock);
	root = path_get(from->root);
	cwd = path_get(from->cwd);
	spin_unlock(&from->lock);
	err = create_take(root, cwd, fs_context_umask(from), out);
	if (err < 0) {
		path_put(cwd);
		path_put(root);
	}
	return err;
}

void
fs_context_put(struct fs_context *c)
{
	if (!refcount_put(&c->refs))
		return;
	path_put(c->cwd);
	path_put(c->root);
	kfree(c);
}

struct path
fs_context_root(struct fs_context *c)
{
	struct path p;

	spin_lock(&c->lock);
	p = path_get(c->root);
	spin_unlock(&c->lock);
	return p;
}

struct path
fs_context_cwd(struct fs_context *c)
{
	struct path p;

	spin_lock(&c->lock);
	p = path_get(c->cwd);
	spin_unlock(&c->lock);
	return p;
}

u32
fs_context_umask(struct fs_context *c)
{
	return atomic_load(&c->umask);
}

u32
fs_context_set_umask(struct fs_context *c, u32 umask)
{
	return atomic_swap(&c->umask, umask & 0777);
}

static void
replace_take(struct fs_context *c, struct path *field, struct path p)
{
	struct path was;

	spin_lock(&c->lock);
	was = *field;
	*field = p;
	spin_unlock(&c->lock);
	path_put(was);
}

void
fs_context_set_cwd_take(struct fs_context *c, struct path cwd)
{
	replace_take(c, &c->cwd, cwd);
}

void
fs_context_set_root_take(struct fs_context *c, struct path root)
{
	replace_take(c, &c->root, root);
}

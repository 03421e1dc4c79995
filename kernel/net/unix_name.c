/*
 * Names of local sockets.
 *
 * A name is a path, and then a node in the file system leads to the socket; or
 * it begins with a zero byte, is any bytes ("abstract"), and lives in a table
 * until its socket is closed.  Nodes stay; one whose socket is gone refuses.
 *
 * A bound socket holds its path, so the node's inode stays in memory, and with
 * it the pointer from there to the socket, even when its name is removed.
 */
#include <linux/stat.h>

#include "core/thread.h"
#include "fs/fs_context.h"
#include "fs/namei.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/unix_impl.h"

#define NR_BUCKETS 256 /* arbitrary */

/* Names that are made up are five hexadecimal digits. */
#define NR_AUTOBIND (1u << 20)

/* Also guards inode->socket. */
struct spinlock socket_names_lock = SPINLOCK_INIT(RANK_SOCKET_NAMES);

static struct list buckets[NR_BUCKETS]; /* names: sockets, by named */
static u32 last_made_up;                /* names */

/* ---- what an address is ------------------------------------------------- */

int
socket_address_check(const struct socket_address *a)
{
	if (a->len <= SUN_PATH_AT || a->len > sizeof(struct sockaddr_un) ||
	    socket_sun(a)->sun_family != AF_UNIX)
		return -EINVAL;
	return 0;
}

static bool
is_abstract(const struct socket_address *a)
{
	return socket_sun(a)->sun_path[0] == '\0';
}

static bool
is_same(const struct socket_address *a, const struct socket_address *b)
{
	return a->len == b->len &&
	    memcmp(&a->storage, &b->storage, a->len) == 0;
}

/* The path as a string: it may fill all of sun_path, or end before. */
static void
path_of(const struct socket_address *a, char path[UNIX_PATH_MAX + 1])
{
	u32 len = a->len - SUN_PATH_AT;

	memcpy(path, socket_sun(a)->sun_path, len);
	path[len] = '\0';
}

static int
name_create(const struct socket_address *a, struct socket_name **out)
{
	struct socket_name *n = kzalloc(sizeof(*n));
	char path[UNIX_PATH_MAX + 1];

	if (n == NULL)
		return -ENOMEM;
	refcount_init(&n->refs, 1);
	n->address = *a;
	if (a->len > SUN_PATH_AT && !is_abstract(a)) {
		path_of(a, path);
		n->address.len = (u32)(SUN_PATH_AT + strlen(path) + 1);
		memset((char *)&n->address.storage + a->len, 0,
		    sizeof(n->address.storage) - a->len);
	}
	*out = n;
	return 0;
}

void
socket_name_put(struct socket_name *n)
{
	if (n != NULL && refcount_put(&n->refs))
		kfree(n);
}

/* ---- abstract names ----------------------------------------------------- */

static struct list *
bucket_of(const struct socket_address *a)
{
	struct name n = name_make((const char *)&a->storage, a->len);
	struct list *b = &buckets[n.hash % NR_BUCKETS];

	if (b->next == NULL)
		list_init(b);
	return b;
}

/* Names of sockets of different types are different names. */
static struct socket *
find_abstract_locked(const struct socket_address *a, u8 type)
    MUST_HOLD(&socket_names_lock)
{
	struct socket *s;

	list_for_each (s, bucket_of(a), named)
		if (s->type == type && is_same(&s->name->address, a))
			return s;
	return NULL;
}

/* From now on others see what s is bound to. */
static void
set_name_take(struct socket *s, struct socket_name *n)
{
	spin_lock(&s->lock);
	s->name = n;
	spin_unlock(&s->lock);
}

/* Errors: -EADDRINUSE. */
static int
enter_table_take(struct socket *s, struct socket_name *n)
{
	int err = 0;

	spin_lock(&socket_names_lock);
	if (find_abstract_locked(&n->address, s->type) != NULL)
		err = -EADDRINUSE;
	if (err == 0) {
		set_name_take(s, n);
		list_push_back(bucket_of(&n->address), &s->named);
	}
	spin_unlock(&socket_names_lock);
	return err;
}

static void
make_up(struct socket_address *a)
{
	struct sockaddr_un *sun = socket_sun(a);
	char digits[8];
	u32 nr;

	spin_lock(&socket_names_lock);
	nr = ++last_made_up % NR_AUTOBIND;
	spin_unlock(&socket_names_lock);
	fmt_snprint(digits, sizeof(digits), "%05x", nr);
	memset(a, 0, sizeof(*a));
	sun->sun_family = AF_UNIX;
	memcpy(sun->sun_path + 1, digits, 5);
	a->len = SUN_PATH_AT + 6;
}

/* Errors: -ENOSPC all made-up names are in use. */
static int
bind_made_up(struct socket *s)
{
	struct socket_address a;
	struct socket_name *n;
	u32 tries;
	int err;

	for (tries = 0; tries < NR_AUTOBIND; tries++) {
		make_up(&a);
		err = name_create(&a, &n);
		if (err < 0)
			return err;
		err = enter_table_take(s, n);
		if (err == 0)
			return 0;
		socket_name_put(n);
		if (thread_must_end())
			return -EINTR;
		thread_preempt_point();
	}
	return -ENOSPC;
}

/* ---- binding ------------------------------------------------------------ */

static int
bind_abstract(struct socket *s, const struct socket_address *a)
{
	struct socket_name *n;
	int err = name_create(a, &n);

	if (err < 0)
		return err;
	err = enter_table_take(s, n);
	if (err < 0)
		socket_name_put(n);
	return err;
}

/* The node has the mode of the socket's own inode, which fchmod changes. */
static int
bind_path(const struct fs_who *who, struct socket *s,
    const struct socket_address *a) MUST_HOLD(&s->binding)
{
	u32 mode = s->file->inode->mode & 07777;
	char path[UNIX_PATH_MAX + 1];
	struct socket_name *n;
	int err;

	err = name_create(a, &n);
	if (err < 0)
		return err;
	path_of(a, path);
	err = namei_make_socket(who, fs_name(NULL, path), mode, &s->path);
	if (err < 0) {
		socket_name_put(n);
		return err == -EEXIST ? -EADDRINUSE : err;
	}
	set_name_take(s, n);
	spin_lock(&socket_names_lock);
	s->path.dentry->inode->socket = s;
	spin_unlock(&socket_names_lock);
	return 0;
}

static int
bind_locked(const struct fs_who *who, struct socket *s,
    const struct socket_address *a) MUST_HOLD(&s->binding)
{
	bool made_up =
	    a->len == SUN_PATH_AT && socket_sun(a)->sun_family == AF_UNIX;
	int err = made_up ? 0 : socket_address_check(a);

	if (err < 0)
		return err;
	if (s->name != NULL)
		return made_up ? 0 : -EINVAL;
	if (made_up)
		return bind_made_up(s);
	return is_abstract(a) ? bind_abstract(s, a) : bind_path(who, s, a);
}

int
socket_bind(
    const struct fs_who *who, struct file *f, const struct socket_address *a)
{
	struct socket *s;
	int err = socket_of(f, &s);

	if (err < 0)
		return err;
	mutex_lock(&s->binding);
	err = bind_locked(who, s, a);
	mutex_unlock(&s->binding);
	return err;
}

int
socket_bind_if_needed(struct socket *s)
{
	int err = 0;

	if (!(atomic_load(&s->flags) & SOCKET_PASSCRED))
		return 0;
	mutex_lock(&s->binding);
	if (s->name == NULL)
		err = bind_made_up(s);
	mutex_unlock(&s->binding);
	return err;
}

void
socket_unbind(struct socket *s)
{
	spin_lock(&socket_names_lock);
	list_remove(&s->named);
	if (s->path.dentry != NULL)
		s->path.dentry->inode->socket = NULL;
	spin_unlock(&socket_names_lock);
	path_put(s->path);
	s->path = (struct path){NULL, NULL};
}

/* ---- finding ------------------------------------------------------------ */

static int
get_if_alive(struct socket *s, struct socket **out)
    MUST_HOLD(&socket_names_lock)
{
	if (s == NULL || !refcount_get_unless_zero(&s->refs))
		return -ECONNREFUSED;
	*out = s;
	return 0;
}

static int
find_abstract(const struct socket_address *a, u8 type, struct socket **out)
{
	int err;

	spin_lock(&socket_names_lock);
	err = get_if_alive(find_abstract_locked(a, type), out);
	spin_unlock(&socket_names_lock);
	return err;
}

static int
find_at(const struct fs_who *who, struct inode *i, struct socket **out)
{
	int err = inode_may(i, who->cred, MAY_WRITE);

	if (err < 0)
		return err;
	if (!S_ISSOCK(i->mode))
		return -ECONNREFUSED;
	spin_lock(&socket_names_lock);
	err = get_if_alive(i->socket, out);
	spin_unlock(&socket_names_lock);
	return err;
}

static int
find_path(const struct fs_who *who, const struct socket_address *a, u8 type,
    struct socket **out)
{
	char text[UNIX_PATH_MAX + 1];
	struct path p;
	int err;

	path_of(a, text);
	err = namei_lookup(who, fs_name(NULL, text), 0, &p);
	if (err < 0)
		return err;
	err = find_at(who, p.dentry->inode, out);
	path_put(p);
	if (err == 0 && (*out)->type != type) {
		socket_put(*out);
		err = -EPROTOTYPE;
	}
	return err;
}

int
socket_find(const struct fs_who *who, const struct socket_address *a, u8 type,
    struct socket **out)
{
	return is_abstract(a) ? find_abstract(a, type, out)
			      : find_path(who, a, type, out);
}

/* ---- telling ------------------------------------------------------------ */

void
socket_tell_name(struct socket *s, struct socket_address *out)
{
	struct socket_name *n;

	/* It changes only from NULL, and lives as long as s does. */
	spin_lock(&s->lock);
	n = s->name;
	spin_unlock(&s->lock);
	out->len = 0;
	if (n != NULL)
		*out = n->address;
}

int
socket_get_name(struct file *f, bool of_peer, struct socket_address *out)
{
	struct socket *s, *peer = NULL;
	int err = socket_of(f, &s);

	if (err < 0)
		return err;
	if (of_peer) {
		peer = socket_get_peer(s);
		if (peer == NULL)
			return -ENOTCONN;
		s = peer;
	}
	socket_tell_name(s, out);
	socket_put(peer);
	if (out->len == 0) {
		socket_sun(out)->sun_family = AF_UNIX;
		out->len = SUN_PATH_AT;
	}
	return 0;
}

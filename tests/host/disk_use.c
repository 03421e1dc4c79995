#include "disk_use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"
#include "fs/namei.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/object.h"

#include <asm/fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

#define MAX_PATHS  64u
#define PATH_BYTES 400u
#define MAX_DEPTH  5u
#define MAX_VISITS 120u
#define MAX_NAMES  24u /* of one directory, as far as one looks */
#define CHUNK      (16u << 10)
#define NR_HELD    3u

static char paths[MAX_PATHS][PATH_BYTES];
static u32 nr_paths, nr_visits;
static u8 chunk[CHUNK];

static u32
draw(u32 below)
{
	return (u32)(fake_random() % below);
}

/* ---- looking ------------------------------------------------------------ */

struct listing {
	struct dir_sink sink;
	u32 nr, most;
	char *names[MAX_NAMES];
};

static bool
note_name(
    struct dir_sink *sink, struct name name, u64 ino, u32 type, u64 next_pos)
{
	struct listing *l = container_of(sink, struct listing, sink);

	(void)ino;
	(void)type;
	(void)next_pos;
	/* What no path can have, nobody is to be shown. */
	assert_true(name.len > 0 && memchr(name.text, '/', name.len) == NULL &&
	    memchr(name.text, 0, name.len) == NULL);
	if (l->nr == l->most)
		return false;
	l->names[l->nr++] = strndup(name.text, name.len);
	return true;
}

static void
read_some(struct file *f, s64 at)
{
	struct iov_iter it;

	iov_init_kernel(&it, chunk, sizeof(chunk));
	(void)!file_pread(f, &it, at);
}

/* The beginning, the end, and what the disk says are holes. */
static void
read_file(const struct fs_who *who, const char *path, u64 size)
{
	struct file *f;

	if (namei_open(who, fs_name(NULL, path), O_RDONLY, 0, &f) < 0)
		return;
	read_some(f, 0);
	if (size > CHUNK)
		read_some(f, (s64)(size - CHUNK / 2));
	read_some(f, 12 * 1024 - 512);
	(void)!file_seek(f, 0, 4);
	(void)!file_seek(f, (s64)(size / 2), 3);
	file_put(f);
}

/* Some names, and from a position that may be no name's. */
static void
read_dir(const struct fs_who *who, const char *path, struct listing *l)
{
	struct file *f;

	if (namei_open(
		who, fs_name(NULL, path), O_RDONLY | O_DIRECTORY, 0, &f) < 0)
		return;
	l->most = 1 + draw(MAX_NAMES);
	(void)!file_readdir(f, &l->sink);
	(void)!file_seek(f, draw(5000), 0);
	l->most = MAX_NAMES;
	(void)!file_readdir(f, &l->sink);
	file_put(f);
}

static void look_at(const struct fs_who *who, const char *path, u32 depth);

static void
look_into(const struct fs_who *who, const char *path, u32 depth)
{
	struct listing *l = calloc(1, sizeof(*l));
	char below[PATH_BYTES];
	u32 i;

	l->sink.emit = note_name;
	read_dir(who, path, l);
	for (i = 0; i < l->nr; i++) {
		int n =
		    snprintf(below, sizeof(below), "%s/%s", path, l->names[i]);

		if (l->names[i][0] != '.' && n < (int)sizeof(below))
			look_at(who, below, depth + 1);
		free(l->names[i]);
	}
	free(l);
}

static void
look_at(const struct fs_who *who, const char *path, u32 depth)
{
	char target[PAGE_SIZE];
	struct file_stat st;
	size_t len;

	if (++nr_visits > MAX_VISITS)
		return;
	if (nr_paths < MAX_PATHS)
		strcpy(paths[nr_paths++], path);
	if (namei_stat(who, fs_name(NULL, path), NAMEI_NOFOLLOW, &st) < 0)
		return;
	if (S_ISDIR(st.mode) && depth < MAX_DEPTH)
		look_into(who, path, depth);
	else if (S_ISREG(st.mode))
		read_file(who, path, st.size_bytes);
	else if (S_ISLNK(st.mode))
		(void)!namei_readlink(
		    who, fs_name(NULL, path), target, sizeof(target), &len);
}

void
disk_look(const struct fs_who *who, const char *dir)
{
	nr_paths = nr_visits = 0;
	look_at(who, dir, 0);
}

/* ---- changing ----------------------------------------------------------- */

/* struct change: one thing that is done, and what it may choose from. */
struct change {
	const struct fs_who *who;
	const char *dir;
	const char *a;           /* a name that was seen */
	char b[PATH_BYTES + 32]; /* one that may be new */
	struct file *held[NR_HELD];
};

static void
choose(struct change *c)
{
	const char *in = paths[draw(nr_paths)];

	c->a = paths[draw(nr_paths)];
	if (draw(4) == 0)
		strcpy(c->b, in);
	else
		snprintf(c->b, sizeof(c->b), "%s/%.*s%u", in,
		    draw(8) == 0 ? 250 : 1 + (int)draw(20),
		    "nnnnnnnnnnnnnnnnnnnnnnnnn", draw(6));
}

static s64
odd_size(void)
{
	static const s64 sizes[] = {0, 1, 1023, 1024, 12 * 1024, 12 * 1024 + 1,
	    49152, 268 * 1024, 280000, 65804l * 1024, 1l << 31, 1l << 33};

	return sizes[draw(ARRAY_SIZE(sizes))] + draw(3000);
}

static void
write_some(struct change *c, struct file *f)
{
	struct iov_iter it;

	memset(chunk, 'w', sizeof(chunk));
	iov_init_kernel(&it, chunk, 1 + draw(CHUNK));
	(void)!file_pwrite(c->who, f, &it, odd_size());
}

static void
write_file(struct change *c)
{
	const char *path = draw(2) ? c->a : c->b;
	u32 flags = O_RDWR | (draw(2) ? O_CREAT : 0) | (draw(8) ? 0 : O_TRUNC);
	struct file **held = &c->held[draw(NR_HELD)], *f;

	if (namei_open(
		c->who, fs_name(NULL, path), flags | O_NONBLOCK, 0644, &f) < 0)
		return;
	write_some(c, f);
	if (draw(3) == 0)
		(void)!file_sync(f, draw(2));
	file_put(*held);
	*held = f;
}

static void
use_held(struct change *c)
{
	struct file *f = c->held[draw(NR_HELD)];

	if (f == NULL)
		return;
	switch (draw(4)) {
	case 0:
		write_some(c, f);
		break;
	case 1:
		read_some(f, odd_size());
		break;
	case 2:
		(void)!file_truncate(c->who, f, odd_size());
		break;
	case 3:
		(void)!file_allocate(
		    c->who, f, draw(4), odd_size(), odd_size());
		break;
	}
}

/* What a fault does that writes to a page of a shared mapping. */
static void
write_mapped(struct change *c)
{
	struct file *f = c->held[draw(NR_HELD)];
	struct object *o;
	struct page *p;
	u64 index = draw(2) ? 0 : (u64)odd_size() >> PAGE_SHIFT;

	if (f == NULL || file_map(f, true, 3, &o) < 0 || o == NULL)
		return;
	if (object_page(o, index, &p) == 0) {
		if (o->ops->will_write(o, index) == 0)
			(void)!object_write(o, index << PAGE_SHIFT, "m", 1);
		page_put(p);
	}
	object_put(o);
}

static void
make_names(struct change *c)
{
	char target[1200];
	struct file *f;

	switch (draw(5)) {
	case 0:
		(void)!namei_mkdir(c->who, fs_name(NULL, c->b), 0755);
		break;
	case 1:
		memset(target, 't', sizeof(target));
		target[1 + draw(1199)] = 0;
		(void)!namei_symlink(c->who, target, fs_name(NULL, c->b));
		break;
	case 2:
		(void)!namei_mknod(c->who, fs_name(NULL, c->b),
		    draw(2) ? S_IFIFO | 0600 : S_IFCHR | 0600, 0x103);
		break;
	case 3:
		(void)!namei_link(
		    c->who, fs_name(NULL, c->a), fs_name(NULL, c->b), 0);
		break;
	case 4:
		if (namei_open(c->who, fs_name(NULL, c->a), O_TMPFILE | O_RDWR,
			0600, &f) == 0) {
			write_some(c, f);
			file_put(f);
		}
		break;
	}
}

static void
take_names(struct change *c)
{
	switch (draw(4)) {
	case 0:
		(void)!namei_unlink(c->who, fs_name(NULL, c->a));
		break;
	case 1:
		(void)!namei_rmdir(c->who, fs_name(NULL, c->a));
		break;
	default:
		(void)!namei_rename(
		    c->who, fs_name(NULL, c->a), fs_name(NULL, c->b), draw(3));
		break;
	}
}

static void
change_attributes(struct change *c)
{
	struct file_times times = {FILE_TIME_SET, FILE_TIME_NOW, -1, 0};
	struct fs_statfs st;

	switch (draw(5)) {
	case 0:
		(void)!namei_chmod(c->who, fs_name(NULL, c->a), 0, 0755);
		break;
	case 1:
		(void)!namei_chown(c->who, fs_name(NULL, c->a), 0, 70000, 5);
		break;
	case 2:
		(void)!namei_utimens(c->who, fs_name(NULL, c->a), 0, &times);
		break;
	case 3:
		(void)!namei_truncate(c->who, fs_name(NULL, c->a), odd_size());
		break;
	case 4:
		(void)!namei_statfs(c->who, fs_name(NULL, c->dir), &st);
		break;
	}
}

static void
sync_all(struct change *c)
{
	struct file *f;

	if (namei_open(c->who, fs_name(NULL, c->dir), O_RDONLY, 0, &f) < 0)
		return;
	(void)!file_sync_fs(f);
	file_put(f);
}

void
disk_change(const struct fs_who *who, const char *dir, u32 nr)
{
	static void (*const fns[])(struct change *) = {write_file, write_file,
	    use_held, write_mapped, make_names, make_names, take_names,
	    take_names, change_attributes, sync_all};
	struct change c = {.who = who, .dir = dir};
	u32 i;

	if (nr_paths == 0)
		strcpy(paths[nr_paths++], dir);
	while (nr-- > 0) {
		choose(&c);
		fns[draw(ARRAY_SIZE(fns))](&c);
	}
	for (i = 0; i < NR_HELD; i++)
		file_put(c.held[i]);
}

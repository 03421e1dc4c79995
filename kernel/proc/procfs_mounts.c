/* What is mounted where, for who asks: mounts and mountinfo of /proc/PID. */
#include <linux/fs.h>

#include "fs/fs_context.h"
#include "fs/vfs.h"
#include "mm/slab.h"
#include "proc/procfs_view.h"

/* What a file system says of its own options; they are few. */
#define OPTIONS_BYTES 64

static const struct {
	u32 flag;
	const char *word;
} mount_words[] = {
    {MS_NOSUID, ",nosuid"},
    {MS_NODEV, ",nodev"},
    {MS_NOEXEC, ",noexec"},
    {MS_NOATIME, ",noatime"},
    {MS_NODIRATIME, ",nodiratime"},
    {MS_RELATIME, ",relatime"},
};

static void
print_flags(struct seq *s, const struct mount *m)
{
	u32 flags = atomic_load(&m->flags);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mount_words); i++)
		if (flags & mount_words[i].flag)
			seq_puts(s, mount_words[i].word);
}

static void
print_own_options(struct seq *s, struct mount *m)
{
	char own[OPTIONS_BYTES] = "";

	if (m->fs->ops->options)
		m->fs->ops->options(m->fs, own, sizeof(own));
	seq_puts(s, own);
}

static const char *
access_word(bool read_only)
{
	return read_only ? "ro" : "rw";
}

/*
 * What a line is made of: the mount, where it stands as the caller would name
 * it, and which part of its file system is seen there.
 */
struct line {
	struct mount *m;
	const char *place;
	const char *part;
};

static void
print_mount(struct seq *s, const struct line *l)
{
	seq_escape(s, l->m->source);
	seq_puts(s, " ");
	seq_escape(s, l->place);
	seq_print(
	    s, " %s %s", l->m->fs->type, access_word(mount_is_read_only(l->m)));
	print_flags(s, l->m);
	print_own_options(s, l->m);
	seq_puts(s, " 0 0\n");
}

static void
print_mountinfo(struct seq *s, const struct line *l)
{
	const struct filesystem *fs = l->m->fs;

	seq_print(s, "%u %u %u:%u ", l->m->id, mount_parent_id(l->m),
	    fs->dev >> 8, fs->dev & 0xff);
	seq_escape(s, l->part);
	seq_puts(s, " ");
	seq_escape(s, l->place);
	seq_print(s, " %s", access_word(atomic_load(&l->m->flags) & MS_RDONLY));
	print_flags(s, l->m);
	seq_print(s, " - %s ", fs->type);
	seq_escape(s, l->m->source);
	seq_print(s, " %s", access_word(filesystem_is_read_only(fs)));
	print_own_options(s, l->m);
	seq_puts(s, "\n");
}

/* What cannot be reached from root is not there for who asks. */
static void
print_if_reached(struct seq *s, struct mount *m, struct path root,
    char *bufs[2], void (*print)(struct seq *s, const struct line *l))
{
	struct path top = {m, m->root};
	char *place, *part;

	if (path_text(top, root, false, bufs[0], PATH_MAX_BYTES, &place) == 0 &&
	    dentry_text(m->root, bufs[1], PATH_MAX_BYTES, &part) == 0)
		print(s, &(struct line){m, place, part});
}

static int
show(struct seq *s, void (*print)(struct seq *s, const struct line *l))
{
	char *bufs[2] = {kmalloc(PATH_MAX_BYTES), kmalloc(PATH_MAX_BYTES)};
	bool ready = bufs[0] != NULL && bufs[1] != NULL;
	struct path root;
	struct mount *m;
	u32 last = 0;

	root = fs_context_root(task_current()->fs);
	while (ready && (m = mount_next(last)) != NULL) {
		last = m->id;
		print_if_reached(s, m, root, bufs, print);
		mount_put(m);
	}
	path_put(root);
	kfree(bufs[0]);
	kfree(bufs[1]);
	return ready ? 0 : -ENOMEM;
}

int
procfs_show_mounts(struct seq *s, struct procfs_key key)
{
	(void)key;
	return show(s, print_mount);
}

int
procfs_show_mountinfo(struct seq *s, struct procfs_key key)
{
	(void)key;
	return show(s, print_mountinfo);
}

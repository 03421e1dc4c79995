/*
 * From the initramfs to a disk.
 *
 *	root=/dev/vda         the disk that becomes /
 *	rootfstype=TYPE       its type, otherwise ext3 or ext2
 *	rootflags=OPTIONS     for its file system
 *	ro                    it is mounted read-only
 *	init=PATH             what to start there, otherwise /sbin/init or /init
 *
 * Linux does this by itself only without an initramfs, so both kernels leave it
 * to us, and the words mean what they mean to Linux.  Linux moves the mount to
 * /; calf cannot, and init changes its root directory instead.  Then there is a
 * way back, and at the end we take it, for a disk that nobody runs from can be
 * unmounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define PLACE      "/newroot"
#define LINE_BYTES 4096 /* more than either kernel's command line has */

struct words {
	const char *root;
	const char *type;
	const char *options;
	const char *init;
	bool read_only;
};

/* The value of `name=value`, or NULL if the word is another one. */
static const char *
value_of(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) || word[len] != '=' ? NULL
							    : word + len + 1;
}

static void
take_word(struct words *w, const char *word)
{
	const struct {
		const char *name;
		const char **to;
	} known[] = {
	    {"root", &w->root},
	    {"rootfstype", &w->type},
	    {"rootflags", &w->options},
	    {"init", &w->init},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (value_of(word, known[i].name))
			*known[i].to = value_of(word, known[i].name);
	if (!strcmp(word, "ro"))
		w->read_only = true;
	if (!strcmp(word, "rw"))
		w->read_only = false;
}

/* The words lie in line, which is cut up. */
static void
read_words(char *line, struct words *w)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, line, LINE_BYTES - 1);
	char *rest = NULL;

	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = '\0';
	for (char *p = strtok_r(line, " \n", &rest); p;
	     p = strtok_r(NULL, " \n", &rest))
		take_word(w, p);
}

static int
mount_as(const struct words *w, const char *type)
{
	unsigned long flags = w->read_only ? MS_RDONLY : 0;

	if (mount(w->root, PLACE, type, flags, w->options) == 0)
		return 0;
	if (w->read_only || (errno != EROFS && errno != EACCES))
		return -1;
	if (mount(w->root, PLACE, type, MS_RDONLY, w->options))
		return -1;
	dprintf(2, "init: %s can only be read\n", w->root);
	return 0;
}

static int
mount_root(const struct words *w)
{
	if (mkdir(PLACE, 0755) && errno != EEXIST)
		return -1;
	if (w->type)
		return mount_as(w, w->type);
	if (mount_as(w, "ext3") == 0)
		return 0;
	if (errno != EINVAL && errno != ENODEV)
		return -1;
	return mount_as(w, "ext2");
}

/* An open file goes along, and its number in the environment. */
static void
hand_on(const char *word, int fd)
{
	char number[16];

	if (fd < 0)
		return;
	fcntl(fd, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", fd);
	setenv(word, number, 1);
}

static int
enter(int old)
{
	if (chdir(PLACE))
		return -1;
	if (mount(".", "/", NULL, MS_MOVE, NULL))
		hand_on(BACK_WORD, old);
	return chroot(".") || chdir("/");
}

/* Returns if it cannot, with the reason in errno. */
static void
exec_init(const struct words *w)
{
	const char *paths[] = {"/sbin/init", "/init"};
	size_t n = sizeof(paths) / sizeof(paths[0]);

	if (w->init) {
		paths[0] = w->init;
		n = 1;
	}
	for (size_t i = 0; i < n; i++) {
		execl(paths[i], paths[i], NULL);
		if (errno != ENOENT)
			break;
	}
}

static void
give_up(const struct words *w, const char *what)
{
	dprintf(2, "init: root=%s: %s: %s; the initramfs stays the root\n",
	    w->root, what, strerror(errno));
}

void
root_switch(void)
{
	static char line[LINE_BYTES];
	struct words w = {NULL, NULL, NULL, NULL, false};
	int old;

	if (getenv(ROOT_WORD))
		return;
	read_words(line, &w);
	if (!w.root)
		return;
	if (mount_root(&w)) {
		give_up(&w, "cannot be mounted");
		return;
	}
	old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	setenv(ROOT_WORD, w.root, 1);
	hand_on(ARGV_WORD, open(ARGV_FILE, O_RDONLY));
	if (old < 0 || enter(old)) {
		give_up(&w, "cannot become the root");
	} else {
		exec_init(&w);
		give_up(&w, w.init ? w.init : "/sbin/init");
	}
	unsetenv(ROOT_WORD);
	unsetenv(BACK_WORD);
	if (fchdir(old) || chroot("."))
		give_up(&w, "no way back");
	close(old);
	umount2(PLACE, MNT_DETACH);
}

static int back = -1;

void
root_keep(void)
{
	const char *word = getenv(BACK_WORD);

	if (!word)
		return;
	back = atoi(word);
	fcntl(back, F_SETFD, FD_CLOEXEC);
	unsetenv(BACK_WORD);
}

void
root_leave(int how)
{
	char number[16];

	if (back < 0 || fchdir(back) || chroot("."))
		return;
	snprintf(number, sizeof(number), "%d", how);
	execl("/init", "/init", END_ARG, number, NULL);
	dprintf(2, "init: no way back to the initramfs: %s\n", strerror(errno));
}

/*
 * What is mounted at boot, and how it comes down again.
 */
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define FSTAB      "/etc/fstab"
#define MOUNTS     "/proc/mounts"
#define MOST       256  /* mounts that are taken down; arbitrary */
#define DATA_BYTES 1024 /* options for one file system; arbitrary */

static const struct {
	const char *name;
	unsigned long set, clear;
} options[] = {
    {"ro", MS_RDONLY, 0},
    {"rw", 0, MS_RDONLY},
    {"nosuid", MS_NOSUID, 0},
    {"nodev", MS_NODEV, 0},
    {"noexec", MS_NOEXEC, 0},
    {"sync", MS_SYNCHRONOUS, 0},
    {"dirsync", MS_DIRSYNC, 0},
    {"noatime", MS_NOATIME, 0},
    {"nodiratime", MS_NODIRATIME, 0},
    {"relatime", MS_RELATIME, 0},
    {"bind", MS_BIND, 0},
    /* Said to us, or to mount(8), and not to the kernel. */
    {"defaults", 0, 0},
    {"auto", 0, 0},
    {"noauto", 0, 0},
    {"nofail", 0, 0},
    {"user", 0, 0},
    {"nouser", 0, 0},
};

static bool
take_option(const char *word, unsigned long *flags)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(word, options[i].name)) {
			*flags = (*flags & ~options[i].clear) | options[i].set;
			return true;
		}
	return false;
}

/* The flags of a line's options; what is none is the file system's own. */
static unsigned long
parse_options(char *text, char *data)
{
	unsigned long flags = 0;
	char *rest = NULL;

	data[0] = '\0';
	for (char *word = strtok_r(text, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		size_t len = strlen(data);

		if (!take_option(word, &flags))
			snprintf(data + len, DATA_BYTES - len, "%s%s",
			    len > 0 ? "," : "", word);
	}
	return flags;
}

static bool
is_mount_point(const char *dir)
{
	char above[PATH_MAX];
	struct stat here, there;

	snprintf(above, sizeof(above), "%s/..", dir);
	return stat(dir, &here) == 0 && stat(above, &there) == 0 &&
	    (here.st_dev != there.st_dev || here.st_ino == there.st_ino);
}

static void
mount_line(const struct mntent *m)
{
	/* Before the options are cut up. */
	bool wanted = !hasmntopt(m, "nofail");
	char data[DATA_BYTES];
	unsigned long flags = parse_options(m->mnt_opts, data);

	if (mount(m->mnt_fsname, m->mnt_dir, m->mnt_type, flags, data) == 0)
		return;
	if (!(flags & MS_RDONLY) && (errno == EROFS || errno == EACCES) &&
	    mount(m->mnt_fsname, m->mnt_dir, m->mnt_type, flags | MS_RDONLY,
		data) == 0)
		dprintf(2, "init: %s can only be read\n", m->mnt_fsname);
	else if (wanted)
		dprintf(2, "init: cannot mount %s on %s: %s\n", m->mnt_fsname,
		    m->mnt_dir, strerror(errno));
}

void
fstab_mount_all(void)
{
	FILE *f = setmntent(FSTAB, "re");
	struct mntent *m;

	if (!f)
		return;
	while ((m = getmntent(f))) {
		if (hasmntopt(m, "noauto") || !strcmp(m->mnt_type, "swap"))
			continue;
		if (!strcmp(m->mnt_dir, "/") && hasmntopt(m, "ro"))
			mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
		if (!is_mount_point(m->mnt_dir))
			mount_line(m);
	}
	endmntent(f);
}

static bool
is_on_disk(const struct mntent *m)
{
	return !strncmp(m->mnt_fsname, "/dev/", 5);
}

static void
take_down(const char *dir, const char *disk)
{
	if (umount2(dir, 0) == 0 || !disk)
		return;
	if (mount(NULL, dir, NULL, MS_REMOUNT | MS_RDONLY, NULL))
		dprintf(2, "init: %s on %s is left as it is: %s\n", disk, dir,
		    strerror(errno));
}

void
unmount_all(void)
{
	char *dirs[MOST], *disks[MOST];
	FILE *f = setmntent(MOUNTS, "re");
	struct mntent *m;
	int n = 0;

	/* At least the one that everybody has. */
	if (!f) {
		take_down("/", "the root");
		return;
	}
	while (n < MOST && (m = getmntent(f))) {
		dirs[n] = strdup(m->mnt_dir);
		disks[n] = is_on_disk(m) ? strdup(m->mnt_fsname) : NULL;
		n++;
	}
	endmntent(f);
	/* What was mounted last may lie in what was mounted before. */
	while (n-- > 0)
		if (dirs[n])
			take_down(dirs[n], disks[n]);
}

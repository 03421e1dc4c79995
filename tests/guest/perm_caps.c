/* The capabilities that are about files, each alone and each missing. */
#include "caps.h"

#include <sys/sysmacros.h>

/* f, of that owner, group and mode; in "d", which is root's. */
static void
make_f(uid_t uid, gid_t gid, mode_t mode)
{
	unlink("f");
	file_make("f", "0123456789");
	must(chown("f", uid, gid));
	must(chmod("f", mode));
}

static void
roots_f(void)
{
	make_f(0, 0, 0644);
}

static void
closed_f(void)
{
	make_f(OTHER, OTHER, 0);
}

static int
done(int fd)
{
	return fd < 0 ? -1 : close(fd);
}

/* ---- owners -------------------------------------------------------------- */

static int
change_owner(void)
{
	return chown("f", OTHER, -1);
}

static int
change_group(void)
{
	return chown("f", -1, OTHER);
}

static void
set_user_id_f(void)
{
	make_f(OTHER, OTHER, 04755);
}

/* Which takes set-user-ID away, and so is a change of the mode. */
static int
change_nothing(void)
{
	return chown("f", -1, -1);
}

static int
change_mode(void)
{
	return chmod("f", 0600);
}

static int
change_times(void)
{
	struct timespec old[2] = {{1, 0}, {1, 0}};

	return utimensat(AT_FDCWD, "f", old, 0);
}

static void
readable_f(void)
{
	make_f(OTHER, OTHER, 0644);
}

static int
read_unseen(void)
{
	return done(open("f", O_RDONLY | O_NOATIME));
}

/* A sticky folder that anybody may write to, of OTHER's, as the file in it. */
static void
sticky_folder(void)
{
	mkdir("sticky", 0);
	must(chown("sticky", OTHER, OTHER));
	must(chmod("sticky", 01777));
	unlink("sticky/f");
	file_make("sticky/f", "");
	must(chown("sticky/f", OTHER, OTHER));
}

static int
take_stuck(void)
{
	return unlink("sticky/f");
}

/* ---- modes --------------------------------------------------------------- */

static int
open_both(void)
{
	return done(open("f", O_RDWR));
}

static int
open_read(void)
{
	return done(open("f", O_RDONLY));
}

static void
program_f(void)
{
	make_f(OTHER, OTHER, 0100);
}

static int
may_run(void)
{
	return faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS);
}

static void
closed_folder(void)
{
	mkdir("closed", 0);
	must(chown("closed", 0, 0));
	must(chmod("closed", 0755));
	unlink("closed/new");
	unlink("closed/f");
	file_make("closed/f", "");
	must(chown("closed", OTHER, OTHER));
	must(chmod("closed", 0));
}

static int
list_folder(void)
{
	return done(open("closed", O_RDONLY | O_DIRECTORY));
}

static int
find_in_folder(void)
{
	struct stat st;

	return stat("closed/f", &st);
}

static int
make_in_folder(void)
{
	return done(open("closed/new", O_CREAT | O_WRONLY, 0600));
}

static int open_fd = -1;

static void
open_f(void)
{
	make_f(USER, USER, 0644);
	if (open_fd >= 0)
		close(open_fd);
	open_fd = must(open("f", O_RDONLY));
	mkdir("open", 0);
	must(chmod("open", 0777));
	unlink("open/g");
}

static int
name_open_file(void)
{
	return linkat(open_fd, "", AT_FDCWD, "open/g", AT_EMPTY_PATH);
}

/* ---- nodes --------------------------------------------------------------- */

static void
open_folder(void)
{
	mkdir("open", 0);
	must(chmod("open", 0777));
	unlink("open/null");
}

static int
make_device(void)
{
	return mknod("open/null", S_IFCHR | 0600, makedev(1, 3));
}

static const struct deed deeds[] = {
    {"chown", CAP_CHOWN, 0, EPERM, roots_f, change_owner},
    {"chgrp", CAP_CHOWN, 0, EPERM, roots_f, change_group},
    {"taking set-user-ID", CAP_FOWNER, 0, EPERM, set_user_id_f, change_nothing},
    {"chmod", CAP_FOWNER, 0, EPERM, closed_f, change_mode},
    {"utimensat", CAP_FOWNER, 0, EPERM, closed_f, change_times},
    {"O_NOATIME", CAP_FOWNER, 0, EPERM, readable_f, read_unseen},
    {"unlink where it sticks", CAP_FOWNER, 0, EPERM, sticky_folder, take_stuck},
    {"open to write", CAP_DAC_OVERRIDE, 0, EACCES, closed_f, open_both},
    {"to run", CAP_DAC_OVERRIDE, 0, EACCES, program_f, may_run},
    {"open to read", CAP_DAC_READ_SEARCH,
	BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_DAC_OVERRIDE), EACCES, closed_f,
	open_read},
    {"open to read, too", CAP_DAC_OVERRIDE,
	BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_DAC_OVERRIDE), EACCES, closed_f,
	open_read},
    {"a folder's list", CAP_DAC_READ_SEARCH,
	BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_DAC_OVERRIDE), EACCES, closed_folder,
	list_folder},
    {"a name in a folder", CAP_DAC_READ_SEARCH,
	BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_DAC_OVERRIDE), EACCES, closed_folder,
	find_in_folder},
    {"a name in a folder, too", CAP_DAC_OVERRIDE,
	BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_DAC_OVERRIDE), EACCES, closed_folder,
	find_in_folder},
    {"making a file", CAP_DAC_OVERRIDE, 0, EACCES, closed_folder,
	make_in_folder},
    {"naming what is open", CAP_DAC_READ_SEARCH, 0, ENOENT, open_f,
	name_open_file},
    {"a device", CAP_MKNOD, 0, EPERM, open_folder, make_device},
};

/* What a capability does not do. */
static void
read_search_only(void)
{
	caps_only(BIT(CAP_DAC_READ_SEARCH));
	is_errno(open("f", O_WRONLY), EACCES, "reading all is not writing");
	is_errno(open("f", O_RDWR), EACCES, "nor both");
	is_errno(make_in_folder(), EACCES, "nor making a file");
}

static void
override_only(void)
{
	caps_only(BIT(CAP_DAC_OVERRIDE));
	is_errno(may_run(), EACCES, "what nobody may run is no program");
	is_errno(change_mode(), EPERM, "who may write all does not own all");
	is_errno(change_owner(), EPERM, "nor may he give it away");
	is_errno(take_stuck(), EPERM, "nor take away what sticks");
}

/* access asks with what the real user would have. */
static void
access_of_user(void)
{
	caps_only(BIT(CAP_DAC_OVERRIDE));
	is_errno(access("f", R_OK), EACCES, "access: a user has none");
	is(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS), 0, "but in effect");
}

static void
access_of_root(void)
{
	must(setresuid(-1, USER, -1));
	is(access("f", R_OK), 0, "access: root in truth has all again");
	is_errno(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS), EACCES,
	    "but not in effect");
	must(setresuid(-1, 0, -1));
	caps_lose(BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH));
	is_errno(access("f", R_OK), EACCES, "what is not permitted is not had");
}

static void
access_unfixed(void)
{
	must(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	must(setresuid(USER, -1, -1));
	is(access("f", R_OK), 0, "access where numbers mean nothing");
}

/* ---- set-group-ID ----------------------------------------------------------
 */

/* Who owns a file of a group that he is not in. */
static void
owns_other_group(void)
{
	is(chmod("f", 02755), 0, "chmod without CAP_FSETID");
	is(file_mode("f"), 0755, "drops the group's bit");
}

static void
keeps_group_bit(void)
{
	is(chmod("f", 02755), 0, "chmod with CAP_FSETID");
	is(file_mode("f"), 02755, "keeps it");
}

static mode_t
mode_after_write(void)
{
	int fd = must(open("f", O_WRONLY));

	ensure(write(fd, "x", 1) == 1);
	close(fd);
	return file_mode("f");
}

static void
root_without_fsetid(void)
{
	caps_lose(BIT(CAP_FSETID));
	owns_other_group();
	must(chmod("f", 04755));
	is(mode_after_write(), 0755, "a write drops set-user-ID");
}

static void
user_with_fsetid(void)
{
	caps_only(BIT(CAP_FSETID));
	keeps_group_bit();
	must(chmod("f", 06755));
	is(mode_after_write(), 06755, "a write keeps set-user-ID");
}

static void
user_with_chown(void)
{
	caps_only(BIT(CAP_CHOWN));
	is_errno(change_owner(), EPERM, "CAP_CHOWN alone: not what has bits");
	is_errno(change_nothing(), EPERM, "nor if nothing is said");
	is(file_mode("f"), 04755, "which stay");
}

/* What hides a name from below is no device. */
static void
user_makes_nodes(void)
{
	caps_only(0);
	is(mknod("open/none", S_IFCHR | 0600, 0), 0, "device 0:0 is for all");
	is_errno(open("open/none", O_RDONLY), ENXIO, "as it is none");
	is_errno(mknod("open/b", S_IFBLK | 0600, 0), EPERM, "not for disks");
	is_errno(
	    mknod("open/b", S_IFCHR | 0600, makedev(0, 1)), EPERM, "nor 0:1");
}

/* The number for files takes with it what is about files. */
static void
fs_number(void)
{
	uint64_t files = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) |
	    BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) |
	    BIT(CAP_LINUX_IMMUTABLE) | BIT(CAP_MKNOD) | BIT(CAP_MAC_OVERRIDE);

	must(raw(setfsuid, USER));
	caps_are(ALL & ~files, ALL, 0, "setfsuid, no longer root");
	is_errno(open_read(), EACCES, "a closed file is closed");
	ensure(raw(setfsuid, OTHER) == USER);
	caps_are(ALL & ~files, ALL, 0, "nor when it is somebody else's");
	ensure(raw(setfsuid, 0) == OTHER);
	caps_are(ALL, ALL, 0, "setfsuid, root again");
	is(open_read(), 0, "the file opens");
}

static void
fs_number_permitted(void)
{
	must(raw(setfsuid, USER));
	must(caps_set(0, BIT(CAP_CHOWN) | BIT(CAP_KILL), 0));
	must(raw(setfsuid, 0));
	caps_are(BIT(CAP_CHOWN), BIT(CAP_CHOWN) | BIT(CAP_KILL), 0,
	    "only what is permitted comes back, and is about files");
}

static void
fs_number_unfixed(void)
{
	must(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	must(raw(setfsuid, USER));
	caps_are(ALL, ALL, 0, "setfsuid where numbers mean nothing");
}

TEST(perm_caps)
{
	size_t i;

	must(chmod(".", 0755));
	for (i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		caps_try(&deeds[i]);
	closed_f();
	closed_folder();
	lives(read_search_only, "who may read all");
	lives(access_of_user, "access by a user");
	lives(access_of_root, "access by root");
	lives(access_unfixed, "access without root");
	lives(fs_number, "the number for files");
	lives(fs_number_permitted, "and what is permitted");
	lives(fs_number_unfixed, "and who has turned that off");
	sticky_folder();
	readable_f();
	lives(override_only, "who may write all");
	make_f(0, OTHER, 0644);
	lives(root_without_fsetid, "set-group-ID by root");
	make_f(USER, OTHER, 0644);
	lives(user_with_fsetid, "set-group-ID by a user");
	set_user_id_f();
	lives(user_with_chown, "who may give files away");
	open_folder();
	lives(user_makes_nodes, "a device that is none");
}

/*
 * fchmodat, fchownat and their kin: who may, and which bits go with it.
 * A file that is changed by somebody else loses setuid and setgid.
 */
#include "files.h"

static void
chmod_forms(void)
{
	int fd = must(open("f", O_RDONLY)), dir = must(open("d", O_RDONLY));

	is(chmod("f", 07777), 0, "chmod");
	is(file_mode("f"), 07777, "sets twelve bits");
	is(chmod("f", S_IFDIR | 0640), 0, "the kind");
	is(file_mode("f"), 0640, "is passed over");
	is(fchmod(fd, 0604), 0, "fchmod");
	is(file_mode("f"), 0604, "does the same");
	is(fchmodat(dir, "in", 0600, 0), 0, "fchmodat");
	is(file_mode("d/in"), 0600, "from a folder");
	is(chmod("link", 0644), 0, "through a link");
	is(file_mode("f"), 0644, "to what it names");
	is(file_mode("link"), 0777, "a link's mode stays");
	is(fchmod(dir, 0711), 0, "fchmod of a folder");
	is(file_mode("d"), 0711, "works");
	is_errno(chmod("none", 0), ENOENT, "nothing");
	is_errno(chmod("", 0), ENOENT, "no name");
	is_errno(chmod("f/x", 0), ENOTDIR, "below a file");
	is_errno(chmod("loop", 0), ELOOP, "a loop");
	is_errno(fchmod(-1, 0), EBADF, "no descriptor");
	is_errno(raw(fchmodat, -1, "f", 0), EBADF, "from none");
	is_errno(raw(fchmodat, AT_FDCWD, 8, 0), EFAULT, "a bad path");
	close(fd);
	close(dir);
}

static void
owned_by(const char *path, uid_t uid, gid_t gid, const char *why)
{
	struct stat st;

	must(lstat(path, &st));
	ok(st.st_uid == uid && st.st_gid == gid, "%s: %d:%d is %d:%d", why,
	    st.st_uid, st.st_gid, uid, gid);
}

static void
chown_forms(void)
{
	int fd = must(open("f", O_RDONLY)), dir = must(open("d", O_RDONLY));

	is(chown("f", 7, 8), 0, "chown");
	owned_by("f", 7, 8, "both");
	is(chown("f", -1, 9), 0, "of the group only");
	owned_by("f", 7, 9, "-1 leaves the owner");
	is(chown("f", 10, -1), 0, "of the owner only");
	owned_by("f", 10, 9, "-1 leaves the group");
	is(chown("f", -1, -1), 0, "of neither");
	owned_by("f", 10, 9, "-1 twice");
	is(fchown(fd, 11, 12), 0, "fchown");
	owned_by("f", 11, 12, "fchown");
	is(chown("link", 13, 14), 0, "through a link");
	owned_by("f", 13, 14, "what it names");
	owned_by("link", 0, 0, "the link");
	is(lchown("link", 15, 16), 0, "AT_SYMLINK_NOFOLLOW");
	owned_by("link", 15, 16, "the link then");
	is(fchownat(dir, "in", 17, 18, 0), 0, "fchownat");
	owned_by("d/in", 17, 18, "from a folder");
	is(fchownat(fd, "", 19, 20, AT_EMPTY_PATH), 0, "AT_EMPTY_PATH");
	owned_by("f", 19, 20, "the descriptor's file");
	is_errno(chown("none", 0, 0), ENOENT, "nothing");
	is_errno(fchownat(fd, "", 0, 0, 0), ENOENT, "no name");
	is_errno(fchownat(AT_FDCWD, "f", 0, 0, 1), EINVAL, "flag 1");
	is_errno(chown("f/x", 0, 0), ENOTDIR, "below a file");
	is_errno(fchown(-1, 0, 0), EBADF, "no descriptor");
	is_errno(fchownat(-1, "f", 0, 0, 0), EBADF, "from none");
	is_errno(raw(fchownat, AT_FDCWD, 8, 0, 0, 0), EFAULT, "a bad path");
	is(chown("f", 0, 0), 0, "back");
	close(fd);
	close(dir);
}

/* ------------------------------------------------ who may */

static void
user_changes(void)
{
	int fd = must(open("roots", O_RDONLY));

	is(chmod("mine", 0600), 0, "an owner may chmod");
	is_errno(chmod("roots", 0600), EPERM, "others may not");
	is_errno(fchmod(fd, 0600), EPERM, "by descriptor either");
	is_errno(chown("mine", OTHER, -1), EPERM, "files can't be given away");
	is_errno(chown("mine", -1, OTHER), EPERM, "nor to a foreign group");
	is(chown("mine", USER, USER), 0, "what is so may be said");
	is(chown("mine", -1, -1), 0, "or nothing");
	is_errno(chown("roots", 0, -1), EPERM, "not of another's");
	is(chmod("foreign", 02755), 0, "setgid for a foreign group");
	is(file_mode("foreign"), 0755, "is left out");
	is_errno(chmod("shut/in", 0600), EACCES, "and the way is needed");
	close(fd);
}

/* Even saying nothing takes the bits away, which is an owner's affair. */
static void
user_says_nothing(void)
{
	int fd = must(open("roots", O_RDONLY));

	is(chown("roots", -1, -1), 0, "nothing may be said of another's");
	is_errno(chown("su", -1, -1), EPERM, "not where setuid would go");
	is_errno(lchown("su", -1, -1), EPERM, "by no call");
	is(file_mode("su"), 04755, "which stays");
	is_errno(chown("sg", -1, -1), EPERM, "nor where setgid would");
	is(file_mode("sg"), 02755, "which stays, too");
	must(chmod("mine", 06755));
	is(chown("mine", -1, -1), 0, "of one's own, nothing");
	is(file_mode("mine"), 0755, "takes both");
	close(fd);
}

static void
member_changes(void)
{
	gid_t groups[] = {OTHER};

	must(setgroups(1, groups));
	must(setgid(USER));
	must(setuid(USER));
	is(chown("mine", -1, OTHER), 0, "to a group one is in");
	owned_by("mine", USER, OTHER, "a member's chown");
	is(chmod("mine", 02755), 0, "setgid for it");
	is(file_mode("mine"), 02755, "is kept");
}

/* ------------------------------------------------ bits that go */

static mode_t
after_chown(mode_t mode, uid_t uid)
{
	must(chmod("f", mode));
	must(chown("f", uid, -1));
	return file_mode("f");
}

static void
chown_clears(void)
{
	is(after_chown(06755, 5), 0755, "chown clears setuid and setgid");
	is(after_chown(02745, 5), 02745, "but not setgid without a group's x");
	is(after_chown(04644, 5), 0644, "setuid even without x");
	is(after_chown(01755, 5), 01755, "not sticky");
	must(chmod("d", 06755));
	must(chown("d", 5, 5));
	is(file_mode("d"), 06755, "nor a folder's bits");
	must(chown("d", 0, 0));
	must(chown("f", 0, 0));
}

static void
user_writes(void)
{
	int fd = must(open("w", O_WRONLY));

	must(write(fd, "x", 1));
	is(file_mode("w"), 0777, "a user's write clears both");
	close(fd);
	fd = must(open("w2", O_WRONLY));
	must(ftruncate(fd, 0));
	is(file_mode("w2"), 0777, "a user's truncate too");
	close(fd);
}

static void
write_clears(void)
{
	int fd;

	file_make("w", "x");
	must(chmod("w", 06777));
	file_make("w2", "x");
	must(chmod("w2", 06777));
	as_user(user_writes);
	must(chmod("w", 06777));
	fd = must(open("w", O_WRONLY));
	must(write(fd, "x", 1));
	is(file_mode("w"), 06777, "root's write does not");
	close(fd);
}

TEST(perm_owner)
{
	must(chmod(".", 0755));
	file_make("f", "");
	must(mkdir("d", 0755));
	file_make("d/in", "");
	must(symlink("f", "link"));
	must(symlink("loop", "loop"));
	must(mkdir("shut", 0700));
	file_make("shut/in", "");
	file_make("roots", "");
	file_make("mine", "");
	must(chown("mine", USER, USER));
	file_make("foreign", "");
	must(chown("foreign", USER, OTHER));
	chmod_forms();
	chown_forms();
	as_user(user_changes);
	file_make("su", "");
	must(chmod("su", 04755));
	file_make("sg", "");
	must(chmod("sg", 02755));
	as_user(user_says_nothing);
	is(wait_status(spawn(member_changes)), 0, "a member of the group");
	chown_clears();
	write_clears();
}

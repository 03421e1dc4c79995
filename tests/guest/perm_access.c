/* Who may read, write and run what: mode bits against users and groups. */
#include "files.h"

#define GROUP 500 /* a group that USER may be in beside its own */

/* Opens for each of the bits rwx in turn (x by access); the bits allowed. */
static int
rights(const char *path)
{
	int r = open(path, O_RDONLY), w = open(path, O_WRONLY), bits = 0;
	int rw = open(path, O_RDWR);

	if (r >= 0)
		bits |= 4;
	if (w >= 0)
		bits |= 2;
	ok((rw >= 0) == (bits == 6), "O_RDWR needs both rights");
	if (access(path, X_OK) == 0)
		bits |= 1;
	for (int i = 0; i < 3; i++)
		close((int[]){r, w, rw}[i]);
	return bits;
}

/* A file owned by USER and GROUP with a right in one class only. */
static const struct {
	const char *name;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	int owner;    /* rights of USER */
	int member;   /* rights of OTHER, who is in GROUP */
	int stranger; /* rights of OTHER in no group */
} table[] = {
    {"f0", USER, GROUP, 0700, 7, 0, 0},
    {"f1", USER, GROUP, 0070, 0, 7, 0},
    {"f2", USER, GROUP, 0007, 0, 0, 7},
    {"f3", USER, GROUP, 0640, 6, 4, 0},
    {"f4", USER, GROUP, 0251, 2, 5, 1},
    {"f5", USER, GROUP, 0426, 4, 2, 6},
    {"f6", 0, 0, 0707, 7, 7, 7},
    {"f7", 0, 0, 0770, 0, 0, 0},
    {"f8", 0, GROUP, 0060, 0, 6, 0},
};

#define COUNT (sizeof(table) / sizeof(*table))

static void
make_table(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		file_make(table[i].name, "x");
		must(chown(table[i].name, table[i].uid, table[i].gid));
		must(chmod(table[i].name, table[i].mode));
	}
}

static void
owner(void)
{
	for (size_t i = 0; i < COUNT; i++)
		is(rights(table[i].name), table[i].owner, "%s, mode %o: owner",
		    table[i].name, table[i].mode);
}

static void
in_group(void)
{
	gid_t groups[] = {77, GROUP, 78};

	must(setgroups(3, groups));
	must(setgid(OTHER));
	must(setuid(OTHER));
	for (size_t i = 0; i < COUNT; i++)
		is(rights(table[i].name), table[i].member, "%s, mode %o: group",
		    table[i].name, table[i].mode);
}

static void
with_gid(void)
{
	become(OTHER, GROUP);
	for (size_t i = 0; i < COUNT; i++)
		is(rights(table[i].name), table[i].member,
		    "%s, mode %o: own group", table[i].name, table[i].mode);
}

static void
stranger(void)
{
	become(OTHER, OTHER);
	for (size_t i = 0; i < COUNT; i++)
		is(rights(table[i].name), table[i].stranger,
		    "%s, mode %o: others", table[i].name, table[i].mode);
}

static void
root(void)
{
	for (size_t i = 0; i < COUNT; i++)
		is(rights(table[i].name) & 6, 6, "%s, mode %o: root",
		    table[i].name, table[i].mode);
	must(chmod("f0", 0));
	is_errno(access("f0", X_OK), EACCES, "root runs only what has an x");
	must(chmod("f0", 0001));
	is(access("f0", X_OK), 0, "anybody's");
	must(chmod("d", 0));
	is(access("d", R_OK | W_OK | X_OK), 0, "but enters any folder");
	must(chmod("d", 0755));
}

/* ------------------------------------------------ faccessat itself */

static void
asks(void)
{
	is(access("f6", F_OK), 0, "F_OK of what is there");
	is_errno(access("none", F_OK), ENOENT, "of what is not");
	is_errno(access("f6/x", F_OK), ENOTDIR, "below a file");
	is_errno(raw(faccessat, AT_FDCWD, "f6", 8), EINVAL, "an unknown bit");
	is_errno(raw(faccessat, AT_FDCWD, "f6", -1), EINVAL, "all bits");
	is_errno(raw(faccessat, AT_FDCWD, 8, R_OK), EFAULT, "a bad path");
	is_errno(raw(faccessat, -1, "f6", R_OK), EBADF, "no descriptor");
	is_errno(raw(faccessat2, AT_FDCWD, "f6", R_OK, 1), EINVAL,
	    "faccessat2 with flag 1");
	is_errno(raw(faccessat2, AT_FDCWD, "f6", 8, 0), EINVAL,
	    "with an unknown bit");
	is(raw(faccessat2, AT_FDCWD, "f6", R_OK, 0), 0, "without a flag");
	must(symlink("nowhere", "dangling"));
	is_errno(raw(faccessat2, AT_FDCWD, "dangling", F_OK, 0), ENOENT,
	    "through a link to nowhere");
	is(raw(faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW), 0,
	    "AT_SYMLINK_NOFOLLOW");
	int fd = must(open("f6", O_RDONLY));

	is(raw(faccessat2, fd, "", R_OK, AT_EMPTY_PATH), 0, "AT_EMPTY_PATH");
	is_errno(raw(faccessat2, fd, "", R_OK, 0), ENOENT, "no name");
	close(fd);
}

/* access speaks of the real user, AT_EACCESS of the effective one. */
static void
real_and_effective(void)
{
	must(setgroups(0, NULL));
	must(setresgid(USER, 0, 0));
	must(setresuid(USER, 0, 0));
	is_errno(access("secret", R_OK), EACCES, "access: the real user");
	is(raw(faccessat2, AT_FDCWD, "secret", R_OK, AT_EACCESS), 0,
	    "AT_EACCESS: the effective one");
	is_errno(
	    access("shut/in", F_OK), EACCES, "the way there too, by the real");
	ok(open("secret", O_RDONLY) >= 0, "open: the effective one");
}

TEST(perm_access)
{
	must(chmod(".", 0755));
	must(mkdir("d", 0755));
	must(mkdir("shut", 0700));
	file_make("shut/in", "");
	file_make("secret", "");
	must(chmod("secret", 0600));
	make_table();
	asks();
	is(wait_status(spawn(real_and_effective)), 0, "real and effective");
	as_user(owner);
	is(wait_status(spawn(in_group)), 0, "a member of the group");
	is(wait_status(spawn(with_gid)), 0, "whose group it is");
	is(wait_status(spawn(stranger)), 0, "a stranger");
	root();
}

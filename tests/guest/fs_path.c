/* How a path is walked: slashes, dots, links, and their limits. */
#include "files.h"

#define LINK_LIMIT 40 /* links followed in one walk */

static char deep[PATH_MAX + 16];

static int
there(const char *path)
{
	struct stat st;

	return stat(path, &st);
}

static void
slashes_and_dots(void)
{
	is(there("dir//sub///file"), 0, "many slashes are one");
	is(there("./dir/./sub/../sub/file"), 0, ". and .. within");
	is(there("dir/"), 0, "a folder with a slash");
	is(there("dir/."), 0, "a folder with /.");
	is(file_ino("/.."), file_ino("/"), "the root is its own parent");
	is(file_ino("/../../"), file_ino("/"), "however often");
	is(file_ino("///"), file_ino("/"), "/// is the root");
	is_errno(there(""), ENOENT, "no name");
	is_errno(there("f/"), ENOTDIR, "a file with a slash");
	is_errno(there("f/."), ENOTDIR, "a file with /.");
	is_errno(there("f/.."), ENOTDIR, "a file with /..");
	is_errno(there("f/x/y"), ENOTDIR, "below a file");
	is_errno(there("none/"), ENOENT, "nothing with a slash");
	is_errno(there("none/.."), ENOENT, "nothing with /..");
	is_errno(there("none/x"), ENOENT, "below nothing");
	is_errno(open("new/", O_CREAT | O_RDWR, 0600), EISDIR,
	    "O_CREAT with a slash");
	is_errno(open("f/", O_CREAT | O_RDWR, 0600), EISDIR,
	    "even of a file that is there");
	is_errno(open("f/", O_RDONLY), ENOTDIR, "open with a slash");
}

static void
odd_names(void)
{
	static const char *const names[] = {
	    " ", "\n", "\\", "...", "..x", "-", "\xff\xfe", "*", "caf\xc3\xa9"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		file_make(names[i], "");
		is(there(names[i]), 0, "name %zu of odd ones", i);
		is(unlink(names[i]), 0, "and away");
	}
}

/* A long name for f: `len` bytes, nearly all of them slashes. */
static const char *
slashes(size_t len)
{
	memset(deep, '/', len);
	deep[0] = '.';
	deep[len - 1] = 'f';
	deep[len] = '\0';
	return deep;
}

static void
lengths(void)
{
	char name[NAME_MAX + 2], path[NAME_MAX + 16];

	memset(name, 'n', sizeof(name));
	name[NAME_MAX] = '\0';
	is(close(open(name, O_CREAT | O_RDWR, 0600)), 0, "a name of 255 bytes");
	is(there(name), 0, "is found");
	name[NAME_MAX] = 'n';
	name[NAME_MAX + 1] = '\0';
	is_errno(there(name), ENAMETOOLONG, "one of 256");
	is_errno(open(name, O_CREAT | O_RDWR, 0600), ENAMETOOLONG, "to open");
	is_errno(mkdir(name, 0700), ENAMETOOLONG, "to make");
	is_errno(unlink(name), ENAMETOOLONG, "to remove");
	is_errno(rename("f", name), ENAMETOOLONG, "to rename to");
	is_errno(link("f", name), ENAMETOOLONG, "to link to");
	snprintf(path, sizeof(path), "%s/x", name);
	is_errno(there(path), ENAMETOOLONG, "on the way");
	snprintf(path, sizeof(path), "none/%s", name);
	is_errno(there(path), ENOENT, "after what is not there");
	snprintf(path, sizeof(path), "f/%s", name);
	is_errno(there(path), ENOTDIR, "below a file");

	is(there(slashes(PATH_MAX - 1)), 0, "a path of 4095 bytes");
	is_errno(there(slashes(PATH_MAX)), ENAMETOOLONG, "one of 4096");
	is_errno(there(slashes(PATH_MAX + 1)), ENAMETOOLONG, "or more");
	is_errno(open(slashes(PATH_MAX), O_RDONLY), ENAMETOOLONG, "to open");
}

/* l1 leads to f, and each next link to the one before. */
static void
chains(void)
{
	char name[16], target[16] = "f";

	for (int i = 1; i <= LINK_LIMIT + 1; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		must(symlink(target, name));
		strcpy(target, name);
	}
	is(there("l1"), 0, "a link");
	is(there("l40"), 0, "40 links in a row");
	is_errno(there("l41"), ELOOP, "41 are too many");
	is_errno(open("l41", O_RDONLY), ELOOP, "to open");
	is_errno(open("l41", O_RDONLY | O_CREAT, 0600), ELOOP, "or make");
	is(lchown("l41", 0, 0), 0, "unless the last is not followed");
	must(symlink("loop", "loop"));
	must(symlink("pong", "ping"));
	must(symlink("ping", "pong"));
	is_errno(there("loop"), ELOOP, "a link to itself");
	is_errno(there("ping/x"), ELOOP, "two to each other");
	is_errno(open("loop", O_CREAT | O_RDWR, 0600), ELOOP, "to make");
	is_errno(open("loop", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST,
	    "O_EXCL does not follow");
}

static void
many_in_one_path(void)
{
	char path[2 * LINK_LIMIT + 16] = "";

	must(symlink(".", "s"));
	for (int i = 0; i < LINK_LIMIT; i++)
		strcat(path, "s/");
	strcat(path, "f");
	is(there(path), 0, "40 links side by side");
	memmove(path + 2, path, strlen(path) + 1);
	memcpy(path, "s/", 2);
	is_errno(there(path), ELOOP, "41 are too many");
}

static void
link_targets(void)
{
	char cwd[PATH_MAX], target[PATH_MAX + 8];

	must(symlink("file", "dir/sub/rel"));
	must(symlink("../../f", "dir/sub/up"));
	is(there("dir/sub/rel"), 0, "a link is relative to its folder");
	is(there("dir/sub/up"), 0, "and may lead up");
	must(symlink("dir/sub", "way"));
	is(there("way/file"), 0, "a link on the way");
	is(file_ino("way/.."), file_ino("dir"), ".. leads to the real parent");
	must(symlink("f/", "fslash"));
	is_errno(there("fslash"), ENOTDIR, "a link to a file with a slash");
	must(symlink("dir/", "dslash"));
	is(there("dslash"), 0, "to a folder with one");
	ensure(getcwd(cwd, sizeof(cwd)));
	snprintf(target, sizeof(target), "%s/f", cwd);
	must(symlink(target, "abs"));
	is(there("dir/../abs"), 0, "an absolute link");
	must(symlink("/", "root"));
	is(there("root/dev"), 0, "a link to the root");
	is_errno(there("f/../abs"), ENOTDIR, "files have no parents");
	must(symlink("made", "tomake"));
	is(close(open("tomake", O_CREAT | O_RDWR, 0600)), 0,
	    "O_CREAT through a link");
	is(there("made"), 0, "makes what it names");
	must(symlink("none/made", "tonowhere"));
	is_errno(open("tonowhere", O_CREAT | O_RDWR, 0600), ENOENT,
	    "unless there is no folder for it");
}

static void
at_a_border(void)
{
	char *border = page_border();

	memcpy(border - 2, "f", 2);
	is(there(border - 2), 0, "a path that ends with a page");
	memset(border - 8, '/', 8);
	is_errno(raw(newfstatat, AT_FDCWD, border - 8, border - 256, 0), EFAULT,
	    "one that goes on beyond it");
	is_errno(raw(openat, AT_FDCWD, border, O_RDONLY), EFAULT,
	    "one that starts there");
}

TEST(fs_path)
{
	must(mkdir("dir", 0755));
	must(mkdir("dir/sub", 0755));
	file_make("dir/sub/file", "");
	file_make("f", "");
	slashes_and_dots();
	odd_names();
	lengths();
	chains();
	many_in_one_path();
	link_targets();
	at_a_border();
}

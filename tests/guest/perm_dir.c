/* Rights to folders: to list, to pass, to change; sticky and setgid ones. */
#include "files.h"

static void
by_bits(void)
{
	char buf[256];
	struct stat st;
	int fd;

	fd = open("r", O_RDONLY);
	ok(fd >= 0, "r: it can be listed");
	ok(raw(getdents64, fd, buf, sizeof(buf)) > 0, "name by name");
	close(fd);
	is_errno(stat("r/f", &st), EACCES, "but nothing in it reached");
	is_errno(stat("r/none", &st), EACCES, "not even what is not there");
	is_errno(open("x", O_RDONLY), EACCES, "x: it can't be listed");
	is(stat("x/f", &st), 0, "but what is in it reached");
	is_errno(stat("x/none", &st), ENOENT, "or found missing");
	is_errno(open("x/new", O_CREAT | O_RDWR, 0600), EACCES,
	    "nothing can be made in it");
	is_errno(unlink("x/f"), EACCES, "removed");
	is_errno(rename("x/f", "x/g"), EACCES, "renamed");
	is_errno(mkdir("x/d", 0700), EACCES, "no folder made");
	is_errno(mkdir("x/f", 0700), EEXIST, "what is there is seen first");
	is_errno(symlink("a", "x/s"), EACCES, "no link made");
	is_errno(mknod("x/n", S_IFREG | 0600, 0), EACCES, "no node");
	is_errno(rmdir("x/sub"), EACCES, "no folder removed");
	is_errno(unlink("x/none"), ENOENT, "what is not there is missed");
	is_errno(link("own", "x/l"), EACCES, "no name given");
	is_errno(open("w/new", O_CREAT | O_RDWR, 0600), EACCES,
	    "w alone lets nobody in");
	is(close(open("wx/new", O_CREAT | O_RDWR, 0600)), 0, "wx does");
	is(rename("wx/new", "wx/newer"), 0, "lets rename");
	is(unlink("wx/newer"), 0, "and unlink");
	is(unlink("wx/f"), 0, "even what is root's");
}

/* ------------------------------------------------ sticky */

static void
sticky_user(void)
{
	is_errno(unlink("t/roots"), EPERM, "sticky: not root's file");
	is_errno(unlink("t/others"), EPERM, "nor another's");
	is_errno(rename("t/others", "t/x"), EPERM, "not to rename");
	is_errno(rename("t/mine", "t/others"), EPERM, "nor replace");
	is_errno(rmdir("t/othersdir"), EPERM, "nor a folder");
	is(rename("t/mine", "t/still"), 0, "one's own may be renamed");
	is(unlink("t/still"), 0, "and removed");
	is(unlink("tmine/others"), 0, "all in one's own sticky folder");
	is(link("t/writable", "t/new"), 0, "a name for what one may write");
}

static void
sticky(void)
{
	must(mkdir("t", 0777));
	must(chmod("t", 01777));
	must(mkdir("tmine", 0777));
	must(chmod("tmine", 01777));
	must(chown("tmine", USER, USER));
	file_make("t/roots", "");
	file_make("t/mine", "");
	must(chown("t/mine", USER, USER));
	file_make("t/others", "");
	must(chown("t/others", OTHER, OTHER));
	file_make("tmine/others", "");
	must(chown("tmine/others", OTHER, OTHER));
	file_make("t/writable", "");
	must(chmod("t/writable", 0666));
	must(mkdir("t/othersdir", 0777));
	must(chown("t/othersdir", OTHER, OTHER));
	as_user(sticky_user);
	is(unlink("t/others"), 0, "root removes anything");
}

/* ------------------------------------------------ owners of new names */

static void
new_user(void)
{
	struct stat st;

	umask(0);
	file_make("plain/f", "");
	must(stat("plain/f", &st));
	is(st.st_uid, USER, "a new file belongs to its maker");
	is(st.st_gid, USER, "and to its maker's group");
	file_make("setgid/f", "");
	must(stat("setgid/f", &st));
	is(st.st_uid, USER, "in a setgid folder too");
	is(st.st_gid, OTHER, "but to the folder's group");
	must(mkdir("setgid/d", 0755));
	must(stat("setgid/d", &st));
	is(st.st_gid, OTHER, "a folder as well");
	is(st.st_mode, S_IFDIR | S_ISGID | 0755, "which is setgid in turn");
	must(mkfifo("setgid/p", 0600));
	must(stat("setgid/p", &st));
	is(st.st_gid, OTHER, "a FIFO");
	must(symlink("f", "setgid/l"));
	must(lstat("setgid/l", &st));
	is(st.st_gid, OTHER, "and a link");
	close(must(open("setgid/g", O_CREAT | O_WRONLY, 02775)));
	is(file_mode("setgid/g"), 0775, "setgid is not for a foreign group");
}

static void
new_names(void)
{
	must(mkdir("plain", 0777));
	must(chmod("plain", 0777));
	must(mkdir("setgid", 0777));
	must(chown("setgid", 0, OTHER));
	must(chmod("setgid", 02777));
	as_user(new_user);
}

/* A folder that moves to another parent is written itself: its "..". */
static void
move_user(void)
{
	is_errno(rename("wx/locked", "plain/locked"), EACCES,
	    "a folder one may not write stays with its parent");
	is(rename("wx/locked", "wx/renamed"), 0, "but can be renamed there");
}

TEST(perm_dir)
{
	static const struct {
		const char *name;
		mode_t mode;
	} dirs[] = {{"r", 0744}, {"x", 0711}, {"w", 0722}, {"wx", 0733}};
	char path[16];

	must(chmod(".", 0755));
	for (int i = 0; i < 4; i++) {
		must(mkdir(dirs[i].name, 0700));
		must(chmod(dirs[i].name, dirs[i].mode));
		snprintf(path, sizeof(path), "%s/f", dirs[i].name);
		file_make(path, "");
	}
	must(mkdir("x/sub", 0777));
	must(mkdir("wx/locked", 0755));
	file_make("own", "");
	must(chown("own", USER, USER));
	as_user(by_bits);
	sticky();
	new_names();
	as_user(move_user);
}

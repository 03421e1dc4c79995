/* Names of sockets: paths, abstract ones, made-up ones. */
#include "sock.h"

static void
test_bind_path(void)
{
	struct sockaddr_un a;
	socklen_t len = sizeof(a);
	int s = sock_new(SOCK_STREAM);
	struct stat st;

	must(getsockname(s, (struct sockaddr *)&a, &len));
	ok(len == 2 && a.sun_family == AF_UNIX, "no name at first");
	umask(027);
	is(sock_bind(s, "name"), 0, "bind");
	must(lstat("name", &st));
	is(st.st_mode, S_IFSOCK | 0750, "a node of the umask's mode");
	len = sizeof(a);
	must(getsockname(s, (struct sockaddr *)&a, &len));
	ok(len == SUN_AT + 5 && !strcmp(a.sun_path, "name"), "its name");
	len = 4;
	a.sun_path[2] = 'X';
	must(getsockname(s, (struct sockaddr *)&a, &len));
	ok(len == SUN_AT + 5 && a.sun_path[2] == 'X', "cut, and told so");
	is_errno(sock_bind(s, "other"), EINVAL, "one name only");
	ok(!file_exists("other"), "and no second node");
	is_errno(sock_bind(sock_new(SOCK_STREAM), "name"), EADDRINUSE,
	    "the name is taken");
	is_errno(
	    sock_bind(sock_new(SOCK_DGRAM), "name"), EADDRINUSE, "by any type");
	is_errno(open("name", O_RDWR), ENXIO, "it can't be opened");
	close(s);
	ok(file_exists("name"), "the node stays");
	s = sock_new(SOCK_STREAM);
	is_errno(sock_bind(s, "name"), EADDRINUSE, "and is in the way");
	is_errno(sock_bind(s, "none/name"), ENOENT, "no such folder");
	must(unlink("name"));
	is(sock_bind(s, "name"), 0, "until it is removed");
	umask(022);
}

static void
test_bind_arguments(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct sockaddr *at = (struct sockaddr *)&a;
	int s = sock_new(SOCK_DGRAM);
	socklen_t len = sizeof(a);

	is_errno(bind(s, at, sizeof(a) + 1), EINVAL, "a long one");
	is_errno(bind(s, at, 1), EINVAL, "a short one");
	is_errno(bind(s, at, -1), EINVAL, "a negative one");
	is_errno(bind(s, at, 200), EINVAL, "one of 200 bytes");
	is_errno(bind(s, NOWHERE, 10), EFAULT, "from nowhere");
	a.sun_family = AF_INET;
	is_errno(bind(s, at, 10), EINVAL, "another family");
	a.sun_family = AF_UNIX;
	memset(a.sun_path, 'l', sizeof(a.sun_path));
	is(bind(s, at, sizeof(a)), 0, "a path that fills it all");
	is_errno(getsockname(s, at, NOWHERE), EFAULT, "told nowhere");
	must(getsockname(s, at, &len));
	is(len, sizeof(a) + 1, "has its zero byte behind it");
	s = sock_new(SOCK_DGRAM);
	strcpy(a.sun_path, "short");
	is(bind(s, at, SUN_AT + 3), 0, "a part of a string");
	ok(file_exists("sho"), "is the name");
}

static void
test_abstract(void)
{
	int s = sock_bound(SOCK_DGRAM, "@abc"), c = sock_new(SOCK_DGRAM);
	struct sockaddr_un a;
	socklen_t len = sizeof(a);

	is_errno(sock_bind(c, "@abc"), EADDRINUSE, "taken");
	is(sock_bind(sock_new(SOCK_STREAM), "@abc"), 0, "not by other types");
	is(sock_bind(c, "@abcd"), 0, "a longer one is another");
	is(sock_connect(c, "@abc"), 0, "connected");
	must(getpeername(c, (struct sockaddr *)&a, &len));
	ok(len == SUN_AT + 4 && !memcmp(a.sun_path, "\0abc", 4), "its name");
	ok(!file_exists("abc"), "nothing is in the file system");
	close(s);
	is_errno(sock_connect(sock_new(SOCK_DGRAM), "@abc"), ECONNREFUSED,
	    "gone with its socket");
	is(sock_bind(sock_new(SOCK_DGRAM), "@abc"), 0, "and free again");
}

static void
test_made_up(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX}, b;
	int s = sock_new(SOCK_DGRAM), t = sock_new(SOCK_DGRAM), one = 1;
	socklen_t len = sizeof(a);

	is(bind(s, (struct sockaddr *)&a, SUN_AT), 0, "bind to no name");
	is(bind(s, (struct sockaddr *)&a, SUN_AT), 0, "and again");
	must(getsockname(s, (struct sockaddr *)&a, &len));
	ok(len == SUN_AT + 6 && a.sun_path[0] == 0, "made one up");
	ok(strspn(a.sun_path + 1, "0123456789abcdef") >= 5, "of digits");
	must(setsockopt(t, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	must(connect(t, (struct sockaddr *)&a, len));
	len = sizeof(b);
	must(getsockname(t, (struct sockaddr *)&b, &len));
	ok(len == SUN_AT + 6 && memcmp(&a, &b, len),
	    "SO_PASSCRED makes one up, another one");
	is_errno(sock_bind(s, "real"), EINVAL, "a name is a name");
}

static void
as_somebody(void)
{
	must(setgroups(0, NULL));
	must(setresgid(USER, USER, USER));
	must(setresuid(USER, USER, USER));
	is(sock_connect(sock_new(SOCK_STREAM), "open"), 0, "others may");
	is_errno(sock_connect(sock_new(SOCK_STREAM), "closed"), EACCES,
	    "or may not");
	is_errno(sock_connect(sock_new(SOCK_STREAM), "dir/in"), EACCES,
	    "for the folder's sake");
	is_errno(sock_bind(sock_new(SOCK_STREAM), "new"), EACCES,
	    "nor make a name there");
	is_errno(sock_bind(sock_new(SOCK_STREAM), "open"), EADDRINUSE,
	    "that one is there is said before");
}

static void
test_rights(void)
{
	must(mkdir("dir", 0700));
	sock_listener(SOCK_STREAM, "open", 9);
	sock_listener(SOCK_STREAM, "closed", 9);
	sock_listener(SOCK_STREAM, "dir/in", 9);
	must(chmod("open", 0722));
	must(chmod("closed", 0755));
	must(chmod(".", 0755));
	lives(as_somebody, "somebody else");
	is(sock_connect(sock_new(SOCK_STREAM), "closed"), 0, "root may");
}

static void
test_moved(void)
{
	int l = sock_listener(SOCK_STREAM, "old", 9), c, s;
	char b[4];

	c = sock_client(SOCK_STREAM, "old");
	s = must(accept(l, NULL, NULL));
	must(rename("old", "new"));
	is(sock_connect(sock_new(SOCK_STREAM), "new"), 0, "found where it is");
	is_errno(sock_connect(sock_new(SOCK_STREAM), "old"), ENOENT,
	    "not where it was");
	must(link("new", "two"));
	is(sock_connect(sock_new(SOCK_STREAM), "two"), 0, "by both names");
	must(symlink("two", "sym"));
	is(sock_connect(sock_new(SOCK_STREAM), "sym"), 0, "by a link");
	must(unlink("new"));
	must(unlink("two"));
	is_errno(sock_connect(sock_new(SOCK_STREAM), "sym"), ENOENT, "by none");
	must(write(c, "x", 1));
	is(read(s, b, 1), 1, "who is connected stays it");
	is(sock_bind(sock_new(SOCK_STREAM), "old"), 0, "the name is free");
}

TEST(sock_name)
{
	test_bind_path();
	test_bind_arguments();
	test_abstract();
	test_made_up();
	test_rights();
	test_moved();
}

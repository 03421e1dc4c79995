/* inotify: which event each call is, and what is told of it. */
#include "inotify.h"

#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

static int in;

static void
begin(void)
{
	in = must(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

static int
watch(const char *path, uint32_t mask)
{
	return must(inotify_add_watch(in, path, mask));
}

static void
told(const char *want, const char *what)
{
	str_is(inotify_text(in), want, "%s", what);
}

TEST(inotify_file)
{
	char c;
	int fd;

	file_make("a", "text");
	begin();
	is(watch("a", IN_ALL_EVENTS), 1, "the first watch is 1");
	fd = must(open("a", O_RDWR));
	told("1+open", "open");
	must(read(fd, &c, 1));
	told("1+access", "read");
	must(read(fd, &c, 0));
	must(lseek(fd, 0, SEEK_END));
	must(read(fd, &c, 1));
	told("", "nothing was read");
	must(write(fd, "x", 1));
	told("1+modify", "write");
	must(pwrite(fd, "x", 1, 0));
	must(ftruncate(fd, 2));
	must(pread(fd, &c, 1, 0));
	must(fchmod(fd, 0600));
	told("1+modify 1+access 1+attrib",
	    "pwrite and ftruncate, which are the same, pread, fchmod");
	must(fchown(fd, 0, 0));
	must(futimens(fd, NULL));
	told("1+attrib", "fchown and futimens");
	must(futimens(fd, (struct timespec[]){{1, 0}, {0, UTIME_OMIT}}));
	must(futimens(fd, (struct timespec[]){{0, UTIME_OMIT}, {1, 0}}));
	told("1+access 1+modify", "one time alone is what it is the time of");
	close(must(dup(fd)));
	told("", "a dup that is closed is no close");
	close(fd);
	told("1+wrote", "close of one that could be written");
	close(must(open("a", O_RDONLY)));
	told("1+open 1+closed", "open and close");
	close(must(open("a", O_RDONLY | O_TRUNC)));
	told("1+open 1+modify 1+closed", "open that cuts off");
	close(must(open("a", O_PATH)));
	told("", "a place is not opened");
	must(truncate("a", 5));
	must(chmod("a", 0644));
	told("1+modify 1+attrib", "truncate and chmod");
	must(link("a", "b"));
	told("1+attrib", "another name");
	must(rename("b", "c"));
	told("1+moved", "a name that changes");
	must(unlink("c"));
	told("1+attrib", "a name less");
	must(unlink("a"));
	told("1+attrib 1+gone 1+ignored", "the last name");
	is_errno(inotify_rm_watch(in, 1), EINVAL, "there is no watch any more");
}

TEST(inotify_dir)
{
	int fd;

	must(mkdir("d", 0755));
	must(mkdir("e", 0755));
	begin();
	watch("d", IN_ALL_EVENTS);
	watch("e", IN_ALL_EVENTS);
	fd = must(open("d/f", O_CREAT | O_WRONLY, 0644));
	told("1+create(f) 1+open(f)", "a new file");
	must(write(fd, "x", 1));
	close(fd);
	told("1+modify(f) 1+wrote(f)", "it is written");
	must(mkdir("d/g", 0755));
	must(symlink("f", "d/h"));
	must(mknod("d/i", S_IFIFO | 0644, 0));
	must(link("d/f", "d/j"));
	told("1+create+dir(g) 1+create(h) 1+create(i) 1+create(j)",
	    "names of all kinds");
	close(must(open("d/g", O_RDONLY)));
	told("1+open+dir(g) 1+closed+dir(g)", "a folder in it");
	close(must(open("d", O_RDONLY)));
	told("1+open+dir 1+closed+dir", "itself");
	must(rename("d/f", "e/F"));
	told("1+from(f)~ 2+to(F)~~", "to another folder");
	must(rename("d/g", "d/G"));
	told("1+from+dir(g)~ 1+to+dir(G)~~", "in the same");
	must(chmod("e/F", 0600));
	must(chmod("e", 0700));
	told("2+attrib(F) 2+attrib+dir", "attributes of both");
	must(unlink("d/j"));
	must(rmdir("d/G"));
	must(unlink("d/h"));
	told("1+delete(j) 1+delete+dir(G) 1+delete(h)", "they go");
	must(rename("e", "k"));
	told("2+moved", "a folder moves");
	must(unlink("d/i"));
	must(rmdir("d"));
	told("1+delete(i) 1+gone 1+ignored", "and goes");
	must(mkdir("l", 0755));
	must(rename("l", "k/l"));
	told("2+to+dir(l)~", "what comes from nowhere that is watched");
}

TEST(inotify_both)
{
	int fd;

	must(mkdir("d", 0755));
	file_make("d/a", "x");
	file_make("d/b", "y");
	begin();
	watch("d", IN_ALL_EVENTS);
	watch("d/a", IN_ALL_EVENTS);
	watch("d/b", IN_ALL_EVENTS);
	must(chmod("d/a", 0600));
	told("1+attrib(a) 2+attrib", "the folder first");
	must(rename("d/a", "d/b"));
	told("1+from(a)~ 1+to(b)~~ 3+attrib 2+moved 3+gone 3+ignored",
	    "over another");
	fd = must(open("d/b", O_RDONLY));
	must(unlink("d/b"));
	told("1+open(b) 2+open 2+attrib 1+delete(b)", "while it is open");
	close(fd);
	told("1+closed(b) 2+closed 2+gone 2+ignored", "goes with the last");
	file_make("d/p", "x");
	must(mkdir("d/q", 0755));
	(void)inotify_text(in);
	must(raw(renameat2, AT_FDCWD, "d/p", AT_FDCWD, "d/q", 2));
	told("1+from(p)~ 1+to(q)~~ 1+from+dir(q)~ 1+to+dir(p)~~", "exchanged");
}

TEST(inotify_unlinked)
{
	int fd;
	char c;

	must(mkdir("d", 0755));
	file_make("d/a", "x");
	begin();
	watch("d", IN_ALL_EVENTS | IN_EXCL_UNLINK);
	fd = must(open("d/a", O_RDWR));
	must(read(fd, &c, 1));
	told("1+open(a) 1+access(a)", "with a name");
	must(unlink("d/a"));
	must(write(fd, &c, 1));
	close(fd);
	told("1+delete(a)", "without, there is nothing to tell");
	close(in);

	file_make("d/a", "x");
	begin();
	watch("d", IN_ALL_EVENTS);
	fd = must(open("d/a", O_RDWR));
	must(unlink("d/a"));
	must(write(fd, &c, 1));
	close(fd);
	told("1+open(a) 1+delete(a) 1+modify(a) 1+wrote(a)",
	    "without IN_EXCL_UNLINK there is");
}

TEST(inotify_calls)
{
	char buf[8];
	struct iovec v = {buf, sizeof(buf)};
	off_t at = 0;
	int a, b, fd;

	file_make("a", "0123456789");
	file_make("b", "");
	a = must(open("a", O_RDWR));
	b = must(open("b", O_RDWR));
	begin();
	watch("a", IN_ALL_EVENTS);
	watch("b", IN_ALL_EVENTS);
	is(sendfile(b, a, &at, 5), 5, "sendfile");
	told("1+access 2+modify", "is a read and a write");
	must(readv(a, &v, 1));
	must(writev(b, &v, 1));
	told("1+access 2+modify", "readv and writev");
	must(fallocate(b, 0, 0, 100));
	told("2+modify", "fallocate");
	must(fsync(b));
	must(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, a, 0));
	told("", "fsync and mmap are nothing");
	is_errno(write(-1, "x", 1), EBADF, "a call that fails");
	is_errno(ftruncate(b, -1), EINVAL, "a call that fails");
	is_errno(mkdir("a", 0755), EEXIST, "a call that fails");
	is_errno(unlink("nowhere"), ENOENT, "a call that fails");
	told("", "is nothing");
	fd = must(open(".", O_RDONLY | O_DIRECTORY));
	watch(".", IN_ACCESS);
	must(raw(getdents64, fd, buf, 0) < 0 ? 0 : 0);
	must(raw(getdents64, fd, (char[1024]){0}, 1024));
	ok(!strncmp(inotify_text(in), "3+access+dir", 12),
	    "getdents is a read");
	close(fd);
}

TEST(inotify_fifo)
{
	int r, w;
	char c;

	must(mkfifo("p", 0600));
	begin();
	watch("p", IN_ALL_EVENTS);
	r = must(open("p", O_RDONLY | O_NONBLOCK));
	w = must(open("p", O_WRONLY));
	must(write(w, "x", 1));
	must(read(r, &c, 1));
	close(w);
	close(r);
	told("1+open 1+modify 1+access 1+wrote 1+closed", "a FIFO");
}

TEST(inotify_unmount)
{
	must(mkdir("m", 0755));
	must(mount("none", "m", "tmpfs", 0, NULL));
	must(mkdir("m/d", 0755));
	file_make("m/f", "x");
	begin();
	watch("m", IN_ALL_EVENTS);
	watch("m/d", IN_CREATE);
	watch("m/f", IN_OPEN | IN_ONESHOT);
	is(umount("m"), 0, "what is watched is not in use");
	ok(strstr(inotify_text(in), "1+unmount") != NULL, "it is told");
	close(in);
	must(mount("none", "m", "tmpfs", 0, NULL));
	file_make("m/f", "x");
	begin();
	watch("m/f", IN_OPEN);
	must(umount("m"));
	told("1+unmount 1+ignored", "whatever was asked for");
}

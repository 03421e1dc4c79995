/* inotify: watches, the queue, and what is refused. */
#include "inotify.h"
#include "thread.h"

#include <poll.h>
#include <sys/ioctl.h>

static int in;

static void
begin(void)
{
	in = must(inotify_init1(IN_NONBLOCK));
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

static void
look(const char *path)
{
	close(must(open(path, O_RDONLY)));
}

static void
unreadable(void)
{
	is_errno(inotify_add_watch(in, "a", IN_OPEN), EACCES,
	    "what one may not read");
	is_errno(inotify_add_watch(in, "d/x", IN_OPEN), EACCES,
	    "what one may not come to");
}

TEST(inotify_errors)
{
	int p[2];

	file_make("a", "x");
	must(mkdir("d", 0700));
	must(symlink("nowhere", "s"));
	is_errno(inotify_init1(1), EINVAL, "unknown flags");
	begin();
	ok((fcntl(in, F_GETFL) & O_ACCMODE) == O_RDONLY, "it is to be read");
	is_errno(write(in, "x", 1), EBADF, "and not to be written");
	is_errno(inotify_add_watch(in, "a", 0), EINVAL, "no event");
	is_errno(inotify_add_watch(in, "a", 0x10000), EINVAL, "no such event");
	is_errno(inotify_add_watch(in, "a", IN_OPEN | 0x10000), EINVAL,
	    "nor beside others");
	is_errno(inotify_add_watch(in, "nowhere", IN_OPEN), ENOENT, "no file");
	is_errno(inotify_add_watch(in, "", IN_OPEN), ENOENT, "no name");
	is_errno(inotify_add_watch(in, "s", IN_OPEN), ENOENT, "no target");
	is(watch("s", IN_OPEN | IN_DONT_FOLLOW), 1, "a link itself");
	is_errno(inotify_add_watch(in, "a", IN_OPEN | IN_ONLYDIR), ENOTDIR,
	    "no folder");
	is_errno(inotify_add_watch(in, "a/x", IN_OPEN), ENOTDIR, "below it");
	is_errno(inotify_add_watch(in, NULL, IN_OPEN), EFAULT, "a null name");
	is_errno(inotify_add_watch(in, NOWHERE, IN_OPEN), EFAULT, "a bad name");
	is_errno(inotify_add_watch(-1, "a", IN_OPEN), EBADF, "no descriptor");
	is_errno(
	    inotify_add_watch(-1, NULL, 0), EINVAL, "no event comes first");
	must(pipe(p));
	is_errno(inotify_add_watch(p[0], "a", IN_OPEN), EINVAL, "a pipe");
	is_errno(inotify_rm_watch(p[0], 1), EINVAL, "a pipe");
	is_errno(inotify_rm_watch(-1, 1), EBADF, "no descriptor");
	is_errno(inotify_rm_watch(in, 77), EINVAL, "no watch");
	is_errno(inotify_rm_watch(in, -1), EINVAL, "no watch");
	must(chmod("a", 0));
	as_user(unreadable);
}

TEST(inotify_masks)
{
	file_make("a", "x");
	begin();
	is(watch("a", IN_OPEN), 1, "a watch");
	is(watch("a", IN_CLOSE_NOWRITE), 1, "another of the same is the same");
	look("a");
	told("1+closed", "its events have taken the others' place");
	is(watch("a", IN_OPEN | IN_MASK_ADD), 1, "it may have more");
	look("a");
	told("1+open 1+closed", "and has them all");
	is_errno(inotify_add_watch(in, "a", IN_OPEN | IN_MASK_CREATE), EEXIST,
	    "only a new one");
	is_errno(
	    inotify_add_watch(in, "a", IN_OPEN | IN_MASK_CREATE | IN_MASK_ADD),
	    EINVAL, "not both");
	must(inotify_rm_watch(in, 1));
	told("1+ignored", "the end of a watch is told");
	look("a");
	told("", "and then nothing");
	is(watch("a", IN_OPEN | IN_ONESHOT), 2, "numbers do not come again");
	look("a");
	look("a");
	told("2+open 2+ignored", "once");
	is(watch("a", IN_OPEN), 3, "again");
	must(rename("a", "b"));
	must(unlink("b"));
	told("3+ignored", "the end of a file ends it, whatever was asked for");
}

static int
unread(void)
{
	int n = -1;

	must(ioctl(in, FIONREAD, &n));
	return n;
}

TEST(inotify_read)
{
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *e = (void *)buf;
	struct pollfd p;
	int i;

	begin();
	p = (struct pollfd){in, POLLIN | POLLOUT, 0};
	is(poll(&p, 1, 0), 0, "nothing to read");
	is(unread(), 0, "no byte");
	is_errno(read(in, buf, 4096), EAGAIN, "nothing");
	is_errno(ioctl(in, TIOCGWINSZ, buf), ENOTTY, "no terminal");
	is_errno(ioctl(in, FIONREAD, NOWHERE), EFAULT, "a bad pointer");
	watch(".", IN_CREATE);
	file_make("0123456789abcde", "");
	file_make("0123456789abcdef", "");
	is(poll(&p, 1, 0), 1, "something to read");
	is(p.revents, POLLIN, "to read alone");
	is(unread(), 2 * 16 + 16 + 32, "a name takes sixteens of bytes");
	is_errno(read(in, buf, 31), EINVAL, "there is no room for the first");
	is_errno(read(in, buf, 0), EINVAL, "nor in nothing");
	memset(buf, '?', sizeof(buf));
	is(read(in, buf, 32 + 47), 32, "the first alone");
	is(e->len, 16, "its name and a zero");
	str_is(e->name, "0123456789abcde", "its name");
	is(e->cookie, 0, "no cookie");
	is(buf[32], '?', "no more is written");
	is(unread(), 48, "the other is left");
	is(read(in, buf, 4096), 48, "the other");
	is(e->len, 32, "its name and zeroes");
	for (i = 16 + 16; i < 48 && buf[i] == 0; i++)
		;
	is(i, 48, "all zeroes");
	file_make("x", "");
	is_errno(read(in, NOWHERE, 4096), EFAULT, "a bad buffer");
	told("", "takes the event");
	is_errno(read(in, NOWHERE, 4096), EAGAIN, "unless there is none");
}

TEST(inotify_merge)
{
	char c;
	int fd;

	file_make("a", "0123456789");
	fd = must(open("a", O_RDWR));
	begin();
	watch("a", IN_ALL_EVENTS);
	watch(".", IN_ALL_EVENTS);
	must(read(fd, &c, 1));
	must(read(fd, &c, 1));
	told("2+access(a) 1+access 2+access(a) 1+access",
	    "what is not the same as the last is told");
	must(inotify_rm_watch(in, 2));
	must(read(fd, &c, 1));
	must(read(fd, &c, 1));
	must(write(fd, &c, 1));
	must(read(fd, &c, 1));
	told("2+ignored 1+access 1+modify 1+access", "what is, once");
}

static int
limit(const char *name)
{
	char path[100], text[20];
	int fd, n;

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	fd = must(open(path, O_RDONLY));
	n = must(read(fd, text, sizeof(text) - 1));
	close(fd);
	text[n] = '\0';
	return atoi(text);
}

TEST(inotify_overflow)
{
	int max = limit("max_queued_events"), nr = 0, lost = 0, i;
	char buf[65536] __attribute__((aligned(8)));
	ssize_t n, at;
	int fd;

	file_make("a", "x");
	ok(max >= 1024, "%d events", max);
	begin();
	watch("a", IN_OPEN | IN_CLOSE);
	for (i = 0; i < max / 2 + 10; i++)
		look("a");
	is(unread(), (max + 1) * 16, "so many, and one that says so");
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n; at += 16, nr++) {
			struct inotify_event *e = (void *)(buf + at);

			if (e->mask != IN_Q_OVERFLOW)
				continue;
			is(e->wd, -1, "it is of no watch");
			is(nr, max, "it comes last");
			lost++;
		}
	}
	is(lost, 1, "that there were more is told once");
	look("a");
	told("1+open 1+closed", "then it goes on");
	fd = must(open("a", O_RDONLY));
	close(fd);
}

static void
many(void)
{
	int max = limit("max_user_instances"), fd = 0, i;

	for (i = 0; i <= max && fd >= 0; i++)
		fd = inotify_init1(0);
	is_errno(inotify_init1(0), EMFILE, "too many of them");
	is(i - 1, max, "as many as there may be");
	for (i = 0; i < max; i++)
		close(fd + 4 + i);
}

TEST(inotify_limits)
{
	ok(limit("max_user_watches") >= 64, "watches");
	as_user(many);
	lives(many, "what others do is their own affair");
}

/* ---------------------------------------------------------- threads */

static void *
reads(void *arg)
{
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *e = (void *)buf;

	(void)arg;
	is(read(in, buf, sizeof(buf)), 32, "a read that waited");
	str_is(e->name, "x", "gets the event");
	return NULL;
}

static void *
waits(void *arg)
{
	struct pollfd p = {in, POLLIN, 0};

	(void)arg;
	is(poll(&p, 1, -1), 1, "a poll that waited");
	return NULL;
}

static void
read_for_ever(void)
{
	char buf[4096];

	(void)!read(in, buf, sizeof(buf));
}

TEST(inotify_waits)
{
	pthread_t t, u;
	pid_t pid;

	in = must(inotify_init1(0));
	watch(".", IN_CREATE | IN_DELETE);
	u = thread_start(waits, NULL);
	file_make("x", "");
	pthread_join(u, NULL);
	reads(NULL);
	t = thread_start(reads, NULL);
	unlink("x");
	pthread_join(t, NULL);
	pid = spawn(read_for_ever);
	must(kill(pid, SIGKILL));
	is(wait_status(pid), SIGKILL, "who waits can be killed");
}

/* ---------------------------------------------------------- a storm */

#define ROUNDS 300

static void *
changes(void *arg)
{
	char name[20];
	int i, fd;

	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "%ld.%d", (long)arg, i % 5);
		fd = open(name, O_CREAT | O_RDWR, 0600);
		if (fd < 0)
			continue;
		(void)!write(fd, "x", 1);
		close(fd);
		rename(name, "same");
		unlink(i % 3 ? "same" : name);
	}
	return NULL;
}

static void *
watches(void *arg)
{
	char buf[4096], name[20];
	int i, fd = inotify_init1(IN_NONBLOCK);

	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "%ld.%d", (long)arg, i % 5);
		inotify_add_watch(fd, name, IN_ALL_EVENTS);
		inotify_add_watch(fd, ".", IN_ALL_EVENTS | IN_ONESHOT);
		inotify_add_watch(fd, "same", IN_ALL_EVENTS);
		inotify_rm_watch(fd, i);
		(void)!read(fd, buf, sizeof(buf));
		if (i % 50 == 0) {
			close(fd);
			fd = inotify_init1(IN_NONBLOCK);
		}
	}
	close(fd);
	return NULL;
}

TEST(inotify_storm)
{
	pthread_t t[6];
	long i;

	for (i = 0; i < 6; i++)
		ensure(pthread_create(&t[i], NULL, i < 3 ? changes : watches,
			   (void *)(i % 3)) == 0);
	for (i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	begin();
	watch(".", IN_CREATE);
	file_make("end", "");
	told("1+create(end)", "and all is as before");
}

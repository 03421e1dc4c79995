/* splice, tee and vmsplice. */
#include "files.h"
#include "thread.h"

#include <sys/uio.h>

static int a[2], b[2];

static void
begin(void)
{
	must(pipe(a));
	must(pipe(b));
}

static bool
holds(int fd, const char *text)
{
	char buf[100];
	ssize_t n = read(fd, buf, strlen(text));

	return n == (ssize_t)strlen(text) && !memcmp(buf, text, n);
}

static void
put(int fd, const char *text)
{
	ensure(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

TEST(splice_files)
{
	loff_t at = 2;
	int fd;

	begin();
	file_make("f", "0123456789");
	fd = must(open("f", O_RDWR));
	is(splice(fd, NULL, a[1], NULL, 4, 0), 4, "from a file into a pipe");
	ok(holds(a[0], "0123"), "the bytes");
	is(lseek(fd, 0, SEEK_CUR), 4, "its position moves on");
	is(splice(fd, &at, a[1], NULL, 3, 0), 3, "from a place");
	is(at, 5, "which moves on");
	is(lseek(fd, 0, SEEK_CUR), 4, "and not the file's");
	is(splice(fd, NULL, a[1], NULL, 100, 0), 6, "to the end");
	is(splice(fd, NULL, a[1], NULL, 100, 0), 0, "and no further");
	ok(holds(a[0], "234456789"), "the bytes in their order");
	put(a[1], "abcdef");
	at = 1;
	is(splice(a[0], NULL, fd, &at, 3, 0), 3, "from a pipe to a place");
	is(at, 4, "which moves on");
	ok(file_holds("f", "0abc456789"), "the bytes");
	is(splice(a[0], NULL, fd, NULL, 100, 0), 3, "what there is");
	ok(file_holds("f", "0abc456789def"), "at the file's position");
	close(a[1]);
	is(splice(a[0], NULL, fd, NULL, 100, 0), 0, "no writer: the end");
}

TEST(splice_pipes)
{
	begin();
	put(a[1], "abcdef");
	is(tee(a[0], b[1], 4, 0), 4, "tee");
	ok(holds(b[0], "abcd"), "gives a copy");
	is(splice(a[0], NULL, b[1], NULL, 3, 0), 3, "splice");
	ok(holds(b[0], "abc"), "takes");
	ok(holds(a[0], "def"), "what is left");
	is_errno(tee(a[0], b[1], 4, SPLICE_F_NONBLOCK), EAGAIN, "nothing");
	is_errno(splice(a[0], NULL, b[1], NULL, 4, SPLICE_F_NONBLOCK), EAGAIN,
	    "nothing");
	close(a[1]);
	is(tee(a[0], b[1], 4, 0), 0, "the end");
	is(splice(a[0], NULL, b[1], NULL, 4, 0), 0, "the end");
}

TEST(splice_memory)
{
	char x[4] = "", y[4] = "";
	struct iovec out[] = {{(char *)"abc", 3}, {(char *)"def", 3}};
	struct iovec in[] = {{x, 2}, {y, 3}};

	begin();
	is(vmsplice(a[1], out, 2, 0), 6, "from memory");
	is(vmsplice(a[0], in, 2, 0), 5, "to memory");
	str_is(x, "ab", "the first piece");
	str_is(y, "cde", "the second");
	ok(holds(a[0], "f"), "the rest");
	is_errno(vmsplice(a[0], in, 2, SPLICE_F_NONBLOCK), EAGAIN, "nothing");
	is(vmsplice(a[1], out, 0, 0), 0, "no piece");
	is_errno(vmsplice(a[1], out, 1025, 0), EINVAL, "too many");
	is_errno(vmsplice(a[1], NOWHERE, 1, 0), EFAULT, "bad pieces");
	is_errno(
	    vmsplice(open("/dev/null", O_RDWR), out, 1, 0), EBADF, "no pipe");
	is_errno(vmsplice(-1, out, 1, 0), EBADF, "no descriptor");
	is_errno(vmsplice(a[1], out, 1, 0x100), EINVAL, "flags");
}

TEST(splice_errors)
{
	loff_t at = 0, below = -1;
	int fd, app;

	begin();
	signal(SIGPIPE, SIG_IGN);
	file_make("f", "0123");
	fd = must(open("f", O_RDWR));
	app = must(open("f", O_WRONLY | O_APPEND));
	put(a[1], "x");
	is_errno(splice(fd, NULL, app, NULL, 1, 0), EINVAL, "no pipe");
	is_errno(splice(a[0], NULL, app, NULL, 1, 0), EINVAL, "O_APPEND");
	is_errno(splice(a[0], &at, fd, NULL, 1, 0), ESPIPE, "a pipe's place");
	is_errno(splice(fd, NULL, a[1], &at, 1, 0), ESPIPE, "a pipe's place");
	is_errno(splice(a[0], NULL, a[1], NULL, 1, 0), EINVAL, "the same");
	is_errno(tee(a[0], a[1], 1, 0), EINVAL, "the same");
	is_errno(tee(a[0], fd, 1, 0), EINVAL, "no pipe");
	is_errno(splice(a[1], NULL, fd, NULL, 1, 0), EBADF, "the wrong end");
	is_errno(splice(fd, NULL, a[0], NULL, 1, 0), EBADF, "the wrong end");
	is_errno(tee(a[1], b[1], 1, 0), EBADF, "the wrong end");
	is_errno(splice(-1, NULL, a[1], NULL, 1, 0), EBADF, "no descriptor");
	is_errno(splice(fd, NULL, -1, NULL, 1, 0), EBADF, "no descriptor");
	is_errno(splice(fd, NULL, a[1], NULL, 1, 0x100), EINVAL, "flags");
	is_errno(splice(fd, &below, a[1], NULL, 1, 0), EINVAL, "below 0");
	is_errno(splice(fd, NOWHERE, a[1], NULL, 1, 0), EFAULT, "bad place");
	is(splice(-1, NULL, -1, NULL, 0, 0), 0, "nothing is always done");
	close(b[0]);
	is_errno(splice(fd, NULL, b[1], NULL, 1, 0), EPIPE, "no reader");
	is_errno(splice(a[0], NULL, b[1], NULL, 1, 0), EPIPE, "no reader");
	ok(holds(a[0], "x"), "nothing is lost");
}

#define BYTES (1 << 20)

static void *
pours(void *arg)
{
	long n, done = 0;

	(void)arg;
	while (
	    done < BYTES && (n = splice(a[0], NULL, b[1], NULL, 70000, 0)) > 0)
		done += n;
	close(b[1]);
	return (void *)done;
}

static void *
fills(void *arg)
{
	static unsigned char buf[5000];
	long done, n, i;

	(void)arg;
	for (done = 0; done < BYTES; done += n) {
		n = BYTES - done < 5000 ? BYTES - done : 5000;
		for (i = 0; i < n; i++)
			buf[i] = (done + i) % 251;
		ensure(write(a[1], buf, n) == n);
	}
	close(a[1]);
	return NULL;
}

static void
splices_for_ever(void)
{
	splice(a[0], NULL, b[1], NULL, 1, 0);
}

TEST(splice_flow)
{
	static unsigned char buf[7000];
	long n, i, done = 0, wrong = 0;
	pthread_t t, u;
	pid_t pid;

	begin();
	t = thread_start(fills, NULL);
	u = thread_start(pours, NULL);
	while ((n = read(b[0], buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++, done++)
			wrong += buf[i] != done % 251;
	thread_join(t);
	is(thread_join(u), BYTES, "a MiB goes through");
	is(done, BYTES, "and comes out");
	is(wrong, 0, "as it was");
	begin();
	pid = must(fork());
	if (pid == 0) {
		splices_for_ever();
		_exit(0);
	}
	must(kill(pid, SIGKILL));
	is(wait_status(pid), SIGKILL, "who waits can be killed");
}

/* Files in memory: private and shared mappings, and where files end. */
#include "mem.h"

#include <sys/stat.h>

static int
make_file(const char *text, off_t size)
{
	int fd = must(open("f", O_RDWR | O_CREAT | O_TRUNC, 0600));

	must(write(fd, text, strlen(text)));
	must(ftruncate(fd, size));
	return fd;
}

static const char *
in_file(int fd, off_t at)
{
	static char buf[32];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, at);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void
test_private(void)
{
	int fd = make_file("the file", 2 * PAGE);
	char *p = must(mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0));

	str_is(p, "the file", "a private mapping shows the file");
	memcpy(p, "THE", 3);
	str_is(p, "THE file", "it can be written");
	str_is(in_file(fd, 0), "the file", "which the file does not see");
	is(p[PAGE], 0, "a hole is zero");
	p[PAGE + 1] = 'x';
	is(in_file(fd, PAGE + 1)[0], 0, "and remains a hole");
	close(fd);
	str_is(p, "THE file", "closing the file is no matter");
	must(unlink("f"));
	str_is(p, "THE file", "nor is its removal");
	is(p[PAGE + 2], 0, "even for what was not yet read");
	must(munmap(p, 2 * PAGE));
}

static void
test_shared(void)
{
	int fd = make_file("the file", 2 * PAGE);
	char *p = must(mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0));
	char *q = must(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE));

	memcpy(p, "THE", 3);
	str_is(in_file(fd, 0), "THE file", "what is written is in the file");
	must(pwrite(fd, "This", 4, 0));
	str_is(p, "Thisfile", "what the file gets is in memory");
	strcpy(p + PAGE, "second page");
	str_is(q, "second page", "another mapping shows the same");
	is(try_write(q), SIGSEGV, "as it may");
	if (must(fork()) == 0) {
		strcpy(p + PAGE, "child");
		_exit(0);
	}
	wait(NULL);
	str_is(q, "child", "a child writes the same");
	must(munmap(p, 2 * PAGE));
	str_is(in_file(fd, PAGE), "child", "it is there when nobody maps it");
	must(munmap(q, PAGE));
	close(fd);
}

/* A page's rest behind the end is zero; whole pages behind it are SIGBUS. */
static void
test_end(void)
{
	int fd = make_file("short", 5);
	char *p = must(mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0));

	is(p[5], 0, "behind the end, zero");
	is(p[PAGE - 1], 0, "to the end of the page");
	p[100] = 'x';
	is(in_file(fd, 0)[5], 0, "what is written there is not in the file");
	is(try_read(p + PAGE), SIGBUS, "the next page is SIGBUS");
	is(fault.si_code, BUS_ADRERR, "si_code");
	is((uintptr_t)fault.si_addr, (uintptr_t)p + PAGE, "si_addr");
	is(try_write(p + 2 * PAGE + 7), SIGBUS, "to write as well");
	is_errno(madvise(p, 2 * PAGE, MADV_POPULATE_READ), EFAULT,
	    "it can't be asked for");
	is_errno(mlock(p, 2 * PAGE), ENOMEM, "nor locked");
	must(ftruncate(fd, PAGE + 10));
	is(try_write(p + PAGE), 0, "until the file is longer");
	is(in_file(fd, PAGE)[0], 1, "then it is in the file");
	must(pwrite(fd, "far", 3, 2 * PAGE));
	str_is(p + 2 * PAGE, "far", "however it gets longer");
	must(munmap(p, 3 * PAGE));
	close(fd);
}

static void
test_truncate(void)
{
	int fd = make_file("first", 3 * PAGE);
	char *s = must(mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0));
	char *p = must(mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0));

	must(pwrite(fd, "second", 6, PAGE));
	must(pwrite(fd, "third", 5, 2 * PAGE));
	str_is(s + PAGE, "second", "three pages");
	p[2 * PAGE] = 'T';
	str_is(p + 2 * PAGE, "Third", "one changed in private");
	must(ftruncate(fd, PAGE + 3));
	str_is(s + PAGE, "sec", "what is cut off is zero in its page");
	str_is(p + PAGE, "sec", "for private mappings too");
	is(try_read(s + 2 * PAGE), SIGBUS, "whole pages cut off are SIGBUS");
	is(try_read(p + 2 * PAGE), SIGBUS, "even when changed in private");
	must(ftruncate(fd, 3 * PAGE));
	is(s[2 * PAGE], 0, "made longer again, it is zero");
	is(p[2 * PAGE], 0, "everywhere");
	is(s[PAGE + 4], 0, "also in the page that was cut");
	must(munmap(s, 3 * PAGE));
	must(munmap(p, 3 * PAGE));
	close(fd);
}

/* The kernel, too, may find that a file has ended: EFAULT. */
static void
test_kernel(void)
{
	int fd = make_file("some", PAGE), out[2];
	char *p = must(mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0));
	struct stat st;

	must(pipe(out));
	is_errno(write(out[1], p + PAGE, 1), EFAULT, "written from behind it");
	must(write(out[1], "data", 4));
	is_errno(read(out[0], p + PAGE, 4), EFAULT, "read to behind it");
	is_errno(fstat(fd, (void *)(p + PAGE)), EFAULT, "anything else there");
	is(read(out[0], p + 4, 4), 4, "read into it");
	str_is(in_file(fd, 0), "somedata", "comes to the file");
	is(pwrite(fd, p, 4, 8), 4, "written from itself");
	str_is(in_file(fd, 0), "somedatasome", "works");
	must(fstat(fd, &st));
	is(st.st_size, PAGE, "its size stays");
	must(munmap(p, 2 * PAGE));
	close(fd);
	close(out[0]);
	close(out[1]);
}

static void
test_fork(void)
{
	int fd = make_file("original", PAGE);
	char *p = must(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0));
	struct gate a = gate_make(), b = gate_make();
	pid_t pid;

	p[0] = 'P';
	pid = must(fork());
	if (pid == 0) {
		p[1] = 'C';
		gate_open(&a);
		gate_wait(&b);
		str_is(p, "PCiginal", "a child's private changes are its own");
		_exit(0);
	}
	gate_wait(&a);
	p[2] = 'Q';
	gate_open(&b);
	is(wait_status(pid), 0, "it ends");
	str_is(p, "PrQginal", "and the parent's are its own");
	str_is(in_file(fd, 0), "original", "and the file's");
	must(munmap(p, PAGE));
	close(fd);
}

static void
test_refusals(void)
{
	int rw = make_file("x", PAGE), rd = must(open("f", O_RDONLY)),
	    wr = must(open("f", O_WRONLY)), dir = must(open(".", O_RDONLY)),
	    fd[2];

	must(pipe(fd));
	is_errno(mmap(NULL, PAGE, RW, MAP_SHARED, rd, 0), EACCES,
	    "to write what was opened to be read");
	is_errno(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, wr, 0), EACCES,
	    "to read what was opened to be written");
	is_errno(mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE, wr, 0), EACCES,
	    "even privately");
	is_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV,
	    "a folder");
	is_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd[0], 0), ENODEV,
	    "a pipe");
	is_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, rw, 1), EINVAL,
	    "an offset within a page");
	is_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, rw, -PAGE), EOVERFLOW,
	    "an offset before the file");
	is_errno(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, rw, LONG_MIN),
	    EOVERFLOW, "or where no file can reach");
	ok(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, rw, 100 * PAGE) !=
		MAP_FAILED,
	    "one behind its end is none, until it is touched");
	close(rw);
	close(rd);
	close(wr);
	close(dir);
}

TEST(mem_file)
{
	test_private();
	test_shared();
	test_end();
	test_truncate();
	test_kernel();
	test_fork();
	test_refusals();
}

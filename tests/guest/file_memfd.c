/* memfd_create, and the seals of its files. */
#include "files.h"
#include "thread.h"

#include <sys/mman.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 16
#endif

#define PAGE 4096

static int m;

static int
seal(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals);
}

static int
seals(int fd)
{
	return fcntl(fd, F_GET_SEALS);
}

/* One of two pages. */
static int
create(void)
{
	int fd = must(memfd_create("x", MFD_ALLOW_SEALING));

	must(ftruncate(fd, 2 * PAGE));
	return fd;
}

static void *
map(int fd, int prot, int flags)
{
	return mmap(NULL, 2 * PAGE, prot, flags, fd, 0);
}

/* ------------------------------------------------ a file as any other */

static void
is_a_file(void)
{
	char path[64], text[64] = "", name[300];
	struct stat st;
	int again;

	m = must(memfd_create("some name", MFD_CLOEXEC));
	is(fcntl(m, F_GETFD), FD_CLOEXEC, "MFD_CLOEXEC");
	is(fcntl(m, F_GETFL) & O_ACCMODE, O_RDWR, "open for both");
	must(fstat(m, &st));
	is(st.st_mode, S_IFREG | 0777, "a regular file");
	is(st.st_nlink, 0, "without a name");
	is(st.st_size, 0, "or bytes");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m);
	must(readlink(path, text, sizeof(text) - 1));
	str_is(text, "/memfd:some name (deleted)", "shown so");
	is(write(m, "abcdef", 6), 6, "is written");
	is(pread(m, text, sizeof(text), 2), 4, "and read");
	again = must(open(path, O_RDONLY));
	is(read(again, text, sizeof(text)), 6, "can be opened once more");
	is(seals(m), F_SEAL_SEAL, "is not to be sealed");
	is_errno(seal(m, F_SEAL_WRITE), EPERM, "so it cannot be");
	close(again);
	close(m);
	memset(name, 'n', sizeof(name));
	name[249] = '\0';
	m = must(memfd_create(name, 0));
	ok(m >= 0, "a name may have 249 characters");
	close(m);
	name[249] = 'n';
	name[250] = '\0';
	is_errno(memfd_create(name, 0), EINVAL, "not 250");
	is_errno(memfd_create(NOWHERE, 0), EFAULT, "no name");
	is_errno(memfd_create("", 0x8000), EINVAL, "no flag");
	m = must(memfd_create("", 0));
	is(close(m), 0, "none is a name");
}

static void
child_writes(void)
{
	char *p = map(m, PROT_READ | PROT_WRITE, MAP_SHARED);

	ensure(p != MAP_FAILED);
	strcpy(p, "from the child");
}

static void
is_shared(void)
{
	char *p;

	m = create();
	p = must(map(m, PROT_READ, MAP_SHARED));
	is(wait_status(spawn(child_writes)), 0, "a child maps it");
	str_is(p, "from the child", "and writes for both");
	close(m);
	str_is(p, "from the child", "which stays after the close");
	munmap(p, 2 * PAGE);
}

/* ------------------------------------------------ seals */

static void
errors(void)
{
	int file = must(open("f", O_CREAT | O_RDWR, 0600));
	int p[2], ro;
	char path[64];

	must(pipe(p));
	is_errno(seals(p[0]), EINVAL, "a pipe has no seals");
	is_errno(seal(p[1], F_SEAL_SEAL), EINVAL, "and gets none");
	is_errno(seals(-1), EBADF, "no file");
	m = create();
	is(seals(m), 0, "no seal at first");
	is_errno(seal(m, 0x1000), EINVAL, "none that is known");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", m);
	ro = must(open(path, O_RDONLY));
	is_errno(seal(ro, F_SEAL_GROW), EPERM, "who reads does not seal");
	is(seal(m, F_SEAL_GROW), 0, "who writes does");
	is(seals(ro), F_SEAL_GROW, "for all");
	is(seal(m, F_SEAL_GROW | F_SEAL_SHRINK), 0, "and more");
	is(seal(m, F_SEAL_SEAL), 0, "till the end of it");
	is_errno(seal(m, F_SEAL_WRITE), EPERM, "then no more");
	is(seals(m), F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL, "all of them");
	close(ro);
	close(m);
	close(file);
	close(p[0]);
	close(p[1]);
}

static void
sizes(void)
{
	static char buf[3 * PAGE];

	m = create();
	must(seal(m, F_SEAL_SHRINK));
	is_errno(ftruncate(m, PAGE), EPERM, "not shorter");
	is(ftruncate(m, 2 * PAGE), 0, "the same");
	is(ftruncate(m, 3 * PAGE), 0, "longer");
	must(seal(m, F_SEAL_GROW));
	is_errno(ftruncate(m, 4 * PAGE), EPERM, "not longer");
	is_errno(fallocate(m, 0, 0, 4 * PAGE), EPERM, "nor so");
	is(pwrite(m, buf, PAGE, 2 * PAGE), PAGE, "what is there is written");
	is_errno(pwrite(m, buf, 1, 3 * PAGE), EPERM, "not what is behind");
	is_errno(pwrite(m, buf, 3 * PAGE, PAGE), EPERM, "nor both");
	is_errno(pwrite(m, buf, 2, 3 * PAGE - 1), EPERM, "not even a byte");
	is(lseek(m, 0, SEEK_END), 3 * PAGE, "so the size is the same");
	close(m);
}

static void
writing(void)
{
	char *p, *q;

	m = create();
	must(pwrite(m, "abc", 3, 0));
	p = must(map(m, PROT_READ | PROT_WRITE, MAP_SHARED));
	is_errno(seal(m, F_SEAL_WRITE), EBUSY, "it is mapped to be written");
	is(seals(m), 0, "and not sealed");
	must(munmap(p, 2 * PAGE));
	p = must(map(m, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	is(seal(m, F_SEAL_WRITE), 0, "a private mapping is no harm");
	is_errno(pwrite(m, "x", 1, 0), EPERM, "no write");
	is_errno(map(m, PROT_READ | PROT_WRITE, MAP_SHARED), EPERM,
	    "no mapping for it");
	q = must(map(m, PROT_READ, MAP_PRIVATE));
	p[0] = 'X';
	is(q[0], 'a', "private writes stay private");
	munmap(p, 2 * PAGE);
	munmap(q, 2 * PAGE);
	close(m);
}

static void
future_writing(void)
{
	char *p;

	m = create();
	p = must(map(m, PROT_READ | PROT_WRITE, MAP_SHARED));
	is(seal(m, F_SEAL_FUTURE_WRITE), 0, "sealed although it is mapped");
	p[0] = 'a';
	is_errno(pwrite(m, "x", 1, 0), EPERM, "no write");
	is_errno(map(m, PROT_READ | PROT_WRITE, MAP_SHARED), EPERM,
	    "no new mapping for it");
	munmap(p, 2 * PAGE);
	p = must(map(m, PROT_READ, MAP_SHARED));
	is(p[0], 'a', "but one to read");
	is_errno(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES,
	    "which stays so");
	munmap(p, 2 * PAGE);
	close(m);
}

/* ------------------------------------------------ a race */

static void *
mapper(void *arg __attribute__((unused)))
{
	char *p = map(m, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (p == MAP_FAILED)
		return (void *)(long)errno;
	/* Whoever may write keeps the seal away. */
	for (int i = 0; i < 100; i++) {
		p[0]++;
		if (seals(m) & F_SEAL_WRITE)
			return (void *)-1L;
	}
	munmap(p, 2 * PAGE);
	return NULL;
}

static void
race(void)
{
	int bad = 0;

	for (int i = 0; i < 100; i++) {
		pthread_t t;
		long got;

		m = create();
		t = thread_start(mapper, NULL);
		for (int k = i % 7; k > 0; k--)
			sched_yield();
		(void)!seal(m, F_SEAL_WRITE);
		got = thread_join(t);
		bad += got != 0 && got != EPERM;
		close(m);
	}
	is(bad, 0, "mapped or sealed, never both");
}

TEST(file_memfd)
{
	is_a_file();
	is_shared();
	errors();
	sizes();
	writing();
	future_writing();
	race();
}

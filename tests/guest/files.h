/*
 * What the tests of files share.  A test runs as root in an empty folder of
 * its own, so paths are relative and nothing needs tidying up.
 */
#ifndef GUEST_FILES_H
#define GUEST_FILES_H

#include "tap.h"

#include <grp.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Somebody who is not root, and somebody else. */
enum {
	USER = 1000,
	OTHER = 2000
};

/*
 * A system call as it is, with what the C library (and the compiler, which
 * knows the library) would not pass on.
 */
#define raw(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

/* Makes a file anew that holds `text`. */
static inline void
file_make(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = must(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644));

	ensure(write(fd, text, len) == (ssize_t)len);
	must(close(fd));
}

/* Whether a file holds exactly `text`. */
static inline bool
file_holds(const char *path, const char *text)
{
	char buf[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) && !memcmp(buf, text, n);
}

static inline off_t
file_size(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? -1 : st.st_size;
}

static inline mode_t
file_mode(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? (mode_t)-1 : st.st_mode & 07777;
}

static inline ino_t
file_ino(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_ino;
}

static inline bool
file_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* Stops being root for good; no groups but `gid`. */
static inline void
become(uid_t uid, gid_t gid)
{
	must(setgroups(0, NULL));
	must(setgid(gid));
	must(setuid(uid));
}

/* Runs `fn` in a child that is USER in group USER, and waits for it. */
static inline void
as_user(void (*fn)(void))
{
	pid_t pid = must(fork());

	if (pid == 0) {
		become(USER, USER);
		fn();
		_exit(0);
	}
	is(wait_status(pid), 0, "what a user did ended well");
}

/* An anonymous mapping; see must() for what happens when there is none. */
static inline void *
pages(size_t len_bytes, int prot)
{
	return must(
	    mmap(NULL, len_bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

/*
 * A page that can be written, followed by one that can't be touched: the
 * address of the border between them.  It is low, so that a length of some GiB
 * from there is still within what a user may have.
 */
static inline char *
page_border(void)
{
	static unsigned long hint = 1UL << 32;
	char *p = must(mmap((void *)hint, 2 * 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	hint += 16 * 4096;
	must(mprotect(p + 4096, 4096, PROT_NONE));
	return p + 4096;
}

#endif

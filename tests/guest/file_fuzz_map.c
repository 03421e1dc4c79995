/* What file_fuzz.c does by mappings. */
#include "file_fuzz.h"

#include <setjmp.h>

static size_t
page_up(size_t n)
{
	return (n + PAGE - 1) / PAGE * PAGE;
}

static sigjmp_buf out;

static void
on_bus_error(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static bool
has_bus_error(volatile unsigned char *p, bool write)
{
	signal(SIGBUS, on_bus_error);
	if (sigsetjmp(out, 1))
		return true;
	if (write)
		*p = 1;
	else
		(void)*p;
	return false;
}

/* Maps the pages of [at, at + n) of the file; *len ends with these. */
static unsigned char *
map(size_t at, size_t n, int prot, int flags, size_t *len)
{
	size_t start = at / PAGE * PAGE;
	unsigned char *p;

	*len = at + n - start;
	p = mmap(NULL, *len, prot, flags, fuzz.fd, start);
	if (p == MAP_FAILED)
		fuzz_wrong("mmap");
	return p;
}

void
fuzz_map_read(void)
{
	size_t at, n = fuzz_draw_within(&at);
	int flags = fuzz_below(2) ? MAP_SHARED : MAP_PRIVATE;
	unsigned char *p;
	size_t len;

	fuzz_did("read by a mapping", at, n);
	if (n == 0)
		return;
	p = map(at, n, PROT_READ, flags, &len);
	fuzz_compare(p + at % PAGE, at, n, "mapping");
	if (at + n == fuzz.size && !fuzz.past)
		for (size_t i = len; i < page_up(len); i++)
			fuzz_want(p[i] == 0, "bytes behind the end");
	fuzz_want(munmap(p, len) == 0, "munmap");
}

void
fuzz_map_write(void)
{
	size_t at, n = fuzz_draw_within(&at);
	unsigned char *p;
	size_t len;

	fuzz_did("write by a mapping", at, n);
	if (n == 0)
		return;
	p = map(at, n, PROT_READ | PROT_WRITE, MAP_SHARED, &len);
	fuzz_draw_bytes(fuzz.buf, n);
	memcpy(p + at % PAGE, fuzz.buf, n);
	fuzz_put(at, fuzz.buf, n);
	if (fuzz_below(40) == 0)
		fuzz_want(msync(p, len, MS_SYNC) == 0, "msync");
	fuzz_want(munmap(p, len) == 0, "munmap");
}

/* What is written to a private mapping stays there. */
void
fuzz_map_private(void)
{
	size_t at, n = fuzz_draw_within(&at);
	unsigned char *p;
	size_t len;

	fuzz_did("write to a private mapping", at, n);
	if (n == 0)
		return;
	p = map(at, n, PROT_READ | PROT_WRITE, MAP_PRIVATE, &len);
	fuzz_compare(p + at % PAGE, at, n, "private mapping");
	memset(p + at % PAGE, 0xa5, n);
	fuzz_want(pread(fuzz.fd, fuzz.buf, n, at) == (ssize_t)n, "read");
	fuzz_compare(fuzz.buf, at, n, "file below a private mapping");
	for (size_t i = 0; i < n; i++)
		fuzz_want(
		    p[at % PAGE + i] == 0xa5, "what was written privately");
	fuzz_want(munmap(p, len) == 0, "munmap");
}

void
fuzz_hold(void)
{
	fuzz_did(fuzz.held ? "let go of the mapping" : "hold a mapping", 0,
	    fuzz.most);
	if (fuzz.held) {
		fuzz_want(munmap(fuzz.held, fuzz.most) == 0, "munmap");
		fuzz.held = NULL;
		return;
	}
	fuzz.held = mmap(
	    NULL, fuzz.most, PROT_READ | PROT_WRITE, MAP_SHARED, fuzz.fd, 0);
	fuzz_want(fuzz.held != MAP_FAILED, "mmap");
}

void
fuzz_held_read(void)
{
	size_t at, n = fuzz_draw_within(&at);

	fuzz_did("read by the held mapping", at, n);
	if (fuzz.held)
		fuzz_compare(fuzz.held + at, at, n, "held mapping");
}

void
fuzz_held_write(void)
{
	size_t at, n = fuzz_draw_within(&at);

	fuzz_did("write by the held mapping", at, n);
	if (!fuzz.held || n == 0)
		return;
	fuzz_draw_bytes(fuzz.buf, n);
	memcpy(fuzz.held + at, fuzz.buf, n);
	fuzz_put(at, fuzz.buf, n);
}

/* Behind the last page of the file there is nothing. */
void
fuzz_beyond(void)
{
	size_t at = page_up(fuzz.size);

	if (fuzz_below(2) && at < fuzz.most)
		at += fuzz_below(fuzz.most - at);
	fuzz_did("touch behind the last page", at, 1);
	if (fuzz.held && at < fuzz.most)
		fuzz_want(
		    has_bus_error(fuzz.held + at, fuzz_below(2)), "no SIGBUS");
}

/* In the last page, but behind the file's end. */
void
fuzz_past(void)
{
	size_t at = fuzz.size, end = fuzz_least(page_up(fuzz.size), fuzz.most);

	fuzz_did("write behind the end", at, end - at);
	if (fuzz.past && fuzz.held && at < end)
		fuzz_draw_bytes(fuzz.held + at, end - at);
}

void
fuzz_forget(void)
{
	fuzz_did("forget what is mapped", 0, fuzz.most);
	if (fuzz.held)
		fuzz_want(madvise(fuzz.held, fuzz.most, MADV_DONTNEED) == 0,
		    "madvise");
	fuzz_want(
	    posix_fadvise(fuzz.fd, 0, 0, POSIX_FADV_DONTNEED) == 0, "fadvise");
}

/* A child writes through the mapping that it has from us, and to the file. */
void
fuzz_child(void)
{
	size_t at, n = fuzz_draw_within(&at);
	size_t half = n / 2;
	pid_t pid;

	fuzz_did("a child writes", at, n);
	if (!fuzz.held || n == 0)
		return;
	fuzz_draw_bytes(fuzz.buf, n);
	pid = must(fork());
	if (pid == 0) {
		memcpy(fuzz.held + at, fuzz.buf, half);
		_exit(pwrite(fuzz.fd, fuzz.buf + half, n - half, at + half) !=
		    (ssize_t)(n - half));
	}
	fuzz_put(at, fuzz.buf, n);
	fuzz_want(wait_status(pid) == 0, "the child");
	fuzz_compare(fuzz.held + at, at, n, "what the child has written");
}

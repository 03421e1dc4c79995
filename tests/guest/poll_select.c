/* pselect6: sets of descriptors, in and out. */
#include "files.h"

#include <sys/resource.h>
#include <sys/select.h>

static const struct timespec none;

static long
sel(long n, void *r, void *w, void *x)
{
	struct timespec t = none;

	return raw(pselect6, n, r, w, x, &t, NULL);
}

static fd_set
set_of(int a, int b)
{
	fd_set s;

	FD_ZERO(&s);
	if (a >= 0)
		FD_SET(a, &s);
	if (b >= 0)
		FD_SET(b, &s);
	return s;
}

static bool
same(fd_set a, fd_set b)
{
	return !memcmp(&a, &b, sizeof(a));
}

static void
answers(void)
{
	int p[2], q[2], n;
	fd_set r, w, x;

	must(pipe(p));
	must(pipe(q));
	n = q[1] + 1;
	must(write(q[1], "x", 1));
	r = set_of(p[0], q[0]);
	w = set_of(p[1], q[1]);
	x = set_of(p[0], p[1]);
	is(sel(n, &r, &w, &x), 3, "bits in all sets are counted");
	ok(same(r, set_of(q[0], -1)), "what can be read");
	ok(same(w, set_of(p[1], q[1])), "what can be written");
	ok(same(x, set_of(-1, -1)), "and nothing out of the ordinary");
	r = set_of(p[0], p[1]);
	is(sel(n, &r, NULL, NULL), 0, "an empty pipe");
	ok(same(r, set_of(-1, -1)), "is taken from the set");
	close(p[1]);
	r = set_of(p[0], -1);
	is(sel(n, &r, NULL, NULL), 1, "a pipe without a writer");
	ok(same(r, set_of(p[0], -1)), "can be read: to its end");
	close(q[0]);
	w = set_of(q[1], -1);
	is(sel(n, NULL, &w, NULL), 1, "one without a reader can be written:");
	ok(same(w, set_of(q[1], -1)), "to be told");
	close(p[0]);
	close(q[1]);
}

static void
bounds(void)
{
	int p[2];
	fd_set r;

	must(pipe(p));
	must(write(p[1], "x", 1));
	r = set_of(p[0], 60);
	is(sel(p[0] + 1, &r, NULL, NULL), 1,
	    "bits from n on are not looked at");
	r = set_of(p[0], -1);
	is(sel(p[0], &r, NULL, NULL), 0, "n is one more than the last");
	is(sel(0, NULL, NULL, NULL), 0, "n = 0");
	is_errno(sel(-1, NULL, NULL, NULL), EINVAL, "n = -1");
	r = set_of(p[0], 40);
	is_errno(sel(41, &r, NULL, NULL), EBADF, "a closed descriptor");
	ok(same(r, set_of(p[0], 40)), "leaves the sets");
	r = set_of(p[0], -1);
	is(sel(FD_SETSIZE, &r, NULL, NULL), 1, "n = 1024");
	close(p[0]);
	close(p[1]);
}

static void
refuses(void)
{
	struct timespec bad = {0, 1000000000};
	struct {
		void *mask;
		size_t len;
	} arg = {NULL, 0}, short_mask = {&bad, 4};
	char *border = page_border();

	is_errno(sel(64, (void *)8, NULL, NULL), EFAULT, "a bad set");
	is_errno(sel(64, NULL, (void *)8, NULL), EFAULT, "the second");
	is_errno(sel(64, NULL, NULL, (void *)8), EFAULT, "the third");
	is(sel(64, border - 8, NULL, NULL), 0, "8 bytes are a set of 64");
	is_errno(sel(1, border - 4, NULL, NULL), EFAULT, "and of 1");
	is(sel(0, (void *)8, NULL, NULL), 0, "none at all for n = 0");
	is_errno(raw(pselect6, 0, 0, 0, 0, &bad, NULL), EINVAL, "a bad time");
	bad = (struct timespec){-1, 0};
	is_errno(raw(pselect6, 0, 0, 0, 0, &bad, NULL), EINVAL, "a negative");
	is_errno(raw(pselect6, 0, 0, 0, 0, 8, NULL), EFAULT, "none there");
	is_errno(raw(pselect6, 0, 0, 0, 0, &none, 8), EFAULT,
	    "a bad place for the mask");
	is(raw(pselect6, 0, 0, 0, 0, &(struct timespec){0}, &arg), 0,
	    "no mask in it");
	is_errno(raw(pselect6, 0, 0, 0, 0, &(struct timespec){0}, &short_mask),
	    EINVAL, "a mask of 4 bytes");
}

/* Far more descriptors than a long has bits. */
static void
high_numbers(void)
{
	struct rlimit lim = {1024, 4096};
	int p[2];
	fd_set r;

	must(setrlimit(RLIMIT_NOFILE, &lim));
	must(pipe(p));
	must(dup2(p[0], 1000));
	must(write(p[1], "x", 1));
	r = set_of(1000, p[0]);
	is(sel(1001, &r, NULL, NULL), 2, "descriptor 1000");
	ok(same(r, set_of(1000, p[0])), "as any other");
	close(1000);
	close(p[0]);
	close(p[1]);
}

TEST(poll_select)
{
	answers();
	bounds();
	refuses();
	high_numbers();
}

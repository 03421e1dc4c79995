/*
 * The checks of tap.h.  Each writes its result in one piece of at most
 * PIPE_BUF bytes, which a pipe keeps together whoever else is writing.  The
 * results are not numbered: run.c does that, for only it sees all of them.
 */
#include "tap.h"

void *volatile tap_nowhere = (void *)8;

struct report {
	char text[PIPE_BUF];
	size_t len;
};

static void
report_add_v(struct report *r, const char *fmt, va_list ap)
{
	size_t room = sizeof(r->text) - r->len;
	int n = vsnprintf(r->text + r->len, room, fmt, ap);

	/* What does not fit is cut off, but never the last line's end. */
	if (n < 0 || (size_t)n >= room) {
		r->len = sizeof(r->text);
		r->text[r->len - 1] = '\n';
	} else {
		r->len += n;
	}
}

static void TAP_PRINTF(2) report_add(struct report *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_add_v(r, fmt, ap);
	va_end(ap);
}

static void
report_send(struct report *r)
{
	int saved = errno;

	while (write(STDOUT_FILENO, r->text, r->len) < 0 && errno == EINTR)
		;
	errno = saved;
}

static void
report_begin(struct report *r, bool good, const char *fmt, va_list ap)
{
	r->len = 0;
	report_add(r, good ? "ok - " : "not ok - ");
	report_add_v(r, fmt, ap);
	report_add(r, "\n");
}

static void
report_where(struct report *r, const char *file, int line, const char *expr)
{
	report_add(r, "# at %s:%d: %s\n", file, line, expr);
}

bool
tap_ok(const char *file, int line, const char *wrong, const char *fmt, ...)
{
	struct report r;
	va_list ap;

	va_start(ap, fmt);
	report_begin(&r, !wrong, fmt, ap);
	va_end(ap);
	if (wrong)
		report_where(&r, file, line, wrong);
	report_send(&r);
	return !wrong;
}

bool
tap_is(const char *file, int line, const char *expr, long long got,
    long long want, const char *fmt, ...)
{
	struct report r;
	va_list ap;

	va_start(ap, fmt);
	report_begin(&r, got == want, fmt, ap);
	va_end(ap);
	if (got != want) {
		report_where(&r, file, line, expr);
		report_add(&r, "# got %lld (%#llx), wanted %lld (%#llx)\n", got,
		    got, want, want);
	}
	report_send(&r);
	return got == want;
}

static const char *
errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "an unknown error";
}

bool
tap_is_errno(const char *file, int line, const char *expr, long ret, int got,
    int want, const char *fmt, ...)
{
	bool good = ret == -1 && got == want;
	struct report r;
	va_list ap;

	va_start(ap, fmt);
	report_begin(&r, good, fmt, ap);
	va_end(ap);
	if (!good) {
		report_where(&r, file, line, expr);
		if (ret == -1)
			report_add(&r, "# got %s, ", errno_name(got));
		else
			report_add(
			    &r, "# got %ld (%#lx) and no error, ", ret, ret);
		report_add(&r, "wanted %s\n", errno_name(want));
	}
	report_send(&r);
	return good;
}

bool
tap_str_is(const char *file, int line, const char *expr, const char *got,
    const char *want, const char *fmt, ...)
{
	bool good = got && want ? strcmp(got, want) == 0 : got == want;
	struct report r;
	va_list ap;

	va_start(ap, fmt);
	report_begin(&r, good, fmt, ap);
	va_end(ap);
	if (!good) {
		report_where(&r, file, line, expr);
		report_add(&r, "# got \"%s\", wanted \"%s\"\n",
		    got ? got : "(null)", want ? want : "(null)");
	}
	report_send(&r);
	return good;
}

static void
report_add_status(struct report *r, int status)
{
	if (WIFEXITED(status))
		report_add(r, "exit status %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		report_add(r, "signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		report_add(r, "wait status %#x", status);
}

bool
tap_ends(const char *file, int line, const char *expr, void (*fn)(void),
    int want, const char *fmt, ...)
{
	int got =
	    wait_status(spawn(fn)) & ~0x80; /* a core or none: no matter */
	struct report r;
	va_list ap;

	va_start(ap, fmt);
	report_begin(&r, got == want, fmt, ap);
	va_end(ap);
	if (got != want) {
		report_where(&r, file, line, expr);
		report_add(&r, "# got ");
		report_add_status(&r, got);
		report_add(&r, ", wanted ");
		report_add_status(&r, want);
		report_add(&r, "\n");
	}
	report_send(&r);
	return got == want;
}

void
tap_skip(const char *fmt, ...)
{
	struct report r = {.len = 0};
	va_list ap;

	va_start(ap, fmt);
	report_add(&r, "ok # SKIP ");
	report_add_v(&r, fmt, ap);
	va_end(ap);
	report_add(&r, "\n");
	report_send(&r);
}

void
tap_note(const char *fmt, ...)
{
	struct report r = {.len = 0};
	va_list ap;

	va_start(ap, fmt);
	report_add(&r, "# ");
	report_add_v(&r, fmt, ap);
	va_end(ap);
	report_add(&r, "\n");
	report_send(&r);
}

void
tap_give_up(const char *file, int line, const char *expr, int err)
{
	struct report r = {.len = 0};

	report_add(&r, "not ok - the test can't go on\n");
	report_where(&r, file, line, expr);
	report_add(&r, "# errno is %s\n", errno_name(err));
	report_send(&r);
	_exit(1);
}

/*
 * What the tests of inotify share: events as text.
 */
#ifndef GUEST_INOTIFY_H
#define GUEST_INOTIFY_H

#include "files.h"

#include <sys/inotify.h>

static inline void
inotify_text_add(char *text, size_t cap, const char *fmt, const char *word)
{
	size_t len = strlen(text);

	snprintf(text + len, cap - len, fmt, word);
}

/* The names of a mask's bits, in the order of their values. */
static inline void
inotify_text_mask(char *text, size_t cap, uint32_t mask)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {
	    {IN_ACCESS, "access"},
	    {IN_MODIFY, "modify"},
	    {IN_ATTRIB, "attrib"},
	    {IN_CLOSE_WRITE, "wrote"},
	    {IN_CLOSE_NOWRITE, "closed"},
	    {IN_OPEN, "open"},
	    {IN_MOVED_FROM, "from"},
	    {IN_MOVED_TO, "to"},
	    {IN_CREATE, "create"},
	    {IN_DELETE, "delete"},
	    {IN_DELETE_SELF, "gone"},
	    {IN_MOVE_SELF, "moved"},
	    {IN_UNMOUNT, "unmount"},
	    {IN_Q_OVERFLOW, "overflow"},
	    {IN_IGNORED, "ignored"},
	    {IN_ISDIR, "dir"},
	};
	size_t i;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (mask & bits[i].bit)
			inotify_text_add(text, cap, "+%s", bits[i].name);
}

/*
 * All that fd, which does not wait, has to tell: "WD+BIT+BIT(NAME)~ ..." with
 * "~" for a cookie that is not 0, and "~~" for one that the last event had too.
 */
static inline const char *
inotify_text(int fd)
{
	static char text[2048];
	char buf[8192] __attribute__((aligned(8)));
	uint32_t cookie = 0;
	ssize_t n, at;

	text[0] = '\0';
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < n;) {
			struct inotify_event *e = (void *)(buf + at);
			char nr[16];

			snprintf(nr, sizeof(nr), "%d", e->wd);
			inotify_text_add(
			    text, sizeof(text), text[0] ? " %s" : "%s", nr);
			inotify_text_mask(text, sizeof(text), e->mask);
			if (e->len)
				inotify_text_add(
				    text, sizeof(text), "(%s)", e->name);
			if (e->cookie)
				inotify_text_add(text, sizeof(text), "%s",
				    e->cookie == cookie ? "~~" : "~");
			cookie = e->cookie;
			at += sizeof(*e) + e->len;
		}
	}
	ensure(n == -1 && errno == EAGAIN);
	return text;
}

#endif

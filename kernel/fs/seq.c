#include "fs/seq.h"

#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/slab.h"

/* What a text begins with, once it has anything; it doubles from there. */
#define FIRST_CAP 512

void
seq_init(struct seq *s)
{
	*s = (struct seq){.buf = NULL};
}

void
seq_free(struct seq *s)
{
	kfree(s->buf);
	s->buf = NULL;
}

/* Room for len bytes more. */
static bool
grow(struct seq *s, size_t len)
{
	size_t cap = MAX(s->cap_bytes, (size_t)FIRST_CAP);
	char *buf;

	while (cap - s->len_bytes < len)
		cap *= 2;
	if (cap == s->cap_bytes)
		return true;
	buf = s->lost ? NULL : kmalloc(cap);
	if (buf == NULL) {
		s->lost = true;
		return false;
	}
	if (s->len_bytes > 0)
		memcpy(buf, s->buf, s->len_bytes);
	kfree(s->buf);
	s->buf = buf;
	s->cap_bytes = cap;
	return true;
}

void
seq_write(struct seq *s, const void *bytes, size_t len)
{
	if (!grow(s, len))
		return;
	memcpy(s->buf + s->len_bytes, bytes, len);
	s->len_bytes += len;
}

void
seq_puts(struct seq *s, const char *text)
{
	seq_write(s, text, strlen(text));
}

static void
put(void *ctx, const char *text, size_t len)
{
	seq_write(ctx, text, len);
}

void
seq_print(struct seq *s, const char *fmt, ...)
{
	struct fmt_sink sink = {.put = put, .ctx = s};
	va_list args;

	va_start(args, fmt);
	(void)fmt_v(&sink, fmt, args);
	va_end(args);
}

void
seq_escape(struct seq *s, const char *text)
{
	for (; *text != 0; text++) {
		if (strchr(" \t\n\\", *text) != NULL)
			seq_print(s, "\\%03o", (unsigned int)(u8)*text);
		else
			seq_write(s, text, 1);
	}
}

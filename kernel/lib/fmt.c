/*
 * One conversion is a struct spec, filled by the parser; a field is printed in
 * the parts that C's rules for numbers know:
 *
 *	| spaces | sign or 0x | zeros | digits | spaces |
 *
 * and a string is a field of digits alone.
 */
#include "lib/fmt.h"

#include "lib/assert.h"
#include "lib/string.h"

/* Padding beyond it is cut down: a broken format must not fill the log. */
#define MAX_PADDING 4096ul

/* 64 bits in octal, the longest of our bases. */
#define MAX_DIGITS 22

enum flag {
	FLAG_LEFT = 1,
	FLAG_PLUS = 2,
	FLAG_SPACE = 4,
	FLAG_ZERO = 8,
	FLAG_ALT = 16,
};

struct spec {
	unsigned int flags;
	size_t width;
	size_t precision;
	bool has_precision;
	unsigned int bits; /* of the integer that the size names */
	char conv;
};

/* va_list may be an array; inside a struct it can be passed by address. */
struct args {
	va_list ap;
};

struct out {
	const struct fmt_sink *sink;
	size_t total;
};

static void
put(struct out *o, const char *text, size_t len)
{
	if (len == 0)
		return;
	o->sink->put(o->sink->ctx, text, len);
	o->total += len;
}

static void
put_many(struct out *o, char c, size_t count)
{
	static const char spaces[] = "                ";
	static const char zeros[] = "0000000000000000";
	const char *from = c == '0' ? zeros : spaces;

	while (count > 0) {
		size_t len = MIN(count, sizeof(spaces) - 1);

		put(o, from, len);
		count -= len;
	}
}

/* The parts of one field; zeros may still grow to fill the width. */
struct field {
	const char *prefix;
	size_t zeros;
	const char *body;
	size_t len;
};

static void
put_field(struct out *o, const struct spec *s, const struct field *f)
{
	size_t used = strlen(f->prefix) + f->zeros + f->len;
	size_t pad = s->width > used ? s->width - used : 0;

	if (!(s->flags & FLAG_LEFT))
		put_many(o, ' ', pad);
	put(o, f->prefix, strlen(f->prefix));
	put_many(o, '0', f->zeros);
	put(o, f->body, f->len);
	if (s->flags & FLAG_LEFT)
		put_many(o, ' ', pad);
}

/* The digits of val, from some place in buf to its end. */
static const char *
digits_of(u64 val, unsigned int base, bool upper, char *end)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; val != 0; val /= base)
		*--end = set[val % base];
	return end;
}

static void
put_number(struct out *o, const struct spec *s, const char *prefix,
    unsigned int base, u64 val)
{
	char buf[MAX_DIGITS];
	char *end = buf + sizeof(buf);
	struct field f = {.prefix = prefix};
	size_t digits = s->has_precision ? MIN(s->precision, MAX_PADDING) : 1;
	size_t used;

	f.body = digits_of(val, base, s->conv == 'X', end);
	f.len = end - f.body;
	if (base == 8 && (s->flags & FLAG_ALT))
		digits = MAX(digits, f.len + 1);
	if (digits > f.len)
		f.zeros = digits - f.len;
	used = strlen(prefix) + f.zeros + f.len;
	if ((s->flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO &&
	    !s->has_precision && s->width > used)
		f.zeros += s->width - used;
	put_field(o, s, &f);
}

/* The next argument, cut to the width that its size names. */
static u64
next_unsigned(struct args *a, const struct spec *s)
{
	unsigned int shift = 64 - s->bits;

	/* l, ll, z and j are all 64 bits wide here. */
	static_assert(sizeof(long) == 8 && sizeof(size_t) == 8, "LP64");
	if (s->bits == 64)
		return va_arg(a->ap, unsigned long);
	return (u64)va_arg(a->ap, unsigned int) << shift >> shift;
}

static void
put_signed(struct out *o, const struct spec *s, struct args *a)
{
	u64 val = next_unsigned(a, s);
	bool negative = val >> (s->bits - 1) & 1;
	const char *sign = s->flags & FLAG_PLUS ? "+"
	    : s->flags & FLAG_SPACE             ? " "
						: "";

	if (!negative)
		put_number(o, s, sign, 10, val);
	else if (s->bits == 64)
		put_number(o, s, "-", 10, -val);
	else
		put_number(o, s, "-", 10, (1ul << s->bits) - val);
}

static void
put_unsigned(struct out *o, const struct spec *s, struct args *a)
{
	unsigned int base = s->conv == 'u' ? 10 : s->conv == 'o' ? 8 : 16;
	u64 val = next_unsigned(a, s);
	const char *prefix = "";

	if (base == 16 && (s->flags & FLAG_ALT) && val != 0)
		prefix = s->conv == 'X' ? "0X" : "0x";
	put_number(o, s, prefix, base, val);
}

static void
put_pointer(struct out *o, const struct spec *s, struct args *a)
{
	put_number(o, s, "0x", 16, (uintptr_t)va_arg(a->ap, void *));
}

static void
put_string(struct out *o, const struct spec *s, struct args *a)
{
	const char *text = va_arg(a->ap, const char *);
	struct field f = {.prefix = ""};

	f.body = text ? text : "(null)";
	f.len = strnlen(f.body, s->has_precision ? s->precision : SIZE_MAX);
	put_field(o, s, &f);
}

static void
put_char(struct out *o, const struct spec *s, struct args *a)
{
	char c = va_arg(a->ap, int);
	struct field f = {.prefix = "", .body = &c, .len = 1};

	put_field(o, s, &f);
}

static void
put_percent(struct out *o, const struct spec *s, struct args *a)
{
	(void)s;
	(void)a;
	put(o, "%", 1);
}

typedef void (*conversion_fn)(
    struct out *o, const struct spec *s, struct args *a);

static const conversion_fn conversions[128] = {
    ['d'] = put_signed,
    ['i'] = put_signed,
    ['u'] = put_unsigned,
    ['x'] = put_unsigned,
    ['X'] = put_unsigned,
    ['o'] = put_unsigned,
    ['c'] = put_char,
    ['s'] = put_string,
    ['p'] = put_pointer,
    ['%'] = put_percent,
};

static const char *
parse_flags(const char *p, struct spec *s)
{
	static const unsigned int flags[128] = {
	    ['-'] = FLAG_LEFT,
	    ['+'] = FLAG_PLUS,
	    [' '] = FLAG_SPACE,
	    ['0'] = FLAG_ZERO,
	    ['#'] = FLAG_ALT,
	};

	while ((u8)*p < ARRAY_SIZE(flags) && flags[(u8)*p] != 0)
		s->flags |= flags[(u8)*p++];
	return p;
}

/* A decimal number, 0 when there is none; it stops growing at some point. */
static const char *
parse_count(const char *p, size_t *count)
{
	size_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		n = MIN(n * 10 + (*p - '0'), (size_t)UINT32_MAX);
	*count = n;
	return p;
}

static const char *
parse_width(const char *p, struct spec *s, struct args *a)
{
	s64 width;

	if (*p != '*')
		return parse_count(p, &s->width);
	width = va_arg(a->ap, int);
	if (width < 0) {
		s->flags |= FLAG_LEFT;
		width = -width;
	}
	s->width = width;
	return p + 1;
}

/* A negative precision counts as none. */
static const char *
parse_precision(const char *p, struct spec *s, struct args *a)
{
	int precision;

	if (*p != '.')
		return p;
	if (p[1] != '*') {
		s->has_precision = true;
		return parse_count(p + 1, &s->precision);
	}
	precision = va_arg(a->ap, int);
	s->has_precision = precision >= 0;
	s->precision = s->has_precision ? precision : 0;
	return p + 2;
}

static const char *
parse_size(const char *p, struct spec *s)
{
	static const struct {
		const char *name;
		unsigned int bits;
	} sizes[] = {
	    {"hh", 8}, {"h", 16}, {"ll", 64}, {"l", 64}, {"z", 64}, {"j", 64}};
	size_t i;

	s->bits = 32;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (str_starts(p, sizes[i].name)) {
			s->bits = sizes[i].bits;
			return p + strlen(sizes[i].name);
		}
	}
	return p;
}

/* One conversion; p is behind its %.  NULL when there is no such. */
static const char *
convert(struct out *o, const char *p, struct args *a)
{
	struct spec s = {0};

	p = parse_flags(p, &s);
	p = parse_width(p, &s, a);
	s.width = MIN(s.width, MAX_PADDING);
	p = parse_precision(p, &s, a);
	p = parse_size(p, &s);
	s.conv = *p;
	if ((u8)s.conv >= ARRAY_SIZE(conversions) || !conversions[(u8)s.conv])
		return NULL;
	conversions[(u8)s.conv](o, &s, a);
	return p + 1;
}

size_t
fmt_v(const struct fmt_sink *sink, const char *fmt, va_list args)
{
	struct out o = {.sink = sink};
	struct args a;

	va_copy(a.ap, args);
	while (*fmt != 0) {
		const char *percent = strchr(fmt, '%');
		const char *next;

		if (!percent)
			break;
		put(&o, fmt, percent - fmt);
		fmt = percent;
		next = convert(&o, percent + 1, &a);
		if (!next)
			break;
		fmt = next;
	}
	put(&o, fmt, strlen(fmt));
	va_end(a.ap);
	return o.total;
}

size_t
fmt_print(const struct fmt_sink *sink, const char *fmt, ...)
{
	va_list args;
	size_t total;

	va_start(args, fmt);
	total = fmt_v(sink, fmt, args);
	va_end(args);
	return total;
}

/* A buffer being filled; next never reaches end, which the zero needs. */
struct buffer {
	char *next;
	char *end;
};

static void
buffer_put(void *ctx, const char *text, size_t len)
{
	struct buffer *b = ctx;

	len = MIN(len, (size_t)(b->end - b->next));
	memcpy(b->next, text, len);
	b->next += len;
}

size_t
fmt_vsnprint(char *buf, size_t cap, const char *fmt, va_list args)
{
	char none[1];
	struct buffer b = {.next = cap ? buf : none};
	struct fmt_sink sink = {.put = buffer_put, .ctx = &b};
	size_t total;

	b.end = cap ? buf + cap - 1 : none;
	total = fmt_v(&sink, fmt, args);
	*b.next = 0;
	return total;
}

size_t
fmt_snprint(char *buf, size_t cap, const char *fmt, ...)
{
	va_list args;
	size_t total;

	va_start(args, fmt);
	total = fmt_vsnprint(buf, cap, fmt, args);
	va_end(args);
	return total;
}

/*
 * The structure block is a row of tokens, each aligned to 4 bytes:
 *
 *	BEGIN_NODE name\0 | PROP len name-offset data | END_NODE | NOP | END
 *
 * token_read is the only function that takes one apart, and it believes
 * nothing: whatever it gives out lies inside the blob, strings are terminated.
 * check_structure adds that the tokens nest.  A node is the address of its
 * BEGIN_NODE token.
 */
#include "lib/fdt.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define MAGIC 0xd00dfeed

/* The version whose header is read here, and the last compatible one. */
#define VERSION 17

enum header_word {
	HEADER_MAGIC,
	HEADER_TOTALSIZE,
	HEADER_OFF_DT_STRUCT,
	HEADER_OFF_DT_STRINGS,
	HEADER_OFF_MEM_RSVMAP,
	HEADER_VERSION,
	HEADER_LAST_COMP_VERSION,
	HEADER_BOOT_CPUID_PHYS,
	HEADER_SIZE_DT_STRINGS,
	HEADER_SIZE_DT_STRUCT,
	HEADER_WORDS,
};

enum token_kind {
	TOKEN_BEGIN_NODE = 1,
	TOKEN_END_NODE = 2,
	TOKEN_PROP = 3,
	TOKEN_NOP = 4,
	TOKEN_END = 9,
};

#define CELL          4 /* bytes of everything that the format is made of */
#define RESERVED_SIZE (4 * CELL)

struct token {
	u32 kind;
	u32 next;             /* offset of the token behind it */
	const char *name;     /* of a node */
	struct fdt_prop prop; /* of a property */
};

static u32
load_cell(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* A number of up to two cells. */
static u64
load_cells(const u8 *p, u32 nr_cells)
{
	u64 val = 0;

	assert(nr_cells <= 2);
	for (; nr_cells > 0; nr_cells--, p += CELL)
		val = val << 32 | load_cell(p);
	return val;
}

/* ---- tokens ---- */

/* Whether a string of the block ends within it. */
static bool
is_terminated(const char *s, size_t max)
{
	return strnlen(s, max) < max;
}

/* The tail of a token that begins at `at` and has len bytes, or EINVAL. */
static int
token_end(const struct fdt *f, u64 at, u64 len, struct token *t)
{
	u64 end = align_up(at + len, CELL);

	if (end > f->structs_len_bytes)
		return -EINVAL;
	t->next = end;
	return 0;
}

static int
token_read_node(const struct fdt *f, u32 at, struct token *t)
{
	u32 left = f->structs_len_bytes - at - CELL;

	t->name = (const char *)f->structs + at + CELL;
	if (!is_terminated(t->name, left))
		return -EINVAL;
	return token_end(f, at, CELL + strlen(t->name) + 1, t);
}

static int
token_read_prop(const struct fdt *f, u32 at, struct token *t)
{
	const u8 *p = f->structs + at;
	u32 name;

	if (f->structs_len_bytes - at < 3 * CELL)
		return -EINVAL;
	t->prop.len_bytes = load_cell(p + CELL);
	t->prop.data = p + 3 * CELL;
	name = load_cell(p + 2 * CELL);
	t->prop.name = f->strings + name;
	if (name >= f->strings_len_bytes ||
	    !is_terminated(t->prop.name, f->strings_len_bytes - name))
		return -EINVAL;
	return token_end(f, at, 3 * CELL + (u64)t->prop.len_bytes, t);
}

/* Errors: EINVAL nothing of the kind, or not wholly in the block. */
static int
token_read(const struct fdt *f, u32 at, struct token *t)
{
	if (f->structs_len_bytes < CELL || at > f->structs_len_bytes - CELL)
		return -EINVAL;
	t->kind = load_cell(f->structs + at);
	switch (t->kind) {
	case TOKEN_BEGIN_NODE:
		return token_read_node(f, at, t);
	case TOKEN_PROP:
		return token_read_prop(f, at, t);
	case TOKEN_END_NODE:
	case TOKEN_NOP:
	case TOKEN_END:
		t->next = at + CELL;
		return 0;
	default:
		return -EINVAL;
	}
}

/* After fdt_open every token is known to be good. */
static void
token_get(const struct fdt *f, u32 at, struct token *t)
{
	int err = token_read(f, at, t);

	assert(!err);
}

/* ---- opening ---- */

/* Within [0, total) of the blob, however the two words wrap. */
static bool
is_inside(u32 offset, u32 len, u32 total)
{
	return offset <= total && len <= total - offset;
}

/* The reservations end with an entry of zeros. */
static int
check_reserved(struct fdt *f, u32 max_len_bytes)
{
	u32 i;

	for (i = 0; i < max_len_bytes / RESERVED_SIZE; i++) {
		const u8 *entry = f->reserved + i * RESERVED_SIZE;

		if (load_cells(entry, 2) == 0 &&
		    load_cells(entry + 2 * CELL, 2) == 0) {
			f->nr_reserved = i;
			return 0;
		}
	}
	return -EINVAL;
}

/* What check_structure knows between two tokens. */
struct nesting {
	u32 depth;
	bool may_have_prop; /* properties come before children */
	bool has_ended;     /* the root has: only END may follow */
};

static int
check_token(struct fdt *f, u32 at, const struct token *t, struct nesting *n)
{
	switch (t->kind) {
	case TOKEN_BEGIN_NODE:
		if (n->depth == FDT_MAX_DEPTH || n->has_ended)
			return -EINVAL;
		if (n->depth == 0)
			f->root = (const void *)(f->structs + at);
		n->depth++;
		n->may_have_prop = true;
		return 0;
	case TOKEN_PROP:
		return n->may_have_prop ? 0 : -EINVAL;
	case TOKEN_END_NODE:
		if (n->depth == 0)
			return -EINVAL;
		n->depth--;
		n->may_have_prop = false;
		n->has_ended = n->depth == 0;
		return 0;
	case TOKEN_END:
		return n->has_ended ? 0 : -EINVAL;
	default:
		return 0;
	}
}

static int
check_structure(struct fdt *f)
{
	struct nesting n = {0};
	struct token t = {0};
	u32 at;
	int err;

	for (at = 0; t.kind != TOKEN_END; at = t.next) {
		err = token_read(f, at, &t);
		if (!err)
			err = check_token(f, at, &t, &n);
		if (err)
			return err;
	}
	return 0;
}

int
fdt_open(const void *blob, size_t max_len_bytes, struct fdt *fdt)
{
	const u8 *base = blob;
	struct fdt f = {0};
	u32 header[HEADER_WORDS], total, i;

	if (max_len_bytes < sizeof(header))
		return -EINVAL;
	for (i = 0; i < HEADER_WORDS; i++)
		header[i] = load_cell(base + i * CELL);
	total = header[HEADER_TOTALSIZE];
	if (header[HEADER_MAGIC] != MAGIC || total > max_len_bytes ||
	    header[HEADER_VERSION] < VERSION ||
	    header[HEADER_LAST_COMP_VERSION] > VERSION)
		return -EINVAL;

	f.total_len_bytes = total;
	f.structs_len_bytes = header[HEADER_SIZE_DT_STRUCT];
	f.strings_len_bytes = header[HEADER_SIZE_DT_STRINGS];
	if (!is_inside(
		header[HEADER_OFF_DT_STRUCT], f.structs_len_bytes, total) ||
	    !is_inside(
		header[HEADER_OFF_DT_STRINGS], f.strings_len_bytes, total) ||
	    !is_inside(header[HEADER_OFF_MEM_RSVMAP], 0, total))
		return -EINVAL;
	f.structs = base + header[HEADER_OFF_DT_STRUCT];
	f.strings = (const char *)base + header[HEADER_OFF_DT_STRINGS];
	f.reserved = base + header[HEADER_OFF_MEM_RSVMAP];
	if (check_reserved(&f, total - header[HEADER_OFF_MEM_RSVMAP]) ||
	    check_structure(&f))
		return -EINVAL;
	*fdt = f;
	return 0;
}

/* ---- walking ---- */

static u32
offset_of(const struct fdt *f, const struct fdt_node *node)
{
	return (const u8 *)node - f->structs;
}

static const struct fdt_node *
node_at(const struct fdt *f, u32 at)
{
	return (const void *)(f->structs + at);
}

/* The token behind the node's own. */
static u32
inside_of(const struct fdt *f, const struct fdt_node *node)
{
	struct token t;

	token_get(f, offset_of(f, node), &t);
	assert(t.kind == TOKEN_BEGIN_NODE);
	return t.next;
}

const struct fdt_node *
fdt_next(const struct fdt *f, const struct fdt_node *node, int *depth)
{
	u32 at = inside_of(f, node);
	struct token t;

	for (;; at = t.next) {
		token_get(f, at, &t);
		switch (t.kind) {
		case TOKEN_BEGIN_NODE:
			++*depth;
			return node_at(f, at);
		case TOKEN_END_NODE:
			--*depth;
			break;
		case TOKEN_END:
			return NULL;
		default:
			break;
		}
	}
}

const struct fdt_node *
fdt_first_child(const struct fdt *f, const struct fdt_node *node)
{
	int depth = 0;
	const struct fdt_node *next = fdt_next(f, node, &depth);

	return depth == 1 ? next : NULL;
}

const struct fdt_node *
fdt_next_sibling(const struct fdt *f, const struct fdt_node *node)
{
	int depth = 0;

	do
		node = fdt_next(f, node, &depth);
	while (node && depth > 0);
	return depth == 0 ? node : NULL;
}

const struct fdt_node *
fdt_parent(const struct fdt *f, const struct fdt_node *node)
{
	const struct fdt_node *path[FDT_MAX_DEPTH];
	const struct fdt_node *at = f->root;
	int depth = 0;

	while (at != node) {
		assert(depth >= 0 && depth < FDT_MAX_DEPTH);
		path[depth] = at;
		at = fdt_next(f, at, &depth);
		assert(at);
	}
	return depth > 0 ? path[depth - 1] : NULL;
}

const char *
fdt_name(const struct fdt *f, const struct fdt_node *node)
{
	struct token t;

	token_get(f, offset_of(f, node), &t);
	return t.name;
}

/* ---- properties ---- */

bool
fdt_prop(const struct fdt *f, const struct fdt_node *node, const char *name,
    struct fdt_prop *prop)
{
	u32 at = inside_of(f, node);
	struct token t;

	for (;; at = t.next) {
		token_get(f, at, &t);
		if (t.kind == TOKEN_PROP && strcmp(t.prop.name, name) == 0) {
			*prop = t.prop;
			return true;
		}
		if (t.kind != TOKEN_PROP && t.kind != TOKEN_NOP)
			return false;
	}
}

int
fdt_cell(const struct fdt *f, const struct fdt_node *node, const char *name,
    u64 index, u32 *val)
{
	struct fdt_prop prop;

	if (!fdt_prop(f, node, name, &prop) || index >= prop.len_bytes / CELL)
		return -ENOENT;
	*val = load_cell(prop.data + index * CELL);
	return 0;
}

int
fdt_u32(const struct fdt *f, const struct fdt_node *node, const char *name,
    u32 *val)
{
	struct fdt_prop prop;

	if (!fdt_prop(f, node, name, &prop))
		return -ENOENT;
	if (prop.len_bytes != CELL)
		return -EINVAL;
	*val = load_cell(prop.data);
	return 0;
}

int
fdt_u64(const struct fdt *f, const struct fdt_node *node, const char *name,
    u64 *val)
{
	struct fdt_prop prop;

	if (!fdt_prop(f, node, name, &prop))
		return -ENOENT;
	if (prop.len_bytes != CELL && prop.len_bytes != 2 * CELL)
		return -EINVAL;
	*val = load_cells(prop.data, prop.len_bytes / CELL);
	return 0;
}

const char *
fdt_string(const struct fdt *f, const struct fdt_node *node, const char *name,
    u32 index)
{
	struct fdt_prop prop;
	u32 at, len;

	if (!fdt_prop(f, node, name, &prop))
		return NULL;
	for (at = 0; at < prop.len_bytes; at += len + 1, index--) {
		const char *s = (const char *)prop.data + at;

		len = strnlen(s, prop.len_bytes - at);
		if (len == prop.len_bytes - at)
			return NULL;
		if (index == 0)
			return s;
	}
	return NULL;
}

bool
fdt_has_string(const struct fdt *f, const struct fdt_node *node,
    const char *name, const char *string)
{
	const char *s;
	u32 i;

	for (i = 0; (s = fdt_string(f, node, name, i)); i++)
		if (strcmp(s, string) == 0)
			return true;
	return false;
}

bool
fdt_enabled(const struct fdt *f, const struct fdt_node *node)
{
	const char *status = fdt_string(f, node, "status", 0);

	return !status || strcmp(status, "okay") == 0 ||
	    strcmp(status, "ok") == 0;
}

bool
fdt_reserved(const struct fdt *f, u32 index, u64 *addr, u64 *size_bytes)
{
	const u8 *entry = f->reserved + (u64)index * RESERVED_SIZE;

	if (index >= f->nr_reserved)
		return false;
	*addr = load_cells(entry, 2);
	*size_bytes = load_cells(entry + 2 * CELL, 2);
	return true;
}

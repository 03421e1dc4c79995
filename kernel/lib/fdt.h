/*
 * Reads a flattened device tree (Devicetree Specification 0.4, chapter 5).
 *
 * fdt_open looks at every byte that matters once; after it has said yes,
 * nothing in the tree can lead a walk astray or out of the blob, which must
 * then stay as it is.  Names and data given out lie in the blob.
 */
#ifndef LIB_FDT_H
#define LIB_FDT_H

#include "lib/types.h"

/* How deep nodes may nest; real trees use about five. */
#define FDT_MAX_DEPTH 32

/* The most cells that one interrupt is told by; real controllers use three. */
#define FDT_IRQ_CELLS 4

/* A node is a place in the blob, and nothing but these functions reads it. */
struct fdt_node;

struct fdt {
	const u8 *structs;
	u32 structs_len_bytes;
	u32 strings_len_bytes;
	const char *strings;
	const u8 *reserved;
	u32 nr_reserved;
	u32 total_len_bytes; /* of the blob */
	const struct fdt_node *root;
};

struct fdt_prop {
	const char *name;
	const u8 *data; /* numbers in it are big-endian and unaligned */
	u32 len_bytes;
};

/* Errors: EINVAL not a device tree, or a broken one. */
int fdt_open(
    const void *blob, size_t max_len_bytes, struct fdt *fdt) MUST_CHECK;

/* ---- walking ---- */

/*
 * The next node in the order of the text, children first; *depth follows.
 * NULL at the end.  Begun at any node with depth 0, a walk is still below that
 * node as long as the depth is above 0.
 */
const struct fdt_node *fdt_next(
    const struct fdt *fdt, const struct fdt_node *node, int *depth);
/* NULL where there is none. */
const struct fdt_node *fdt_first_child(
    const struct fdt *fdt, const struct fdt_node *node);
const struct fdt_node *fdt_next_sibling(
    const struct fdt *fdt, const struct fdt_node *node);
const struct fdt_node *fdt_parent(
    const struct fdt *fdt, const struct fdt_node *node);

/* With its unit address: "serial@10000000". */
const char *fdt_name(const struct fdt *fdt, const struct fdt_node *node);

/* ---- finding ---- */

/*
 * "/soc/serial@10000000"; a unit address may be left out.  Without a leading
 * slash the first part is a name in /aliases.  A colon ends the path as in
 * /chosen/stdout-path.  NULL when there is no such node.
 */
const struct fdt_node *fdt_find_path(const struct fdt *fdt, const char *path);

/* The first one after a node, or of all when that is NULL; NULL if none. */
const struct fdt_node *fdt_find_compatible(const struct fdt *fdt,
    const struct fdt_node *after, const char *compatible);
const struct fdt_node *fdt_find_device_type(
    const struct fdt *fdt, const struct fdt_node *after, const char *type);

const struct fdt_node *fdt_find_phandle(const struct fdt *fdt, u32 phandle);

/* ---- properties ---- */

/* False when the node has no such property. */
bool fdt_prop(const struct fdt *fdt, const struct fdt_node *node,
    const char *name, struct fdt_prop *prop);

/* The cell at this index of a property.  Errors: ENOENT. */
int fdt_cell(const struct fdt *fdt, const struct fdt_node *node,
    const char *name, u64 index, u32 *val) MUST_CHECK;

/* A property that is one number, of 32, or of 32 or 64 bits.
 * Errors: ENOENT; EINVAL another length. */
int fdt_u32(const struct fdt *fdt, const struct fdt_node *node,
    const char *name, u32 *val) MUST_CHECK;
int fdt_u64(const struct fdt *fdt, const struct fdt_node *node,
    const char *name, u64 *val) MUST_CHECK;

/* The string at this index of a list of them, or NULL. */
const char *fdt_string(const struct fdt *fdt, const struct fdt_node *node,
    const char *name, u32 index);

/* Whether one of the strings of a property is this one. */
bool fdt_has_string(const struct fdt *fdt, const struct fdt_node *node,
    const char *name, const char *string);

/* Whether the node's status lets it be used. */
bool fdt_enabled(const struct fdt *fdt, const struct fdt_node *node);

/* ---- what the properties mean ---- */

/*
 * The index-th range of the node's reg, by its parent's cell counts.  Buses
 * are taken to pass addresses through as they are.
 * Errors: ENOENT no such range; EINVAL cell counts beyond 64 bits.
 */
int fdt_reg(const struct fdt *fdt, const struct fdt_node *node, u32 index,
    u64 *addr, u64 *size_bytes) MUST_CHECK;

struct fdt_irq {
	const struct fdt_node *controller;
	u32 nr_cells;
	u32 cells[FDT_IRQ_CELLS];
};

/*
 * The index-th interrupt, by interrupts-extended or by interrupts and the
 * interrupt-parent that holds for the node.
 * Errors: ENOENT no such interrupt; EINVAL its controller cannot be made out.
 */
int fdt_irq(const struct fdt *fdt, const struct fdt_node *node, u32 index,
    struct fdt_irq *irq) MUST_CHECK;

/* The index-th entry of the memory reservation block; false behind the last. */
bool fdt_reserved(const struct fdt *fdt, u32 index, u64 *addr, u64 *size_bytes);

#endif

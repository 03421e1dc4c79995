/*
 * Finding nodes, and what their common properties mean, in terms of fdt.c.
 * Each search walks from the start of the tree; that is quick enough for what
 * is read once, at boot.
 */
#include "lib/fdt.h"

#include "lib/errno.h"
#include "lib/string.h"

/* The counts that hold where a parent does not tell them (section 2.3.5). */
#define DEFAULT_ADDRESS_CELLS 2
#define DEFAULT_SIZE_CELLS    1

/* The longest name of a property that the specification allows. */
#define MAX_PROP_NAME 31

/* ---- finding ---- */

/* Whether a node's name is this part of a path, unit address or not. */
static bool
name_matches(const char *name, const char *part, size_t len)
{
	if (strncmp(name, part, len) != 0)
		return false;
	return name[len] == 0 || name[len] == '@';
}

static const struct fdt_node *
find_child(const struct fdt *f, const struct fdt_node *node, const char *part,
    size_t len)
{
	const struct fdt_node *child = fdt_first_child(f, node);

	while (child && !name_matches(fdt_name(f, child), part, len))
		child = fdt_next_sibling(f, child);
	return child;
}

/* The length of the part of a path that begins here. */
static size_t
part_len(const char *path)
{
	size_t len = 0;

	while (path[len] != 0 && path[len] != '/' && path[len] != ':')
		len++;
	return len;
}

/* Follows a path from a node; it may begin with slashes. */
static const struct fdt_node *
follow(const struct fdt *f, const struct fdt_node *node, const char *path)
{
	size_t len;

	for (; node && *path != 0 && *path != ':'; path += len) {
		len = part_len(path);
		if (len > 0)
			node = find_child(f, node, path, len);
		else
			len = 1;
	}
	return node;
}

/* What the alias at the start of a path stands for. */
static const struct fdt_node *
find_alias(const struct fdt *f, const char *alias, size_t len)
{
	const struct fdt_node *aliases = follow(f, f->root, "/aliases");
	const char *path;
	char name[MAX_PROP_NAME + 1];

	if (!aliases || len >= sizeof(name))
		return NULL;
	memcpy(name, alias, len);
	name[len] = 0;
	path = fdt_string(f, aliases, name, 0);
	/* An alias cannot stand for another one, so there is no circle. */
	return path && path[0] == '/' ? follow(f, f->root, path) : NULL;
}

const struct fdt_node *
fdt_find_path(const struct fdt *f, const char *path)
{
	size_t len;

	if (path[0] == '/')
		return follow(f, f->root, path);
	len = part_len(path);
	return follow(f, find_alias(f, path, len), path + len);
}

/* The first node behind `after` that has this among a property's strings. */
static const struct fdt_node *
find_string(const struct fdt *f, const struct fdt_node *after, const char *name,
    const char *string)
{
	int depth = 0;
	const struct fdt_node *node =
	    after ? fdt_next(f, after, &depth) : f->root;

	while (node && !fdt_has_string(f, node, name, string))
		node = fdt_next(f, node, &depth);
	return node;
}

const struct fdt_node *
fdt_find_compatible(
    const struct fdt *f, const struct fdt_node *after, const char *compatible)
{
	return find_string(f, after, "compatible", compatible);
}

const struct fdt_node *
fdt_find_device_type(
    const struct fdt *f, const struct fdt_node *after, const char *type)
{
	return find_string(f, after, "device_type", type);
}

const struct fdt_node *
fdt_find_phandle(const struct fdt *f, u32 phandle)
{
	const struct fdt_node *node = f->root;
	int depth = 0;
	u32 val;

	for (; node; node = fdt_next(f, node, &depth))
		if (!fdt_u32(f, node, "phandle", &val) && val == phandle)
			return node;
	return NULL;
}

/* ---- what the properties mean ---- */

static u32
cell_count(const struct fdt *f, const struct fdt_node *node, const char *name,
    u32 otherwise)
{
	u32 val;

	return fdt_u32(f, node, name, &val) ? otherwise : val;
}

/* A number of up to two cells, the first of them at this index. */
static int
number_at(const struct fdt *f, const struct fdt_node *node, const char *name,
    u64 index, u32 nr_cells, u64 *val)
{
	u64 number = 0;
	u32 i, cell;

	for (i = 0; i < nr_cells; i++) {
		if (fdt_cell(f, node, name, index + i, &cell))
			return -ENOENT;
		number = number << 32 | cell;
	}
	*val = number;
	return 0;
}

int
fdt_reg(const struct fdt *f, const struct fdt_node *node, u32 index, u64 *addr,
    u64 *size_bytes)
{
	const struct fdt_node *parent = fdt_parent(f, node);
	u32 address_cells, size_cells;
	u64 first;
	int err;

	if (!parent)
		return -ENOENT;
	address_cells =
	    cell_count(f, parent, "#address-cells", DEFAULT_ADDRESS_CELLS);
	size_cells = cell_count(f, parent, "#size-cells", DEFAULT_SIZE_CELLS);
	if (address_cells < 1 || address_cells > 2 || size_cells > 2)
		return -EINVAL;
	first = (u64)index * (address_cells + size_cells);
	err = number_at(f, node, "reg", first, address_cells, addr);
	if (err)
		return err;
	return number_at(
	    f, node, "reg", first + address_cells, size_cells, size_bytes);
}

/* The controller that the node, or the nearest one above it, names. */
static const struct fdt_node *
interrupt_parent(const struct fdt *f, const struct fdt_node *node)
{
	u32 phandle;

	for (; node; node = fdt_parent(f, node))
		if (!fdt_u32(f, node, "interrupt-parent", &phandle))
			return fdt_find_phandle(f, phandle);
	return NULL;
}

/* Fills in all but the cells. */
static int
irq_start(
    const struct fdt *f, const struct fdt_node *controller, struct fdt_irq *irq)
{
	if (!controller)
		return -EINVAL;
	irq->controller = controller;
	irq->nr_cells = cell_count(f, controller, "#interrupt-cells", 0);
	if (irq->nr_cells < 1 || irq->nr_cells > FDT_IRQ_CELLS)
		return -EINVAL;
	return 0;
}

static int
irq_read_cells(const struct fdt *f, const struct fdt_node *node,
    const char *name, u64 first, struct fdt_irq *irq)
{
	u32 i;

	for (i = 0; i < irq->nr_cells; i++)
		if (fdt_cell(f, node, name, first + i, &irq->cells[i]))
			return -ENOENT;
	return 0;
}

/* Each entry names its controller, which says how long the entry is. */
static int
irq_extended(const struct fdt *f, const struct fdt_node *node, u32 index,
    struct fdt_irq *irq)
{
	const char *name = "interrupts-extended";
	u64 at = 0;
	int err;

	for (;; index--) {
		u32 phandle;

		if (fdt_cell(f, node, name, at, &phandle))
			return -ENOENT;
		err = irq_start(f, fdt_find_phandle(f, phandle), irq);
		if (err)
			return err;
		if (index == 0)
			return irq_read_cells(f, node, name, at + 1, irq);
		at += 1 + irq->nr_cells;
	}
}

int
fdt_irq(const struct fdt *f, const struct fdt_node *node, u32 index,
    struct fdt_irq *irq)
{
	struct fdt_prop prop;
	int err;

	if (fdt_prop(f, node, "interrupts-extended", &prop))
		return irq_extended(f, node, index, irq);
	if (!fdt_prop(f, node, "interrupts", &prop))
		return -ENOENT;
	err = irq_start(f, interrupt_parent(f, node), irq);
	if (err)
		return err;
	return irq_read_cells(
	    f, node, "interrupts", (u64)index * irq->nr_cells, irq);
}

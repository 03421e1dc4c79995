/* links: lib/fdt_find.c */

/* Opens any bytes, and if they pass for a tree, asks everything of it. */
#include <string.h>

#include "replay.h"

#include "lib/assert.h"
#include "lib/fdt.h"

#define NR_INDEXES 3

static const char *const props[] = {"reg", "compatible", "interrupts",
    "interrupts-extended", "phandle", "#address-cells", "no-such"};

static void
check_inside(const struct fdt *f, const void *p, size_t len)
{
	const u8 *start = f->structs;

	assert((const u8 *)p >= start);
	assert((const u8 *)p + len <= start + f->structs_len_bytes);
}

static void
ask_props(const struct fdt *f, const struct fdt_node *node)
{
	struct fdt_prop prop;
	const char *s;
	size_t i;
	u32 cell;
	u64 val;

	for (i = 0; i < ARRAY_SIZE(props); i++) {
		if (fdt_prop(f, node, props[i], &prop))
			check_inside(f, prop.data, prop.len_bytes);
		s = fdt_string(f, node, props[i], i);
		if (s)
			check_inside(f, s, strlen(s) + 1);
		(void)!fdt_cell(f, node, props[i], i, &cell);
		(void)!fdt_u32(f, node, props[i], &cell);
		(void)!fdt_u64(f, node, props[i], &val);
	}
	fdt_has_string(f, node, "compatible", "riscv");
	fdt_enabled(f, node);
}

static void
ask_meaning(const struct fdt *f, const struct fdt_node *node)
{
	struct fdt_irq irq;
	u64 addr, size;
	u32 i;

	for (i = 0; i < NR_INDEXES; i++) {
		(void)!fdt_reg(f, node, i, &addr, &size);
		if (fdt_irq(f, node, i, &irq))
			continue;
		check_inside(f, irq.controller, 0);
		assert(irq.nr_cells <= FDT_IRQ_CELLS);
	}
	(void)!fdt_reg(f, node, UINT32_MAX, &addr, &size);
}

/* However one gets to a node, it is the same node. */
static void
ask_family(const struct fdt *f, const struct fdt_node *node)
{
	const struct fdt_node *child = fdt_first_child(f, node);
	const char *name = fdt_name(f, node);

	check_inside(f, name, strlen(name) + 1);
	if (child)
		assert(fdt_parent(f, child) == node);
	child = fdt_next_sibling(f, node);
	if (child)
		assert(fdt_parent(f, child) == fdt_parent(f, node));
}

static void
ask_tree(const struct fdt *f)
{
	u64 addr, size;
	u32 i;

	for (i = 0; fdt_reserved(f, i, &addr, &size); i++)
		continue;
	assert(i == f->nr_reserved);
	fdt_find_path(f, "/soc/serial@10000000");
	fdt_find_path(f, "/chosen//x");
	fdt_find_path(f, "serial0:115200n8");
	fdt_find_compatible(f, NULL, "ns16550a");
	fdt_find_compatible(f, f->root, "riscv,plic0");
	fdt_find_device_type(f, NULL, "memory");
	fdt_find_phandle(f, 1);
}

int
LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	const struct fdt_node *node;
	struct fdt f;
	int depth = 0;

	if (fdt_open(data, len, &f))
		return 0;
	assert(f.total_len_bytes <= len);
	ask_tree(&f);
	for (node = f.root; node; node = fdt_next(&f, node, &depth)) {
		assert(depth >= 0 && depth < FDT_MAX_DEPTH);
		ask_props(&f, node);
		ask_meaning(&f, node);
		ask_family(&f, node);
	}
	return 0;
}

/* links: lib/fdt_find.c lib/fuzz_fdt.c */

#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "replay.h"

#include "lib/errno.h"
#include "lib/fdt.h"

#define BLOCK_SIZE 4096

enum header_word {
	MAGIC,
	TOTALSIZE,
	OFF_STRUCT,
	OFF_STRINGS,
	OFF_RSVMAP,
	VERSION,
	LAST_COMP,
	BOOT_CPU,
	SIZE_STRINGS,
	SIZE_STRUCT,
	HEADER_WORDS,
};

enum token {
	BEGIN_NODE = 1,
	END_NODE = 2,
	PROP = 3,
	NOP = 4,
	END = 9,
};

/* A tree being written, and the blob that comes of it. */
static struct {
	u8 structs[BLOCK_SIZE];
	u32 len;
	char strings[BLOCK_SIZE];
	u32 strings_len;
	u8 blob[3 * BLOCK_SIZE];
	u32 blob_len;
} b;

static void
store_cell(u8 *at, u32 val)
{
	at[0] = val >> 24;
	at[1] = val >> 16;
	at[2] = val >> 8;
	at[3] = val;
}

static void
add_cell(u32 val)
{
	store_cell(b.structs + b.len, val);
	b.len += 4;
}

/* Padded to a whole cell with something that is not 0. */
static void
add_bytes(const void *data, u32 len)
{
	memset(b.structs + b.len, 0xa5, len + 4);
	memcpy(b.structs + b.len, data, len);
	b.len += align_up(len, 4);
}

static void
begin(const char *name)
{
	add_cell(BEGIN_NODE);
	add_bytes(name, strlen(name) + 1);
}

static void
end(void)
{
	add_cell(END_NODE);
}

static void
prop(const char *name, const void *data, u32 len)
{
	add_cell(PROP);
	add_cell(len);
	add_cell(b.strings_len);
	strcpy(b.strings + b.strings_len, name);
	b.strings_len += strlen(name) + 1;
	add_bytes(data, len);
}

static void
prop_string(const char *name, const char *s)
{
	prop(name, s, strlen(s) + 1);
}

#define prop_cells(name, ...)                                                  \
	prop_words(                                                            \
	    name, (u32[]){__VA_ARGS__}, ARRAY_SIZE(((u32[]){__VA_ARGS__})))

static void
prop_words(const char *name, const u32 *words, u32 count)
{
	u8 data[64];
	u32 i;

	for (i = 0; i < count; i++)
		store_cell(data + 4 * i, words[i]);
	prop(name, data, 4 * count);
}

static void
builder_start(void)
{
	memset(&b, 0, sizeof(b));
}

/* Two reservations and the zeros that end them. */
static const u32 reservations[] = {
    0, 0x80000000, 0, 0x20000, 1, 2, 3, 4, 0, 0, 0, 0};

static void
header_set(enum header_word word, u32 val)
{
	store_cell(b.blob + 4 * word, val);
}

static u32
append(const void *data, u32 len)
{
	u32 at = b.blob_len;

	memcpy(b.blob + at, data, len);
	b.blob_len += len;
	return at;
}

static void
builder_finish(void)
{
	u8 reserved[sizeof(reservations)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reservations); i++)
		store_cell(reserved + 4 * i, reservations[i]);
	b.blob_len = 4 * HEADER_WORDS;
	header_set(MAGIC, 0xd00dfeed);
	header_set(VERSION, 17);
	header_set(LAST_COMP, 16);
	header_set(OFF_RSVMAP, append(reserved, sizeof(reserved)));
	header_set(OFF_STRINGS, append(b.strings, b.strings_len));
	header_set(SIZE_STRINGS, b.strings_len);
	/* Last, so that a walk that leaves it leaves the blob as well. */
	header_set(OFF_STRUCT, append(b.structs, b.len));
	header_set(SIZE_STRUCT, b.len);
	header_set(TOTALSIZE, b.blob_len);
}

static int
open_blob(struct fdt *f)
{
	return fdt_open(b.blob, b.blob_len, f);
}

static void
build_cpus(void)
{
	begin("cpus");
	prop_cells("#address-cells", 1);
	prop_cells("#size-cells", 0);
	begin("cpu@0");
	prop_string("device_type", "cpu");
	prop_cells("reg", 7);
	begin("interrupt-controller");
	prop_cells("#interrupt-cells", 1);
	prop_cells("phandle", 2);
	end();
	end();
	end();
}

static void
build_soc(void)
{
	begin("soc");
	prop_cells("#address-cells", 2);
	prop_cells("#size-cells", 2);
	prop_cells("interrupt-parent", 3);
	begin("serial@10000000");
	prop("compatible", "ns16550a\0ns16550", 17);
	prop_cells("interrupts", 10, 11);
	prop_cells("reg", 0, 0x10000000, 0, 0x100, 1, 2, 3, 4, 5);
	prop_string("status", "okay");
	end();
	begin("plic@c000000");
	prop_string("compatible", "riscv,plic0");
	prop_cells("phandle", 3);
	prop_cells("#interrupt-cells", 1);
	prop_cells("interrupts-extended", 2, 11, 2, 9, 99, 1);
	prop_string("status", "disabled");
	end();
	add_cell(NOP);
	begin("timer");
	add_cell(NOP);
	prop_cells("short", 1);
	end();
	end();
}

static void
build_machine(void)
{
	builder_start();
	add_cell(NOP);
	begin("");
	prop_string("model", "test");
	begin("memory@80000000");
	prop_string("device_type", "memory");
	prop_cells("reg", 0x1, 0x80000000, 0x8000000);
	end();
	build_cpus();
	build_soc();
	begin("aliases");
	prop_string("serial0", "/soc/serial@10000000");
	prop_string("relative", "soc");
	prop("torn", "/soc", 4);
	end();
	begin("chosen");
	prop_cells("initrd-start", 0x84000000);
	prop_cells("wide", 1, 2);
	prop_cells("odd", 1, 2, 3);
	end();
	end();
	add_cell(END);
	builder_finish();
}

static void
open_machine(struct fdt *f)
{
	build_machine();
	assert_int_equal(open_blob(f), 0);
	assert_int_equal(f->total_len_bytes, b.blob_len);
}

static const struct fdt_node *
must_find(const struct fdt *f, const char *path)
{
	const struct fdt_node *node = fdt_find_path(f, path);

	assert_non_null(node);
	return node;
}

static void
test_walk(void **state)
{
	static const struct {
		const char *name;
		int depth;
	} want[] = {{"", 0}, {"memory@80000000", 1}, {"cpus", 1}, {"cpu@0", 2},
	    {"interrupt-controller", 3}, {"soc", 1}, {"serial@10000000", 2},
	    {"plic@c000000", 2}, {"timer", 2}, {"aliases", 1}, {"chosen", 1}};
	const struct fdt_node *node;
	struct fdt f;
	int depth = 0;
	size_t i = 0;

	(void)state;
	open_machine(&f);
	for (node = f.root; node; node = fdt_next(&f, node, &depth), i++) {
		assert_string_equal(fdt_name(&f, node), want[i].name);
		assert_int_equal(depth, want[i].depth);
	}
	assert_int_equal(i, ARRAY_SIZE(want));
}

static void
test_family(void **state)
{
	const struct fdt_node *soc, *node;
	struct fdt f;

	(void)state;
	open_machine(&f);
	soc = must_find(&f, "/soc");
	node = fdt_first_child(&f, soc);
	assert_string_equal(fdt_name(&f, node), "serial@10000000");
	node = fdt_next_sibling(&f, node);
	assert_string_equal(fdt_name(&f, node), "plic@c000000");
	assert_null(fdt_first_child(&f, node));
	node = fdt_next_sibling(&f, node);
	assert_string_equal(fdt_name(&f, node), "timer");
	assert_null(fdt_next_sibling(&f, node));
	assert_ptr_equal(fdt_parent(&f, node), soc);
	assert_ptr_equal(fdt_parent(&f, soc), f.root);
	assert_null(fdt_parent(&f, f.root));
	assert_null(fdt_next_sibling(&f, f.root));
}

static void
test_find_path(void **state)
{
	const struct fdt_node *serial;
	struct fdt f;

	(void)state;
	open_machine(&f);
	serial = must_find(&f, "/soc/serial@10000000");
	assert_ptr_equal(must_find(&f, "/soc/serial"), serial);
	assert_ptr_equal(must_find(&f, "//soc//serial/"), serial);
	assert_ptr_equal(must_find(&f, "/soc/serial:115200n8"), serial);
	assert_ptr_equal(must_find(&f, "serial0"), serial);
	assert_ptr_equal(must_find(&f, "serial0:115200n8"), serial);
	assert_ptr_equal(must_find(&f, "/"), f.root);
	assert_null(fdt_find_path(&f, "/soc/seria"));
	assert_null(fdt_find_path(&f, "/soc/serial@1"));
	assert_null(fdt_find_path(&f, "/soc/serial/x"));
	assert_null(fdt_find_path(&f, "serial1"));
	assert_null(fdt_find_path(&f, "serial0/x"));
	assert_null(fdt_find_path(&f, "relative"));
	assert_null(fdt_find_path(&f, "torn"));
	assert_null(fdt_find_path(&f, ""));
	assert_null(fdt_find_path(&f, "a-name-longer-than-any-property-has"));
}

static void
test_find_by_property(void **state)
{
	const struct fdt_node *node;
	struct fdt f;

	(void)state;
	open_machine(&f);
	node = fdt_find_compatible(&f, NULL, "ns16550");
	assert_string_equal(fdt_name(&f, node), "serial@10000000");
	assert_ptr_equal(fdt_find_compatible(&f, f.root, "ns16550a"), node);
	assert_null(fdt_find_compatible(&f, node, "ns16550"));
	assert_null(fdt_find_compatible(&f, NULL, "ns1655"));
	node = fdt_find_device_type(&f, NULL, "memory");
	assert_string_equal(fdt_name(&f, node), "memory@80000000");
	assert_null(fdt_find_device_type(&f, node, "memory"));
	node = fdt_find_phandle(&f, 2);
	assert_string_equal(fdt_name(&f, node), "interrupt-controller");
	assert_null(fdt_find_phandle(&f, 99));
}

static void
test_properties(void **state)
{
	const struct fdt_node *chosen, *serial, *plic;
	struct fdt f;
	u64 wide;
	u32 val;

	(void)state;
	open_machine(&f);
	chosen = must_find(&f, "/chosen");
	assert_int_equal(fdt_u32(&f, chosen, "initrd-start", &val), 0);
	assert_int_equal(val, 0x84000000);
	assert_int_equal(fdt_u64(&f, chosen, "initrd-start", &wide), 0);
	assert_int_equal(wide, 0x84000000);
	assert_int_equal(fdt_u64(&f, chosen, "wide", &wide), 0);
	assert_int_equal(wide, 0x100000002);
	assert_int_equal(fdt_u32(&f, chosen, "wide", &val), -EINVAL);
	assert_int_equal(fdt_u64(&f, chosen, "odd", &wide), -EINVAL);
	assert_int_equal(fdt_u32(&f, chosen, "none", &val), -ENOENT);
	assert_int_equal(fdt_cell(&f, chosen, "odd", 2, &val), 0);
	assert_int_equal(val, 3);
	assert_int_equal(fdt_cell(&f, chosen, "odd", 3, &val), -ENOENT);
	serial = must_find(&f, "/soc/serial");
	assert_string_equal(fdt_string(&f, serial, "compatible", 1), "ns16550");
	assert_null(fdt_string(&f, serial, "compatible", 2));
	assert_null(fdt_string(&f, serial, "interrupts-extended", 0));
	plic = must_find(&f, "/soc/plic");
	assert_true(fdt_enabled(&f, serial));
	assert_false(fdt_enabled(&f, plic));
	assert_true(fdt_enabled(&f, chosen));
}

static void
test_reg(void **state)
{
	struct fdt f;
	u64 addr, size;

	(void)state;
	open_machine(&f);
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/soc/serial"), 0, &addr, &size), 0);
	assert_int_equal(addr, 0x10000000);
	assert_int_equal(size, 0x100);
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/soc/serial"), 1, &addr, &size), 0);
	assert_int_equal(addr, 0x100000002);
	assert_int_equal(size, 0x300000004);
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/soc/serial"), 2, &addr, &size),
	    -ENOENT);
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/soc/serial"), UINT32_MAX, &addr, &size),
	    -ENOENT);
	/* Times the four cells of an entry it is 2^32. */
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/soc/serial"), 1u << 30, &addr, &size),
	    -ENOENT);
	/* The root says nothing of cells: two and one. */
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/memory"), 0, &addr, &size), 0);
	assert_int_equal(addr, 0x180000000);
	assert_int_equal(size, 0x8000000);
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/cpus/cpu@0"), 0, &addr, &size), 0);
	assert_int_equal(addr, 7);
	assert_int_equal(size, 0);
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/chosen"), 0, &addr, &size), -ENOENT);
	assert_int_equal(fdt_reg(&f, f.root, 0, &addr, &size), -ENOENT);
}

static void
test_irq(void **state)
{
	const struct fdt_node *serial, *plic;
	struct fdt_irq irq;
	struct fdt f;

	(void)state;
	open_machine(&f);
	serial = must_find(&f, "/soc/serial");
	plic = must_find(&f, "/soc/plic");
	assert_int_equal(fdt_irq(&f, serial, 1, &irq), 0);
	assert_ptr_equal(irq.controller, plic);
	assert_int_equal(irq.nr_cells, 1);
	assert_int_equal(irq.cells[0], 11);
	assert_int_equal(fdt_irq(&f, serial, 2, &irq), -ENOENT);
	assert_int_equal(fdt_irq(&f, plic, 1, &irq), 0);
	assert_ptr_equal(irq.controller, fdt_find_phandle(&f, 2));
	assert_int_equal(irq.cells[0], 9);
	/* There is no node 99. */
	assert_int_equal(fdt_irq(&f, plic, 2, &irq), -EINVAL);
	assert_int_equal(
	    fdt_irq(&f, must_find(&f, "/chosen"), 0, &irq), -ENOENT);
}

static void
test_reserved(void **state)
{
	struct fdt f;
	u64 addr, size;

	(void)state;
	open_machine(&f);
	assert_int_equal(f.nr_reserved, 2);
	assert_true(fdt_reserved(&f, 0, &addr, &size));
	assert_int_equal(addr, 0x80000000);
	assert_int_equal(size, 0x20000);
	assert_true(fdt_reserved(&f, 1, &addr, &size));
	assert_int_equal(addr, 0x100000002);
	assert_int_equal(size, 0x300000004);
	assert_false(fdt_reserved(&f, 2, &addr, &size));
}

/* Header words that must not be believed. */
static void
test_lying_headers(void **state)
{
	static const struct {
		enum header_word word;
		u32 val;
	} lies[] = {{MAGIC, 0xedfe0dd0}, {TOTALSIZE, 0}, {TOTALSIZE, 39},
	    {TOTALSIZE, UINT32_MAX}, {OFF_STRUCT, UINT32_MAX},
	    {OFF_STRUCT, 3 * BLOCK_SIZE}, {SIZE_STRUCT, UINT32_MAX},
	    {SIZE_STRUCT, 0}, {SIZE_STRUCT, 3}, {SIZE_STRUCT, 4},
	    {OFF_STRINGS, UINT32_MAX - 3}, {SIZE_STRINGS, UINT32_MAX},
	    {SIZE_STRINGS, 0}, {SIZE_STRINGS, 5}, {OFF_RSVMAP, UINT32_MAX},
	    {VERSION, 16}, {LAST_COMP, 18}};
	struct fdt f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		build_machine();
		header_set(lies[i].word, lies[i].val);
		assert_int_equal(open_blob(&f), -EINVAL);
	}
	build_machine();
	header_set(OFF_RSVMAP, b.blob_len - 8);
	assert_int_equal(open_blob(&f), -EINVAL);
}

/* Trees whose tokens do not nest. */
static void
broken_no_root(void)
{
}

static void
broken_end_first(void)
{
	end();
}

static void
broken_not_closed(void)
{
	begin("");
}

static void
broken_two_roots(void)
{
	begin("");
	end();
	begin("");
	end();
}

static void
broken_prop_outside(void)
{
	prop_cells("x", 1);
	begin("");
	end();
}

static void
broken_prop_behind_child(void)
{
	begin("");
	begin("a");
	end();
	prop_cells("x", 1);
	end();
}

static void
broken_unknown_token(void)
{
	begin("");
	add_cell(5);
	end();
}

static void
broken_prop_too_long(void)
{
	begin("");
	prop_cells("x", 1);
	store_cell(b.structs + b.len - 12, UINT32_MAX);
	end();
}

static void
broken_prop_name(void)
{
	begin("");
	prop_cells("x", 1);
	store_cell(b.structs + b.len - 8, b.strings_len);
	end();
}

static void
broken_too_deep(void)
{
	int i;

	for (i = 0; i <= FDT_MAX_DEPTH; i++)
		begin("a");
	for (i = 0; i <= FDT_MAX_DEPTH; i++)
		end();
}

static void
test_broken_structures(void **state)
{
	static void (*const build[])(void) = {broken_no_root, broken_end_first,
	    broken_not_closed, broken_two_roots, broken_prop_outside,
	    broken_prop_behind_child, broken_unknown_token,
	    broken_prop_too_long, broken_prop_name, broken_too_deep};
	struct fdt f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(build); i++) {
		builder_start();
		build[i]();
		add_cell(END);
		builder_finish();
		assert_int_equal(open_blob(&f), -EINVAL);
	}
}

/* The structure block ends early, and with it the memory. */
static void
test_cut_structure(void **state)
{
	struct fdt f;
	u32 len, cut;
	u8 *copy;

	(void)state;
	build_machine();
	len = b.blob_len;
	for (cut = 1; cut <= b.len; cut++) {
		header_set(TOTALSIZE, len - cut);
		header_set(SIZE_STRUCT, b.len - cut);
		copy = malloc(len - cut);
		memcpy(copy, b.blob, len - cut);
		assert_int_equal(fdt_open(copy, len - cut, &f), -EINVAL);
		free(copy);
	}
}

static void
test_deepest(void **state)
{
	const struct fdt_node *node, *last = NULL;
	int i, depth = 0;
	struct fdt f;

	(void)state;
	builder_start();
	for (i = 0; i < FDT_MAX_DEPTH; i++)
		begin("a");
	for (i = 0; i < FDT_MAX_DEPTH; i++)
		end();
	add_cell(END);
	builder_finish();
	assert_int_equal(open_blob(&f), 0);
	for (node = f.root; node; node = fdt_next(&f, node, &depth)) {
		assert_ptr_equal(fdt_parent(&f, node), last);
		last = node;
	}
}

static void
test_odd_cells(void **state)
{
	struct fdt_irq irq;
	u64 addr, size;
	struct fdt f;

	(void)state;
	builder_start();
	begin("");
	prop_cells("#address-cells", 3);
	prop_cells("interrupt-parent", 1);
	begin("a");
	prop_cells("phandle", 1);
	prop_cells("#interrupt-cells", FDT_IRQ_CELLS + 1);
	prop_cells("reg", 1, 2, 3, 4);
	prop_cells("interrupts", 1, 2, 3, 4, 5, 6);
	end();
	end();
	add_cell(END);
	builder_finish();
	assert_int_equal(open_blob(&f), 0);
	assert_int_equal(
	    fdt_reg(&f, must_find(&f, "/a"), 0, &addr, &size), -EINVAL);
	assert_int_equal(fdt_irq(&f, must_find(&f, "/a"), 0, &irq), -EINVAL);
}

static void
test_damaged(void **state)
{
	(void)state;
	replay_corpus("fdt");
	build_machine();
	replay_damaged(b.blob, b.blob_len, 30000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_walk),
	    cmocka_unit_test(test_family),
	    cmocka_unit_test(test_find_path),
	    cmocka_unit_test(test_find_by_property),
	    cmocka_unit_test(test_properties),
	    cmocka_unit_test(test_reg),
	    cmocka_unit_test(test_irq),
	    cmocka_unit_test(test_reserved),
	    cmocka_unit_test(test_lying_headers),
	    cmocka_unit_test(test_broken_structures),
	    cmocka_unit_test(test_cut_structure),
	    cmocka_unit_test(test_deepest),
	    cmocka_unit_test(test_odd_cells),
	    cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests_name("lib/fdt", tests, NULL, NULL);
}

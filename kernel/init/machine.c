/*
 * Reading the device tree.  It comes from outside: what is missing is said in
 * one sentence before the boot ends, and what is odd is passed over.
 */
#include "init/machine.h"

#include "core/panic.h"
#include "core/printk.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/layout.h"

/* No real tree is near this; it bounds the look for its end. */
#define FDT_MAX_BYTES (2ul << 20)

static void
read_memory(struct machine *m)
{
	const struct fdt *fdt = &m->fdt;
	const struct fdt_node *node = NULL;
	u64 start, size;
	u32 i;

	while ((node = fdt_find_device_type(fdt, node, "memory")) != NULL)
		for (i = 0; fdt_reg(fdt, node, i, &start, &size) == 0; i++)
			if (start + size > start)
				mem_add(m->mem.ram, &m->mem.nr_ram, start,
				    start + size);
	if (m->mem.nr_ram == 0)
		panic("the device tree names no memory");
}

static void
use(struct machine *m, u64 start, u64 size)
{
	if (start + size > start)
		mem_add(m->mem.used, &m->mem.nr_used, start, start + size);
}

static void
read_reserved(struct machine *m)
{
	const struct fdt *fdt = &m->fdt;
	const struct fdt_node *node = fdt_find_path(fdt, "/reserved-memory");
	u64 start, size;
	u32 i;

	for (i = 0; fdt_reserved(fdt, i, &start, &size); i++)
		use(m, start, size);
	node = node != NULL ? fdt_first_child(fdt, node) : NULL;
	for (; node != NULL; node = fdt_next_sibling(fdt, node))
		for (i = 0; fdt_reg(fdt, node, i, &start, &size) == 0; i++)
			use(m, start, size);
}

static bool
isa_has(const struct fdt *fdt, const struct fdt_node *cpu, const char *name)
{
	const char *isa = fdt_string(fdt, cpu, "riscv,isa", 0);
	size_t len = strlen(name);

	if (fdt_has_string(fdt, cpu, "riscv,isa-extensions", name))
		return true;
	/* After the single letters: words with underscores between them. */
	while (isa != NULL && (isa = strchr(isa, '_')) != NULL) {
		isa++;
		if (str_starts(isa, name) && (isa[len] == '_' || isa[len] == 0))
			return true;
	}
	return false;
}

static void
add_hart(struct machine *m, const struct fdt_node *cpu, u32 boot_hartid)
{
	u64 hartid, size;

	if (!fdt_enabled(&m->fdt, cpu) ||
	    fdt_reg(&m->fdt, cpu, 0, &hartid, &size) < 0)
		return;
	if (!isa_has(&m->fdt, cpu, "sstc"))
		m->has_sstc = false;
	if (hartid == boot_hartid)
		return;
	if (m->nr_harts == MAX_HARTS)
		printk(
		    "hart %lu is not used: more than %d\n", hartid, MAX_HARTS);
	else
		m->hartids[m->nr_harts++] = (u32)hartid;
}

static void
read_harts(struct machine *m, u32 boot_hartid)
{
	const struct fdt *fdt = &m->fdt;
	const struct fdt_node *cpus = fdt_find_path(fdt, "/cpus");
	const struct fdt_node *cpu = NULL;
	u32 hz = 0;

	m->hartids[0] = boot_hartid;
	m->nr_harts = 1;
	m->has_sstc = true;
	while ((cpu = fdt_find_device_type(fdt, cpu, "cpu")) != NULL) {
		add_hart(m, cpu, boot_hartid);
		if (fdt_u32(fdt, cpu, "timebase-frequency", &hz) == 0)
			m->timebase_hz = hz;
	}
	if (cpus != NULL && fdt_u32(fdt, cpus, "timebase-frequency", &hz) == 0)
		m->timebase_hz = hz;
	if (m->timebase_hz == 0)
		panic("the device tree does not say how fast time runs");
}

/* A number of one cell or two. */
static bool
chosen_number(struct machine *m, const char *name, u64 *val)
{
	const struct fdt_node *chosen = fdt_find_path(&m->fdt, "/chosen");

	return chosen != NULL && fdt_u64(&m->fdt, chosen, name, val) == 0;
}

static bool
in_ram(const struct machine *m, u64 start, u64 end)
{
	u32 i;

	for (i = 0; i < m->mem.nr_ram; i++)
		if (start >= m->mem.ram[i].start && end <= m->mem.ram[i].end)
			return true;
	return false;
}

static void
read_chosen(struct machine *m)
{
	const struct fdt_node *chosen = fdt_find_path(&m->fdt, "/chosen");
	const char *words = NULL;
	u64 start, end;

	if (chosen != NULL)
		words = fdt_string(&m->fdt, chosen, "bootargs", 0);
	if (words != NULL && !str_copy(m->cmdline, CMDLINE_MAX, words))
		printk("the command line was cut to %d bytes\n", CMDLINE_MAX);
	if (!chosen_number(m, "linux,initrd-start", &start) ||
	    !chosen_number(m, "linux,initrd-end", &end))
		return;
	if (start >= end || !in_ram(m, start, end)) {
		printk("the initrd does not lie in memory\n");
		return;
	}
	m->initrd = (struct mem_range){start, end};
	use(m, start, end - start);
}

void
machine_probe(struct machine *m, u32 boot_hartid, paddr_t fdt)
{
	/* The early tables show the first 4 GiB and no more. */
	if (fdt.val == 0 || fdt.val > (4ul << 30) - FDT_MAX_BYTES)
		panic("there is no device tree to be seen at %#lx", fdt.val);
	if (fdt_open((void *)(fdt.val + DIRECT_BASE), FDT_MAX_BYTES, &m->fdt) <
	    0)
		panic("there is no device tree at %#lx", fdt.val);
	use(m, fdt.val, m->fdt.total_len_bytes);
	read_memory(m);
	read_reserved(m);
	read_harts(m, boot_hartid);
	read_chosen(m);
}

bool
machine_word(const struct machine *m, const char *name, char *value, size_t cap)
{
	const char *at = m->cmdline;
	size_t len = strlen(name);

	while (*at != 0) {
		const char *end = strchr(at, ' ');
		size_t n = end != NULL ? (size_t)(end - at) : strlen(at);

		if (n >= len && strncmp(at, name, len) == 0 &&
		    (n == len || at[len] == '=')) {
			at += n == len ? len : len + 1;
			n -= n == len ? len : len + 1;
			n = MIN(n, cap - 1);
			memcpy(value, at, n);
			value[n] = 0;
			return true;
		}
		at += n + (end != NULL ? 1 : 0);
	}
	return false;
}

void *
machine_map(paddr_t pa, u64 len_bytes)
{
	if (pa.val >= DEVICE_END || len_bytes > DEVICE_END - pa.val)
		return NULL;
	return (void *)(pa.val + DIRECT_BASE);
}

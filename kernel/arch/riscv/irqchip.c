/*
 * A PLIC has sources, which are devices, and contexts, which are places to be
 * interrupted: a hart in one mode.  Its property interrupts-extended lists the
 * contexts in order, each by the hart's own interrupt controller and the cause
 * it raises there.
 *
 * All devices interrupt one hart.  They have little to say, and handlers that
 * run on one hart only never wait for each other.
 */
#include "arch/riscv/irqchip.h"

#include "arch/riscv/csr.h"
#include "lib/errno.h"
#include "lib/fdt.h"

/* Where things lie among the registers, in bytes. */
#define PRIORITY(nr)        (4ul * (nr))
#define ENABLE(context, nr) (0x2000ul + 0x80 * (context) + (nr) / 32 * 4)
#define THRESHOLD(context)  (0x200000ul + 0x1000 * (context))
#define CLAIM(context)      (THRESHOLD(context) + 4)

/* What the specification leaves room for. */
#define MAX_SOURCES  1023
#define MAX_CONTEXTS 15872u

static const char *const compatibles[] = {
    "sifive,plic-1.0.0",
    "riscv,plic0",
};

static u8 *regs;    /* c: NULL when there is no controller */
static u32 last_nr; /* c: the highest source */
static u32 context; /* c: where devices interrupt */

static volatile u32 *
reg(u64 offset)
{
	return (volatile u32 *)(regs + offset);
}

static const struct fdt_node *
find_controller(const struct fdt *fdt)
{
	for (size_t i = 0; i < ARRAY_SIZE(compatibles); i++) {
		const struct fdt_node *n =
		    fdt_find_compatible(fdt, NULL, compatibles[i]);

		if (n != NULL && fdt_enabled(fdt, n))
			return n;
	}
	return NULL;
}

/* Whether a hart's own interrupt controller is that of the hart. */
static bool
belongs_to(const struct fdt *fdt, const struct fdt_node *intc, u32 hartid)
{
	const struct fdt_node *cpu = fdt_parent(fdt, intc);
	u64 id, size;

	return cpu != NULL && fdt_reg(fdt, cpu, 0, &id, &size) == 0 &&
	    id == hartid;
}

/* MAX_CONTEXTS when the hart has none. */
static u32
find_context(const struct fdt *fdt, const struct fdt_node *node, u32 hartid)
{
	struct fdt_irq irq;

	for (u32 c = 0; c < MAX_CONTEXTS; c++) {
		if (fdt_irq(fdt, node, c, &irq) < 0)
			break;
		if (irq.nr_cells == 1 && irq.cells[0] == IRQ_S_EXTERNAL &&
		    belongs_to(fdt, irq.controller, hartid))
			return c;
	}
	return MAX_CONTEXTS;
}

int
irqchip_init(
    const struct fdt *fdt, u32 hartid, void *(*map)(paddr_t pa, u64 len_bytes))
{
	const struct fdt_node *node = find_controller(fdt);
	u64 pa, len_bytes;

	if (node == NULL)
		return -ENODEV;
	context = find_context(fdt, node, hartid);
	if (context == MAX_CONTEXTS ||
	    fdt_u32(fdt, node, "riscv,ndev", &last_nr) < 0 ||
	    last_nr > MAX_SOURCES ||
	    fdt_reg(fdt, node, 0, &pa, &len_bytes) < 0 ||
	    len_bytes < CLAIM(context) + 4)
		return -EINVAL;
	regs = map(paddr(pa), len_bytes);
	if (regs == NULL)
		return -ENODEV;
	for (u32 nr = 1; nr <= last_nr; nr++)
		*reg(PRIORITY(nr)) = 0;
	*reg(THRESHOLD(context)) = 0;
	return 0;
}

int
irqchip_enable(u32 nr)
{
	if (regs == NULL || nr == 0 || nr > last_nr)
		return -EINVAL;
	*reg(PRIORITY(nr)) = 1;
	*reg(ENABLE(context, nr)) |= 1u << nr % 32;
	return 0;
}

u32
irqchip_claim(void)
{
	return regs != NULL ? *reg(CLAIM(context)) : 0;
}

void
irqchip_complete(u32 nr)
{
	*reg(CLAIM(context)) = nr;
}

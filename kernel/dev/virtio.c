#include "dev/virtio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>

#include "arch/riscv/arch.h"
#include "core/irq.h"
#include "core/panic.h"
#include "core/printk.h"
#include "dev/virtio_blk.h"
#include "dev/virtio_console.h"
#include "dev/virtio_rng.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/fdt.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define MAGIC   0x74726976 /* "virt" */
#define VERSION 2

/* Looks at a device that is to reset itself before it counts as dead. */
#define RESET_TURNS (1u << 20)

/* Where the rings lie in the queue's frame, behind the descriptors. */
#define AVAIL_AT (VIRTQ_MAX * sizeof(struct vring_desc))
#define USED_AT  (AVAIL_AT + 512)

static_assert(sizeof(struct vring_avail) + VIRTQ_MAX * sizeof(u16) <= 512,
    "the ring avail fits before the ring used");
static_assert(USED_AT + sizeof(struct vring_used) +
	    VIRTQ_MAX * sizeof(struct vring_used_elem) <=
	PAGE_SIZE,
    "a queue fits into a frame");

static const struct virtio_driver *const drivers[] = {
    &virtio_blk_driver,
    &virtio_console_driver,
    &virtio_rng_driver,
};

/* ---- registers ---------------------------------------------------------- */

static u32
get(const struct virtio *v, u32 reg)
{
	return *(volatile u32 *)(v->regs + reg);
}

static void
set(struct virtio *v, u32 reg, u32 value)
{
	*(volatile u32 *)(v->regs + reg) = value;
}

static void
set_address(struct virtio *v, u32 low_reg, const void *at)
{
	u64 pa = kva_paddr(at).val;

	set(v, low_reg, (u32)pa);
	set(v, low_reg + 4, (u32)(pa >> 32));
}

static void
add_status(struct virtio *v, u32 bits)
{
	set(v, VIRTIO_MMIO_STATUS, get(v, VIRTIO_MMIO_STATUS) | bits);
}

static volatile u8 *
config(struct virtio *v, u32 offset, u32 len_bytes)
{
	u64 at = VIRTIO_MMIO_CONFIG + (u64)offset;

	return at + len_bytes <= v->len_bytes ? v->regs + at : NULL;
}

u8
virtio_config8(struct virtio *v, u32 offset)
{
	volatile u8 *at = config(v, offset, 1);

	return at != NULL ? *at : 0;
}

u32
virtio_config32(struct virtio *v, u32 offset)
{
	volatile u8 *at = config(v, offset, 4);

	return at != NULL ? *(volatile u32 *)at : 0;
}

u64
virtio_config64(struct virtio *v, u32 offset)
{
	u32 before, low, high;

	do {
		before = get(v, VIRTIO_MMIO_CONFIG_GENERATION);
		low = virtio_config32(v, offset);
		high = virtio_config32(v, offset + 4);
	} while (get(v, VIRTIO_MMIO_CONFIG_GENERATION) != before);
	return (u64)high << 32 | low;
}

void
virtio_set_config8(struct virtio *v, u32 offset, u8 value)
{
	volatile u8 *at = config(v, offset, 1);

	if (at != NULL)
		*at = value;
}

/* ---- features ----------------------------------------------------------- */

static u64
offered(struct virtio *v)
{
	u64 low, high;

	set(v, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	low = get(v, VIRTIO_MMIO_DEVICE_FEATURES);
	set(v, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	high = get(v, VIRTIO_MMIO_DEVICE_FEATURES);
	return high << 32 | low;
}

int
virtio_agree(struct virtio *v, u64 want)
{
	v->features = offered(v) & (want | 1ul << VIRTIO_F_VERSION_1);
	if (!virtio_has(v, VIRTIO_F_VERSION_1))
		return -ENODEV;
	set(v, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(v, VIRTIO_MMIO_DRIVER_FEATURES, (u32)v->features);
	set(v, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(v, VIRTIO_MMIO_DRIVER_FEATURES, (u32)(v->features >> 32));
	add_status(v, VIRTIO_CONFIG_S_FEATURES_OK);
	if (!(get(v, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK))
		return -ENODEV;
	return 0;
}

/* ---- the queues --------------------------------------------------------- */

u32
virtio_queue_size(struct virtio *v, u32 index)
{
	u32 max, nr = VIRTQ_MAX;

	set(v, VIRTIO_MMIO_QUEUE_SEL, index);
	max = get(v, VIRTIO_MMIO_QUEUE_NUM_MAX);
	while (nr > max)
		nr /= 2;
	return nr;
}

static int
make_queue(struct virtio *v, u32 index)
{
	struct virtq *q = &v->queues[index];
	u8 *frame;
	u32 i;

	q->index = index;
	q->nr = (u16)virtio_queue_size(v, index);
	if (q->nr == 0 || get(v, VIRTIO_MMIO_QUEUE_READY) != 0)
		return -ENODEV;
	frame = kzalloc(PAGE_SIZE);
	if (frame == NULL)
		return -ENOMEM;
	q->desc = (struct vring_desc *)frame;
	q->avail = (struct vring_avail *)(frame + AVAIL_AT);
	q->used = (struct vring_used *)(frame + USED_AT);
	for (i = 0; i < q->nr; i++)
		q->desc[i].next = i + 1;
	q->nr_free = q->nr;
	set(v, VIRTIO_MMIO_QUEUE_NUM, q->nr);
	set_address(v, VIRTIO_MMIO_QUEUE_DESC_LOW, q->desc);
	set_address(v, VIRTIO_MMIO_QUEUE_AVAIL_LOW, q->avail);
	set_address(v, VIRTIO_MMIO_QUEUE_USED_LOW, q->used);
	/* The device sees the rings as they are, and not before. */
	arch_fence_device();
	set(v, VIRTIO_MMIO_QUEUE_READY, 1);
	return 0;
}

bool
virtq_put(struct virtq *q, const struct virtq_part *parts, u32 nr, void *token)
{
	u16 first = q->free, at = first;
	struct vring_desc *d = NULL;
	u32 i;

	assert(nr > 0 && token != NULL);
	if (nr > q->nr_free)
		return false;
	for (i = 0; i < nr; i++) {
		d = &q->desc[at];
		d->addr = parts[i].at.val;
		d->len = parts[i].len_bytes;
		d->flags = VRING_DESC_F_NEXT |
		    (parts[i].device_writes ? VRING_DESC_F_WRITE : 0);
		at = d->next;
	}
	d->flags &= ~VRING_DESC_F_NEXT;
	q->free = at;
	q->nr_free -= nr;
	q->tokens[first] = token;
	q->avail->ring[q->avail->idx % q->nr] = first;
	/* Release: the device finds the chain complete. */
	atomic_store_release(&q->avail->idx, q->avail->idx + 1);
	return true;
}

void
virtio_kick(struct virtio *v, const struct virtq *q)
{
	/* The ring before the look at whether the device wants to be told. */
	arch_fence_device();
	if (!(atomic_load(&q->used->flags) & VRING_USED_F_NO_NOTIFY))
		set(v, VIRTIO_MMIO_QUEUE_NOTIFY, q->index);
}

/* A chain's descriptors are free again. */
static void
free_chain(struct virtq *q, u16 first)
{
	u16 last = first, nr = 1;

	while (q->desc[last].flags & VRING_DESC_F_NEXT) {
		last = q->desc[last].next;
		nr++;
	}
	q->desc[last].next = q->free;
	q->free = first;
	q->nr_free += nr;
}

void *
virtq_take(struct virtq *q, u32 *len_bytes)
{
	const struct vring_used_elem *e;
	void *token;
	u32 first;

	/* Acquire: the entry is there, and what the device wrote before it. */
	while (atomic_load_acquire(&q->used->idx) != q->nr_taken) {
		e = &q->used->ring[q->nr_taken++ % q->nr];
		first = atomic_load(&e->id);
		token = first < q->nr ? q->tokens[first] : NULL;
		if (token == NULL) {
			printk_limited("virtio: a device gave back %u, which "
				       "it did not have\n",
			    first);
			continue;
		}
		*len_bytes = atomic_load(&e->len);
		q->tokens[first] = NULL;
		free_chain(q, first);
		return token;
	}
	return NULL;
}

/* ---- starting and interrupts -------------------------------------------- */

static bool
handle(void *arg)
{
	struct virtio *v = arg;
	u32 why = get(v, VIRTIO_MMIO_INTERRUPT_STATUS);

	if (why == 0)
		return false;
	set(v, VIRTIO_MMIO_INTERRUPT_ACK, why);
	/* The acknowledgement first: what comes back later interrupts anew. */
	arch_fence_device();
	v->interrupt(v);
	return true;
}

static const struct irq_ops irq_ops = {.handle = handle};

int
virtio_run(struct virtio *v, u32 nr_queues, void (*interrupt)(struct virtio *v))
{
	int err = 0;

	assert(nr_queues <= VIRTIO_QUEUES);
	for (u32 i = 0; i < nr_queues && err == 0; i++)
		err = make_queue(v, i);
	if (err < 0)
		return err;
	v->interrupt = interrupt;
	err = irq_register(v->irq, &irq_ops, v);
	if (err < 0)
		return err;
	add_status(v, VIRTIO_CONFIG_S_DRIVER_OK);
	return 0;
}

static const struct virtio_driver *
driver_of(u32 device_id)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++)
		if (drivers[i]->device_id == device_id)
			return drivers[i];
	return NULL;
}

static void
give_up(struct virtio *v)
{
	set(v, VIRTIO_MMIO_STATUS, 0);
	add_status(v, VIRTIO_CONFIG_S_FAILED);
	for (u32 i = 0; i < VIRTIO_QUEUES; i++)
		kfree(v->queues[i].desc);
	kfree(v);
}

static int
reset(struct virtio *v)
{
	u32 turns;

	set(v, VIRTIO_MMIO_STATUS, 0);
	for (turns = 0; turns < RESET_TURNS; turns++) {
		if (get(v, VIRTIO_MMIO_STATUS) == 0)
			return 0;
		arch_pause();
	}
	return -EIO;
}

static void
start_device(struct virtio *v, const struct virtio_driver *driver)
{
	int err = reset(v);

	if (err == 0) {
		add_status(v, VIRTIO_CONFIG_S_ACKNOWLEDGE);
		add_status(v, VIRTIO_CONFIG_S_DRIVER);
		err = driver->start(v);
	}
	if (err == 0)
		return;
	printk("virtio: a %s is not used: %s\n", driver->name, errno_name(err));
	give_up(v);
}

/* What there is to know about a device before there is one. */
struct place {
	u8 *regs;
	u64 len_bytes;
	u32 irq;
};

static bool
find_place(const struct fdt *fdt, const struct fdt_node *n,
    void *(*map)(paddr_t pa, u64 len_bytes), struct place *p)
{
	struct fdt_irq irq;
	u64 pa;

	if (!fdt_enabled(fdt, n) ||
	    fdt_reg(fdt, n, 0, &pa, &p->len_bytes) < 0 ||
	    p->len_bytes <= VIRTIO_MMIO_CONFIG || pa % sizeof(u32) != 0 ||
	    fdt_irq(fdt, n, 0, &irq) < 0 || irq.nr_cells == 0)
		return false;
	p->irq = irq.cells[0];
	p->regs = map(paddr(pa), p->len_bytes);
	return p->regs != NULL;
}

static void
probe(const struct place *p)
{
	volatile u32 *regs = (volatile u32 *)p->regs;
	const struct virtio_driver *driver;
	struct virtio *v;

	if (regs[VIRTIO_MMIO_MAGIC_VALUE / sizeof(u32)] != MAGIC)
		return;
	driver = driver_of(regs[VIRTIO_MMIO_DEVICE_ID / sizeof(u32)]);
	if (driver == NULL)
		return;
	if (regs[VIRTIO_MMIO_VERSION / sizeof(u32)] != VERSION) {
		printk("virtio: a %s of the old form is not used; QEMU has the "
		       "new one with -global virtio-mmio.force-legacy=false\n",
		    driver->name);
		return;
	}
	v = kzalloc(sizeof(*v));
	if (v == NULL) {
		printk("virtio: no memory for a %s\n", driver->name);
		return;
	}
	spin_init(&v->lock, RANK_DEVICE);
	v->regs = p->regs;
	v->len_bytes = p->len_bytes;
	v->irq = p->irq;
	start_device(v, driver);
}

void
virtio_init(const struct fdt *fdt, void *(*map)(paddr_t pa, u64 len_bytes))
{
	const struct fdt_node *n = NULL;
	struct place p;

	while ((n = fdt_find_compatible(fdt, n, "virtio,mmio")) != NULL)
		if (find_place(fdt, n, map, &p))
			probe(&p);
}

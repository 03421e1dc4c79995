/*
 * Virtio devices on the memory-mapped transport in its present form (version 2
 * of the registers): finding them, their features, and the queues by which a
 * driver hands buffers over and gets them back.
 */
#ifndef DEV_VIRTIO_H
#define DEV_VIRTIO_H

#include "core/spinlock.h"
#include "lib/types.h"

struct fdt;
struct page;
struct vring_avail;
struct vring_desc;
struct vring_used;
struct virtio;

/* Descriptors of one queue: what fits, with both rings, into a frame. */
#define VIRTQ_MAX 128
/* Queues that a device of ours can have; no driver has use for more. */
#define VIRTIO_QUEUES 2

/* A piece of memory of one buffer. */
struct virtq_part {
	paddr_t at;
	u32 len_bytes;
	bool device_writes;
};

/*
 * struct virtq: buffers are chains of descriptors.  The driver puts a chain's
 * first into the ring avail, the device, when done, into the ring used.
 * Laws   V1  a descriptor is free, or in the chain of one token's buffer
 * Locks  d the device's   c fixed once the device runs
 */
struct virtq {
	u16 index;                 /* c: among its device's */
	u16 nr;                    /* c: descriptors, a power of two */
	u16 nr_free;               /* d */
	u16 free;                  /* d: the first free one, linked by next */
	u16 nr_taken;              /* d: entries of used looked at so far */
	struct vring_desc *desc;   /* d: the device reads it */
	struct vring_avail *avail; /* d: the same */
	struct vring_used *used;   /* the device writes it */
	void *tokens[VIRTQ_MAX];   /* d: of the chain that begins here */
};

/*
 * struct virtio: one device, for ever once its driver has taken it.
 * Locks: d lock   c fixed
 */
struct virtio {
	struct spinlock lock;                /* rank DEVICE */
	u8 *regs;                            /* c */
	u64 len_bytes;                       /* c: of the registers */
	u32 irq;                             /* c */
	u64 features;                        /* c: what both sides have */
	void (*interrupt)(struct virtio *v); /* c: takes what came back */
	void *driver;                        /* c: the driver's own */
	struct virtq queues[VIRTIO_QUEUES];  /* d */
};

/* What a driver gives in return for its kind of device. */
struct virtio_driver {
	u32 device_id;
	const char *name;
	/*
	 * The device is reset and knows that there is a driver.  On an error
	 * it is told that it was given up, and v is freed.
	 */
	int (*start)(struct virtio *v);
};

/*
 * Finds all devices and starts their drivers.
 * Boot: after the interrupt controller.
 */
void virtio_init(
    const struct fdt *fdt, void *(*map)(paddr_t pa, u64 len_bytes));

/* ---- for drivers ---------------------------------------------------------
 */

/*
 * Settles the features: those of want that the device has.
 * Errors: -ENODEV it does not agree, or is of an older form.
 */
int virtio_agree(struct virtio *v, u64 want) MUST_CHECK;
static inline bool
virtio_has(const struct virtio *v, u32 feature)
{
	return v->features >> feature & 1;
}
/* Descriptors that this queue of its will have; 0: it has no such queue. */
u32 virtio_queue_size(struct virtio *v, u32 index);
/*
 * The device's first nr_queues queues, its interrupt, and then the device runs:
 * nothing that start does may fail after it, for an interrupt is registered for
 * good.
 * Errors: -ENOMEM, -ENODEV, what irq_register says.
 */
int virtio_run(struct virtio *v, u32 nr_queues,
    void (*interrupt)(struct virtio *v)) MUST_CHECK;

/* A field of the device's configuration; 0 where there is none. */
u8 virtio_config8(struct virtio *v, u32 offset);
u32 virtio_config32(struct virtio *v, u32 offset);
/* Both halves as they were at one time. */
u64 virtio_config64(struct virtio *v, u32 offset);
void virtio_set_config8(struct virtio *v, u32 offset, u8 value);

/*
 * Hands a buffer over; the device is told by virtio_kick.  False: there are not
 * enough descriptors free.  Locks: the device's.
 */
bool virtq_put(struct virtq *q, const struct virtq_part *parts, u32 nr,
    void *token) MUST_CHECK;
void virtio_kick(struct virtio *v, const struct virtq *q);
/* A buffer that came back: its token, and the bytes written; NULL: none. */
void *virtq_take(struct virtq *q, u32 *len_bytes);

#endif

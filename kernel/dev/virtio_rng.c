/*
 * Asks the host for random bytes once, when it is found, and stirs them into
 * the generator.  That needs no more than a good beginning.
 */
#include "dev/virtio_rng.h"

#include <linux/virtio_ids.h>

#include "core/printk.h"
#include "core/random.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define SEED_BYTES 64

/* What the device writes into. */
struct seed {
	u8 bytes[SEED_BYTES];
};

static void
interrupt(struct virtio *v)
{
	struct seed *seed = v->driver;
	u32 len_bytes;

	spin_lock(&v->lock);
	if (virtq_take(&v->queues[0], &len_bytes) != NULL) {
		len_bytes = MIN(len_bytes, (u32)SEED_BYTES);
		random_mix(seed->bytes, len_bytes);
		printk("random: %u bytes from the host\n", len_bytes);
		memset(seed->bytes, 0, SEED_BYTES);
	}
	spin_unlock(&v->lock);
}

static void
ask(struct virtio *v, struct seed *seed)
{
	struct virtq_part part = {
	    .at = kva_paddr(seed->bytes),
	    .len_bytes = SEED_BYTES,
	    .device_writes = true,
	};

	spin_lock(&v->lock);
	if (virtq_put(&v->queues[0], &part, 1, seed))
		virtio_kick(v, &v->queues[0]);
	spin_unlock(&v->lock);
}

static int
start(struct virtio *v)
{
	struct seed *seed = kzalloc(sizeof(*seed));
	int err;

	if (seed == NULL)
		return -ENOMEM;
	v->driver = seed;
	err = virtio_agree(v, 0);
	if (err == 0)
		err = virtio_run(v, 1, interrupt);
	if (err < 0) {
		kfree(seed);
		return err;
	}
	ask(v, seed);
	return 0;
}

const struct virtio_driver virtio_rng_driver = {.device_id = VIRTIO_ID_RNG,
    .name = "source of random bytes",
    .start = start};

/* The host's random bytes, by virtio. */
#ifndef DEV_VIRTIO_RNG_H
#define DEV_VIRTIO_RNG_H

#include "dev/virtio.h"

extern const struct virtio_driver virtio_rng_driver;

#endif

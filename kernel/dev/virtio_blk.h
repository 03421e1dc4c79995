/* Disks on virtio. */
#ifndef DEV_VIRTIO_BLK_H
#define DEV_VIRTIO_BLK_H

#include "dev/virtio.h"

extern const struct virtio_driver virtio_blk_driver;

#endif

/* Terminals on virtio consoles: /dev/hvc0 and others. */
#ifndef DEV_VIRTIO_CONSOLE_H
#define DEV_VIRTIO_CONSOLE_H

#include "dev/virtio.h"

extern const struct virtio_driver virtio_console_driver;

#endif

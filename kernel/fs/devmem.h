/* The devices that are no device: null, zero, full, random, urandom. */
#ifndef FS_DEVMEM_H
#define FS_DEVMEM_H

/* Boot: registers them. */
void devmem_init(void);

#endif

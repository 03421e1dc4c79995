/* Files in memory that no directory has, and seals that keep them as they are.
 */
#ifndef FS_MEMFD_H
#define FS_MEMFD_H

#include "lib/errno.h"
#include "lib/types.h"

struct cred;
struct file;

/* The longest name: what it is shown by fits into a name. */
#define MEMFD_NAME_MAX 249

/* Boot: the file system that they are in. */
void memfd_init(void);

/*
 * name is only for show; sealable: it may be sealed.
 * Errors: -ENOMEM, -ENOSPC.
 */
int memfd_create(const char *name, bool sealable, const struct cred *cred,
    struct file **out) MUST_CHECK;

/*
 * F_ADD_SEALS and F_GET_SEALS: F_SEAL_*.
 * Errors: -EINVAL it is no file in memory, or no such seal; -EPERM it is sealed
 * against more, or not open for writing; -EBUSY F_SEAL_WRITE, and it is mapped
 * so that it may be written to.
 */
int memfd_add_seals(struct file *f, u32 seals) MUST_CHECK;
s64 memfd_seals(struct file *f);

/*
 * While f is being mapped nobody seals it, from the look at its seals to the
 * mapping's being there.  Any file will do.
 */
void memfd_map_begin(struct file *f);
void memfd_map_end(struct file *f);
/* May a shared mapping of f ever be written to?  Locks: between the two. */
bool memfd_may_map_write(const struct file *f);

#endif

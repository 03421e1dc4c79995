/* The option string of mount(2), as file systems in memory take it. */
#ifndef FS_MOUNT_OPTIONS_H
#define FS_MOUNT_OPTIONS_H

#include "lib/errno.h"
#include "lib/types.h"

struct mount_option {
	const char *name; /* with its "=", if a number follows */
	u64 *value;       /* NULL: none follows */
	u32 base;         /* of the number; 0: as C writes it */
};

/* As base: bytes, as C writes them, or with % behind it a part of memory. */
#define BASE_OF_MEMORY 100

/*
 * What text (NULL: nothing) says goes where known says; a number may have k, m
 * or g behind it.  Errors: -EINVAL.
 */
int mount_options_parse(
    const struct mount_option *known, u32 nr, const char *text) MUST_CHECK;

#endif

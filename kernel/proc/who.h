/* The current thread, as fs/ wants to know who asks. */
#ifndef PROC_WHO_H
#define PROC_WHO_H

#include "fs/fs_context.h"

/* Borrowed from the current thread: good until it changes them itself. */
struct fs_who who_current(void);

#endif

/* The machine's names, as uname and /proc/sys/kernel tell them. */
#ifndef PROC_UTS_H
#define PROC_UTS_H

#include <linux/utsname.h>

#include "lib/compiler.h"
#include "lib/types.h"

/* All of them as they are now. */
void uts_read(struct new_utsname *out);

/* The two that can be changed; name holds len_bytes, at most __NEW_UTS_LEN. */
void uts_set_host(const char *name, size_t len_bytes);
void uts_set_domain(const char *name, size_t len_bytes);

#endif

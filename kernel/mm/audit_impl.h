/* The audit's two halves: tables and frames, regions and objects. */
#ifndef MM_AUDIT_IMPL_H
#define MM_AUDIT_IMPL_H

#include "mm/mm_impl.h"

struct audit {
	struct audit_result *out;
	u32 *links; /* by frame: links and holders seen so far */
	u64 free_seen;
};

/* p is the page that it is about, or that is nearest to it. */
void audit_complain(
    struct audit *a, const struct page *p, const char *what, u64 number);

/* Regions and objects.  All other harts are held still. */
void audit_objects(struct audit *a);

#endif

/*
 * Included before everything else in the memory core's own files when several
 * harts are to run at once: another one may come in before each atomic
 * operation, and in the middle of the copy of a page.
 *
 * Before the load of a zero there is no such place: what another hart might do
 * there it might have done at the last place, since nothing that others see
 * lies between.  This leaves out the empty entries of tables, of which there
 * are many.
 */
#ifndef POINTS_H
#define POINTS_H

#include "lib/string.h"
#include "point.h"

#define SIM_LOOK(p) (*(p) != 0 ? sim_point() : (void)0)

#define __atomic_load_n(p, o)        (SIM_LOOK(p), __atomic_load_n(p, o))
#define __atomic_store_n(p, v, o)    (sim_point(), __atomic_store_n(p, v, o))
#define __atomic_add_fetch(p, v, o)  (sim_point(), __atomic_add_fetch(p, v, o))
#define __atomic_sub_fetch(p, v, o)  (sim_point(), __atomic_sub_fetch(p, v, o))
#define __atomic_fetch_add(p, v, o)  (sim_point(), __atomic_fetch_add(p, v, o))
#define __atomic_fetch_or(p, v, o)   (sim_point(), __atomic_fetch_or(p, v, o))
#define __atomic_fetch_and(p, v, o)  (sim_point(), __atomic_fetch_and(p, v, o))
#define __atomic_exchange_n(p, v, o) (sim_point(), __atomic_exchange_n(p, v, o))
#define __atomic_compare_exchange_n(p, old, v, weak, o, fail)                  \
	(sim_point(), __atomic_compare_exchange_n(p, old, v, weak, o, fail))

static inline void *
sim_memcpy(void *dst, const void *src, size_t len)
{
	size_t half = len / 2;

	if (len < PAGE_SIZE)
		return memcpy(dst, src, len);
	sim_point();
	memcpy(dst, src, half);
	sim_point();
	return memcpy((char *)dst + half, (const char *)src + half, len - half);
}

#define memcpy sim_memcpy

#endif

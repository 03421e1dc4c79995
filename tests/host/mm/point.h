/* A place where another hart may come in, see points.h. */
#ifndef POINT_H
#define POINT_H

#include <stddef.h>

/*
 * Places where another hart may come in between, if somebody arranges that:
 * before each atomic operation and each look at a table.
 */
extern void (*sim_point_hook)(void);

static inline void
sim_point(void)
{
	if (sim_point_hook != NULL)
		sim_point_hook();
}

#endif

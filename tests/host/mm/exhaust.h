/* All short histories over a small alphabet. */
#ifndef EXHAUST_H
#define EXHAUST_H

#include "lib/types.h"

/* Every history of up to so many steps; prints how many, fails at the first
 * that does not agree with the reference. */
void exhaust(u32 max_len);

#endif

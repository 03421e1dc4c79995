/* Whole pages: both pointers are aligned to a page. */
#ifndef LIB_PAGE_H
#define LIB_PAGE_H

#include "lib/types.h"

void page_zero(void *page);
void page_copy(void *to, const void *from);

#endif

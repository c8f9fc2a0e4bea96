/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page pool: all memory root mode takes after launch. Pages have a count of owners, so
 * that views can share tables. What the engine may use of it is in patcher/engine/pages.h.
 */
#ifndef VMM_POOL_H
#define VMM_POOL_H

#include <stddef.h>
#include <stdint.h>
#include "patcher/engine/pages.h"

/**
 * pool_init - hand the pool its memory
 * @va: where root mode sees it, page aligned
 * @hpa: host physical address of the same memory, page aligned
 * @pages: number of pages; the bookkeeping is taken out of them
 *
 * Boot context, one CPU, once.
 */
void pool_init(void *va, uint64_t hpa, size_t pages);

/*
 * Adds an owner to a page that has one. At 65535 owners the count stays: the page is never free
 * again. A count that wrapped would free a page in use.
 */
void pool_get(uint64_t hpa);

/* Number of owners: 1 means a table may be changed in place, 0 that it is free or not ours. */
unsigned int pool_count(uint64_t hpa);

/* Pages free now. */
size_t pool_available(void);

#endif

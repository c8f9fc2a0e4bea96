/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page pool: all memory root mode takes after launch. Pages are counted, so
 * that tables can be shared between views.
 */
#ifndef VMM_POOL_H
#define VMM_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ul
#define PAGE_MASK	(~(PAGE_SIZE - 1))

/**
 * pool_init - hand the pool its memory
 * @va: where root mode sees it, page aligned
 * @hpa: host physical address of the same memory, page aligned
 * @pages: number of pages; the bookkeeping is taken out of them
 *
 * Boot context, one CPU, once.
 */
void pool_init(void *va, uint64_t hpa, size_t pages);

/**
 * pool_alloc - take @n contiguous pages, zeroed, count 1 each
 * Returns the host physical address of the first, 0 if there is no such run.
 * Root mode, takes the pool lock; all pool functions may run on any CPU at once.
 */
uint64_t pool_alloc(size_t n);

/*
 * One more owner of a page that has one. At 65535 owners the count sticks: the
 * page is never free again, which costs a page where wrapping would cost the machine.
 */
void pool_get(uint64_t hpa);

/* One owner less; returns true if it was the last and the page is free now. */
bool pool_put(uint64_t hpa);

/* Gives back @n contiguous pages that have one owner each. */
void pool_free(uint64_t hpa, size_t n);

/* Number of owners: 1 means a table may be changed in place, 0 that it is free or not ours. */
unsigned int pool_count(uint64_t hpa);

/* Pages free now. */
size_t pool_available(void);

/* Where root mode sees an address in a pool page. NULL if it is not the pool's. */
void *pool_va(uint64_t hpa);

#endif

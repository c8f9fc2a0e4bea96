/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that the engine takes for itself: exec pages, tables, copies of patch files. The machine
 * implements this: vmm/mem/pool.c in root mode, the fake machine in the tests.
 */
#ifndef ENGINE_PAGES_H
#define ENGINE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096ul
#define PAGE_MASK	(~(PAGE_SIZE - 1))

/**
 * pool_alloc - take @n contiguous pages, zeroed, with one owner each
 * Returns the host physical address of the first, 0 if there is no such run.
 * Root mode, takes the pool lock; all pool functions may run on any CPU at once.
 */
uint64_t pool_alloc(size_t n);

/* One owner less; returns true if it was the last and the page is free now. */
bool pool_put(uint64_t hpa);

/* Gives back @n contiguous pages that have one owner each. */
void pool_free(uint64_t hpa, size_t n);

/* Where root mode sees an address in a pool page. NULL if it is not the pool's. */
void *pool_va(uint64_t hpa);

#endif

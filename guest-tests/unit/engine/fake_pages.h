/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pool that the engine asks for, on the host: patcher/engine/pages.h. It asserts that what
 * is given back was taken, and as it was taken; free pages hold a pattern, and nothing may
 * write to them. Any thread may call it.
 */
#ifndef FAKE_PAGES_H
#define FAKE_PAGES_H

#include "patcher/engine/pages.h"

#define FAKE_POOL	(512ul << 20)		/* HPA of the pool */

struct fake_pages {
	unsigned int allocs;			/* calls of pool_alloc() */
	unsigned int alloc_fail;		/* this pool_alloc() from now fails (1: the next); 0: none */
	unsigned int runs;			/* taken and not given back */
};

extern struct fake_pages fake_pages;

/* A pool of @pages free pages, until fake_pages_end(). */
void fake_pages_start(size_t pages);
void fake_pages_end(void);

/* Pages free now. */
size_t pool_available(void);

/* Number of owners; 0: the page is free or not the pool's. */
unsigned int fake_page_owners(uint64_t hpa);

/* One more owner of a page that has one; pool_put() takes it away. */
void fake_page_get(uint64_t hpa);

#endif

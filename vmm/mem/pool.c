/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page pool: one 16-bit owner count per page, kept in the first pages of
 * the pool itself. A count of zero is a free page.
 */
#include "vmm/mem/pool.h"
#include "vmm/spin.h"
#include "patcher/wire/mem.h"

/* A count that reaches this value stays: the page leaks, because freeing it could hit an owner. */
#define COUNT_STUCK	UINT16_MAX

static struct {
	struct spin lock;
	unsigned char *va;	/* first page that can be handed out */
	uint64_t hpa;
	size_t total, free;
	size_t next;		/* where the next search for a single page begins */
	uint16_t *count;
} pool;

void pool_init(void *va, uint64_t hpa, size_t pages)
{
	size_t book = (pages * sizeof(*pool.count) + PAGE_SIZE - 1) >> PAGE_SHIFT;

	pool.count = va;
	pool.va = (unsigned char *)va + (book << PAGE_SHIFT);
	pool.hpa = hpa + (book << PAGE_SHIFT);
	pool.total = pool.free = pages - book;
	pool.next = 0;
	memset(pool.count, 0, book << PAGE_SHIFT);
}

/* Index of the page at @hpa; pool.total or more if it is not ours. */
static size_t page_index(uint64_t hpa)
{
	return (hpa - pool.hpa) >> PAGE_SHIFT;
}

/* First fit in [from, to): index of @n free pages in a row, or pool.total. */
static size_t find_run(size_t from, size_t to, size_t n)
{
	size_t run = 0;

	for (size_t i = from; i < to; i++) {
		run = pool.count[i] ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return pool.total;
}

/* Marks @n pages as taken; returns the first or pool.total. Lock held. */
static size_t take(size_t n)
{
	size_t first;

	if (!n || n > pool.free)
		return pool.total;
	/* Most calls take a single page: search from where the last one was found. */
	first = find_run(n == 1 ? pool.next : 0, pool.total, n);
	if (first == pool.total && n == 1)
		first = find_run(0, pool.next, n);
	if (first == pool.total)
		return first;
	for (size_t i = first; i < first + n; i++)
		pool.count[i] = 1;
	pool.free -= n;
	pool.next = first + n;
	return first;
}

uint64_t pool_alloc(size_t n)
{
	size_t first;

	spin_lock(&pool.lock);
	first = take(n);
	spin_unlock(&pool.lock);
	if (first == pool.total)
		return 0;
	memset(pool.va + (first << PAGE_SHIFT), 0, n << PAGE_SHIFT);
	return pool.hpa + (first << PAGE_SHIFT);
}

/* Adds @delta owners, 1 or -1; true if that frees the page. Does nothing to a free or foreign page. */
static bool add_owners(uint64_t hpa, int delta)
{
	size_t i = page_index(hpa);
	bool last = false;

	spin_lock(&pool.lock);
	if (i < pool.total && pool.count[i] && pool.count[i] != COUNT_STUCK) {
		pool.count[i] += delta;
		last = !pool.count[i];
		pool.free += last;
	}
	spin_unlock(&pool.lock);
	return last;
}

void pool_get(uint64_t hpa)
{
	add_owners(hpa, 1);
}

bool pool_put(uint64_t hpa)
{
	return add_owners(hpa, -1);
}

void pool_free(uint64_t hpa, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pool_put(hpa + (i << PAGE_SHIFT));
}

unsigned int pool_count(uint64_t hpa)
{
	size_t i = page_index(hpa);

	/* Relaxed, pairs with add_owners(): the lock of all trees orders what matters. */
	return i < pool.total ? __atomic_load_n(&pool.count[i], __ATOMIC_RELAXED) : 0;
}

size_t pool_available(void)
{
	/* Relaxed, pairs with take() and add_owners(): a number for messages only. */
	return __atomic_load_n(&pool.free, __ATOMIC_RELAXED);
}

void *pool_va(uint64_t hpa)
{
	return page_index(hpa) < pool.total ? pool.va + (hpa - pool.hpa) : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-tests/unit/engine/fake_pages.h"

#define POISON	0xdb		/* every byte of a free page */

struct fake_pages fake_pages;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *memory;
static size_t total, nfree, next;	/* next: where the search for a free run begins */
static unsigned int *owners;
static size_t *run;			/* of the first page of what was taken: its pages */

void fake_pages_start(size_t pages)
{
	memset(&fake_pages, 0, sizeof(fake_pages));
	total = nfree = pages;
	next = 0;
	memory = aligned_alloc(PAGE_SIZE, pages * PAGE_SIZE);
	memset(memory, POISON, pages * PAGE_SIZE);
	owners = calloc(pages, sizeof(*owners));
	run = calloc(pages, sizeof(*run));
}

static void assert_poison(size_t page)
{
	const uint8_t *at = memory + page * PAGE_SIZE;

	if (at[0] != POISON || memcmp(at, at + 1, PAGE_SIZE - 1))
		fail_msg("a free page was written to: 0x%lx", FAKE_POOL + page * PAGE_SIZE);
}

void fake_pages_end(void)
{
	for (size_t i = 0; i < total; i++)
		if (!owners[i])
			assert_poison(i);
	free(memory);
	free(owners);
	free(run);
	total = 0;
}

size_t pool_available(void)
{
	return __atomic_load_n(&nfree, __ATOMIC_RELAXED);
}

/* @total or more: not the pool's. */
static size_t page_index(uint64_t hpa)
{
	return (hpa - FAKE_POOL) >> PAGE_SHIFT;
}

unsigned int fake_page_owners(uint64_t hpa)
{
	size_t i = page_index(hpa);

	return i < total ? __atomic_load_n(&owners[i], __ATOMIC_RELAXED) : 0;
}

void fake_page_get(uint64_t hpa)
{
	assert_true(fake_page_owners(hpa) > 0);
	pthread_mutex_lock(&mutex);
	__atomic_fetch_add(&owners[page_index(hpa)], 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&mutex);
}

/* First fit in [from, total) of @n free pages; @total if there is none. */
static size_t find_run(size_t from, size_t n)
{
	size_t length = 0;

	for (size_t i = from; i < total; i++) {
		length = owners[i] ? 0 : length + 1;
		if (length == n)
			return i + 1 - n;
	}
	return total;
}

/* Lock held. Pages just freed are taken last, so that a late user of one is seen. */
static size_t take(size_t n)
{
	size_t first;

	fake_pages.allocs++;
	if (fake_pages.alloc_fail && !--fake_pages.alloc_fail)
		return total;
	first = find_run(next, n);
	if (first == total)
		first = find_run(0, n);
	if (first == total)
		return total;
	for (size_t i = first; i < first + n; i++)
		__atomic_store_n(&owners[i], 1, __ATOMIC_RELAXED);
	run[first] = n;
	next = first + n;
	__atomic_fetch_sub(&nfree, n, __ATOMIC_RELAXED);
	fake_pages.runs++;
	return first;
}

uint64_t pool_alloc(size_t n)
{
	size_t first;

	assert_true(n > 0);
	pthread_mutex_lock(&mutex);
	first = take(n);
	pthread_mutex_unlock(&mutex);
	if (first == total)
		return 0;
	for (size_t i = first; i < first + n; i++)
		assert_poison(i);
	memset(memory + first * PAGE_SIZE, 0, n * PAGE_SIZE);
	return FAKE_POOL + first * PAGE_SIZE;
}

/* What one pool_alloc() took is given back as a whole. Without the lock: a failed assert jumps. */
static void assert_taken(uint64_t hpa, size_t n)
{
	if (!fake_page_owners(hpa) || hpa & ~PAGE_MASK)
		fail_msg("given back, but not taken: 0x%lx", hpa);
	assert_int_equal(run[page_index(hpa)], n);
}

/* Makes @n pages that were one run free. Lock held. */
static void make_free(size_t first, size_t n)
{
	memset(memory + first * PAGE_SIZE, POISON, n * PAGE_SIZE);
	run[first] = 0;
	for (size_t i = first; i < first + n; i++)
		__atomic_store_n(&owners[i], 0, __ATOMIC_RELAXED);
	__atomic_fetch_add(&nfree, n, __ATOMIC_RELAXED);
	fake_pages.runs--;
}

bool pool_put(uint64_t hpa)
{
	size_t i = page_index(hpa);
	bool last;

	assert_taken(hpa, 1);
	pthread_mutex_lock(&mutex);
	last = owners[i] == 1;
	if (last)
		make_free(i, 1);
	else
		__atomic_fetch_sub(&owners[i], 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&mutex);
	return last;
}

void pool_free(uint64_t hpa, size_t n)
{
	assert_taken(hpa, n);
	/* Only single pages can have several owners: tables and views. */
	assert_int_equal(fake_page_owners(hpa), 1);
	pthread_mutex_lock(&mutex);
	make_free(page_index(hpa), n);
	pthread_mutex_unlock(&mutex);
}

void *pool_va(uint64_t hpa)
{
	if (page_index(hpa) >= total)
		return NULL;
	if (!fake_page_owners(hpa))
		fail_msg("use of a free page: 0x%lx", hpa);
	return memory + (hpa - FAKE_POOL);
}

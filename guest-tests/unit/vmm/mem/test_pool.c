/* SPDX-License-Identifier: GPL-2.0-only */
/* The page pool: what it hands out, whose it is, and when it says no. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/mem/pool.h"

#define PAGES	64u
#define BOOK	1u		/* pages the counts take */
#define FREE	(PAGES - BOOK)
#define HPA	0x7ff00000ull

static unsigned char memory[4096 * PAGE_SIZE] __attribute__((aligned(4096)));

static int fresh_pool(void **state)
{
	(void)state;
	memset(memory, 0xa5, sizeof(memory));
	pool_init(memory, HPA, PAGES);
	return 0;
}

static uint64_t page(size_t i)
{
	return HPA + ((BOOK + i) << PAGE_SHIFT);
}

static void bookkeeping_comes_out_of_the_memory(void **state)
{
	(void)state;
	assert_int_equal(pool_available(), FREE);
	/* 4096 counts of 2 bytes fill two pages. */
	pool_init(memory, HPA, 4096);
	assert_int_equal(pool_available(), 4094);
	pool_init(memory, HPA, 1);
	assert_int_equal(pool_available(), 0);
	assert_int_equal(pool_alloc(1), 0);
}

static void pages_are_zeroed_each_time(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3 * FREE; i++) {
		uint64_t hpa = pool_alloc(1);
		unsigned char *va = pool_va(hpa);

		assert_non_null(va);
		assert_int_equal(hpa % PAGE_SIZE, 0);
		for (unsigned int k = 0; k < PAGE_SIZE; k++)
			assert_int_equal(va[k], 0);
		memset(va, 0x5a, PAGE_SIZE);
		assert_true(pool_put(hpa));
	}
}

static void addresses_are_checked(void **state)
{
	(void)state;
	assert_ptr_equal(pool_va(page(0)), memory + PAGE_SIZE);
	assert_ptr_equal(pool_va(page(3) + 17), memory + 4 * PAGE_SIZE + 17);
	assert_ptr_equal(pool_va(page(FREE) - 1), memory + PAGES * PAGE_SIZE - 1);

	const uint64_t foreign[] = { 0, HPA - 1, HPA, page(0) - 1, page(FREE), UINT64_MAX };

	for (unsigned int i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		assert_null(pool_va(foreign[i]));
		assert_int_equal(pool_count(foreign[i]), 0);
		pool_get(foreign[i]);
		assert_false(pool_put(foreign[i]));
	}
	assert_int_equal(pool_available(), FREE);
}

static void runs_are_contiguous(void **state)
{
	(void)state;
	assert_int_equal(pool_alloc(0), 0);
	assert_int_equal(pool_alloc(FREE + 1), 0);
	assert_int_equal(pool_alloc(SIZE_MAX), 0);
	assert_int_equal(pool_alloc(FREE), page(0));
	/* Holes of 1, 3 and 4 pages */
	pool_free(page(2), 1);
	pool_free(page(10), 3);
	pool_free(page(20), 4);
	assert_int_equal(pool_available(), 8);
	assert_int_equal(pool_alloc(5), 0);
	assert_int_equal(pool_alloc(4), page(20));
	assert_int_equal(pool_alloc(2), page(10));
	assert_int_equal(pool_alloc(2), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_not_equal(pool_alloc(1), 0);
	assert_int_equal(pool_alloc(1), 0);
	assert_int_equal(pool_count(page(20)), 1);
	assert_int_equal(pool_count(page(23)), 1);
}

static void last_owner_frees(void **state)
{
	uint64_t hpa = pool_alloc(1);

	(void)state;
	assert_int_equal(pool_count(hpa), 1);
	pool_get(hpa);
	pool_get(hpa);
	assert_int_equal(pool_count(hpa), 3);
	assert_false(pool_put(hpa));
	assert_false(pool_put(hpa));
	assert_int_equal(pool_available(), FREE - 1);
	assert_true(pool_put(hpa));
	assert_int_equal(pool_available(), FREE);
	/* A free page has no owners to add or take. */
	assert_false(pool_put(hpa));
	pool_get(hpa);
	assert_int_equal(pool_count(hpa), 0);
	assert_int_equal(pool_available(), FREE);
}

static void count_sticks_at_its_maximum(void **state)
{
	uint64_t hpa = pool_alloc(1);

	(void)state;
	for (unsigned int i = 0; i < 70000; i++)
		pool_get(hpa);
	assert_int_equal(pool_count(hpa), 65535);
	for (unsigned int i = 0; i < 140000; i++)
		assert_false(pool_put(hpa));
	assert_int_equal(pool_count(hpa), 65535);
	assert_int_equal(pool_available(), FREE - 1);
}

static uint32_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint64_t)seed * below >> 32;
}

struct model {
	unsigned int count[FREE];
	size_t free;
};

static void model_alloc(struct model *m)
{
	size_t n = 1 + rnd(rnd(4) ? 1 : 6), first;
	uint64_t hpa = pool_alloc(n);
	size_t run = 0;

	if (!hpa) {
		/* Only if there really is no such run */
		for (size_t i = 0; i < FREE; i++) {
			run = m->count[i] ? 0 : run + 1;
			assert_true(run < n);
		}
		return;
	}
	first = (hpa - page(0)) >> PAGE_SHIFT;
	for (size_t i = first; i < first + n; i++) {
		assert_true(i < FREE);
		assert_int_equal(m->count[i], 0);
		m->count[i] = 1;
	}
	m->free -= n;
}

static void random_operations_match_a_model(void **state)
{
	struct model m = { .free = FREE };

	(void)state;
	seed = 1;
	for (unsigned int op = 0; op < 50000; op++) {
		size_t i = rnd(FREE);

		switch (rnd(4)) {
		case 0:
			model_alloc(&m);
			break;
		case 1:
			pool_get(page(i));
			m.count[i] += !!m.count[i];
			break;
		default:
			assert_int_equal(pool_put(page(i)), m.count[i] == 1);
			m.free += m.count[i] == 1;
			m.count[i] -= !!m.count[i];
		}
		assert_int_equal(pool_available(), m.free);
		assert_int_equal(pool_count(page(i)), m.count[i]);
	}
}

/* Each thread writes its name into its pages: two owners of one page would show. */
static void *churn(void *arg)
{
	uint64_t name = (uintptr_t)arg;
	uint64_t held[6];

	for (unsigned int round = 0; round < 2000; round++) {
		for (unsigned int i = 0; i < 6; i++) {
			held[i] = pool_alloc(1 + (i & 1));
			if (held[i])
				*(volatile uint64_t *)pool_va(held[i]) = name;
		}
		for (unsigned int i = 0; i < 6; i++) {
			if (!held[i])
				continue;
			if (*(volatile uint64_t *)pool_va(held[i]) != name)
				return arg;
			pool_free(held[i], 1 + (i & 1));
		}
	}
	return NULL;
}

static uint64_t shared;

static void *count_up_and_down(void *arg)
{
	for (unsigned int i = 0; i < 100000; i++) {
		pool_get(shared);
		pool_put(shared);
	}
	pool_get(shared);
	return arg;
}

static void threads_lose_no_owner(void **state)
{
	pthread_t thread[4];

	(void)state;
	shared = pool_alloc(1);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count_up_and_down, NULL), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(pool_count(shared), 5);
}

static void threads_never_share_a_page(void **state)
{
	pthread_t thread[4];

	(void)state;
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, churn, (void *)(i + 1)), 0);
	for (unsigned int i = 0; i < 4; i++) {
		void *broken;

		assert_int_equal(pthread_join(thread[i], &broken), 0);
		assert_null(broken);
	}
	assert_int_equal(pool_available(), FREE);
}

#define TEST(f)	cmocka_unit_test_setup(f, fresh_pool)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bookkeeping_comes_out_of_the_memory),
		TEST(pages_are_zeroed_each_time),
		TEST(addresses_are_checked),
		TEST(runs_are_contiguous),
		TEST(last_owner_frees),
		TEST(count_sticks_at_its_maximum),
		TEST(random_operations_match_a_model),
		TEST(threads_never_share_a_page),
		TEST(threads_lose_no_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

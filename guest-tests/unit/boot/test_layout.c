/* SPDX-License-Identifier: GPL-2.0-only */
/* The run of reserved memory: order, sizes, alignment, and headers that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "boot/layout.h"
#include "boot/paging.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define PAGE 4096ull
#define VIEW_BITS 48

static struct resident_header good_header(void)
{
	return (struct resident_header){
		.magic = RESIDENT_MAGIC,
		.image_size = 0x40000, .file_size = 0x30010,
		.text_start = 0x1000, .text_end = 0x20000, .rodata_end = 0x28000,
		.entry = 0x1234, .boot_info = 0x38040,
		.world_size = 0x10000, .world_guards = 2, .world_guard = { 1, 15 },
	};
}

static void plan(const struct resident_header *h, uint32_t cpus, uint32_t bits, struct layout *l)
{
	assert_null(layout_check(h, h->file_size));
	assert_null(layout_plan(h, cpus, bits, VIEW_BITS, l));
}

static void assert_order(const struct resident_header *h, uint32_t cpus, const struct layout *l)
{
	const uint64_t all[] = { l->worlds, l->map_tables, l->map_tables_size, l->page_tables,
				 l->page_tables_size, l->pool, l->pool_size, l->annex, l->size };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(all[i] % PAGE, 0);
	assert_int_equal(l->worlds, h->image_size);
	assert_int_equal(l->map_tables, l->worlds + (uint64_t)cpus * h->world_size);
	assert_int_equal(l->page_tables, l->map_tables + l->map_tables_size);
	assert_int_equal(l->pool, l->page_tables + l->page_tables_size);
	assert_int_equal(l->annex, l->pool + l->pool_size);
	assert_int_equal(l->size, l->annex + ANNEX_SIZE);
	/* One page table page for each 512 map slots. */
	assert_true(l->map_tables_size / PAGE * 512 >= (uint64_t)cpus * MAP_SLOTS_PER_CPU);
	/* Enough tables for the run, itself included. */
	assert_true(l->page_tables_size / PAGE >=
		    paging_pages(l->size, l->map_tables_size / PAGE));
}

static void test_order(void **state)
{
	static const uint32_t cpus[] = { 1, 2, 4, 8, 127, 128, 129, 255, 256 };
	struct resident_header h = good_header();
	struct layout l;

	(void)state;
	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
		for (uint32_t bits = 32; bits <= 52; bits++) {
			plan(&h, cpus[i], bits, &l);
			assert_order(&h, cpus[i], &l);
		}
}

/* The tables' own pages may need one more table: every size modulo 2 MiB is tried. */
static void test_every_size(void **state)
{
	struct resident_header h = good_header();
	struct layout l;

	(void)state;
	for (int i = 0; i < 513; i++, h.image_size += PAGE) {
		plan(&h, 2, 39, &l);
		assert_order(&h, 2, &l);
	}
}

/* At most 16 MiB with 4 CPUs, for any width of physical addresses up to 48 bits. */
static void test_small_machine(void **state)
{
	struct resident_header h = good_header();
	struct layout l;

	(void)state;
	plan(&h, 4, 40, &l);
	assert_true(l.size <= 8 * MIB + 512 * KIB);
	plan(&h, 4, 48, &l);
	assert_true(l.size <= 16 * MIB);
}

static void test_pool(void **state)
{
	static const struct {
		uint32_t cpus, bits;
		uint64_t size;
	} cases[] = {
		{ 1, 36, 4 * MIB + 256 * KIB + 65 * PAGE },
		{ 1, 39, 4 * MIB + 256 * KIB + 65 * PAGE },
		{ 2, 40, 4 * MIB + 512 * KIB + 66 * PAGE },
		{ 4, 46, 5 * MIB + (128 + 64) * PAGE },
		{ 1, 48, 4 * MIB + 256 * KIB + (512 + 64) * PAGE },
		/* A view does not reach further. */
		{ 1, 52, 4 * MIB + 256 * KIB + (512 + 64) * PAGE },
	};
	struct resident_header h = good_header();
	struct layout l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		plan(&h, cases[i].cpus, cases[i].bits, &l);
		assert_int_equal(l.pool_size, cases[i].size);
	}
	assert_null(layout_plan(&h, 2, 52, 40, &l));
	assert_int_equal(l.pool_size, 4 * MIB + 512 * KIB + 66 * PAGE);
}

/* Wherever the firmware puts it: the annex is aligned and all lies in what was allocated. */
static void test_place(void **state)
{
	struct resident_header h = good_header();
	struct layout l;

	(void)state;
	plan(&h, 3, 39, &l);
	for (uint64_t start = 0x12300000; start < 0x12300000 + 4 * MIB; start += PAGE) {
		uint64_t run = layout_place(&l, start);

		assert_int_equal(run % PAGE, 0);
		assert_int_equal((run + l.annex) % ANNEX_SIZE, 0);
		assert_true(run >= start);
		assert_true(run + l.size <= start + layout_span(&l));
	}
	/* Not more than must be. */
	assert_int_equal(layout_span(&l), l.size + 2 * MIB - PAGE);
}

static void test_arguments(void **state)
{
	struct resident_header h = good_header();
	struct layout l;

	(void)state;
	assert_non_null(layout_plan(&h, 0, 39, VIEW_BITS, &l));
	assert_non_null(layout_plan(&h, MAX_CPUS + 1, 39, VIEW_BITS, &l));
	assert_non_null(layout_plan(&h, 1, 31, VIEW_BITS, &l));
	assert_non_null(layout_plan(&h, 1, 53, VIEW_BITS, &l));
	/* The run must end before MAP_VA. */
	h.world_size = 8 * MIB;
	assert_non_null(layout_plan(&h, 256, 39, VIEW_BITS, &l));
	assert_null(layout_plan(&h, 64, 39, VIEW_BITS, &l));
}

#define REFUSED(change) do { \
	struct resident_header h = good_header(); \
	uint64_t blob = h.file_size; \
	change; \
	assert_non_null(layout_check(&h, blob)); \
} while (0)

static void test_bad_headers(void **state)
{
	(void)state;
	REFUSED(h.magic ^= 1);
	REFUSED(blob = sizeof(h) - 1);
	REFUSED(blob--);
	REFUSED(blob++);
	REFUSED(h.image_size = 0x30000);
	REFUSED(h.image_size += 8);
	REFUSED(h.image_size = 0xfffff000);
	REFUSED(h.text_start++);
	REFUSED(h.text_end = h.text_start);
	REFUSED(h.text_end = h.rodata_end + PAGE);
	REFUSED(h.text_end += 8);
	REFUSED(h.rodata_end += 8);
	REFUSED(h.rodata_end = h.image_size + PAGE);
	REFUSED(h.entry = h.text_start - 1);
	REFUSED(h.entry = h.text_end);
	REFUSED(h.boot_info = h.rodata_end - 8);
	REFUSED(h.boot_info = h.image_size);
	REFUSED(h.boot_info = h.image_size - sizeof(struct boot_info) + 1);
	REFUSED(h.boot_info = 0xfffffff8);
	REFUSED(h.world_size = 0);
	REFUSED(h.world_size += 8);
	REFUSED(h.world_size = 0xfffff000);
	REFUSED(h.world_guards = WORLD_GUARD_MAX + 1);
	REFUSED(h.world_guard[0] = 0);
	REFUSED(h.world_guard[1] = h.world_size / PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_small_machine),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_bad_headers),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}

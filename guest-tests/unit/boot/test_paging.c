/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Root mode's page tables, walked as a CPU would. Each test walks the whole
 * tree, so that a page too many is found as well as one too few.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "boot/layout.h"
#include "boot/paging.h"

#define PAGE 4096ull
#define P (1ull << 0)
#define W (1ull << 1)
#define US (1ull << 2)
#define PS (1ull << 7)
#define NX (1ull << 63)
#define ADDR 0x000ffffffffff000ull

struct machine {
	struct resident_header h;
	struct layout l;
	struct paging_in in;
	uint64_t *tables, cr3;
	uint64_t leaves;	/* met by the walk */
};

static void setup_machine(struct machine *m, uint64_t phys, uint64_t sw, uint64_t sw_end)
{
	memset(m, 0, sizeof(*m));
	m->h = (struct resident_header){
		.magic = RESIDENT_MAGIC,
		.image_size = 0x40000, .file_size = 0x30010,
		.text_start = 0x1000, .text_end = 0x20000, .rodata_end = 0x28000,
		.entry = 0x1234, .boot_info = 0x38040,
		.world_size = 0x10000, .world_guards = 2, .world_guard = { 1, 15 },
	};
	assert_null(layout_plan(&m->h, 130, 40, 48, &m->l));
	m->in = (struct paging_in){ &m->h, &m->l, phys, sw, sw_end };
	m->tables = malloc(m->l.page_tables_size);
	assert_non_null(m->tables);
	memset(m->tables, 0xa5, m->l.page_tables_size);
	m->cr3 = paging_build(&m->in, m->tables);
}

/* The table at a physical address, which must be one of the tables'. */
static uint64_t *table_at(const struct machine *m, uint64_t pa)
{
	uint64_t start = m->in.phys + m->l.page_tables;

	assert_true(pa >= start && pa < start + m->l.page_tables_size && pa % PAGE == 0);
	return m->tables + (pa - start) / 8;
}

/* What the spec says of a page of the run: 0 or P with W and NX. */
static uint64_t want_rights(const struct machine *m, uint64_t off)
{
	if (off < 0x1000)
		return P | NX;
	if (off < 0x20000)
		return P;
	if (off < 0x28000)
		return P | NX;
	if (off >= m->l.worlds && off < m->l.map_tables) {
		uint64_t page = (off - m->l.worlds) % 0x10000 / PAGE;

		if (page == 1 || page == 15)
			return 0;
	}
	return P | W | NX;
}

static void check_leaf(struct machine *m, uint64_t va, uint64_t entry)
{
	uint64_t rights = entry & (P | W | NX), pa = entry & ADDR;

	m->leaves++;
	assert_false(entry & US);
	/* Never write and execute. */
	assert_true(!(entry & W) || (entry & NX));
	if (va < 1ull << 47) {
		assert_int_equal(pa, va);
		assert_int_equal(rights, P);
		assert_true(va + PAGE > m->in.switch_start && va < m->in.switch_end);
		return;
	}
	assert_true(va >= RESIDENT_VA && va < RESIDENT_VA + m->l.size);
	assert_int_equal(pa, m->in.phys + (va - RESIDENT_VA));
	assert_int_equal(rights, want_rights(m, va - RESIDENT_VA));
}

/* A map table is the run's page, not one of the tables'; its entries belong to root mode. */
static bool is_map_table(const struct machine *m, uint64_t va, unsigned int level, uint64_t pa)
{
	uint64_t i = (va - MAP_VA) >> 21;

	if (level != 2 || va < MAP_VA)
		return false;
	assert_true(i < m->l.map_tables_size / PAGE);
	assert_int_equal(pa, m->in.phys + m->l.map_tables + i * PAGE);
	return true;
}

static uint64_t map_tables_seen;

static void walk(struct machine *m, uint64_t table, unsigned int level, uint64_t base)
{
	uint64_t *t = table_at(m, table);

	for (uint64_t i = 0; i < 512; i++) {
		uint64_t va = base + (i << (12 + 9 * (level - 1)));

		/* Canonical addresses: the upper half is sign extended. */
		if (level == 4 && i >= 256)
			va |= 0xffffull << 48;
		if (!(t[i] & P)) {
			assert_int_equal(t[i], 0);
			continue;
		}
		if (level == 1) {
			check_leaf(m, va, t[i]);
			continue;
		}
		assert_false(t[i] & (PS | US | NX));
		assert_true(t[i] & W);
		if (is_map_table(m, va, level, t[i] & ADDR))
			map_tables_seen++;
		else
			walk(m, t[i] & ADDR, level - 1, va);
	}
}

/* Pages of the run that must be there. */
static uint64_t wanted_leaves(const struct machine *m)
{
	uint64_t n = 0;

	for (uint64_t off = 0; off < m->l.size; off += PAGE)
		n += want_rights(m, off) != 0;
	return n;
}

static void check_machine(uint64_t phys, uint64_t sw, uint64_t sw_end, uint64_t switch_pages)
{
	struct machine m;

	setup_machine(&m, phys, sw, sw_end);
	assert_int_equal(m.cr3, phys + m.l.page_tables);
	map_tables_seen = 0;
	walk(&m, m.cr3, 4, 0);
	assert_int_equal(m.leaves, wanted_leaves(&m) + switch_pages);
	assert_int_equal(map_tables_seen, 2);
	/* The low half hangs on entries of its own. */
	for (unsigned int i = 256; i < 511; i++)
		assert_int_equal(table_at(&m, m.cr3)[i], 0);
	free(m.tables);
}

static void test_whole_tree(void **state)
{
	(void)state;
	check_machine(0x1f345000, 0x1e001040, 0x1e0011c0, 1);
	/* Above 4 GiB, and high in the physical address space. */
	check_machine(0x345678000, 0x3c0001000, 0x3c0001001, 1);
	check_machine(0xfffff000000, 0x1000, 0x1fff, 1);
}

/* The switch may straddle a page, a table, a directory, and even 512 GiB. */
static void test_straddle(void **state)
{
	static const uint64_t edges[] = { 0x1e001000, 0x1e200000, 0x40000000, 1ull << 39 };

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		check_machine(0x1f345000, edges[i] - 8, edges[i] + 8, 2);
}

static void refused_switch(uint64_t start, uint64_t end)
{
	struct machine m;

	setup_machine(&m, 0x1f345000, start, end);
	assert_int_equal(m.cr3, 0);
	free(m.tables);
}

static void test_bad_switch(void **state)
{
	(void)state;
	refused_switch(0x2000, 0x2000);
	refused_switch(0x3000, 0x2000);
	refused_switch((1ull << 47) - 8, (1ull << 47) + 8);
	refused_switch(0xffffffff80000000, 0xffffffff80001000);
	refused_switch(0x1000, 0x1000000);
}

/* With any number of pages too few it fails, and never writes beyond them (ASan watches). */
static void test_no_room(void **state)
{
	struct machine m;
	uint64_t used = 0, *small;

	(void)state;
	setup_machine(&m, 0x1f345000, 0x1ffff8, 0x200008);
	assert_int_not_equal(m.cr3, 0);
	for (uint64_t pages = 0; pages <= m.l.page_tables_size / PAGE; pages++) {
		struct layout l = m.l;
		struct paging_in in = m.in;

		l.page_tables_size = pages * PAGE;
		in.layout = &l;
		small = malloc(pages ? pages * PAGE : 1);
		assert_non_null(small);
		if (paging_build(&in, small) && !used)
			used = pages;
		if (used)
			assert_int_not_equal(paging_build(&in, small), 0);
		free(small);
	}
	assert_true(used > 0);
	free(m.tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_tree),
		cmocka_unit_test(test_straddle),
		cmocka_unit_test(test_bad_switch),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests_name("paging", tests, NULL, NULL);
}

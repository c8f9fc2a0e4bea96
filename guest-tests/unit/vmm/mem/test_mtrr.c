/* SPDX-License-Identifier: GPL-2.0-only */
/* MTRRs against an oracle that goes page by page, and against sets of real machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/mem/mtrr.h"

#define PAGE	4096ull
#define KiB	1024ull
#define MiB	(1024 * KiB)
#define GiB	(1024 * MiB)

#define E	0x800u		/* MTRRs enabled */
#define FE	0x400u		/* fixed ranges enabled */
#define CAP	0x508u		/* WC, fixed ranges, 8 variable ranges */

/* ---- the oracle ---- */

/* Start of each of the 88 fixed ranges and the end of the last */
static uint64_t fixed_start(unsigned int i)
{
	if (i < 8)
		return i * 64 * KiB;
	if (i < 24)
		return 512 * KiB + (i - 8) * 16 * KiB;
	return 768 * KiB + (i - 24) * 4 * KiB;
}

static unsigned int oracle_fixed(const struct mtrr_map *m, uint64_t addr)
{
	unsigned int i = 0;

	while (fixed_start(i + 1) <= addr)
		i++;
	return ((const uint8_t *)m->fixed)[i];	/* little endian, as registers are laid out */
}

static unsigned int oracle_variable(const struct mtrr_map *m, uint64_t addr)
{
	bool seen[256] = { false };
	unsigned int kinds = 0, last = 0;

	for (unsigned int i = 0; i < (m->cap & 0xff) && i < MTRR_MAX_VARIABLE; i++) {
		uint64_t width = (1ull << m->phys_bits) - 1;
		uint64_t mask = m->mask[i] >> 12 << 12 & width;

		if (!(m->mask[i] >> 11 & 1) || (addr & mask) != (m->base[i] & mask))
			continue;
		last = m->base[i] & 0xff;
		kinds += !seen[last];
		seen[last] = true;
	}
	if (!kinds)
		return m->def_type & 0xff;
	if (kinds == 1)
		return last;
	if (kinds == 2 && seen[MT_WT] && seen[MT_WB])
		return MT_WT;
	return MT_UC;
}

static unsigned int oracle(const struct mtrr_map *m, uint64_t addr)
{
	if (!(m->def_type & E))
		return MT_UC;
	if (m->def_type & FE && addr < MiB)
		return oracle_fixed(m, addr);
	return oracle_variable(m, addr);
}

static bool oracle_uniform(const struct mtrr_map *m, uint64_t addr, uint64_t size)
{
	unsigned int type = oracle(m, addr);

	for (uint64_t a = addr; a < addr + size; a += PAGE)
		if (oracle(m, a) != type)
			return false;
	return true;
}

static void check_block(const struct mtrr_map *m, uint64_t addr, uint64_t size)
{
	enum memory_type type = 99;
	bool want = oracle_uniform(m, addr, size);

	if (mtrr_uniform(m, addr, size, &type) != want)
		fail_msg("[%#lx, +%#lx) %s uniform", addr, size, want ? "is" : "is not");
	assert_int_equal(type, oracle(m, addr));
}

static void check_page(const struct mtrr_map *m, uint64_t addr)
{
	enum memory_type type;

	assert_int_equal(mtrr_type(m, addr), oracle(m, addr & ~(PAGE - 1)));
	assert_true(mtrr_uniform(m, addr & ~(PAGE - 1), PAGE, &type));
	assert_int_equal(type, oracle(m, addr & ~(PAGE - 1)));
}

/* ---- builders ---- */

static void set_range(struct mtrr_map *m, unsigned int i, uint64_t base, uint64_t size,
		      unsigned int type)
{
	m->base[i] = base | type;
	m->mask[i] = (((1ull << m->phys_bits) - 1) & ~(size - 1)) | 0x800;
}

static struct mtrr_map plain(unsigned int phys_bits, unsigned int def_type)
{
	struct mtrr_map m = { .def_type = def_type, .cap = CAP, .phys_bits = phys_bits };

	return m;
}

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 32) * below >> 32;
}

static unsigned int rnd_type(void)
{
	static const uint8_t types[] = { MT_UC, MT_WC, MT_WT, MT_WP, MT_WB, MT_WB };

	return types[rnd(sizeof(types))];
}

/* ---- rules, one by one ---- */

static void disabled_is_uncached(void **state)
{
	struct mtrr_map m = plain(36, FE | MT_WB);
	enum memory_type type;

	(void)state;
	set_range(&m, 0, 0, 4 * GiB, MT_WB);
	memset(m.fixed, MT_WB, sizeof(m.fixed));
	assert_int_equal(mtrr_type(&m, 0), MT_UC);
	assert_int_equal(mtrr_type(&m, 2 * GiB), MT_UC);
	assert_true(mtrr_uniform(&m, 0, 64 * GiB, &type));
	assert_int_equal(type, MT_UC);
}

static void default_where_nothing_matches(void **state)
{
	struct mtrr_map m = plain(36, E | MT_WB);

	(void)state;
	assert_int_equal(mtrr_type(&m, 5 * GiB), MT_WB);
	set_range(&m, 0, 4 * GiB, 4 * GiB, MT_WC);
	assert_int_equal(mtrr_type(&m, 4 * GiB - 1), MT_WB);
	assert_int_equal(mtrr_type(&m, 4 * GiB), MT_WC);
	assert_int_equal(mtrr_type(&m, 8 * GiB - 1), MT_WC);
	assert_int_equal(mtrr_type(&m, 8 * GiB), MT_WB);
	/* Not valid: as if it were not there */
	m.mask[0] &= ~0x800ull;
	assert_int_equal(mtrr_type(&m, 4 * GiB), MT_WB);
	/* Beyond the number of ranges in IA32_MTRRCAP */
	m = plain(36, E | MT_WB);
	set_range(&m, 8, 0, 4 * GiB, MT_UC);
	assert_int_equal(mtrr_type(&m, 0), MT_WB);
	m.cap = 0x50a;
	assert_int_equal(mtrr_type(&m, 0), MT_UC);
	m.cap = 0x5ff;
	assert_int_equal(mtrr_type(&m, 0), MT_UC);
}

static void overlaps(void **state)
{
	static const uint8_t types[] = { MT_UC, MT_WC, MT_WT, MT_WP, MT_WB };

	(void)state;
	for (unsigned int a = 0; a < 5; a++) {
		for (unsigned int b = 0; b < 5; b++) {
			struct mtrr_map m = plain(36, E | MT_WP);
			unsigned int s = 1u << types[a] | 1u << types[b], want = MT_UC;

			if (a == b)
				want = types[a];
			else if (s == (1u << MT_WB | 1u << MT_WT))
				want = MT_WT;
			set_range(&m, 2, 0, GiB, types[a]);
			set_range(&m, 5, 512 * MiB, 512 * MiB, types[b]);
			assert_int_equal(mtrr_type(&m, 511 * MiB), types[a]);
			assert_int_equal(mtrr_type(&m, 512 * MiB), want);
			/* A third one with UC wins always. */
			set_range(&m, 7, 0, 2 * GiB, MT_UC);
			assert_int_equal(mtrr_type(&m, 512 * MiB), MT_UC);
		}
	}
}

static void fixed_before_variable(void **state)
{
	struct mtrr_map m = plain(36, E | FE | MT_UC);

	(void)state;
	set_range(&m, 0, 0, 4 * GiB, MT_UC);
	for (unsigned int i = 0; i < 88; i++)
		((uint8_t *)m.fixed)[i] = (i & 1) ? MT_WB : MT_WP;
	for (unsigned int i = 0; i < 88; i++) {
		assert_int_equal(mtrr_type(&m, fixed_start(i)), (i & 1) ? MT_WB : MT_WP);
		assert_int_equal(mtrr_type(&m, fixed_start(i + 1) - 1), (i & 1) ? MT_WB : MT_WP);
	}
	assert_int_equal(mtrr_type(&m, MiB), MT_UC);
	m.def_type &= ~(uint64_t)FE;
	assert_int_equal(mtrr_type(&m, 0x9000), MT_UC);
}

static void bits_beyond_the_width_are_ignored(void **state)
{
	struct mtrr_map m = plain(36, E | MT_UC);

	(void)state;
	set_range(&m, 0, 0, 4 * GiB, MT_WB);
	m.mask[0] |= 0xfffff0ull << 40;
	m.base[0] |= 0x123450ull << 40;
	assert_int_equal(mtrr_type(&m, 0x1000), MT_WB);
	assert_int_equal(mtrr_type(&m, 4 * GiB), MT_UC);
}

static void undefined_types_are_uncached(void **state)
{
	static const uint8_t bad[] = { 2, 3, 7, 8, 0x46, 0xff };

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad); i++) {
		struct mtrr_map m = plain(36, E | FE | bad[i]);

		memset(m.fixed, bad[i], sizeof(m.fixed));
		set_range(&m, 0, 4 * GiB, GiB, bad[i]);
		assert_int_equal(mtrr_type(&m, 0), MT_UC);
		assert_int_equal(mtrr_type(&m, 2 * MiB), MT_UC);
		assert_int_equal(mtrr_type(&m, 4 * GiB), MT_UC);
	}
}

/* ---- against the oracle ---- */

/* All edges that can matter, and a page to each side */
static void check_edges(const struct mtrr_map *m)
{
	uint64_t width = (1ull << m->phys_bits) - 1;

	for (unsigned int i = 0; i < MTRR_MAX_VARIABLE; i++) {
		uint64_t mask = m->mask[i] >> 12 << 12 & width;
		uint64_t base = m->base[i] & mask, size = mask & -mask;
		const uint64_t at[] = { base, base + size };

		for (unsigned int k = 0; k < 2; k++) {
			for (int d = -1; d <= 1; d++) {
				uint64_t a = (at[k] + d * (int64_t)PAGE) & width;

				check_page(m, a);
				for (uint64_t s = PAGE; s <= 8 * MiB; s <<= 1)
					check_block(m, a & ~(s - 1), s);
			}
		}
	}
}

static void random_map(struct mtrr_map *m, uint64_t span)
{
	unsigned int n = rnd(11);

	*m = plain(30 + rnd(23), (rnd(16) ? E : 0) | (rnd(2) ? FE : 0) | rnd_type());
	m->cap = 0x500 | rnd(12);
	for (unsigned int i = 0; i < 11; i++)
		for (unsigned int k = 0; k < 64; k += 8)
			m->fixed[i] |= (uint64_t)(rnd(4) ? MT_WB : rnd_type()) << k;
	for (unsigned int i = 0; i < n && i < MTRR_MAX_VARIABLE; i++) {
		uint64_t size = PAGE << rnd(16);

		set_range(m, i, (rnd(span / PAGE) * PAGE) & ~(size - 1), size, rnd_type());
		if (!rnd(8))
			m->mask[i] &= ~0x800ull;
	}
}

static void random_maps_match_the_oracle(void **state)
{
	struct mtrr_map m;

	(void)state;
	seed = 7;
	for (unsigned int n = 0; n < 200; n++) {
		random_map(&m, 256 * MiB);
		check_edges(&m);
		for (unsigned int k = 0; k < 200; k++) {
			uint64_t size = PAGE << rnd(13);

			check_block(&m, (rnd(320 * MiB / PAGE) * PAGE) & ~(size - 1), size);
			check_page(&m, rnd(320 * MiB));
		}
	}
}

/* The sizes the EPT asks for, with all ten ranges inside one of them */
static void whole_gigabytes_match_the_oracle(void **state)
{
	struct mtrr_map m;

	(void)state;
	seed = 11;
	for (unsigned int n = 0; n < 6; n++) {
		random_map(&m, GiB);
		m.def_type |= E;
		m.cap = 0x50a;
		/* Odd ones: ranges that say what the default says, so that it stays uniform */
		for (unsigned int i = 0; n & 1 && i < 10; i++)
			m.base[i] = (m.base[i] & ~0xffull) | (m.def_type & 0xff);
		check_block(&m, 0, GiB);
		check_block(&m, GiB, GiB);
	}
}

/* The worst case in steps: every range is one page, none of it matters, nor do the fixed ones. */
static void ten_small_ranges_do_not_exhaust_the_search(void **state)
{
	struct mtrr_map m = plain(46, E | FE | MT_UC);
	enum memory_type type;

	(void)state;
	m.cap = 0x50a;
	/* WB pages under larger UC ones: each has to be looked at, all is UC in the end. */
	for (unsigned int i = 0; i < 5; i++) {
		uint64_t at = (2 * i + 1) * 100 * MiB;

		set_range(&m, 2 * i, at & ~(PAGE - 1), PAGE, MT_WB);
		set_range(&m, 2 * i + 1, at & ~(2 * PAGE - 1), 2 * PAGE, MT_UC);
	}
	assert_true(mtrr_uniform(&m, 0, GiB, &type));
	assert_int_equal(type, MT_UC);
	assert_true(mtrr_uniform(&m, 0, 512 * GiB, &type));
	/* One of them uncovered */
	m.mask[9] = 0;
	assert_false(mtrr_uniform(&m, 0, GiB, &type));
	assert_false(mtrr_uniform(&m, 0, 512 * GiB, &type));
}

/* Masks with holes: bounded, and never yes where it is no. */
static void masks_with_holes(void **state)
{
	(void)state;
	seed = 13;
	for (unsigned int n = 0; n < 2000; n++) {
		struct mtrr_map m = plain(36, E | rnd_type());
		enum memory_type type;
		uint64_t addr = rnd(8) * 2 * MiB;

		for (unsigned int i = 0; i < 3; i++) {
			m.base[i] = rnd(4096) * PAGE | rnd_type();
			m.mask[i] = (((uint64_t)rnd(1 << 24) << 12) & 0xfffffffffull) | 0x800;
		}
		for (unsigned int k = 0; k < 20; k++)
			check_page(&m, rnd(1u << 31));
		if (mtrr_uniform(&m, addr, 2 * MiB, &type)) {
			assert_true(oracle_uniform(&m, addr, 2 * MiB));
			assert_int_equal(type, oracle(&m, addr));
		}
	}

	/* Every other page WB, and UC over it: all UC, but a search would look at each page. */
	struct mtrr_map m = plain(36, E | MT_UC);
	enum memory_type type;

	m.base[0] = MT_WB;
	m.base[1] = MT_UC;
	m.mask[0] = m.mask[1] = 0x1800;
	assert_true(mtrr_uniform(&m, 0, 2 * MiB, &type));
	assert_false(mtrr_uniform(&m, 0, 64 * GiB, &type));
	/* A range that says what the default says needs no search. */
	m.mask[0] = 0;
	assert_true(mtrr_uniform(&m, 0, 64 * GiB, &type));
	assert_int_equal(type, MT_UC);
}

/* ---- real machines ---- */

struct expectation {
	uint64_t addr, size;
	int type;			/* -1: mixed */
};

static void check_machine(const struct mtrr_map *m, const struct expectation *x, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum memory_type type;
		bool uniform = mtrr_uniform(m, x[i].addr, x[i].size, &type);

		if (uniform != (x[i].type >= 0) || (uniform && (int)type != x[i].type))
			fail_msg("[%#lx, +%#lx): %s %d", x[i].addr, x[i].size,
				 uniform ? "type" : "mixed", type);
		check_block(m, x[i].addr, x[i].size < 64 * MiB ? x[i].size : 64 * MiB);
	}
	check_edges(m);
}

#define CHECK_MACHINE(m, ...) do {						\
	static const struct expectation x[] = { __VA_ARGS__ };			\
	check_machine(m, x, sizeof(x) / sizeof(x[0]));				\
} while (0)

/* OVMF in a PC with 512 MiB: default WB, a hole for PCI, the usual low megabyte */
static void ovmf(void **state)
{
	struct mtrr_map m = plain(40, E | FE | MT_WB);

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		m.fixed[i] = i < 2 ? 0x0606060606060606 : 0;
	for (unsigned int i = 3; i < 11; i++)
		m.fixed[i] = 0x0505050505050505;
	set_range(&m, 0, 0x80000000, 2 * GiB, MT_UC);
	CHECK_MACHINE(&m,
		{ 0, 0x80000, MT_WB }, { 0x80000, 0x20000, MT_WB }, { 0xa0000, 0x20000, MT_UC },
		{ 0xc0000, 0x40000, MT_WP }, { 0, 2 * MiB, -1 }, { 2 * MiB, 2 * MiB, MT_WB },
		{ 0, GiB, -1 }, { GiB, GiB, MT_WB }, { 2 * GiB, GiB, MT_UC },
		{ 3 * GiB, GiB, MT_UC }, { 4 * GiB, GiB, MT_WB }, { 1023 * GiB, GiB, MT_WB });
}

/* A laptop with 8 GiB: default UC, memory pieced together, flash WP, graphics WC */
static void laptop(void **state)
{
	struct mtrr_map m = plain(36, E | FE | MT_UC);

	(void)state;
	memset(m.fixed, MT_WB, sizeof(m.fixed));
	m.fixed[2] = 0;
	set_range(&m, 0, 0, 2 * GiB, MT_WB);
	set_range(&m, 1, 2 * GiB, 512 * MiB, MT_WB);
	set_range(&m, 2, 2560 * MiB, 256 * MiB, MT_WB);
	set_range(&m, 3, 0xaf000000, 16 * MiB, MT_UC);
	set_range(&m, 4, 4 * GiB, 4 * GiB, MT_WB);
	set_range(&m, 5, 8 * GiB, 1 * GiB, MT_WB);
	set_range(&m, 6, 0xffc00000, 4 * MiB, MT_WP);
	set_range(&m, 7, 0xd0000000, 256 * MiB, MT_WC);
	CHECK_MACHINE(&m,
		{ GiB, GiB, MT_WB }, { 2 * GiB, GiB, -1 }, { 2 * GiB, 512 * MiB, MT_WB },
		{ 0xa0000000, 128 * MiB, MT_WB }, { 0xae000000, 16 * MiB, MT_WB },
		{ 0xaf000000, 16 * MiB, MT_UC }, { 0xb0000000, 256 * MiB, MT_UC },
		{ 0xd0000000, 256 * MiB, MT_WC }, { 0xff800000, 4 * MiB, MT_UC },
		{ 0xffc00000, 4 * MiB, MT_WP }, { 3 * GiB, GiB, -1 }, { 4 * GiB, 4 * GiB, MT_WB },
		{ 8 * GiB, GiB, MT_WB }, { 9 * GiB, GiB, MT_UC }, { 32 * GiB, 32 * GiB, MT_UC });
}

/* A desktop board: default WB, UC holes that overlap each other */
static void holes_above_default_write_back(void **state)
{
	struct mtrr_map m = plain(39, E | FE | MT_WB);

	(void)state;
	memset(m.fixed, MT_WB, sizeof(m.fixed));
	set_range(&m, 0, 0xc0000000, GiB, MT_UC);
	set_range(&m, 1, 0xbe000000, 32 * MiB, MT_UC);
	set_range(&m, 2, 0xbf000000, 16 * MiB, MT_UC);		/* inside the one above */
	set_range(&m, 3, 0x4000000000, 256 * GiB, MT_UC);	/* 64-bit PCI space */
	CHECK_MACHINE(&m,
		{ 0, GiB, MT_WB }, { 2 * GiB, GiB, -1 }, { 0xbc000000, 32 * MiB, MT_WB },
		{ 0xbe000000, 32 * MiB, MT_UC }, { 0xbf000000, 16 * MiB, MT_UC },
		{ 3 * GiB, GiB, MT_UC }, { 4 * GiB, 4 * GiB, MT_WB },
		{ 256 * GiB, 256 * GiB, MT_UC }, { 0, 512 * GiB, -1 });
}

/* A server with 46 bits: ten ranges, WT over WB, huge sizes */
static void server(void **state)
{
	struct mtrr_map m = plain(46, E | FE | MT_UC);

	(void)state;
	m.cap = 0x50a;
	memset(m.fixed, MT_WB, sizeof(m.fixed));
	set_range(&m, 0, 0, 1024 * GiB, MT_WB);
	set_range(&m, 1, 2 * GiB, 2 * GiB, MT_UC);
	set_range(&m, 2, 1024 * GiB, 512 * GiB, MT_WB);
	set_range(&m, 8, 1536 * GiB, 8 * GiB, MT_WT);
	set_range(&m, 9, 1024 * GiB, 1024 * GiB, MT_WB);
	CHECK_MACHINE(&m,
		{ 0, GiB, MT_WB }, { 2 * GiB, 2 * GiB, MT_UC }, { 512 * GiB, 512 * GiB, MT_WB },
		{ 1024 * GiB, 512 * GiB, MT_WB }, { 1536 * GiB, 8 * GiB, MT_WT },
		{ 1536 * GiB, 16 * GiB, -1 }, { 1544 * GiB, GiB, MT_WB },
		{ 2048 * GiB, 512 * GiB, MT_UC }, { 0x3fff00000000, 4 * GiB, MT_UC });
}

/* ---- registers ---- */

static void registers_by_number(void **state)
{
	static const uint32_t fixed[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c,
					  0x26d, 0x26e, 0x26f };
	struct mtrr_map m = plain(36, E);
	unsigned int known = 0;

	(void)state;
	for (unsigned int i = 0; i < 11; i++) {
		assert_int_equal(mtrr_fixed_msr(i), fixed[i]);
		assert_ptr_equal(mtrr_slot(&m, fixed[i]), &m.fixed[i]);
	}
	for (unsigned int i = 0; i < 8; i++) {
		assert_ptr_equal(mtrr_slot(&m, 0x200 + 2 * i), &m.base[i]);
		assert_ptr_equal(mtrr_slot(&m, 0x201 + 2 * i), &m.mask[i]);
	}
	assert_ptr_equal(mtrr_slot(&m, 0x2ff), &m.def_type);
	for (uint32_t msr = 0; msr < 0x2000; msr++)
		known += mtrr_slot(&m, msr) != NULL;
	assert_int_equal(known, 11 + 16 + 1);
	assert_null(mtrr_slot(&m, 0xfe));
	assert_null(mtrr_slot(&m, 0x277));
	assert_null(mtrr_slot(&m, 0xc0000080));
	/* Without fixed ranges, and with more variable ones than we hold */
	m.cap = 0x4ff;
	assert_null(mtrr_slot(&m, 0x250));
	assert_ptr_equal(mtrr_slot(&m, 0x213), &m.mask[9]);
	assert_null(mtrr_slot(&m, 0x214));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disabled_is_uncached),
		cmocka_unit_test(default_where_nothing_matches),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(fixed_before_variable),
		cmocka_unit_test(bits_beyond_the_width_are_ignored),
		cmocka_unit_test(undefined_types_are_uncached),
		cmocka_unit_test(random_maps_match_the_oracle),
		cmocka_unit_test(whole_gigabytes_match_the_oracle),
		cmocka_unit_test(ten_small_ranges_do_not_exhaust_the_search),
		cmocka_unit_test(masks_with_holes),
		cmocka_unit_test(ovmf),
		cmocka_unit_test(laptop),
		cmocka_unit_test(holes_above_default_write_back),
		cmocka_unit_test(server),
		cmocka_unit_test(registers_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

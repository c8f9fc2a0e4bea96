/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views as EPT trees against a naive model: what each view translates, which
 * tables there are, who owns them, and that nothing of it depends on luck with memory.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/mem/mtrr.h"
#include "vmm/mem/pool.h"
#include "vmm/vmx/ept.h"

#define MiB	(1ull << 20)
#define GiB	(1ull << 30)

#define POOL_PAGES	2048u
#define POOL_HPA	0x123400000ull
#define PHYS_BITS	40u

#define ADDR_BITS	0x000ffffffffff000ull
#define LARGE		0x80ull

static unsigned char memory[POOL_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));

/* Firmware of a small PC: low megabyte mixed, UC from 2 to 4 GiB, a WT megabyte at 1 GiB + 5 MiB */
static const struct mtrr_map types = {
	.def_type = 0xc06, .cap = 0x508, .phys_bits = PHYS_BITS,
	.fixed = { 0x0606060606060606, 0x0606060606060606, 0, 0x0505050505050505,
		   0x0505050505050505, 0x0505050505050505, 0x0505050505050505,
		   0x0505050505050505, 0x0505050505050505, 0x0505050505050505,
		   0x0505050505050505 },
	.base = { 0x80000000, 0x40500004 },
	.mask = { 0xff80000800, 0xfffff00800 },
};

static view_t base;
static size_t total;	/* pages in the pool */

static uint64_t hoard[POOL_PAGES];
static size_t hoarded;

/* Leaves the pool just @n pages. */
static void starve(size_t n)
{
	while (pool_available() > n && hoarded < POOL_PAGES)
		hoard[hoarded++] = pool_alloc(1);
}

static void feed(void)
{
	while (hoarded)
		assert_true(pool_put(hoard[--hoarded]));
}

static void start_pool(size_t pages)
{
	pool_init(memory, POOL_HPA, pages);
	total = pool_available();
}

static int fresh(void **state)
{
	(void)state;
	hoarded = 0;
	start_pool(POOL_PAGES);
	base = view_identity(PHYS_BITS, &types);
	return base ? 0 : -1;
}

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 32) * below >> 32;
}

/* ---- the structure, read entry by entry ---- */

static unsigned int refs[POOL_PAGES];	/* entries (and roots) that point to a pool page */
static unsigned int distinct;

static size_t slot(uint64_t hpa)
{
	assert_non_null(pool_va(hpa));
	return (hpa - POOL_HPA) / PAGE_SIZE;
}

static void check_leaf(uint64_t e, unsigned int level)
{
	uint64_t rights = e & 7, type = e >> 3 & 7;

	assert_true((rights & 3) != EPT_W);
	assert_true(type < 7 && 1u << type & (1 << MT_UC | 1 << MT_WC | 1 << MT_WT | 1 << MT_WP |
					      1 << MT_WB));
	/* No "ignore PAT", accessed, dirty or any other bit; large only where it means something */
	assert_int_equal(e & ~(ADDR_BITS | 7 | 7 << 3 | (level > 1 ? LARGE : 0)), 0);
	if (!rights)
		assert_int_equal(e & ADDR_BITS, 0);
	assert_int_equal((e & ADDR_BITS) % (PAGE_SIZE << 9 * (level - 1)), 0);
	assert_true(level <= 3 || !e);
}

static void walk_table(uint64_t hpa, unsigned int level)
{
	const uint64_t *t = pool_va(hpa);

	if (refs[slot(hpa)]++)
		return;
	distinct++;
	for (unsigned int i = 0; i < 512; i++) {
		if (level == 1 || t[i] & LARGE || !(t[i] & 7)) {
			check_leaf(t[i], level);
			continue;
		}
		/* A table entry restricts nothing and has no other bits. */
		assert_int_equal(t[i] & ~ADDR_BITS, EPT_RWX);
		walk_table(t[i] & ADDR_BITS, level - 1);
	}
}

/* All that the roots reach is counted right, and nothing else is taken from the pool but @extra. */
static void check_structure(const view_t *roots, size_t n, size_t extra)
{
	memset(refs, 0, sizeof(refs));
	distinct = 0;
	for (size_t i = 0; i < n; i++)
		if (roots[i])
			walk_table(roots[i], 4);
	for (size_t i = 0; i < POOL_PAGES; i++)
		if (refs[i])
			assert_int_equal(pool_count(POOL_HPA + i * PAGE_SIZE), refs[i]);
	assert_int_equal(pool_available() + distinct + extra, total);
}

/* Tables of the tree at @hpa with one owner each, all the way down */
static unsigned int private_below(uint64_t hpa, unsigned int level)
{
	const uint64_t *t = pool_va(hpa);
	unsigned int n = 1;

	if (pool_count(hpa) != 1)
		return 0;
	for (unsigned int i = 0; level > 1 && i < 512; i++)
		if (t[i] & 7 && !(t[i] & LARGE))
			n += private_below(t[i] & ADDR_BITS, level - 1);
	return n;
}

static unsigned int private_tables(view_t view)
{
	return private_below(view, 4);
}

/* ---- the naive model: identity, but for a few pages ---- */

/* Pages that share tables with each other in all ways there are */
static const uint64_t spots[] = {
	0, 0x1000, 0xa0000, 0xff000, 0x1ff000, 0x200000, 0x201000, 0x3ff000,
	0x400000, 0x12345000, 0x12346000, 0x3fffffffull & ~0xfffull, 0x40000000, 0x40500000,
	0x405ff000, 0x40600000, 0x7ffff000, 0x80000000, 0xfee00000, 0xfffff000, 0x100000000,
	0x123456000, 0x123457000, 0x123600000, 0x7fffffe000, 0x7ffffff000, 0x8000000000,
	0x8000001000, 0xa123456000, 0xfffffff000,
};

#define SPOTS	(sizeof(spots) / sizeof(spots[0]))

struct model {
	view_t view;
	struct {
		uint64_t hpa;
		unsigned int rights;
	} page[SPOTS];
};

static void model_identity(struct model *m, view_t view)
{
	m->view = view;
	for (size_t i = 0; i < SPOTS; i++) {
		m->page[i].hpa = spots[i];
		m->page[i].rights = EPT_RWX;
	}
}

static void expect(view_t view, uint64_t gpa, uint64_t hpa, unsigned int rights)
{
	uint64_t have_hpa = ~0ull;
	unsigned int have_type = ~0u;
	unsigned int have = ept_lookup(view, gpa, &have_hpa, &have_type);

	if (have != rights || (rights && have_hpa != hpa))
		fail_msg("view %#lx, %#lx: rights %u, %#lx; want %u, %#lx", view, gpa, have,
			 have_hpa, rights, hpa);
	if (rights)
		assert_int_equal(have_type, mtrr_type(&types, gpa));
}

static bool is_spot(uint64_t gpa)
{
	for (size_t i = 0; i < SPOTS; i++)
		if (spots[i] == (gpa & ~0xfffull))
			return true;
	return false;
}

static void check_view(const struct model *m)
{
	for (size_t i = 0; i < SPOTS; i++) {
		uint64_t near[] = { spots[i] - PAGE_SIZE, spots[i] + PAGE_SIZE, spots[i] ^ 2 * MiB,
				    spots[i] ^ GiB };
		uint64_t offset = rnd(PAGE_SIZE);

		expect(m->view, spots[i] + offset, m->page[i].hpa + offset, m->page[i].rights);
		for (unsigned int k = 0; k < 4; k++)
			if (near[k] < 1ull << PHYS_BITS && !is_spot(near[k]))
				expect(m->view, near[k] + offset, near[k] + offset, EPT_RWX);
	}
}

/* ---- identity ---- */

static void identity_is_the_identity(void **state)
{
	(void)state;
	seed = 1;
	for (unsigned int i = 0; i < 200000; i++) {
		/* Every scale from a page to everything */
		uint64_t gpa = ((uint64_t)rnd(1u << 31) << 31 | rnd(1u << 31)) &
			((1ull << (12 + rnd(PHYS_BITS - 11))) - 1);

		expect(base, gpa, gpa, EPT_RWX);
	}
	for (uint64_t gpa = 0; gpa < 4 * MiB; gpa += PAGE_SIZE)
		expect(base, gpa, gpa, EPT_RWX);
	for (uint64_t gpa = GiB; gpa < GiB + 16 * MiB; gpa += PAGE_SIZE)
		expect(base, gpa + 5, gpa + 5, EPT_RWX);
	assert_int_equal(ept_lookup(base, 1ull << PHYS_BITS, NULL, NULL), 0);
	assert_int_equal(ept_lookup(base, ~0ull, NULL, NULL), 0);
	assert_int_equal(ept_lookup(base, 1ull << 48, NULL, NULL), 0);
	check_structure(&base, 1, 0);
}

/* Small pages only where they have to be: below 2 MiB and in the WT megabyte */
static void identity_is_small(void **state)
{
	(void)state;
	/* root, 2 third-level tables, directories of [0, 1G) and [1G, 2G), a page table in each */
	assert_int_equal(total - pool_available(), 1 + 2 + 2 + 2);
	assert_int_equal(private_tables(base), 7);
}

static void every_address_width(void **state)
{
	(void)state;
	view_put(base);
	for (unsigned int bits = 30; bits <= 54; bits++) {
		struct mtrr_map wide = { .def_type = 0x806, .cap = 0x508, .phys_bits = bits };
		unsigned int thirds = bits <= 39 ? 1 : 1u << ((bits < 48 ? bits : 48) - 39);
		uint64_t last = (1ull << (bits < 48 ? bits : 48)) - 1, hpa;
		view_t v = view_identity(bits, &wide);

		if (bits < 32 || bits > 52) {
			assert_int_equal(v, 0);
			continue;
		}
		assert_int_not_equal(v, 0);
		assert_int_equal(ept_lookup(v, last, &hpa, NULL), EPT_RWX);
		assert_int_equal(hpa, last);
		assert_int_equal(ept_lookup(v, last + 1, NULL, NULL), 0);
		assert_int_equal(total - pool_available(), 1 + thirds + 2);
		/* A fork and a change at the far end, and all of it back */
		view_t f = view_fork(v);

		assert_int_equal(ept_map(f, last & ~0xfffull, 0x5000, EPT_X), 0);
		assert_int_equal(ept_map(f, last + 1, 0x5000, EPT_X), -2);
		assert_int_equal(ept_lookup(f, last, &hpa, NULL), EPT_X);
		assert_int_equal(hpa, 0x5fff);
		view_put(v);
		assert_int_equal(ept_lookup(f, 0x3000, &hpa, NULL), EPT_RWX);
		view_put(f);
		assert_int_equal(pool_available(), total);
	}
}

static void eptp_format(void **state)
{
	(void)state;
	assert_int_equal(ept_pointer(base), base | 3 << 3 | 6);
	assert_int_equal(base % PAGE_SIZE, 0);
}

/* ---- sharing ---- */

static void a_fork_costs_one_page_and_a_change_at_most_three(void **state)
{
	size_t before = pool_available();
	view_t f = view_fork(base), roots[2] = { base, f };
	uint64_t hpa;

	(void)state;
	assert_int_equal(before - pool_available(), 1);
	assert_int_equal(private_tables(f), 1);
	assert_int_equal(private_tables(base), 1);
	before = pool_available();
	assert_int_equal(ept_map(f, 0x12345000, 0x999000, EPT_X), 0);
	assert_int_equal(before - pool_available(), 3);
	assert_int_equal(private_tables(f), 4);
	/* The neighbour costs nothing, the next 2 MiB one table. */
	before = pool_available();
	assert_int_equal(ept_map(f, 0x12346000, 0x998000, EPT_X | EPT_R), 0);
	assert_int_equal(before - pool_available(), 0);
	assert_int_equal(ept_map(f, 0x12400000, 0x997000, EPT_X | EPT_R), 0);
	assert_int_equal(before - pool_available(), 1);
	assert_int_equal(ept_lookup(f, 0x12345678, &hpa, NULL), EPT_X);
	assert_int_equal(hpa, 0x999678);
	assert_int_equal(ept_lookup(base, 0x12345678, &hpa, NULL), EPT_RWX);
	assert_int_equal(hpa, 0x12345678);
	check_structure(roots, 2, 0);
	/* Whoever goes first, what is left is whole. */
	view_put(base);
	check_structure(&f, 1, 0);
	assert_int_equal(ept_lookup(f, 0xfee00123, &hpa, NULL), EPT_RWX);
	view_put(f);
	assert_int_equal(pool_available(), total);
	view_put(0);
	assert_int_equal(pool_available(), total);
}

/* In a table the view owns, a change is one 64-bit word of memory and no other. */
static void a_change_is_one_store(void **state)
{
	static unsigned char before[sizeof(memory)];
	view_t f = view_fork(base);
	unsigned int words = 0;

	(void)state;
	assert_int_equal(ept_map(f, 0x12345000, 0x999000, EPT_X), 0);
	memcpy(before, memory, sizeof(memory));
	assert_int_equal(ept_map(f, 0x12345000, 0x12345000, EPT_RWX), 0);
	for (size_t i = 0; i < sizeof(memory); i += 8)
		words += !!memcmp(before + i, memory + i, 8);
	assert_int_equal(words, 1);
}

static void type_survives_absence(void **state)
{
	view_t f = view_fork(base);
	uint64_t hpa = 1;
	unsigned int type = 77;

	(void)state;
	/* 0xfee00000 is UC, 0x40500000 WT: whatever is behind the page */
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(ept_map(f, 0xfee00000, 0x12345000, EPT_R), 0);
		assert_int_equal(ept_lookup(f, 0xfee00000, &hpa, &type), EPT_R);
		assert_int_equal(hpa, 0x12345000);
		assert_int_equal(type, MT_UC);
		assert_int_equal(ept_map(f, 0x40500000, 0, 0), 0);
		hpa = type = 77;
		assert_int_equal(ept_lookup(f, 0x40500000, &hpa, &type), 0);
		assert_int_equal(hpa, 77);
		assert_int_equal(type, 77);
		assert_int_equal(ept_map(f, 0x40500000, 0x7000, EPT_X), 0);
		assert_int_equal(ept_lookup(f, 0x40500000, NULL, &type), EPT_X);
		assert_int_equal(type, MT_WT);
		assert_int_equal(ept_map(f, 0xfee00000, 0x7000, 0), 0);
	}
}

static void bad_arguments_are_refused(void **state)
{
	static const struct {
		uint64_t gpa, hpa;
		unsigned int rights;
	} bad[] = {
		{ 0x1000, 0x1000, EPT_W }, { 0x1000, 0x1000, EPT_W | EPT_X },
		{ 0x1000, 0x1000, 8 }, { 0x1000, 0x1000, 15 },
		{ 0x1001, 0x1000, EPT_R }, { 0x1000, 0x1800, EPT_R },
		{ 1ull << PHYS_BITS, 0x1000, EPT_R }, { 1ull << 47, 0x1000, EPT_R },
		{ 1ull << 48, 0x1000, EPT_R }, { 1ull << 52, 0x1000, EPT_R },
		{ 0x1000, 1ull << 52, EPT_R }, { 1ull << 63, 0x1000, EPT_R },
		{ 0x1000, 1ull << 63, 0 },
	};
	static const uint8_t good[] = {
		0, EPT_R, EPT_X, EPT_R | EPT_W, EPT_R | EPT_X, EPT_RWX,
	};
	view_t f = view_fork(base), roots[2] = { base, f };
	struct model m;

	(void)state;
	model_identity(&m, f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ept_map(f, bad[i].gpa, bad[i].hpa, bad[i].rights), -2);
	check_view(&m);
	check_structure(roots, 2, 0);
	for (size_t i = 0; i < sizeof(good); i++) {
		assert_int_equal(ept_map(f, 0x1000, 0xffffffffff000, good[i]), 0);
		assert_int_equal(ept_lookup(f, 0x1000, NULL, NULL), good[i]);
	}
	check_structure(roots, 2, 0);
	/* No view at all */
	assert_int_equal(ept_map(0, 0x1000, 0x1000, EPT_R), -2);
	assert_int_equal(view_fork(0), 0);
	assert_int_equal(ept_lookup(0, 0x1000, NULL, NULL), 0);
}

/* ---- running out of memory at every allocation ---- */

static void identity_needs_all_or_nothing(void **state)
{
	size_t needed = total - pool_available();

	(void)state;
	view_put(base);
	for (size_t n = 0; n < needed; n++) {
		starve(n);
		assert_int_equal(view_identity(PHYS_BITS, &types), 0);
		assert_int_equal(pool_available(), n);
		feed();
	}
	starve(needed);
	base = view_identity(PHYS_BITS, &types);
	assert_int_not_equal(base, 0);
	check_structure(&base, 1, hoarded);
	feed();
}

static void a_change_works_or_changes_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < SPOTS; i++) {
		for (size_t n = 0; n <= 3; n++) {
			view_t f = view_fork(base), roots[2] = { base, f };
			struct model m, b;
			int ret;

			model_identity(&m, f);
			model_identity(&b, base);
			starve(n);
			ret = ept_map(f, spots[i], 0x77000, EPT_R | EPT_X);
			if (n == 3)
				assert_int_equal(ret, 0);
			else
				assert_int_equal(ret, -1);
			if (!ret) {
				m.page[i].hpa = 0x77000;
				m.page[i].rights = EPT_R | EPT_X;
			}
			check_view(&m);
			check_view(&b);
			check_structure(roots, 2, hoarded);
			feed();
			/* What was tried in vain can be tried again. */
			assert_int_equal(ept_map(f, spots[i], 0x77000, EPT_X), 0);
			view_put(f);
			check_structure(&base, 1, 0);
		}
	}
	starve(0);
	assert_int_equal(view_fork(base), 0);
	check_structure(&base, 1, hoarded);
	feed();
}

/* ---- random operations ---- */

#define VIEWS	10u

static struct model live[VIEWS];

static void all_views(view_t *roots)
{
	for (size_t i = 0; i < VIEWS; i++)
		roots[i] = live[i].view;
}

static void random_fork(size_t from, size_t to)
{
	size_t available = pool_available();
	view_t v = view_fork(live[from].view);

	assert_int_equal(!v, !available);
	if (!v)
		return;
	view_put(live[to].view);
	live[to] = live[from];
	live[to].view = v;
}

static void random_map(struct model *m)
{
	static const uint8_t rights[] = { 0, EPT_R, EPT_X, EPT_X, 3, 5, EPT_RWX, EPT_RWX };
	size_t i = rnd(SPOTS), available = pool_available();
	uint64_t hpa = rnd(3) ? (uint64_t)rnd(1u << 28) << 12 : spots[i];
	unsigned int r = rights[rnd(8)];
	int ret = ept_map(m->view, spots[i], hpa, r);

	assert_true(ret == 0 || (ret == -1 && available < 3));
	if (ret)
		return;
	m->page[i].hpa = hpa;
	m->page[i].rights = r;
}

static void random_operations_match_the_model(void **state)
{
	view_t roots[VIEWS];

	(void)state;
	seed = 3;
	/* So small that it also runs out by itself */
	start_pool(200);
	base = view_identity(PHYS_BITS, &types);
	memset(live, 0, sizeof(live));
	model_identity(&live[0], base);
	for (unsigned int op = 0; op < 60000; op++) {
		size_t a = rnd(VIEWS), b = rnd(VIEWS);

		if (!rnd(8))
			starve(rnd(4));
		/* View 0 stays the identity; the others come and go. */
		if (!rnd(6) && live[a].view && b && a != b)
			random_fork(a, b);
		else if (!rnd(12) && b) {
			view_put(live[b].view);
			live[b].view = 0;
		} else if (b && live[b].view)
			random_map(&live[b]);
		if (op % 16 == 0 && live[a].view)
			check_view(&live[a]);
		if (op % 64 == 0) {
			all_views(roots);
			check_structure(roots, VIEWS, hoarded);
		}
		feed();
	}
	for (size_t i = 0; i < VIEWS; i++) {
		if (live[i].view)
			check_view(&live[i]);
		if (i)
			view_put(live[i].view);
	}
	check_structure(&base, 1, 0);
	assert_int_equal(private_tables(base), 7);
	view_put(base);
	assert_int_equal(pool_available(), total);
}

/* ---- overlays ---- */

#define OPENED	6u	/* that an overlay can change, in the larger tests */

static struct overlay new_overlay(unsigned int pages)
{
	struct overlay o = { .hpa = pool_alloc(pages), .pages = pages };

	assert_int_not_equal(o.hpa, 0);
	/* What was there before must not matter. */
	memset(pool_va(o.hpa), 0xff, pages * PAGE_SIZE);
	return o;
}

static unsigned char kept[sizeof(memory)];

static void keep_memory(void)
{
	memcpy(kept, memory, sizeof(memory));
}

/* No byte of the pool is other than it was kept, but for the tables the overlay has in use. */
static void check_kept(const struct overlay *o)
{
	size_t from = slot(o->hpa) * PAGE_SIZE, to = from + o->used * PAGE_SIZE;

	assert_in_range(o->used, 1, o->pages);
	assert_int_equal(memcmp(memory, kept, from), 0);
	assert_int_equal(memcmp(memory + to, kept + to, sizeof(memory) - to), 0);
}

/* The entries are in order, and each table in use is pointed to once. Leaves must be present. */
static void check_overlay_tables(const struct overlay *o)
{
	memset(refs, 0, sizeof(refs));
	walk_table(o->hpa, 4);
	for (unsigned int i = 0; i < o->pages; i++)
		assert_int_equal(refs[slot(o->hpa) + i], i < o->used);
}

/* Level of the table that holds the leaf of @gpa */
static unsigned int leaf_level(view_t view, uint64_t gpa)
{
	unsigned int level = 4;

	for (uint64_t hpa = view; ; level--) {
		uint64_t e = ((uint64_t *)pool_va(hpa))[gpa >> (12 + 9 * (level - 1)) & 511];

		if (level == 1 || e & LARGE)
			return level;
		assert_int_not_equal(e & 7, 0);
		hpa = e & ADDR_BITS;
	}
}

/* One page out of a leaf of each size and type, in tables that only the overlay has */
static void an_overlay_changes_one_page(void **state)
{
	static const struct {
		uint64_t gpa;
		unsigned int level;
		enum memory_type type;
	} of[] = {
		{ 0x1000, 1, MT_WB }, { 0xa0000, 1, MT_UC }, { 0x40500000, 1, MT_WT },
		{ 0x12345000, 2, MT_WB }, { 0x40600000, 2, MT_WB },
		{ 0xfee00000, 3, MT_UC }, { 0x123456000, 3, MT_WB }, { 0xfffffff000, 3, MT_WB },
	};
	struct overlay o = new_overlay(4);
	struct model m;

	(void)state;
	seed = 5;
	keep_memory();
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		unsigned int type = 77;
		size_t spot = 0;

		while (spots[spot] != of[i].gpa)
			assert_true(++spot < SPOTS);
		assert_int_equal(leaf_level(base, of[i].gpa), of[i].level);
		overlay_reset(&o, base);
		assert_int_equal(o.used, 1);
		model_identity(&m, o.hpa);
		check_view(&m);
		assert_int_equal(ept_overlay_map(&o, of[i].gpa, 0x99000, EPT_R | EPT_X), 0);
		assert_int_equal(o.used, 4);
		m.page[spot].hpa = 0x99000;
		m.page[spot].rights = EPT_R | EPT_X;
		check_view(&m);
		assert_int_equal(ept_lookup(o.hpa, of[i].gpa, NULL, &type), EPT_R | EPT_X);
		assert_int_equal(type, of[i].type);
		check_overlay_tables(&o);
		check_kept(&o);
	}
	/* No count has changed either. */
	check_structure(&base, 1, 4);
}

static void pages_of_an_overlay_share_tables(void **state)
{
	static const struct {
		uint64_t gpa;
		unsigned int used;
	} step[] = {
		{ 0x12345000, 4 },
		{ 0x12345000, 4 },	/* again */
		{ 0x12346000, 4 },	/* its neighbour */
		{ 0x12400000, 5 },	/* the next 2 MiB */
		{ 0x1000, 6 },		/* a table that the base has already */
		{ 0x80000000, 8 },	/* another 1 GiB, split twice */
		{ 0xa123456000, 11 },	/* another 512 GiB: nothing to share but the root */
	};
	struct overlay o = new_overlay(11);

	(void)state;
	keep_memory();
	overlay_reset(&o, base);
	for (uint64_t i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		assert_int_equal(ept_overlay_map(&o, step[i].gpa, (i + 1) << 30, EPT_R), 0);
		assert_int_equal(o.used, step[i].used);
		expect(o.hpa, step[i].gpa + 7, ((i + 1) << 30) + 7, EPT_R);
		check_overlay_tables(&o);
		check_kept(&o);
	}
	for (uint64_t i = 1; i < sizeof(step) / sizeof(step[0]); i++)
		expect(o.hpa, step[i].gpa, (i + 1) << 30, EPT_R);
	expect(o.hpa, 0x12347000, 0x12347000, EPT_RWX);
	expect(o.hpa, 0x12401000, 0x12401000, EPT_RWX);
	/* All eleven are in use: there is room where it needs no table, and else none. */
	assert_int_equal(ept_overlay_map(&o, 0xa123457000, 0x5000, EPT_X), 0);
	assert_int_equal(ept_overlay_map(&o, 0xa123600000, 0x5000, EPT_X), -1);
	expect(o.hpa, 0xa123457000, 0x5000, EPT_X);
	expect(o.hpa, 0xa123600000, 0xa123600000, EPT_RWX);
	check_kept(&o);
}

static void an_overlay_without_tables_refuses(void **state)
{
	(void)state;
	seed = 6;
	for (unsigned int pages = 1; pages <= 4; pages++) {
		struct overlay o = new_overlay(pages);
		struct model m;

		keep_memory();
		for (size_t i = 0; i < SPOTS; i++) {
			overlay_reset(&o, base);
			assert_int_equal(ept_overlay_map(&o, spots[i], 0x5000, EPT_X),
					 pages == 4 ? 0 : -1);
			check_kept(&o);
			model_identity(&m, o.hpa);
			if (pages == 4) {
				m.page[i].hpa = 0x5000;
				m.page[i].rights = EPT_X;
			}
			check_view(&m);
		}
		pool_free(o.hpa, pages);
	}
}

static void an_overlay_ends_with_the_physical_addresses(void **state)
{
	static const uint64_t beyond[] = {
		1ull << PHYS_BITS, (1ull << PHYS_BITS) + 0x1000, 1ull << 47, (1ull << 48) - 0x1000,
	};
	struct overlay o = new_overlay(1 + 3 * OPENED);
	struct model m;

	(void)state;
	seed = 7;
	keep_memory();
	overlay_reset(&o, base);
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		assert_int_equal(ept_overlay_map(&o, beyond[i], 0x5000, EPT_R), -2);
	assert_int_equal(o.used, 1);
	assert_int_equal(ept_overlay_map(&o, (1ull << PHYS_BITS) - 0x1000, 0x5000, EPT_R), 0);
	model_identity(&m, o.hpa);
	m.page[SPOTS - 1].hpa = 0x5000;
	m.page[SPOTS - 1].rights = EPT_R;
	check_view(&m);
	check_kept(&o);
}

/* One overlay, again and again over views that have changes of their own */
static void random_overlays_match_the_model(void **state)
{
	static const uint8_t rights[] = { 0, EPT_R, EPT_X, 3, 5, EPT_RWX };
	struct overlay o = new_overlay(1 + 3 * OPENED);
	view_t roots[VIEWS];

	(void)state;
	seed = 8;
	memset(live, 0, sizeof(live));
	model_identity(&live[0], base);
	for (size_t i = 1; i < VIEWS; i++)
		random_fork(rnd(i), i);
	for (unsigned int round = 0; round < 400; round++) {
		struct model *b = &live[rnd(VIEWS)], m;
		unsigned int n = rnd(OPENED + 1);

		if (b != live)
			random_map(b);
		m = *b;
		m.view = o.hpa;
		keep_memory();
		overlay_reset(&o, b->view);
		for (unsigned int i = 0; i < n; i++) {
			size_t spot = rnd(SPOTS);

			m.page[spot].hpa = (uint64_t)rnd(1u << 28) << 12;
			m.page[spot].rights = rights[rnd(6)];
			assert_int_equal(ept_overlay_map(&o, spots[spot], m.page[spot].hpa,
						     m.page[spot].rights), 0);
		}
		assert_true(o.used <= 1 + 3 * n);
		check_view(&m);
		check_view(b);
		check_kept(&o);
	}
	all_views(roots);
	check_structure(roots, VIEWS, o.pages);
}

/* ---- several CPUs ---- */

/* Forks of one base, changed and dropped at the same time; each sees its own changes only. */
static void *churn(void *arg)
{
	uintptr_t me = (uintptr_t)arg;

	for (unsigned int round = 0; round < 1500; round++) {
		view_t f = view_fork(base), g;
		uint64_t gpa = spots[(round + me) % SPOTS], hpa;
		unsigned int r;

		if (!f || ept_map(f, gpa, me << 20, EPT_X))
			return arg;
		g = view_fork(f);
		if (!g || ept_map(g, gpa, me << 21, EPT_R))
			return arg;
		r = ept_lookup(f, gpa, &hpa, NULL);
		if (r != EPT_X || hpa != me << 20)
			return arg;
		view_put(f);
		r = ept_lookup(g, gpa, &hpa, NULL);
		if (r != EPT_R || hpa != me << 21)
			return arg;
		r = ept_lookup(base, gpa, &hpa, NULL);
		if (r != EPT_RWX || hpa != gpa)
			return arg;
		view_put(g);
	}
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
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
	check_structure(&base, 1, 0);
}

/* Two views share tables; one is dropped while the other is changed. */
#define ROUNDS	20000u

static view_t handed_over;
static unsigned int go, done;

static void *dropper(void *arg)
{
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		while (__atomic_load_n(&go, __ATOMIC_ACQUIRE) != round)
			sched_yield();
		view_put(handed_over);
		__atomic_store_n(&done, round, __ATOMIC_RELEASE);
	}
	return arg;
}

static void a_drop_may_race_with_a_change(void **state)
{
	size_t available = pool_available();
	pthread_t thread;

	(void)state;
	go = done = 0;
	assert_int_equal(pthread_create(&thread, NULL, dropper, NULL), 0);
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		view_t f = view_fork(base), g;

		ept_map(f, 0x12345000, 0x1000, EPT_X);
		g = view_fork(f);
		handed_over = f;
		__atomic_store_n(&go, round, __ATOMIC_RELEASE);
		ept_map(g, 0x12346000, 0x2000, EPT_X);
		while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) != round)
			sched_yield();
		view_put(g);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pool_available(), available);
	check_structure(&base, 1, 0);
}

#define TEST(f)	cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(identity_is_the_identity),
		TEST(identity_is_small),
		TEST(every_address_width),
		TEST(eptp_format),
		TEST(a_fork_costs_one_page_and_a_change_at_most_three),
		TEST(a_change_is_one_store),
		TEST(type_survives_absence),
		TEST(bad_arguments_are_refused),
		TEST(identity_needs_all_or_nothing),
		TEST(a_change_works_or_changes_nothing),
		TEST(random_operations_match_the_model),
		TEST(an_overlay_changes_one_page),
		TEST(pages_of_an_overlay_share_tables),
		TEST(an_overlay_without_tables_refuses),
		TEST(an_overlay_ends_with_the_physical_addresses),
		TEST(random_overlays_match_the_model),
		TEST(threads_do_not_disturb_each_other),
		TEST(a_drop_may_race_with_a_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

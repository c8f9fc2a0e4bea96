/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges of free pages: a table of cases, then random operations against an array of flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "patcher/engine/ranges.h"

#define PAGES	512u
#define NONE	UINT32_MAX

/* ---- the model: one flag a page ---- */

static bool model[PAGES];		/* true: free */

static bool model_run(unsigned int first, unsigned int n, bool is_free)
{
	if (first > PAGES || n > PAGES - first)
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (model[first + i] != is_free)
			return false;
	return true;
}

static void model_mark(unsigned int first, unsigned int n, bool is_free)
{
	for (unsigned int i = 0; i < n; i++)
		model[first + i] = is_free;
}

static unsigned int model_lowest(unsigned int n)
{
	for (unsigned int at = 0; n && at < PAGES; at++)
		if (model_run(at, n, true))
			return at;
	return n ? NONE : 0;
}

static unsigned int model_highest(unsigned int n)
{
	for (unsigned int at = PAGES; n && at-- > 0;)
		if (model_run(at, n, true))
			return at;
	return n ? NONE : 0;
}

/* How many runs of free pages there are: as many ranges as a merged list has. */
static unsigned int model_count(void)
{
	unsigned int runs = 0;

	for (unsigned int i = 0; i < PAGES; i++)
		runs += model[i] && (!i || !model[i - 1]);
	return runs;
}

/* The same pages are free, in sorted ranges none of which touches the next. */
static void assert_as_model(const struct ranges *r)
{
	unsigned int nfree = 0;

	assert_int_equal(r->count, model_count());
	for (unsigned int i = 0; i < r->count; i++) {
		assert_true(r->free[i].n > 0);
		assert_true(!i || r->free[i].first > r->free[i - 1].first + r->free[i - 1].n);
		assert_true(model_run(r->free[i].first, r->free[i].n, true));
		nfree += r->free[i].n;
	}
	assert_int_equal(ranges_free(r), nfree);
	for (unsigned int i = 0; i < PAGES; i++)
		nfree -= model[i];
	assert_int_equal(nfree, 0);
}

/* One operation on both; a refused one leaves every byte that counts. */
static void take(struct ranges *r, unsigned int n, bool top)
{
	unsigned int want = top ? model_highest(n) : model_lowest(n), first = NONE;
	struct ranges before = *r;
	bool got = (top ? ranges_take_top : ranges_take)(r, n, &first);

	assert_int_equal(got, want != NONE);
	if (got) {
		assert_int_equal(first, want);
		model_mark(first, n, false);
	} else {
		assert_memory_equal(r, &before, sizeof(before));
	}
	assert_as_model(r);
}

static bool give(struct ranges *r, unsigned int first, unsigned int n)
{
	bool want = model_run(first, n, false), got;
	struct ranges before = *r;

	if (want) {
		model_mark(first, n, true);
		if (model_count() > RANGES_MAX) {
			model_mark(first, n, false);
			want = false;
		}
	}
	got = ranges_give(r, first, n);
	assert_int_equal(got, want);
	if (!got)
		assert_memory_equal(r, &before, sizeof(before));
	assert_as_model(r);
	return got;
}

static void start(struct ranges *r)
{
	memset(r, 0, sizeof(*r));
	ranges_init(r, PAGES);
	model_mark(0, PAGES, true);
	assert_as_model(r);
}

/* ---- tests ---- */

/* Each row is one call on what the rows before it have left. */
static const struct {
	enum { TAKE, TOP, GIVE } op;
	unsigned int first, n;		/* first: what a take is to answer, NONE: it is refused */
	bool refused;			/* a give */
	unsigned int count, nfree;	/* ranges and pages that are free afterwards */
} rows[] = {
	{ TAKE,    0,   0, false, 1, 512 },
	{ GIVE,    0,   1, true,  1, 512 },	/* it is free */
	{ GIVE,  512,   0, false, 1, 512 },
	{ GIVE,  512,   1, true,  1, 512 },
	{ GIVE,  513,   0, true,  1, 512 },
	{ TAKE, NONE, 513, false, 1, 512 },
	{ TOP,  NONE, UINT32_MAX, false, 1, 512 },
	{ TAKE,    0, 512, false, 0,   0 },
	{ TAKE, NONE,   1, false, 0,   0 },
	{ TOP,  NONE,   1, false, 0,   0 },
	{ GIVE,   10,   4, false, 1,   4 },
	{ GIVE,   20,   2, false, 2,   6 },
	{ GIVE,   14,   6, false, 1,  12 },	/* the gap between two: all become one */
	{ GIVE,    9,   2, true,  1,  12 },	/* each side of it, and around it */
	{ GIVE,   21,   2, true,  1,  12 },
	{ GIVE,    5,  30, true,  1,  12 },
	{ GIVE,   12,   1, true,  1,  12 },
	{ GIVE,    8,   2, false, 1,  14 },	/* grows downward, then upward */
	{ GIVE,   22,   2, false, 1,  16 },
	{ GIVE,  500,  12, false, 2,  28 },
	{ GIVE,  500, UINT32_MAX - 499, true, 2, 28 },
	{ TAKE,    8,   4, false, 2,  24 },	/* the lowest that is large enough */
	{ TOP,   508,   4, false, 2,  20 },	/* the highest */
	{ TOP,    12, 12, false, 1,   8 },	/* only the lower one is large enough */
	{ TAKE,  500,   8, false, 0,   0 },
	{ GIVE,    0, 512, false, 1, 512 },
};

static void table_of_cases(void **state)
{
	struct ranges r;

	(void)state;
	start(&r);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].op == GIVE) {
			assert_int_equal(give(&r, rows[i].first, rows[i].n), !rows[i].refused);
		} else {
			bool top = rows[i].op == TOP;

			assert_int_equal((top ? model_highest : model_lowest)(rows[i].n), rows[i].first);
			take(&r, rows[i].n, top);
		}
		assert_int_equal(r.count, rows[i].count);
		assert_int_equal(ranges_free(&r), rows[i].nfree);
	}
}

static void nothing_to_hand_out(void **state)
{
	struct ranges r = { 0 };
	unsigned int first;

	(void)state;
	ranges_init(&r, 0);
	assert_int_equal(ranges_free(&r), 0);
	assert_false(ranges_take(&r, 1, &first));
	assert_false(ranges_give(&r, 0, 1));
	assert_true(ranges_give(&r, 0, 0));
	assert_int_equal(r.count, 0);
}

/* As many ranges as 64 patches can leave, then one more; a merge always finds room. */
static void more_ranges_than_there_is_room_for(void **state)
{
	struct ranges r;

	(void)state;
	start(&r);
	take(&r, PAGES, false);
	for (unsigned int i = 0; i < RANGES_MAX; i++)
		assert_true(give(&r, 2 * i, 1));
	assert_int_equal(r.count, RANGES_MAX);
	assert_false(give(&r, 2 * RANGES_MAX, 1));
	assert_false(give(&r, PAGES - 1, 1));
	assert_true(give(&r, 1, 1));
	assert_true(give(&r, PAGES - 1, 1));
	assert_int_equal(r.count, RANGES_MAX);
}

/* Gives what a take got, a part of it, or what may well be wrong. */
static void give_something(struct ranges *r)
{
	unsigned int first = random() % (PAGES + 2), n = random() % 9;

	if (random() % 4) {
		/* The taken pages around or above @first. */
		while (first < PAGES && model[first])
			first++;
		while (first && first <= PAGES && !model[first - 1] && random() % 8)
			first--;
		n = 0;
		while (first + n < PAGES && !model[first + n] && random() % 16)
			n++;
	}
	if (!(random() % 64))
		n = UINT32_MAX - random() % 600;
	give(r, first, n);
}

static void random_operations(void **state)
{
	const unsigned int seed = 20081;
	struct ranges r;

	(void)state;
	print_message("# seed %u\n", seed);
	srandom(seed);
	for (unsigned int round = 0; round < 50; round++) {
		/* Some rounds fill up, some stay nearly empty. */
		unsigned int takes = 1 + round % 9, most = round % 7 ? 40 : 3;

		start(&r);
		for (unsigned int i = 0; i < 2000; i++) {
			if ((unsigned int)random() % 10 < takes)
				take(&r, random() % most, random() & 1);
			else
				give_something(&r);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_of_cases),
		cmocka_unit_test(nothing_to_hand_out),
		cmocka_unit_test(more_ranges_than_there_is_room_for),
		cmocka_unit_test(random_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of pages: what each lets the guest do, and what each shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "vmm/mem/mtrr.h"
#include "vmm/mem/pool.h"
#include "vmm/view.h"
#include "vmm/vmx/ept.h"

#define GPA	0x12345000ull
#define EXEC	0x777000ull
#define ZEROS	0x888000ull
#define NOTHING	0xdead000ull	/* for kinds that ignore it */

static unsigned char memory[64 * PAGE_SIZE] __attribute__((aligned(4096)));
static const struct mtrr_map types = { .def_type = 0x806, .phys_bits = 39 };
static view_t view;

static int fresh(void **state)
{
	(void)state;
	pool_init(memory, 0x100000000ull, 64);
	view_zero_page = ZEROS;
	view = view_fork(view_identity(39, &types));
	return view ? 0 : -1;
}

/* What the rest of root mode relies on: these accesses go through, every other one exits. */
static void each_kind_allows_just_this(void **state)
{
	static const struct {
		unsigned int allows;
		uint64_t shows;
	} want[PAGE_KINDS] = {
		[PAGE_PLAIN] = { ACCESS_READ | ACCESS_WRITE | ACCESS_FETCH, GPA },
		[PAGE_WATCHED] = { ACCESS_FETCH, GPA },
		[PAGE_PATCHED] = { ACCESS_FETCH, EXEC },
		[PAGE_PAYLOAD_TEXT] = { ACCESS_FETCH, GPA },
		[PAGE_PAYLOAD_DATA] = { ACCESS_READ | ACCESS_WRITE, GPA },
		[PAGE_HIDDEN] = { ACCESS_READ, ZEROS },
	};

	(void)state;
	for (unsigned int kind = 0; kind < PAGE_KINDS; kind++) {
		uint64_t shown = 0;

		assert_int_equal(view_set(view, GPA, kind, kind == PAGE_PATCHED ? EXEC : NOTHING), 0);
		for (unsigned int access = 1; access < 8; access++)
			assert_int_equal(view_allows(view, GPA + 0x123, access),
					 (access & want[kind].allows) == access);
		ept_lookup(view, GPA, &shown, NULL);
		assert_int_equal(shown, want[kind].shows);
		assert_int_equal(view_is_plain(view, GPA), kind == PAGE_PLAIN);
		/* The neighbours are as they were. */
		assert_true(view_is_plain(view, GPA - PAGE_SIZE));
		assert_true(view_is_plain(view, GPA + PAGE_SIZE));
	}
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	assert_int_equal(view_set(view, GPA, PAGE_KINDS, 0), -2);
	assert_int_equal(view_set(view, GPA + 1, PAGE_PLAIN, 0), -2);
	assert_int_equal(view_set(view, GPA, PAGE_PATCHED, EXEC + 1), -2);
	assert_int_equal(view_set(view, 1ull << 39, PAGE_WATCHED, 0), -2);
	assert_int_equal(view_set(0, GPA, PAGE_PLAIN, 0), -2);
	assert_true(view_is_plain(view, GPA));
	assert_false(view_is_plain(view, 1ull << 39));
	assert_false(view_allows(view, 1ull << 39, ACCESS_READ));
}

/* What one instruction may do with a page that a step opens. */
static void an_opened_page_is_read_and_executed(void **state)
{
	struct overlay o = { .pages = OVERLAY_PAGES(1), .hpa = pool_alloc(OVERLAY_PAGES(1)) };

	(void)state;
	assert_int_equal(view_set(view, GPA, PAGE_PATCHED, EXEC), 0);
	for (unsigned int write = 0; write < 2; write++) {
		uint64_t shown = 0;

		overlay_reset(&o, view);
		assert_int_equal(overlay_open(&o, GPA, GPA, write), 0);
		assert_true(view_allows(o.hpa, GPA, ACCESS_READ | ACCESS_FETCH));
		assert_int_equal(view_allows(o.hpa, GPA, ACCESS_WRITE), write);
		ept_lookup(o.hpa, GPA, &shown, NULL);
		assert_int_equal(shown, GPA);
		assert_false(view_allows(view, GPA, ACCESS_READ));
	}
}

static void a_view_lives_as_long_as_it_has_an_owner(void **state)
{
	size_t free_pages;

	(void)state;
	assert_int_equal(view_set(view, GPA, PAGE_WATCHED, 0), 0);
	free_pages = pool_available();
	view_get(view);
	view_put(view);
	assert_int_equal(pool_available(), free_pages);
	assert_true(view_allows(view, GPA, ACCESS_FETCH));
	view_put(view);
	assert_true(pool_available() > free_pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_kind_allows_just_this, fresh),
		cmocka_unit_test_setup(bad_arguments_are_refused, fresh),
		cmocka_unit_test_setup(an_opened_page_is_read_and_executed, fresh),
		cmocka_unit_test_setup(a_view_lives_as_long_as_it_has_an_owner, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

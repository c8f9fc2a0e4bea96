/* SPDX-License-Identifier: GPL-2.0-only */
/* Many sites, many times, and no memory: nothing leaks, nothing grows, nothing half done. */
#include "guest-tests/unit/engine/test_engine_util.h"

static struct file *many_sites(uint8_t id, unsigned int n, unsigned int apart)
{
	struct file *f = file_begin(id);

	for (unsigned int i = 0; i < n; i++)
		file_site(f, SCATTERED(0x1000) + apart * (n - 1 - i));
	file_end(f);
	return f;
}

static struct file *with_payload(uint8_t id)
{
	struct file *f = file_begin(id);

	file_site(f, TEXT(0x3000));
	file_site(f, SCATTERED(0x7000) - 1);
	file_payload(f, 5000, 100, 5000);
	file_end(f);
	return f;
}

static int bigger_machine(void **state)
{
	(void)state;
	fake_start(4, 4000);
	return 0;
}

static void thousand_sites(void **state)
{
	struct file *f = many_sites(1, 1000, 1023);
	unsigned int allocs = fake_pages.allocs, views = fake_view_pages();
	size_t pool = pool_available();

	(void)state;
	assert_applied(f);
	assert_int_equal(result.sites, 1000);
	assert_int_equal(result.pages, 250);
	/*
	 * What it costs grows with the pages that are touched, not with the sites: an exec page for
	 * each. File, tables, and a root and a leaf for each of two views are the rest.
	 */
	assert_int_equal(fake_pages.allocs - allocs, result.pages + 2 + 2 * 2);
	assert_int_equal(fake_view_pages() - views, 2);
	assert_true(pool - pool_available() <= 30 + result.pages + 2);
	assert_int_equal(fake.stops, 1);
	assert_live(f, nop5);
	assert_reverted(1);
	assert_not_live(f);
	/* What is left: the file and its table. */
	assert_true(pool - pool_available() <= 30);
	assert_applied(f);
	assert_live(f, nop5);
}

/* As many as a patch can have, and one more thousand on the same pages. */
static void most_sites(void **state)
{
	struct file *f = many_sites(1, PATCH_MAX_SITES, 1000);
	struct patch_site first = f->sites[17];
	uint8_t want[5], got[5];

	(void)state;
	assert_applied(f);
	assert_live(f, nop5);
	f = file_begin(2);
	for (unsigned int i = 0; i < 1000; i++)
		file_site(f, SCATTERED(0x1000) + 1000 * i + 500);
	file_end(f);
	assert_applied(f);
	assert_live(f, nop5);
	assert_reverted(2);
	assert_not_live(f);
	jump_bytes(&first, 0, want);
	for (unsigned int i = 0; i < 5; i++)
		fake_fetch(3, RUNS_AT(first.addr) + i, got + i, 1);
	assert_memory_equal(got, want, 5);
}

/* While the CPUs stand still the engine does the same for one site and for a thousand. */
static void stop_does_not_grow(void **state)
{
	unsigned int one, thousand;

	(void)state;
	assert_applied(many_sites(1, 1, 1000));
	one = fake.ops_stopped;
	assert_reverted(1);
	assert_int_equal(fake.ops_stopped, one);
	assert_applied(many_sites(2, 1000, 1000));
	thousand = fake.ops_stopped;
	assert_int_equal(thousand, one);
	assert_reverted(2);
	assert_int_equal(fake.ops_stopped, one);
}

/* No slice does more than a few units of work, however much there is to do. */
static void slices_are_bounded(void **state)
{
	struct file *f = many_sites(1, PATCH_MAX_SITES, 1000);
	unsigned int polls = 0, most = 0;
	enum engine_status status;

	(void)state;
	assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
	do {
		unsigned int before = fake.calls;

		status = engine_poll(&result, &refused);
		polls++;
		if (fake.calls - before > most)
			most = fake.calls - before;
	} while (status == ENGINE_MORE);
	assert_int_equal(status, ENGINE_DONE);
	assert_true(polls > 300);
	assert_in_range(most, 1, 400);
}

static void thousand_times(void **state)
{
	struct file *f = with_payload(1);
	size_t live, reverted;

	(void)state;
	assert_applied(f);
	live = pool_available();
	assert_reverted(1);
	reverted = pool_available();
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(i & 1 ? apply(f) : apply_held(1), ENGINE_DONE);
		assert_int_equal(pool_available(), live);
		assert_reverted(1);
		assert_int_equal(pool_available(), reverted);
	}
	assert_not_live(f);
}

/* 200 different patches one after the other: slots and files of the dead ones are used again. */
static void many_patches(void **state)
{
	size_t pool = pool_available();
	struct file *f;

	(void)state;
	for (unsigned int i = 1; i <= 200; i++) {
		f = many_sites(i, 3, 2000);
		assert_applied(f);
		assert_reverted(i);
	}
	assert_not_live(f);
	assert_int_equal(pool_available(), pool - 2 * ENGINE_MAX_PATCHES);
}

/* The n-th allocation fails, for every n: refused, as before, and the next try succeeds. */
static void no_memory_at_apply(void **state)
{
	struct file *f = with_payload(1);
	unsigned int n = 0;
	struct state before;

	(void)state;
	for (;;) {
		state_take(&before);
		fake_pages.alloc_fail = ++n;
		if (apply(f) == ENGINE_DONE)
			break;
		assert_int_equal(refused.code, REFUSE_MEMORY);
		assert_int_equal(fake_pages.alloc_fail, 0);
		assert_state(&before);
	}
	assert_int_equal(fake_pages.alloc_fail, 1);
	fake_pages.alloc_fail = 0;
	/* file, tables, two views, their tables, three exec pages */
	assert_true(n > 10);
	assert_live(f, nop5);
}

static void no_memory_at_revert(void **state)
{
	struct file *f = with_payload(1);
	unsigned int n = 0;
	struct state before;

	(void)state;
	/* Another patch on the page, so that the revert needs an exec page. */
	f = file_begin(2);
	file_site(f, TEXT(0x3800));
	file_end(f);
	assert_applied(f);
	f = with_payload(1);
	assert_applied(f);
	for (;;) {
		state_take(&before);
		fake_pages.alloc_fail = ++n;
		if (revert(1) == ENGINE_DONE)
			break;
		assert_int_equal(refused.code, REFUSE_MEMORY);
		assert_state(&before);
		result.annex = before.info[1].annex;
		assert_live(f, nop5);
	}
	fake_pages.alloc_fail = 0;
	assert_true(n > 4);
	assert_not_live(f);

	for (n = 0;;) {
		state_take(&before);
		fake_pages.alloc_fail = ++n;
		if (apply_held(1) == ENGINE_DONE)
			break;
		assert_int_equal(refused.code, REFUSE_MEMORY);
		assert_state(&before);
	}
	fake_pages.alloc_fail = 0;
	assert_true(n > 4);
	assert_live(f, nop5);
}

static void no_memory_at_rebase(void **state)
{
	struct file *f = with_payload(1);
	struct state before;
	unsigned int n = 0;

	(void)state;
	assert_applied(f);
	fake_new_base(4);
	state_take(&before);
	for (;;) {
		fake_pages.alloc_fail = ++n;
		if (!engine_rebase(machine_base_view()))
			break;
		assert_state(&before);
	}
	fake_pages.alloc_fail = 0;
	assert_true(n > 3);
	while (!machine_spread_done())
		;
	fake_drop_old_bases();
	assert_live(f, nop5);
}

/* The pool runs dry by itself, at any level. */
static void small_pools(void **state)
{
	unsigned int applied = 0;

	(void)state;
	machine_end(NULL);
	for (size_t pages = 20; pages < 100; pages++) {
		struct file *f;

		fake_start(1, pages);
		f = with_payload(1);
		if (apply(f) == ENGINE_DONE) {
			applied++;
			assert_live(f, nop5);
		} else {
			assert_int_equal(refused.code, REFUSE_MEMORY);
			assert_int_equal(engine_view(), machine_base_view());
		}
		fake_end();
	}
	assert_true(applied > 0 && applied < 79);
	fake_start(1, 100);
}

/* Bits of one byte, in the header or behind it; the CRC is made good again. */
static void spoil(struct file *f, uint32_t *seed)
{
	size_t range = (*seed = *seed * 1664525 + 1013904223) & 0x10000 ? f->len :
		       sizeof(struct patch_header);

	*seed = *seed * 1664525 + 1013904223;
	f->bytes[(*seed >> 8) % range] ^= 1 << (*seed >> 29);
	((struct patch_header *)f->bytes)->crc = patch_crc(f->bytes, f->len);
}

/* Files with wrong fields and a right CRC: live or refused, never anything else. */
static void spoilt_files(void **state)
{
	unsigned int live = 0, refusals = 0, codes = 0;
	uint32_t seed = 7;

	(void)state;
	for (unsigned int i = 0; i < 600; i++) {
		struct file *f = with_payload(1);
		size_t pool = pool_available();
		struct patch_info info;

		for (unsigned int n = 0; n < 20; n++)
			f->fixups[n] = (struct patch_fixup){
				.offset = 8 * n, .base = PATCH_BASE_TEXT,
				.type = n & 1 ? PATCH_FIXUP_PC32 : PATCH_FIXUP_ABS64,
			};
		f->nfixups = 20;
		f->text_size = 200;
		file_end(f);
		spoil(f, &seed);
		if (apply(f) == ENGINE_DONE) {
			live++;
			assert_true(engine_info(0, &info));
			assert_int_equal(engine_revert(info.id, &refused), ENGINE_MORE);
			assert_int_equal(run(), ENGINE_DONE);
			machine_end(NULL);
			machine_2(NULL);
		} else {
			refusals++;
			codes |= 1 << refused.code;
			assert_int_equal(pool_available(), pool);
			assert_int_equal(engine_view(), machine_base_view());
		}
	}
	assert_true(live > 100 && refusals > 200);
	assert_true(codes & 1 << REFUSE_FORMAT && codes & 1 << REFUSE_BUILD_ID &&
		    codes & 1 << REFUSE_BYTES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_2, machine_end)
#define TEST_BIG(f) cmocka_unit_test_setup_teardown(f, bigger_machine, machine_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_BIG(thousand_sites),
		TEST_BIG(most_sites),
		TEST_BIG(stop_does_not_grow),
		TEST_BIG(slices_are_bounded),
		TEST(thousand_times),
		TEST(many_patches),
		TEST(no_memory_at_apply),
		TEST(no_memory_at_revert),
		TEST(no_memory_at_rebase),
		TEST(small_pools),
		TEST(spoilt_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

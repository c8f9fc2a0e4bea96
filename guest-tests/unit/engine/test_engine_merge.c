/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest writes to guarded pages, before, while and after patches come and
 * go: it reads back what it wrote, and it executes that, but for the windows.
 */
#include <stdio.h>
#include "guest-tests/unit/engine/test_engine_util.h"

static struct file *redirect(uint8_t id, uint64_t link)
{
	struct file *f = file_begin(id);

	file_site(f, link);
	file_end(f);
	return f;
}

static void write_outside_takes_effect(void **state)
{
	struct file *f = redirect(1, TEXT(0x3010));
	static const uint64_t where[] = { 0x3000, 0x300f, 0x3015, 0x3ff9 };
	struct event_text e;

	(void)state;
	assert_applied(f);
	drop_events();
	for (unsigned int i = 0; i < 4; i++) {
		uint8_t byte = 0xc0 + i, got;

		fake_store(i & 1, RUNS_AT(TEXT(where[i])), &byte, 1);
		for (unsigned int cpu = 0; cpu < 2; cpu++) {
			fake_fetch(cpu, RUNS_AT(TEXT(where[i])), &got, 1);
			assert_int_equal(got, byte);
			fake_load(cpu, RUNS_AT(TEXT(where[i])), &got, 1);
			assert_int_equal(got, byte);
		}
	}
	assert_live(f, nop5);
	assert_false(engine_next_event(&e));
}

static void write_inside_is_kept_back(void **state)
{
	struct file *f = redirect(1, TEXT(0x3010));
	uint8_t other[5] = { 0xe8, 0xaa, 0xbb, 0xcc, 0xdd }, got[5];
	struct engine_stats stats;
	struct event_text e;

	(void)state;
	assert_applied(f);
	drop_events();
	fake_store(0, RUNS_AT(TEXT(0x3010)), other, 5);
	assert_live(f, other);
	assert_true(engine_next_event(&e));
	assert_string_equal(e.text, "window-write symbol=fn0 address=0xffffffff81603010 bytes=e8aabbccdd");
	assert_false(engine_next_event(&e));
	/* The same bytes again cause no event. */
	fake_store(0, RUNS_AT(TEXT(0x3010)), other, 5);
	assert_false(engine_next_event(&e));
	engine_stats(&stats);
	assert_int_equal(stats.window_writes, 1);

	assert_reverted(1);
	fake_fetch(1, RUNS_AT(TEXT(0x3010)), got, 5);
	assert_memory_equal(got, other, 5);
}

/* One store over the edge of a window: a part of it takes effect. */
static void write_across_the_edge(void **state)
{
	struct file *f = redirect(1, TEXT(0x3014));
	uint64_t gva = RUNS_AT(TEXT(0x3010));
	uint8_t bytes[16], want[16];

	(void)state;
	assert_applied(f);
	for (unsigned int i = 0; i < 16; i++)
		bytes[i] = want[i] = 0xa0 + i;
	fake_store(1, gva, bytes, 16);
	jump_bytes(&f->sites[0], 0, want + 4);
	fake_fetch(0, gva, bytes, 16);
	assert_memory_equal(bytes, want, 16);
	assert_live(f, (const uint8_t[]){ 0xa4, 0xa5, 0xa6, 0xa7, 0xa8 });
}

/* Both halves of a window that straddles pages. */
static void write_into_straddling_window(void **state)
{
	struct file *f = redirect(1, SCATTERED(0x5000) - 2);
	uint8_t now[5];

	(void)state;
	assert_applied(f);
	drop_events();
	memcpy(now, nop5, 5);
	now[0] = 0x11;
	fake_store(0, RUNS_AT(SCATTERED(0x5000) - 2), &now[0], 1);
	assert_non_null(strstr(wait_event("window-write"), "bytes=111f440000"));
	now[4] = 0x22;
	fake_store(0, RUNS_AT(SCATTERED(0x5000) + 2), &now[4], 1);
	assert_non_null(strstr(wait_event("window-write"), "bytes=111f440022"));
	assert_live(f, now);
}

/* As text_poke does it: INT3, the tail, the first byte. Each step is executed as it is written. */
static void text_poke(void **state)
{
	static const uint8_t insn[5] = { 0xe8, 0x10, 0x20, 0x30, 0x40 };
	uint64_t gva = RUNS_AT(TEXT(0x3100));
	const uint8_t int3 = 0xcc;
	uint8_t got[5], old[5];

	(void)state;
	assert_applied(redirect(1, TEXT(0x3010)));
	fake_load(0, gva, old, 5);
	fake_store(0, gva, &int3, 1);
	fake_fetch(1, gva, got, 5);
	assert_int_equal(got[0], 0xcc);
	assert_memory_equal(got + 1, old + 1, 4);
	fake_store(0, gva + 1, insn + 1, 4);
	fake_fetch(1, gva, got, 5);
	assert_int_equal(got[0], 0xcc);
	assert_memory_equal(got + 1, insn + 1, 4);
	fake_store(0, gva, insn, 1);
	fake_fetch(1, gva, got, 5);
	assert_memory_equal(got, insn, 5);
}

/* Only what changed is stored. */
static void only_changed_words_are_stored(void **state)
{
	struct engine_stats before, after;
	uint8_t bytes[16] = { 1, 2, 3 };

	(void)state;
	assert_applied(redirect(1, TEXT(0x3010)));
	fake_store(0, RUNS_AT(TEXT(0x3200)), bytes, 16);
	engine_stats(&before);
	fake_store(0, RUNS_AT(TEXT(0x3200)), bytes, 16);
	engine_stats(&after);
	assert_int_equal(after.merged_words, before.merged_words);
	assert_int_equal(after.merges, before.merges + 1);
	bytes[9] = 1;
	fake_store(0, RUNS_AT(TEXT(0x3200)), bytes, 16);
	engine_stats(&after);
	assert_int_equal(after.merged_words, before.merged_words + 1);
}

/* A write to a page that is not ours any more, or to the middle of one. */
static void written_anywhere(void **state)
{
	(void)state;
	engine_written(TEXT_GPA + 0x3000);
	assert_applied(redirect(1, TEXT(0x3010)));
	engine_written(TEXT_GPA + 0x3123);
	engine_written(TEXT_GPA + 0x4000);
	engine_written(~0ul);
	assert_int_equal(engine_page(TEXT_GPA + 0x3fff), ENGINE_PAGE_GUARDED);
	assert_int_equal(engine_page(TEXT_GPA + 0x4000), ENGINE_PAGE_NONE);
	assert_int_equal(engine_page(TEXT_GPA + 0x2fff), ENGINE_PAGE_NONE);
}

/* ---- random operations against a model ---- */

#define PATCHES		12u
#define AREA_PAGES	6u	/* four of the large page, two scattered */

static uint32_t seed;
static uint8_t model[AREA_PAGES][PAGE_SIZE];	/* what the guest wrote */
static bool live[PATCHES];
static unsigned int pending;			/* the patch under way, PATCHES: none */
static unsigned int switches;			/* when it began */
static struct patch_site model_sites[PATCHES][2];

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static uint64_t area_link(unsigned int page)
{
	return page < 4 ? TEXT(0x10000) + page * PAGE_SIZE : SCATTERED(0x8000) + (page - 4) * PAGE_SIZE;
}

/* Is the patch in force by now? */
static bool in_force(unsigned int i)
{
	return live[i] != (i == pending && fake.switches != switches);
}

static void overlay(uint8_t *page, uint64_t link, const struct patch_site *s)
{
	uint8_t jump[5];

	jump_bytes(s, 0, jump);
	for (unsigned int b = 0; b < 5; b++)
		if ((s->addr + b) >> PAGE_SHIFT == link >> PAGE_SHIFT)
			page[(s->addr + b) & ~PAGE_MASK] = jump[b];
}

static void compare_page(unsigned int cpu, unsigned int n)
{
	uint8_t want[PAGE_SIZE], got[PAGE_SIZE];
	uint64_t link = area_link(n);

	fake_load(cpu, RUNS_AT(link), got, PAGE_SIZE);
	assert_memory_equal(got, model[n], PAGE_SIZE);
	memcpy(want, model[n], PAGE_SIZE);
	for (unsigned int i = 0; i < PATCHES; i++) {
		for (unsigned int s = 0; s < 2 && in_force(i); s++)
			overlay(want, link, &model_sites[i][s]);
	}
	fake_fetch(cpu, RUNS_AT(link), got, PAGE_SIZE);
	assert_memory_equal(got, want, PAGE_SIZE);
}

static void guest_store(unsigned int n, unsigned int at, const uint8_t *bytes, unsigned int len)
{
	memcpy(model[n] + at, bytes, len);
	fake_store(rnd(fake.cpus), RUNS_AT(area_link(n)) + at, bytes, len);
}

/* Another CPU: stores somewhere, compares something. */
static void random_guest(void)
{
	unsigned int n = rnd(AREA_PAGES), len = 1 + rnd(16), at = rnd(PAGE_SIZE - len);
	uint8_t bytes[16];

	for (unsigned int i = 0; i < len; i++)
		bytes[i] = rnd(256);
	if (!rnd(3))
		guest_store(n, at, bytes, len);
	if (!rnd(8))
		compare_page(rnd(fake.cpus), rnd(AREA_PAGES));
}

/* The guest puts the NOPs back, so that the next apply has a chance. */
static void guest_repairs(const struct patch_site *s)
{
	for (unsigned int b = 0; b < 5; b++) {
		for (unsigned int n = 0; n < AREA_PAGES; n++)
			if (area_link(n) >> PAGE_SHIFT == (s->addr + b) >> PAGE_SHIFT)
				guest_store(n, (s->addr + b) & ~PAGE_MASK, &nop5[b], 1);
	}
}

static void make_model(void)
{
	for (unsigned int n = 0; n < AREA_PAGES; n++)
		fake_load(0, RUNS_AT(area_link(n)), model[n], PAGE_SIZE);
	memset(live, 0, sizeof(live));
	pending = PATCHES;
	for (unsigned int i = 0; i < PATCHES; i++) {
		for (unsigned int s = 0; s < 2; s++) {
			uint64_t link = area_link((i + s) % AREA_PAGES) + 128 * i + 48 * s;

			if (i == PATCHES - 1 && s)
				link = area_link(5) - 3;
			model_sites[i][s] = (struct patch_site){
				.addr = link, .target = TEXT(0x9000) + 32 * i + s, .len = 5,
				.insn_len = 5, .target_kind = PATCH_TARGET_KERNEL,
			};
			memcpy(model_sites[i][s].expect, nop5, 5);
		}
	}
}

static void random_operation(void)
{
	unsigned int i = rnd(PATCHES);
	enum engine_status status;
	struct file *f;

	if (!live[i])
		for (unsigned int s = 0; s < 2; s++)
			guest_repairs(&model_sites[i][s]);
	pending = i;
	switches = fake.switches;
	f = file_begin(i + 1);
	f->nsites = 2;
	memcpy(f->sites, model_sites[i], sizeof(model_sites[i]));
	file_end(f);
	fake.others_run = random_guest;
	status = live[i] ? revert(i + 1) : apply(f);
	fake.others_run = NULL;
	if (status == ENGINE_DONE)
		live[i] = !live[i];
	else if (live[i] || (refused.code != REFUSE_BYTES && refused.code != REFUSE_CHANGED))
		fail_msg("refused: %d", refused.code);
	pending = PATCHES;
	for (unsigned int n = 0; n < AREA_PAGES; n++)
		for (unsigned int cpu = 0; cpu < fake.cpus; cpu++)
			compare_page(cpu, n);
}

static void random_model(void **state)
{
	unsigned int done = 0;

	(void)state;
	seed = 20240601;
	make_model();
	fake.spread_lag = 2;
	for (unsigned int round = 0; round < 400; round++) {
		random_operation();
		done += live[rnd(PATCHES)];
	}
	/* Some applies must have succeeded. */
	assert_true(done > 40);
	for (unsigned int i = 0; i < PATCHES; i++)
		if (live[i])
			assert_reverted(i + 1);
	assert_int_equal(engine_view(), machine_base_view());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_2, machine_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(write_outside_takes_effect),
		TEST(write_inside_is_kept_back),
		TEST(write_across_the_edge),
		TEST(write_into_straddling_window),
		TEST(text_poke),
		TEST(only_changed_words_are_stored),
		TEST(written_anywhere),
		TEST(random_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* A patch's life on the fake machine when all goes well: apply, revert, revive, lists, events. */
#include "patcher/engine/state.h"
#include "guest-tests/unit/engine/test_engine_util.h"

#define OTHER_TYPE	(FAKE_TYPE - 2)	/* the memory type of another base view */

static struct file *redirect(uint8_t id, uint64_t link)
{
	struct file *f = file_begin(id);

	file_site(f, link);
	file_end(f);
	return f;
}

static struct file *with_payload(uint8_t id, uint64_t link)
{
	struct file *f = file_begin(id);

	file_site(f, link);
	file_site(f, link + 64);
	file_payload(f, 5000, 100, 5000);
	file_end(f);
	return f;
}

static void redirect_goes_live_and_back(void **state)
{
	struct file *f = redirect(1, TEXT(0x2010));
	size_t pool = pool_available();
	view_t base = engine_view();

	(void)state;
	assert_applied(f);
	assert_live(f, nop5);
	assert_int_equal(result.sites, 1);
	assert_int_equal(result.pages, 1);
	assert_int_equal(result.cpus, 2);
	assert_int_equal(result.slide, FAKE_SLIDE);
	assert_int_equal(result.annex, 0);
	assert_int_equal(result.pause, 4711);
	assert_memory_equal(result.id, file_id(1), 8);
	assert_string_equal(result.name, "test");
	assert_non_null(strstr(wait_event("patch-live"), "id=0101010101010101"));

	assert_reverted(1);
	assert_not_live(f);
	assert_int_equal(engine_view(), base);
	/* The file and its tables stay. */
	assert_int_equal(pool_available(), pool - 2);
	wait_event("patch-reverted");
}

/* The part of a page outside the windows is executed as the guest has it. */
static void rest_of_page_is_the_guests(void **state)
{
	struct file *f = redirect(1, TEXT(0x2010));
	uint8_t page[PAGE_SIZE], want[PAGE_SIZE];

	(void)state;
	assert_applied(f);
	fake_fetch(1, RUNS_AT(TEXT(0x2000)), page, PAGE_SIZE);
	memcpy(want, fake_ram(TEXT_GPA + 0x2000), PAGE_SIZE);
	jump_bytes(&f->sites[0], 0, want + 0x10);
	assert_memory_equal(page, want, PAGE_SIZE);
}

static void window_may_straddle_pages(void **state)
{
	for (unsigned int tail = 1; tail < 5; tail++) {
		struct file *f = redirect(tail, SCATTERED(0x5000) - tail);

		(void)state;
		assert_applied(f);
		assert_int_equal(result.pages, 2);
		assert_live(f, nop5);
		assert_reverted(tail);
		assert_not_live(f);
	}
}

static void payload_is_placed(void **state)
{
	struct file *f = with_payload(1, TEXT(0x3000));
	uint8_t page[PAGE_SIZE], zero[PAGE_SIZE] = { 0 };
	uint64_t text;

	(void)state;
	assert_applied(f);
	text = result.annex;
	/* The nearest entry above the anchor is in use, the one below is not. */
	assert_int_equal(text, RUNS_AT(LINK_TEXT) - (2ul << 20));
	assert_live(f, nop5);
	fake_fetch(0, text, page, PAGE_SIZE);
	assert_memory_equal(page, f->text, PAGE_SIZE);
	fake_fetch(1, text + PAGE_SIZE, page, PAGE_SIZE);
	assert_memory_equal(page, f->text + PAGE_SIZE, 5000 - PAGE_SIZE);
	for (unsigned int i = 5000 - PAGE_SIZE; i < PAGE_SIZE; i++)
		assert_int_equal(page[i], 0xcc);

	fake_load(0, text + 510 * PAGE_SIZE, page, PAGE_SIZE);
	assert_memory_equal(page, f->data, 100);
	assert_memory_equal(page + 100, zero, PAGE_SIZE - 100);
	fake_load(0, text + 511 * PAGE_SIZE, page, PAGE_SIZE);
	assert_memory_equal(page, zero, PAGE_SIZE);
}

/* Text cannot be read or written directly, data cannot be executed, the rest is not there. */
static void annex_rights(void **state)
{
	struct file *f = with_payload(1, TEXT(0x3000));

	(void)state;
	assert_applied(f);
	for (unsigned int i = 0; i < 512; i++) {
		uint64_t gpa = FAKE_ANNEX + i * PAGE_SIZE;
		enum page_kind kind = fake_view_kind(engine_view(), gpa, NULL);

		if (i < 2) {
			assert_int_equal(kind, PAGE_PAYLOAD_TEXT);
			assert_int_equal(engine_page(gpa), ENGINE_PAGE_ANNEX_TEXT);
		} else if (i >= 510) {
			assert_int_equal(kind, PAGE_PAYLOAD_DATA);
			assert_int_equal(engine_page(gpa), ENGINE_PAGE_ANNEX_DATA);
		} else {
			assert_int_equal(kind, PAGE_HIDDEN);
			assert_int_equal(engine_page(gpa), ENGINE_PAGE_ANNEX_FREE);
		}
	}
	assert_int_equal(engine_page(FAKE_ANNEX + FAKE_ANNEX_SIZE), ENGINE_PAGE_NONE);
	assert_int_equal(engine_page(FAKE_ANNEX - 1), ENGINE_PAGE_NONE);
}

static void fixups_are_applied(void **state)
{
	struct file *f = file_begin(1);
	uint64_t text, data, field;

	(void)state;
	file_site(f, TEXT(0x3000));
	file_payload(f, 64, 64, 64);
	f->fixups[f->nfixups++] = (struct patch_fixup){
		.value = TEXT(0x123), .offset = 0, .type = PATCH_FIXUP_ABS64, .base = PATCH_BASE_KERNEL };
	f->fixups[f->nfixups++] = (struct patch_fixup){
		.value = TEXT(0x456), .offset = 8, .type = PATCH_FIXUP_ABS32S, .base = PATCH_BASE_KERNEL };
	f->fixups[f->nfixups++] = (struct patch_fixup){
		.value = 0x80000001, .offset = 12, .type = PATCH_FIXUP_ABS32, .base = PATCH_BASE_ABSOLUTE };
	f->fixups[f->nfixups++] = (struct patch_fixup){
		.value = 16 - 4, .offset = 16, .type = PATCH_FIXUP_PC32, .base = PATCH_BASE_DATA };
	f->fixups[f->nfixups++] = (struct patch_fixup){
		.value = 5, .offset = 24, .type = PATCH_FIXUP_PC64, .base = PATCH_BASE_TEXT, .in_data = 1 };
	file_end(f);
	assert_applied(f);
	text = result.annex;
	data = text + 511 * PAGE_SIZE;
	/* Text reads come by the engine: the page is execute-only. */
	fake_load(0, text, &field, 8);
	assert_int_equal(field, RUNS_AT(TEXT(0x123)));
	fake_load(0, text + 8, &field, 8);
	assert_int_equal((uint32_t)field, (uint32_t)RUNS_AT(TEXT(0x456)));
	assert_int_equal(field >> 32, 0x80000001);
	fake_load(0, text + 16, &field, 8);
	assert_int_equal((int32_t)field, (int32_t)(data + 16 - 4 - (text + 16)));
	fake_load(0, data + 24, &field, 8);
	assert_int_equal(field, text + 5 - (data + 24));
}

/* Its data is as it was left, its text is where it was, the page-directory entry as well. */
static void reverted_patch_revives(void **state)
{
	struct file *f = with_payload(1, TEXT(0x3000));
	uint64_t text, pd[512];
	uint8_t mark = 0x77;

	(void)state;
	assert_applied(f);
	text = result.annex;
	memcpy(pd, fake_ram(GUEST_PD), sizeof(pd));
	fake_store(0, text + 511 * PAGE_SIZE, &mark, 1);
	assert_reverted(1);
	assert_not_live(f);
	fake_fetch(0, text, &mark, 1);
	assert_int_equal(mark, f->text[0]);

	assert_int_equal(apply_held(1), ENGINE_DONE);
	assert_int_equal(result.annex, text);
	assert_live(f, nop5);
	assert_memory_equal(pd, fake_ram(GUEST_PD), sizeof(pd));
	fake_load(0, text + 511 * PAGE_SIZE, &mark, 1);
	assert_int_equal(mark, 0x77);

	/* The same file again is the same patch again. */
	assert_reverted(1);
	assert_applied(f);
	assert_int_equal(result.annex, text);
	fake_load(0, text + 511 * PAGE_SIZE, &mark, 1);
	assert_int_equal(mark, 0x77);
}

/* The guest put other bytes there since: a revival checks, as the first time. */
static void revival_checks_bytes(void **state)
{
	struct file *f = redirect(1, TEXT(0x3000));
	struct state before;
	uint8_t other[5] = { 0xe8, 1, 2, 3, 4 };

	(void)state;
	assert_applied(f);
	assert_reverted(1);
	fake_store(0, RUNS_AT(TEXT(0x3000)), other, 5);
	state_take(&before);
	assert_int_equal(apply_held(1), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_BYTES);
	assert_memory_equal(refused.found, other, 5);
	assert_state(&before);
	fake_store(0, RUNS_AT(TEXT(0x3000)), nop5, 5);
	assert_int_equal(apply_held(1), ENGINE_DONE);
	assert_live(f, nop5);
}

/* Two patches on one page: each comes and goes without the other. */
static void two_patches_on_a_page(void **state)
{
	struct file *f = redirect(2, TEXT(0x4100));
	uint8_t a[5], b[5], got[5];
	struct patch_site first;

	(void)state;
	f = redirect(1, TEXT(0x4010));
	assert_applied(f);
	first = f->sites[0];
	f = redirect(2, TEXT(0x4100));
	assert_applied(f);
	jump_bytes(&first, 0, a);
	jump_bytes(&f->sites[0], 0, b);
	fake_fetch(0, RUNS_AT(TEXT(0x4010)), got, 5);
	assert_memory_equal(got, a, 5);
	fake_fetch(1, RUNS_AT(TEXT(0x4100)), got, 5);
	assert_memory_equal(got, b, 5);

	assert_reverted(1);
	fake_fetch(0, RUNS_AT(TEXT(0x4010)), got, 5);
	assert_memory_equal(got, nop5, 5);
	fake_fetch(1, RUNS_AT(TEXT(0x4100)), got, 5);
	assert_memory_equal(got, b, 5);
	assert_reverted(2);
	fake_fetch(1, RUNS_AT(TEXT(0x4100)), got, 5);
	assert_memory_equal(got, nop5, 5);
}

/* Payloads lie side by side; the entry is found once. */
static void two_payloads(void **state)
{
	uint64_t first;

	(void)state;
	assert_applied(with_payload(1, TEXT(0x3000)));
	first = result.annex;
	assert_applied(with_payload(2, TEXT(0x6000)));
	assert_int_equal(result.annex, first + 2 * PAGE_SIZE);
	assert_int_equal(engine_page(FAKE_ANNEX + 3 * PAGE_SIZE), ENGINE_PAGE_ANNEX_TEXT);
	assert_int_equal(engine_page(FAKE_ANNEX + 508 * PAGE_SIZE), ENGINE_PAGE_ANNEX_DATA);
}

/* What is taken is passed over, and so is what is not present but not zero. */
static void annex_looks_outward(void **state)
{
	uint64_t *pd = fake_ram(GUEST_PD);
	unsigned int at = RUNS_AT(LINK_TEXT) >> 21 & 511;
	struct file *f = with_payload(1, TEXT(0x3000));

	(void)state;
	pd[at - 1] |= 1;
	pd[at + 2] |= 2;
	pd[at - 2] |= 2;
	assert_applied(f);
	assert_int_equal(result.annex, RUNS_AT(LINK_TEXT) + (6ul << 20));
	assert_int_equal(pd[at + 3], FAKE_ANNEX | 0xe3);
	assert_live(f, nop5);
}

/* Only the directory of the kernel's own gigabyte is looked at, to its first entry. */
static void annex_in_the_last_entry(void **state)
{
	uint64_t *pd = fake_ram(GUEST_PD);
	struct file *f = with_payload(1, TEXT(0x3000));

	(void)state;
	for (unsigned int i = 1; i < 512; i++)
		pd[i] |= 1;
	assert_applied(f);
	assert_int_equal(result.annex, LINK_TEXT & -(1ul << 30));
	assert_int_equal(pd[0], FAKE_ANNEX | 0xe3);
}

/* An address that is not to be moved: a module's. */
static void absolute_places_and_targets(void **state)
{
	struct file *f = file_begin(1);
	struct patch_site *s = file_site(f, TEXT(0x2010));
	uint8_t want[5], got[5];

	(void)state;
	jump_bytes(s, 0, want);
	s->addr += FAKE_SLIDE;
	s->place = PATCH_PLACE_ABSOLUTE;
	s->target += FAKE_SLIDE;
	s->target_kind = PATCH_TARGET_ABSOLUTE;
	file_end(f);
	assert_applied(f);
	fake_fetch(0, RUNS_AT(TEXT(0x2010)), got, 5);
	assert_memory_equal(got, want, 5);
}

/* A CPU that waits for SIPI does not delay a commit and takes the view in force when it starts. */
static void cpu_waiting_for_sipi(void **state)
{
	struct file *f = redirect(1, TEXT(0x2010));

	(void)state;
	fake.cpu[1].sipi = true;
	fake.cpu[1].rip = RUNS_AT(TEXT(0x2011));
	assert_applied(f);
	fake_sipi(1);
	assert_live(f, nop5);
}

static void slow_spread_is_waited_for(void **state)
{
	struct file *f = redirect(1, TEXT(0x2010));

	(void)state;
	fake.spread_lag = 5;
	assert_applied(f);
	assert_live(f, nop5);
}

/* A CPU inside a window that leaves within the bound costs steps, not the commit. */
static void cpu_is_stepped_out(void **state)
{
	struct file *f = file_begin(1);

	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		file_site(f, TEXT(0x2010 + 32 * (8 - i)));
	file_end(f);
	fake.cpu[1].rip = RUNS_AT(TEXT(0x2010)) + 4;
	fake.cpu[1].inside = ENGINE_STEP_LIMIT;
	fake.cpu[1].outside = RUNS_AT(TEXT(0x2010)) + 5;
	assert_applied(f);
	assert_int_equal(result.steps, ENGINE_STEP_LIMIT);
	assert_live(f, nop5);
}

/* The first byte of a window and the one behind it are not inside. */
static void edges_are_outside(void **state)
{
	struct file *f = redirect(1, TEXT(0x2010));

	(void)state;
	fake.cpu[0].rip = RUNS_AT(TEXT(0x2010));
	fake.cpu[1].rip = RUNS_AT(TEXT(0x2015));
	assert_applied(f);
	assert_int_equal(result.steps, 0);
}

static void late_cpu_is_forgiven(void **state)
{
	struct file *f = redirect(1, TEXT(0x2010));

	(void)state;
	fake.late_times = 3;
	assert_applied(f);
	assert_int_equal(fake.stops, 4);
}

static void list_tells_what_is_held(void **state)
{
	struct file *f = with_payload(3, TEXT(0x3000));
	struct patch_info info;
	const char *name;
	uint64_t gva;

	(void)state;
	assert_false(engine_info(0, &info));
	assert_applied(f);
	assert_applied(redirect(4, TEXT(0x5000)));
	assert_true(engine_info(0, &info));
	assert_memory_equal(info.id, file_id(3), 8);
	assert_string_equal(info.name, "test");
	assert_int_equal(info.state, PATCH_LIVE);
	assert_int_equal(info.sites, 2);
	assert_int_equal(info.pages, 1);
	assert_int_equal(info.text_size, 5000);
	assert_int_equal(info.data_size, 5000);
	assert_int_equal(info.applied, 1);
	assert_int_equal(info.reverted, 0);
	assert_true(engine_site(file_id(3), 1, &gva, &name));
	assert_int_equal(gva, RUNS_AT(TEXT(0x3040)));
	assert_string_equal(name, "fn1");
	assert_false(engine_site(file_id(3), 2, &gva, &name));
	assert_true(engine_info(1, &info));
	assert_int_equal(info.annex, 0);
	assert_false(engine_info(2, &info));
	assert_false(engine_site(file_id(5), 0, &gva, &name));
	assert_string_equal(stage_name(PATCH_LIVE), "live");
	assert_string_equal(stage_name(99), "unknown");
}

static void progress_is_reported(void **state)
{
	struct file *f = redirect(1, TEXT(0x2010));
	unsigned int done, of;

	(void)state;
	assert_null(engine_phase(&done, &of));
	fake.spread_stuck = true;
	assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
	assert_int_equal(engine_poll(&result, &refused), ENGINE_MORE);
	assert_string_equal(engine_phase(&done, &of), "spread");
	fake.spread_stuck = false;
	assert_int_equal(run(), ENGINE_DONE);
	assert_null(engine_phase(&done, &of));
}

/* The memory types changed under a live patch: the new view has all that the old one had. */
static void rebase_keeps_patches(void **state)
{
	struct file *f = with_payload(1, TEXT(0x3000));
	uint64_t gpa = TEXT_GPA + 0x3000;
	uint64_t exec;
	size_t pool;

	(void)state;
	assert_applied(f);
	pool = pool_available();
	fake.spread_lag = 2;
	for (unsigned int i = 0; i < 5; i++) {
		view_t old = engine_view();

		fake_new_base(i & 1 ? FAKE_TYPE : OTHER_TYPE);
		assert_int_equal(engine_rebase(machine_base_view()), 0);
		assert_true(engine_view() != old);
		fake_drop_old_bases();
		fake_check();
		/* One at a time, and nothing begins before the last CPU has it. */
		assert_int_equal(engine_rebase(machine_base_view()), -1);
		assert_int_equal(engine_revert(file_id(1), &refused), ENGINE_REFUSED);
		assert_int_equal(refused.code, REFUSE_BUSY);
		while (!machine_spread_done())
			;
		fake_check();
		assert_live(f, nop5);
		assert_int_equal(fake_view_kind(engine_view(), gpa, &exec), PAGE_PATCHED);
		assert_true(exec != gpa && fake_page_owners(exec) == 1);
		assert_int_equal(fake_view_type(engine_view()), i & 1 ? FAKE_TYPE : OTHER_TYPE);
	}
	assert_reverted(1);
	assert_not_live(f);
	assert_applied(f);
	assert_int_equal(pool_available(), pool);
}

/* No patch: the view is the base itself. No rebase into a transaction. */
static void rebase_without_patches(void **state)
{
	struct file *f = redirect(1, TEXT(0x3000));
	unsigned int spreads = fake.spreads;
	size_t pool = pool_available();

	(void)state;
	fake_new_base(OTHER_TYPE);
	assert_int_equal(engine_rebase(machine_base_view()), 0);
	fake_drop_old_bases();
	fake_check();
	assert_int_equal(engine_view(), machine_base_view());
	assert_int_equal(fake.spreads, spreads + 1);
	assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
	assert_int_equal(engine_rebase(machine_base_view()), -1);
	assert_int_equal(run(), ENGINE_DONE);
	assert_live(f, nop5);
	assert_reverted(1);
	assert_int_equal(engine_view(), machine_base_view());
	assert_int_equal(pool_available(), pool - 2);
}

static void add_event(const char *line)
{
	machine_lock();
	event_line(line);
	machine_unlock();
}

static void events_are_a_ring(void **state)
{
	struct event_text e;

	(void)state;
	for (unsigned int i = 0; i < 70; i++) {
		char text[200];

		memset(text, 'x', sizeof(text) - 1);
		text[199] = '\0';
		text[0] = 'a' + i % 26;
		add_event(text);
	}
	assert_true(engine_next_event(&e));
	assert_string_equal(e.text, "events-lost count=6");
	for (unsigned int i = 6; i < 70; i++) {
		uint32_t last = e.number;

		assert_true(engine_next_event(&e));
		assert_int_equal(e.number, last + 1);
		assert_int_equal(e.text[0], 'a' + i % 26);
		assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	}
	assert_false(engine_next_event(&e));
}

/* What does not fit goes by whole keys, a quoted value and all. */
static void long_events_are_cut_at_a_key(void **state)
{
	char line[300], value[101];
	struct event_text e;

	(void)state;
	for (unsigned int n = 60; n <= 100; n++) {
		struct text t;

		memset(value, 'x', n);
		value[n] = '\0';
		value[n / 2] = ' ';
		text_init(&t, line, sizeof(line));
		text_format(&t, "kind a=%s b=%s", "two \" words", value);
		add_event(line);
		if (t.len > sizeof(e.text) - 1)
			strcpy(line, "kind a=\"two \"\" words\"");
		assert_true(engine_next_event(&e));
		assert_string_equal(e.text, line);
	}
	assert_true(strlen(line) < 40);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_2, machine_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(redirect_goes_live_and_back),
		TEST(rest_of_page_is_the_guests),
		TEST(window_may_straddle_pages),
		TEST(payload_is_placed),
		TEST(annex_rights),
		TEST(fixups_are_applied),
		TEST(reverted_patch_revives),
		TEST(revival_checks_bytes),
		TEST(two_patches_on_a_page),
		TEST(two_payloads),
		TEST(annex_looks_outward),
		TEST(annex_in_the_last_entry),
		TEST(absolute_places_and_targets),
		TEST(cpu_waiting_for_sipi),
		TEST(slow_spread_is_waited_for),
		TEST(cpu_is_stepped_out),
		TEST(edges_are_outside),
		TEST(late_cpu_is_forgiven),
		TEST(list_tells_what_is_held),
		TEST(progress_is_reported),
		TEST(rebase_keeps_patches),
		TEST(rebase_without_patches),
		TEST(events_are_a_ring),
		TEST(long_events_are_cut_at_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

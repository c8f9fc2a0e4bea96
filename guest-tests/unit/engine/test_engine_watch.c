/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's own patching at the entries and in the bodies of replaced functions, and memory that
 * the guest reuses for something else under a live patch.
 */
#include "guest-tests/unit/engine/test_engine_util.h"

static const uint8_t call[5] = { 0xe8, 0x11, 0x22, 0x33, 0x44 };
static const uint8_t int3 = 0xcc, jmp[5] = { 0xe9, 0xcc, 0xe9, 0xcc, 0xe9 };
static struct event_text event;

static struct file *fentry(uint8_t id, uint64_t link)
{
	struct file *f = file_begin(id);

	file_site(f, link)->flags = PATCH_SITE_FENTRY;
	file_end(f);
	return f;
}

static void no_event(const char *kind)
{
	while (engine_next_event(&event))
		if (!strncmp(event.text, kind, strlen(kind)))
			fail_msg("%s", event.text);
}

static void fetches(uint64_t gva, const uint8_t *want, size_t len)
{
	uint8_t got[16];

	for (unsigned int cpu = 0; cpu < fake.cpus; cpu++) {
		fake_fetch(cpu, gva, got, len);
		assert_memory_equal(got, want, len);
	}
}

/* ---- taken entries ---- */

static void a_call_is_taken(void **state)
{
	struct file *f = fentry(1, TEXT(0x3010));

	(void)state;
	fake_store(0, RUNS_AT(TEXT(0x3010)), call, 5);
	assert_applied(f);
	assert_live(f, call);
	assert_string_equal(wait_event("taken"),
			    "taken symbol=fn0 address=0xffffffff81603010 bytes=e811223344");
	/* The guest takes its tracer away: reported, without effect; the revert shows it. */
	fake_store(0, RUNS_AT(TEXT(0x3010)), nop5, 5);
	assert_live(f, nop5);
	assert_non_null(strstr(wait_event("window-write"), "bytes=0f1f440000"));
	assert_reverted(1);
	assert_not_live(f);
	/* Not taken any more. */
	drop_events();
	assert_int_equal(apply_held(1), ENGINE_DONE);
	no_event("taken");
}

static void only_fentry_takes_a_call(void **state)
{
	struct file *f = file_begin(1);

	(void)state;
	file_site(f, TEXT(0x3010));
	file_end(f);
	fake_store(0, RUNS_AT(TEXT(0x3010)), call, 5);
	assert_refused(f, REFUSE_BYTES);
}

static void other_bytes_are_refused(void **state)
{
	static const uint8_t other[][5] = {
		{ 0xe9, 1, 2, 3, 4 }, { 0x0f, 0x1f, 0x44, 0x00, 0x01 }, { 0x90, 0x1f, 0x44, 0, 0 },
	};
	struct file *f = fentry(1, TEXT(0x3010));

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		fake_store(0, RUNS_AT(TEXT(0x3010)), other[i], 5);
		assert_refused(f, REFUSE_BYTES);
		assert_memory_equal(refused.found, other[i], 5);
	}
}

static unsigned int poke_at, opportunities;

/* text_poke_bp() as three writes, at three moments in a row beginning with poke_at. */
static void poke(void)
{
	uint64_t gva = RUNS_AT(TEXT(0x3010));

	switch (++opportunities - poke_at) {
	case 0:
		fake_store(1, gva, &int3, 1);
		break;
	case 6:
		fake_store(1, gva + 1, call + 1, 4);
		break;
	case 12:
		fake_store(1, gva, call, 1);
	}
}

/* The kernel's tracer comes at any moment of the transaction: the patch goes live over it. */
static void the_tracer_comes_at_any_time(void **state)
{
	unsigned int taken = 0, written = 0, all = 1;
	struct file *f;

	(void)state;
	for (poke_at = 1; poke_at <= all; poke_at++) {
		f = fentry(1, TEXT(0x3010));
		fake.spread_lag = 3;
		opportunities = 0;
		fake.others_run = poke;
		assert_applied(f);
		fake.others_run = NULL;
		all = opportunities;
		while (opportunities < poke_at + 12)
			poke();
		assert_live(f, call);
		while (engine_next_event(&event)) {
			taken += !strncmp(event.text, "taken", 5);
			written += !strncmp(event.text, "window-write", 12);
		}
		machine_end(NULL);
		machine_2(NULL);
	}
	assert_true(taken > 3 && written > 3);
}

static void an_int3_that_stays_is_refused(void **state)
{
	struct file *f = fentry(1, TEXT(0x3010));

	(void)state;
	fake_store(0, RUNS_AT(TEXT(0x3010)), &int3, 1);
	assert_refused(f, REFUSE_BYTES);
	assert_int_equal(refused.found[0], 0xcc);
	assert_non_null(strstr(refused.what, "INT3"));
	assert_int_equal(fake.stops, 0);
	fake_store(0, RUNS_AT(TEXT(0x3010)), nop5, 1);
	assert_applied(f);
}

/* ---- probes ---- */

/* A function of two pages: window, an instruction of 3 bytes, one the kernel changes, and so on. */
static const struct patch_insn body[] = {
	{ 5, 0x0f }, { 3, 0x48 }, { 5, PATCH_INSN_ANY }, { 4, 0x83 }, { 15, 0x66 }, { 15, 0x66 },
	{ 1, 0xc3 }, { 0, 0 }
};

/* Puts the body where the guest has it. */
static void plant_body(uint64_t gva)
{
	for (const struct patch_insn *i = body + 1; i->len; gva += i++->len)
		*(uint8_t *)fake_ram(fake_gpa(gva + 5)) = i->first == PATCH_INSN_ANY ? 0x66 : i->first;
}

#define AT		(SCATTERED(0x6000) - 24)	/* offset 24 is the next page */
#define IN_BODY(n)	RUNS_AT(AT + (n))

static struct file *with_body(uint8_t id)
{
	struct file *f = file_begin(id);

	file_site(f, AT)->flags = PATCH_SITE_FENTRY;
	file_body(f, body);
	file_end(f);
	plant_body(IN_BODY(0));
	return f;
}

static void probes_are_reported_once(void **state)
{
	struct file *f = with_body(1);
	uint8_t byte = 0x55;

	(void)state;
	assert_applied(f);
	no_event("probe");
	fetches(IN_BODY(5), (uint8_t[]){ 0x48 }, 1);
	fake_store(0, IN_BODY(5), &int3, 1);
	fetches(IN_BODY(5), &int3, 1);
	assert_string_equal(wait_event("probe"),
			    "probe symbol=fn0 address=0xffffffff81805fed offset=5");
	fake_store(0, IN_BODY(5), &int3, 1);
	fake_store(0, IN_BODY(6), &byte, 1);
	no_event("probe");
	/* Taken away and set again, this time optimised: what its displacement hides is no probe. */
	byte = 0x48;
	fake_store(0, IN_BODY(5), &byte, 1);
	no_event("probe");
	fake_store(1, IN_BODY(13), jmp, 5);
	assert_non_null(strstr(wait_event("probe"), "offset=13"));
	no_event("probe");
	/* Bytes that are neither, and the instruction that the kernel itself changes. */
	fake_store(0, IN_BODY(5), (uint8_t[]){ 0x90 }, 1);
	fake_store(0, IN_BODY(8), &int3, 1);
	fake_store(0, IN_BODY(8), jmp, 1);
	no_event("probe");
}

/* The second page has no window: it is guarded all the same, and shows the guest's own bytes. */
static void a_body_goes_on_behind_the_page(void **state)
{
	struct file *f = with_body(1);
	struct engine_stats stats;

	(void)state;
	assert_applied(f);
	assert_live(f, nop5);
	assert_int_equal(result.pages, 1);
	engine_stats(&stats);
	assert_int_equal(stats.guarded_pages, 2);
	assert_int_equal(fake_view_kind(engine_view(), fake_gpa(IN_BODY(24)), NULL), PAGE_WATCHED);
	fake_store(1, IN_BODY(47), jmp, 1);
	assert_non_null(strstr(wait_event("probe"), "address=0xffffffff81806017 offset=47"));
	fetches(IN_BODY(47), jmp, 1);
	/* A window of another patch on that page, and its revert, leave the guard. */
	f = file_begin(2);
	file_site(f, SCATTERED(0x6800));
	file_end(f);
	assert_applied(f);
	assert_live(f, nop5);
	assert_reverted(2);
	assert_not_live(f);
	fake_store(1, IN_BODY(47), (uint8_t[]){ 0xc3 }, 1);
	fake_store(1, IN_BODY(47), &int3, 1);
	wait_event("probe");
	assert_reverted(1);
	engine_stats(&stats);
	assert_int_equal(stats.guarded_pages, 0);
	assert_int_equal(engine_view(), machine_base_view());
	fake_store(1, IN_BODY(5), &int3, 1);
	no_event("probe");
}

static void a_probe_that_was_there_is_reported(void **state)
{
	struct file *f = with_body(1);

	(void)state;
	fake_store(0, IN_BODY(32), &int3, 1);
	assert_applied(f);
	assert_non_null(strstr(wait_event("probe"), "offset=32"));
	no_event("probe");
	/* Again with the next time it goes live. */
	assert_reverted(1);
	assert_applied(f);
	wait_event("probe");
}

static void a_body_must_be_memory(void **state)
{
	struct file *f = file_begin(1);

	(void)state;
	file_site(f, LINK_SCATTERED + 0x200000 - 40);
	file_body(f, body);
	file_end(f);
	assert_refused(f, REFUSE_UNMAPPED);
	f = file_begin(1);
	file_site(f, TEXT(0x3000));
	file_body(f, body);
	file_site(f, TEXT(0x3020));
	file_end(f);
	assert_refused(f, REFUSE_OVERLAP);
}

/* ---- memory that goes ---- */

/* Where the page tables of the scattered text have the entry of a page. */
static uint64_t *pte(uint64_t gva)
{
	return fake_ram(GUEST_PT + (gva >> PAGE_SHIFT & 511) * 8);
}

#define ALIAS	RUNS_AT(SCATTERED(0x100000))

/* The guest reuses the page of @gva for something else from now on; it has it at ALIAS. */
static void give_away(uint64_t gva)
{
	*pte(ALIAS) = *pte(gva);
	*pte(gva) = 0;
}

/* The session polls, for some seconds. */
static void watch_to_the_end(void)
{
	fake.tick = machine_tsc_hz() / 100;
	for (unsigned int i = 0; i < 400; i++) {
		engine_watch();
		fake_check();
	}
	fake.tick = 1000;
	assert_false(engine_busy());
}

/* A site on scattered page 0x8000 and one elsewhere. */
static struct file *module(uint8_t id, uint64_t other)
{
	struct file *f = file_begin(id);

	file_site(f, SCATTERED(0x8010));
	file_site(f, other);
	file_payload(f, 100, 10, 10);
	file_end(f);
	return f;
}

static void assert_ordinary(uint64_t gpa)
{
	assert_int_equal(fake_view_kind(engine_view(), gpa, NULL), PAGE_PLAIN);
	assert_int_equal(engine_page(gpa), ENGINE_PAGE_NONE);
}

/* Somebody writes: their bytes count at once, the rest follows. */
static void written_by_another(void **state)
{
	struct file *f = module(1, TEXT(0x3000));
	uint64_t gpa = fake_gpa(RUNS_AT(SCATTERED(0x8010))), gva = RUNS_AT(SCATTERED(0x8000));
	uint8_t bytes[16], jump[5];

	(void)state;
	memset(bytes, 0xab, sizeof(bytes));
	assert_applied(f);
	jump_bytes(&f->sites[1], result.annex, jump);
	drop_events();
	give_away(gva);
	fake_store(1, ALIAS + 0x800, bytes, 16);
	fetches(ALIAS + 0x800, bytes, 16);
	fetches(ALIAS + 0x10, nop5, 5);
	fake_store(1, ALIAS + 8, bytes, 16);
	fetches(ALIAS + 8, bytes, 16);
	fetches(RUNS_AT(TEXT(0x3000)), jump, 5);
	assert_string_equal(wait_event("retired"), "retired symbol=fn0 address=0xffffffff81808010 "
			    "id=0101010101010101 sites=2");
	assert_false(engine_next_event(&event));
	watch_to_the_end();
	wait_event("patch-reverted");
	no_event("");
	assert_ordinary(gpa & PAGE_MASK);
	assert_ordinary(fake_gpa(RUNS_AT(TEXT(0x3000))));
	fetches(RUNS_AT(TEXT(0x3000)), nop5, 5);
	fetches(ALIAS + 8, bytes, 16);
	/* It cannot come back before its function does. */
	assert_int_equal(apply_held(1), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_UNMAPPED);
	*pte(gva) = *pte(ALIAS);
	fake_store(0, gva + 0x10, nop5, 5);
	assert_int_equal(apply_held(1), ENGINE_DONE);
	watch_to_the_end();
	no_event("retired");
	assert_live(f, nop5);
}

/* One page, two addresses: a window reached through the other address stays in force. */
static void one_of_two_mappings_goes(void **state)
{
	struct file *f = file_begin(1);
	uint8_t jump[5];

	(void)state;
	*pte(ALIAS) = *pte(RUNS_AT(SCATTERED(0x8000)));
	file_site(f, SCATTERED(0x8010));
	file_end(f);
	assert_applied(f);
	f = file_begin(2);
	file_site(f, SCATTERED(0x100100));
	file_end(f);
	assert_applied(f);
	jump_bytes(&f->sites[0], 0, jump);
	*pte(RUNS_AT(SCATTERED(0x8000))) = 0;
	fake_store(0, ALIAS + 0x800, call, 5);
	fetches(ALIAS + 0x10, nop5, 5);
	fetches(ALIAS + 0x100, jump, 5);
	watch_to_the_end();
	assert_non_null(strstr(wait_event("patch-reverted"), "id=0101010101010101"));
	no_event("patch-reverted");
	fetches(ALIAS + 0x100, jump, 5);
}

/* Somebody else's code runs where the window was: no reason to wait for it. */
static void a_cpu_where_a_window_was(void **state)
{
	(void)state;
	assert_applied(module(1, TEXT(0x3000)));
	give_away(RUNS_AT(SCATTERED(0x8000)));
	fake.cpu[1].rip = RUNS_AT(SCATTERED(0x8012));
	fake.cpu[1].inside = -1;
	watch_to_the_end();
	wait_event("patch-reverted");
	assert_int_equal(fake.steps, 0);
}

/* Nobody writes: the session looks, a few sites at a time. */
static void found_by_looking(void **state)
{
	struct file *f = module(1, TEXT(0x3000));
	uint64_t gpa = fake_gpa(RUNS_AT(SCATTERED(0x8010)));

	(void)state;
	assert_applied(f);
	watch_to_the_end();
	assert_live(f, nop5);
	drop_events();
	give_away(RUNS_AT(SCATTERED(0x8000)));
	while (!engine_busy())
		engine_watch();
	assert_true(engine_next_event(&event));
	assert_int_equal(strncmp(event.text, "retired", 7), 0);
	fetches(ALIAS + 0x10, nop5, 5);
	watch_to_the_end();
	wait_event("patch-reverted");
	assert_ordinary(gpa & PAGE_MASK);
	assert_int_not_equal(engine_view(), machine_base_view());	/* the annex stays */
}

/* Mapped again, elsewhere: counts as not mapped. Half a window counts as all of it. */
static void half_a_window_goes(void **state)
{
	struct file *f = file_begin(1);
	uint8_t jump[5];

	(void)state;
	file_site(f, SCATTERED(0x9000) - 2);
	file_end(f);
	assert_applied(f);
	jump_bytes(&f->sites[0], 0, jump);
	*pte(RUNS_AT(SCATTERED(0x9000))) = *pte(RUNS_AT(SCATTERED(0x30000)));
	fake_store(0, RUNS_AT(SCATTERED(0x8000)), nop5, 5);
	fetches(RUNS_AT(SCATTERED(0x9000)) - 2, jump, 2);
	while (!engine_busy())
		engine_watch();
	fetches(RUNS_AT(SCATTERED(0x9000)) - 2, nop5, 2);
	watch_to_the_end();
	wait_event("retired");
	wait_event("patch-reverted");
	fetches(RUNS_AT(SCATTERED(0x9000)) - 2, nop5, 2);
}

/* The half that is mapped still goes as well. */
static void the_first_half_of_a_window_goes(void **state)
{
	struct file *f = file_begin(1);

	(void)state;
	file_site(f, SCATTERED(0x9000) - 2);
	file_end(f);
	assert_applied(f);
	give_away(RUNS_AT(SCATTERED(0x8000)));
	fake_store(0, ALIAS, nop5, 5);
	fetches(ALIAS + 0xffe, nop5, 2);
	fetches(RUNS_AT(SCATTERED(0x9000)), nop5 + 2, 3);
	watch_to_the_end();
	wait_event("patch-reverted");
}

/* On tables without the kernel a look finds nothing; a write is noticed. */
static void a_new_kernel_is_written_over_the_old(void **state)
{
	struct file *f = module(1, SCATTERED(0x9000));
	uint64_t kernel = *(uint64_t *)fake_ram(GUEST_PDPT + 510 * 8), gpa[2];
	uint64_t annex_pde[512], pde[2], annex;
	uint8_t page[PAGE_SIZE], got[PAGE_SIZE];

	(void)state;
	gpa[0] = fake_gpa(RUNS_AT(SCATTERED(0x8000)));
	gpa[1] = fake_gpa(RUNS_AT(SCATTERED(0x9000)));
	memcpy(pde, fake_ram(GUEST_PD + (RUNS_AT(LINK_TEXT) >> 21 & 511) * 8), sizeof(pde));
	assert_applied(f);
	annex = result.annex;
	drop_events();
	/* An identity map, say: the kernel is at none of its addresses. */
	*(uint64_t *)fake_ram(GUEST_PDPT) = 0x5000 | 3;
	for (uint64_t i = 0; i < 16; i++)
		*(uint64_t *)fake_ram(0x5000 + i * 8) = i << 21 | 0x83;
	*(uint64_t *)fake_ram(0x1000) = GUEST_PDPT | 3;
	*(uint64_t *)fake_ram(GUEST_PDPT + 510 * 8) = 0;
	watch_to_the_end();
	no_event("");
	memset(page, 0x77, sizeof(page));
	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int at = 0; at < PAGE_SIZE; at += 512)
			fake_store(0, gpa[i] + at, page + at, 512);
		fetches(gpa[i], page, 16);
		fake_fetch(1, gpa[i], got, PAGE_SIZE);
		assert_memory_equal(got, page, PAGE_SIZE);
		assert_memory_equal(fake_ram(gpa[i]), page, PAGE_SIZE);
	}
	wait_event("retired");
	/* Its page directory is memory of the new one now: nothing is put there. */
	memset(annex_pde, 0x66, sizeof(annex_pde));
	memcpy(fake_ram(GUEST_PD), annex_pde, PAGE_SIZE);
	*(uint64_t *)fake_ram(GUEST_PDPT + 511 * 8) = kernel;
	watch_to_the_end();
	wait_event("patch-reverted");
	assert_ordinary(gpa[0]);
	assert_ordinary(gpa[1]);
	assert_memory_equal(fake_ram(GUEST_PD), annex_pde, PAGE_SIZE);

	/* The new one can be patched, by the same file, and gets an entry of its own. */
	*(uint64_t *)fake_ram(GUEST_PDPT + 511 * 8) = 0;
	memset(fake_ram(0x7000), 0, PAGE_SIZE);
	memcpy(fake_ram(0x7000 + (RUNS_AT(LINK_TEXT) >> 21 & 511) * 8), pde, sizeof(pde));
	*(uint64_t *)fake_ram(GUEST_PDPT + 510 * 8) = 0x7000 | 3;
	fake_store(0, RUNS_AT(SCATTERED(0x8010)), nop5, 5);
	fake_store(0, RUNS_AT(SCATTERED(0x9000)), nop5, 5);
	fake_pages.alloc_fail = 5;
	assert_int_equal(apply(f), ENGINE_REFUSED);
	assert_applied(f);
	assert_live(f, nop5);
	assert_true(result.annex != 0 && result.annex != annex);
	fake_fetch(0, result.annex, got, 100);
	assert_memory_equal(got, f->text, 100);
	assert_memory_equal(fake_ram(GUEST_PD), annex_pde, PAGE_SIZE);
	assert_reverted(1);
	assert_int_equal(apply_held(1), ENGINE_DONE);
}

/* Sixteen sites at a time, in turn: 42 are seen in three looks. */
static void looks_are_bounded(void **state)
{
	struct file *f = file_begin(1);
	unsigned int calls, n;

	(void)state;
	for (n = 0; n < 40; n++)
		file_site(f, TEXT(0x3000) + 16 * n);
	file_end(f);
	assert_applied(f);
	assert_applied(module(2, TEXT(0x8000)));
	fake.tick = machine_tsc_hz() / 10;
	for (n = 0; n < 100; n++) {
		calls = fake.calls;
		engine_watch();
		/* The anchor; for each site the lock taken and given, and a translation. */
		assert_in_range(fake.calls - calls, 3, 2 + 3 * 16);
	}
	give_away(RUNS_AT(SCATTERED(0x8000)));
	for (n = 0; !engine_busy(); n++)
		engine_watch();
	assert_in_range(n, 1, 3);
}

static struct file *to_module(uint8_t id)
{
	struct file *f = file_begin(id);
	struct patch_site *s = file_site(f, TEXT(0x3000));

	s->target_kind = PATCH_TARGET_ABSOLUTE;
	s->target = RUNS_AT(SCATTERED(0x8123));
	file_end(f);
	return f;
}

static void the_target_goes(void **state)
{
	struct file *f = to_module(1);

	(void)state;
	assert_applied(f);
	watch_to_the_end();
	drop_events();
	give_away(RUNS_AT(SCATTERED(0x8000)));
	watch_to_the_end();
	assert_string_equal(wait_event("target-gone"), "target-gone symbol=fn0 "
			    "address=0xffffffff81808123 id=0101010101010101 sites=1");
	assert_string_equal(wait_event("patch-reverted"),
			    "patch-reverted id=0101010101010101 sites=1 pause=4711 name=test");
	assert_not_live(f);
	assert_int_equal(apply_held(1), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_UNMAPPED);
	assert_int_equal(refused.address, RUNS_AT(SCATTERED(0x8123)));
}

/* engine_watch() begins no revert while a client's transaction runs, and the reverse. */
static void one_thing_at_a_time(void **state)
{
	struct file *f = module(1, TEXT(0x3000));

	(void)state;
	assert_applied(f);
	f = file_begin(2);
	file_site(f, TEXT(0x5000));
	file_end(f);
	assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
	give_away(RUNS_AT(SCATTERED(0x8000)));
	for (unsigned int i = 0; i < 100; i++)
		engine_watch();
	assert_int_equal(run(), ENGINE_DONE);
	while (!engine_busy())
		engine_watch();
	assert_int_equal(engine_revert(file_id(2), &refused), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_BUSY);
	watch_to_the_end();
	assert_live(f, nop5);
}

/* A CPU that will not stop: tried again after a while, not all the time. */
static void tried_again(void **state)
{
	unsigned int reverts = 0;

	(void)state;
	assert_applied(module(1, TEXT(0x3000)));
	give_away(RUNS_AT(SCATTERED(0x8000)));
	fake.late_times = 8;
	for (unsigned int i = 0; i < 1000; i++)
		engine_watch();
	wait_event("patch-refused");
	no_event("patch-re");
	assert_false(engine_busy());
	watch_to_the_end();
	while (engine_next_event(&event))
		reverts += !strncmp(event.text, "patch-reverted", 14);
	assert_int_equal(reverts, 1);
}

/* After the commit, before the apply is over, the module goes. */
static void give_away_once(void)
{
	uint64_t gva = RUNS_AT(SCATTERED(0x8000));

	if (!fake.switches || !*pte(gva))
		return;
	give_away(gva);
	fake_store(1, ALIAS + 0x800, &int3, 1);
}

static void gone_while_an_apply_ends(void **state)
{
	struct patch_info info;

	(void)state;
	fake.others_run = give_away_once;
	assert_applied(module(1, TEXT(0x3000)));
	fake.others_run = NULL;
	wait_event("retired");
	watch_to_the_end();
	wait_event("patch-reverted");
	assert_true(engine_info(0, &info));
	assert_int_equal(info.state, PATCH_REVERTED);
	fetches(RUNS_AT(TEXT(0x3000)), nop5, 5);
}

/* What the next owner has where instructions were is no probe. */
static void no_probe_where_nothing_is(void **state)
{
	static const struct patch_insn body[] = { { 5, 0x0f }, { 3, 0x48 }, { 5, 0x55 }, { 0, 0 } };
	struct file *f = file_begin(1);
	uint8_t fill[32];

	(void)state;
	file_site(f, SCATTERED(0x8010));
	file_body(f, body);
	file_end(f);
	assert_applied(f);
	give_away(RUNS_AT(SCATTERED(0x8000)));
	memset(fill, int3, sizeof(fill));
	fake_store(0, ALIAS + 8, fill, sizeof(fill));
	wait_event("retired");
	no_event("probe");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_2, machine_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_taken),
		TEST(only_fentry_takes_a_call),
		TEST(other_bytes_are_refused),
		TEST(the_tracer_comes_at_any_time),
		TEST(an_int3_that_stays_is_refused),
		TEST(probes_are_reported_once),
		TEST(a_body_goes_on_behind_the_page),
		TEST(a_probe_that_was_there_is_reported),
		TEST(a_body_must_be_memory),
		TEST(written_by_another),
		TEST(one_of_two_mappings_goes),
		TEST(a_cpu_where_a_window_was),
		TEST(found_by_looking),
		TEST(half_a_window_goes),
		TEST(the_first_half_of_a_window_goes),
		TEST(a_new_kernel_is_written_over_the_old),
		TEST(looks_are_bounded),
		TEST(the_target_goes),
		TEST(one_thing_at_a_time),
		TEST(tried_again),
		TEST(gone_while_an_apply_ends),
		TEST(no_probe_where_nothing_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

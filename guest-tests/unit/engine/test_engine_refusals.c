/* SPDX-License-Identifier: GPL-2.0-only */
/* Every refusal the engine knows: named with its cause, and nothing is changed by it. */
#include <stdio.h>
#include "guest-tests/unit/engine/test_engine_util.h"

/* Three sites on two pages and a payload. */
static struct file *patch(uint8_t id)
{
	struct file *f = file_begin(id);

	file_site(f, TEXT(0x3000));
	file_site(f, TEXT(0x3100));
	file_site(f, SCATTERED(0x5000) - 2);
	file_payload(f, 5000, 10, 100);
	return f;
}

/* The text of a refusal must have this in it. */
static void assert_text(const char *part)
{
	char buf[512];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	refusal_text(&refused, &t);
	if (!strstr(buf, part))
		fail_msg("'%s' has no '%s'", buf, part);
}

/* With the cause gone the same file is applied. */
static void assert_then_applied(const struct file *f)
{
	assert_applied(f);
	assert_live(f, nop5);
	assert_reverted(f->id);
	assert_not_live(f);
}

static void broken_file(void **state)
{
	struct file *f = patch(1);

	(void)state;
	file_end(f);
	f->bytes[300] ^= 1;
	assert_refused(f, REFUSE_FORMAT);
	assert_string_equal(refused.field, "crc");
	assert_text(" code=bad-patch field=crc index=0");
	f->bytes[300] ^= 1;
	assert_int_equal(engine_apply(f->bytes, 10, &refused), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_FORMAT);
	assert_string_equal(refused.field, "file_size");
	assert_int_equal(engine_apply(f->bytes, 0, &refused), ENGINE_REFUSED);
	assert_int_equal(engine_apply(f->bytes, PATCH_MAX_FILE + 1, &refused), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_FORMAT);
	assert_then_applied(f);
}

static void no_anchor(void **state)
{
	struct file *f = patch(1);

	(void)state;
	file_end(f);
	fake.anchor = 0;
	assert_refused(f, REFUSE_NO_ANCHOR);
	assert_text(" code=no-anchor");
	fake.anchor = LINK_ANCHOR + FAKE_SLIDE;
	assert_then_applied(f);
}

static void slide_of_part_of_a_page(void **state)
{
	struct file *f = patch(1);

	(void)state;
	f->anchor += 8;
	file_end(f);
	assert_refused(f, REFUSE_BUILD_ID);
	assert_text("what=");
}

static void other_kernel(void **state)
{
	struct file *f = patch(1);

	(void)state;
	f->build_id[19] ^= 1;
	file_end(f);
	assert_refused(f, REFUSE_BUILD_ID);
	assert_int_equal(refused.address, RUNS_AT(LINK_BUILD_ID));
	assert_int_equal(refused.nbytes, 20);
	assert_memory_equal(refused.expected, f->build_id, 20);
	assert_memory_equal(refused.found, FAKE_BUILD_ID, 20);
	assert_text(" code=build-id address=0xffffffff81600100 expected=7477");
	assert_string_equal(wait_event("patch-refused"), "patch-refused id=0101010101010101"
			    " code=build-id address=0xffffffff81600100");
}

static void build_id_not_mapped(void **state)
{
	struct file *f = patch(1);

	(void)state;
	f->build_id_addr = LINK_SCATTERED + 0x200000 - 10;
	file_end(f);
	assert_refused(f, REFUSE_UNMAPPED);
	assert_int_equal(refused.address, RUNS_AT(LINK_SCATTERED + 0x200000));
	assert_null(refused.symbol);
	assert_text(" code=unmapped address=0x");
}

static void site_not_mapped(void **state)
{
	struct file *f = patch(1);

	(void)state;
	f->sites[1].addr = LINK_SCATTERED + 0x200000;
	file_end(f);
	assert_refused(f, REFUSE_UNMAPPED);
	assert_string_equal(refused.symbol, "fn1");
	assert_int_equal(refused.address, RUNS_AT(LINK_SCATTERED + 0x200000));
	assert_text(" code=unmapped symbol=fn1 address=");
}

/* An address that the slide carries over the end of the address space: user memory. */
static void site_wraps_round(void **state)
{
	struct file *f = patch(1);

	(void)state;
	f->sites[1].addr = 0x1000 - FAKE_SLIDE;
	*(uint64_t *)fake_ram(0x1000) = GUEST_PDPT | 3;
	*(uint64_t *)fake_ram(GUEST_PDPT) = GUEST_PD | 3;
	*(uint64_t *)fake_ram(GUEST_PD) = 0x800083;
	f->sites[1].target_kind = PATCH_TARGET_KERNEL;
	f->sites[1].target = 0x2000 - FAKE_SLIDE;
	f->sites[0] = f->sites[1];
	f->nsites = 1;
	memcpy(fake_ram(0x801000), nop5, 5);
	file_end(f);
	assert_refused(f, REFUSE_UNMAPPED);
	assert_int_equal(refused.address, 0x1000);
}

/* Only the second page of a window is missing. */
static void half_a_site_not_mapped(void **state)
{
	struct file *f = patch(1);

	(void)state;
	f->sites[1].addr = LINK_SCATTERED + 0x200000 - 3;
	file_end(f);
	assert_refused(f, REFUSE_UNMAPPED);
	assert_string_equal(refused.symbol, "fn1");
}

/* Mapped by the guest, but not RAM: the hypervisor's own memory, or nothing at all. */
static void site_outside_ram(void **state)
{
	uint64_t *pd = fake_ram(GUEST_PD);
	const uint64_t where[] = { FAKE_ANNEX, FAKE_POOL, FAKE_RAM, 1ul << 40, FAKE_HIDDEN };

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		struct file *f = patch(1);

		pd[100] = where[i] | 0xe3;
		f->sites[1].addr = (LINK_TEXT & -(1ul << 30)) + (100ul << 21) - FAKE_SLIDE;
		file_end(f);
		assert_refused(f, REFUSE_UNMAPPED);
		assert_string_equal(refused.symbol, "fn1");
	}
}

/* RAM that cannot be reached any more, whenever the engine reads it. */
static void ram_goes_away(void **state)
{
	struct file *f = patch(1);
	struct state before;
	unsigned int n = 0;

	(void)state;
	file_end(f);
	for (;;) {
		state_take(&before);
		fake.read_fail = ++n;
		if (apply(f) == ENGINE_DONE)
			break;
		assert_int_equal(refused.code, REFUSE_UNMAPPED);
		assert_state(&before);
	}
	assert_true(fake.read_fail > 0);
	fake.read_fail = 0;
	/* build-id, windows twice, three pages in pieces */
	assert_true(n > 20);
	assert_live(f, nop5);
}

static void scrub_free_pages(void)
{
	static uint64_t page[POOL_PAGES];
	unsigned int n = 0;

	while ((page[n] = pool_alloc(1)))
		n++;
	while (n)
		pool_put(page[--n]);
}

static void other_bytes(void **state)
{
	struct file *f = patch(1);
	uint8_t found[5];

	(void)state;
	f->sites[2].expect[4] = 0x99;
	file_end(f);
	assert_refused(f, REFUSE_BYTES);
	/* The symbol does not point into the file, whose pages are others' by now. */
	scrub_free_pages();
	memcpy(found, refused.found, 5);
	assert_string_equal(refused.symbol, "fn2");
	assert_int_equal(refused.address, RUNS_AT(f->sites[2].addr));
	assert_memory_equal(found, nop5, 5);
	assert_memory_equal(refused.expected, f->sites[2].expect, 5);
	assert_text(" code=bytes symbol=fn2 address=0xffffffff81804ffe"
		    " expected=0f1f440099 found=0f1f440000");
	assert_non_null(strstr(wait_event("patch-refused"), "id=0101010101010101 code=bytes"));
}

static void window_over_two_instructions(void **state)
{
	struct file *f = patch(1);

	(void)state;
	f->sites[1].insn_len = 4;
	file_end(f);
	assert_refused(f, REFUSE_WINDOW);
	assert_string_equal(refused.symbol, "fn1");
	assert_text(" code=window symbol=fn1 address=0xffffffff81603100");
	f->sites[1].insn_len = 15;
	file_end(f);
	assert_applied(f);
}

/* Two windows of one patch, at every distance at which they share bytes. */
static void overlap_within(void **state)
{
	(void)state;
	for (int d = -5; d <= 5; d++) {
		struct file *f = file_begin(1);

		file_site(f, SCATTERED(0x6000 - 2));
		file_site(f, SCATTERED(0x6000 - 2) + d);
		file_end(f);
		if (d > -5 && d < 5) {
			assert_refused(f, REFUSE_OVERLAP);
			assert_string_equal(refused.symbol, "fn1");
			assert_text("owner=0101010101010101");
		} else {
			assert_applied(f);
			assert_live(f, nop5);
			assert_reverted(1);
			assert_applied(f);
			assert_reverted(1);
			machine_end(NULL);
			machine_2(NULL);
		}
	}
}

static void overlap_with_live(void **state)
{
	struct file *f = file_begin(7);

	(void)state;
	file_site(f, TEXT(0x3003));
	file_end(f);
	assert_applied(f);
	f = file_begin(1);
	file_site(f, TEXT(0x3100));
	f->sites[f->nsites++] = (struct patch_site){
		.addr = TEXT(0x3000), .target = TEXT(0x8000), .len = 5, .insn_len = 5,
		.target_kind = PATCH_TARGET_KERNEL };
	file_end(f);
	assert_refused(f, REFUSE_OVERLAP);
	assert_string_equal(refused.symbol, "fn1");
	assert_text("owner=0707070707070707");
	/* A reverted patch owns nothing any more. */
	assert_reverted(7);
	assert_refused(f, REFUSE_BYTES);
}

static void jump_out_of_range(void **state)
{
	struct file *f = patch(1);
	struct patch_site *s = &f->sites[1];

	(void)state;
	s->target_kind = PATCH_TARGET_KERNEL;
	s->target = s->addr + 5 - (1ul << 31) - 1;
	file_end(f);
	assert_refused(f, REFUSE_RANGE);
	assert_text(" code=range symbol=fn1 address=");
	s->target++;
	file_end(f);
	assert_applied(f);
}

/* A redirect to a module that is not there. */
static void target_not_mapped(void **state)
{
	struct file *f = patch(1);

	(void)state;
	f->sites[1].target_kind = PATCH_TARGET_ABSOLUTE;
	f->sites[1].target = RUNS_AT(LINK_SCATTERED + 0x200000);
	file_end(f);
	assert_refused(f, REFUSE_UNMAPPED);
	assert_string_equal(refused.symbol, "fn1");
	assert_int_equal(refused.address, RUNS_AT(LINK_SCATTERED + 0x200000));
}

static void fixup_out_of_range(void **state)
{
	static const struct patch_fixup bad[] = {
		{ .value = 1l << 31, .type = PATCH_FIXUP_ABS32S, .base = PATCH_BASE_ABSOLUTE },
		{ .value = -(1l << 31) - 1, .type = PATCH_FIXUP_ABS32S, .base = PATCH_BASE_ABSOLUTE },
		{ .value = 1l << 32, .type = PATCH_FIXUP_ABS32, .base = PATCH_BASE_ABSOLUTE },
		{ .value = -1, .type = PATCH_FIXUP_ABS32, .base = PATCH_BASE_ABSOLUTE },
		{ .value = 1l << 40, .type = PATCH_FIXUP_PC32, .base = PATCH_BASE_ABSOLUTE },
		{ .value = TEXT(0), .type = PATCH_FIXUP_ABS32, .base = PATCH_BASE_KERNEL },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct file *f = patch(1);

		for (unsigned int n = 0; n < 100; n++)
			f->fixups[n].type = PATCH_FIXUP_ABS64;
		f->nfixups = 100;
		f->fixups[99] = bad[i];
		f->fixups[99].offset = 64;
		file_end(f);
		assert_refused(f, REFUSE_RANGE);
		assert_text(" code=range field=fixups index=99 address=0xffffffff81400040");
	}
}

static void annex_full(void **state)
{
	struct file *f;
	unsigned int n;

	(void)state;
	for (n = 0; n < 100; n++) {
		f = file_begin(n + 1);
		file_site(f, TEXT(0x3000 + 16 * n));
		file_payload(f, 3 * 4096, 16, PATCH_MAX_DATA);
		file_end(f);
		if ((n + 1) * (3 + PATCH_MAX_DATA / PAGE_SIZE) > 512)
			break;
		assert_applied(f);
	}
	assert_refused(f, REFUSE_ANNEX);
	assert_text(" code=annex what=\"no room\"");
}

static void no_free_directory_entry(void **state)
{
	uint64_t *pd = fake_ram(GUEST_PD);
	struct file *f = patch(1);

	(void)state;
	file_end(f);
	for (unsigned int i = 0; i < 512; i++)
		pd[i] |= 2;
	/* The directories of the gigabytes above and below are not the kernel's own. */
	((uint64_t *)fake_ram(GUEST_PDPT))[509] = 0x5000 | 3;
	((uint64_t *)fake_ram(GUEST_PDPT))[511] = 0x5000 | 3;
	assert_refused(f, REFUSE_ANNEX);
	pd[77] = 0;
	assert_then_applied(f);
	assert_int_equal(pd[77], FAKE_ANNEX | 0xe3);
}

/* The guest fills the entry between our look and our write: it is the guest's. */
static void directory_entry_taken(void **state)
{
	struct file *f = patch(1);
	uint64_t *pd = fake_ram(GUEST_PD);
	unsigned int at = (RUNS_AT(LINK_TEXT) >> 21 & 511) - 1;
	struct state before;

	(void)state;
	file_end(f);
	fake.cas_taken = true;
	state_take(&before);
	assert_int_equal(apply(f), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_ANNEX);
	assert_int_equal(pd[at], 0x7000e3 & ~0x60);
	pd[at] = 0;
	assert_state(&before);
	fake.cas_taken = false;
	assert_then_applied(f);
	/* And one that the guest overwrote under a live patch is not used again. */
	assert_applied(f);
	pd[at] ^= 0x100;
	f = file_begin(2);
	file_site(f, TEXT(0x6000));
	file_payload(f, 10, 0, 0);
	file_end(f);
	assert_refused(f, REFUSE_ANNEX);
}

static void late_cpu(void **state)
{
	struct file *f = patch(1);

	(void)state;
	file_end(f);
	fake.late_times = 1000;
	fake.late_cpu = 1;
	assert_refused(f, REFUSE_LATE_CPU);
	assert_int_equal(fake.stops, 8);
	assert_int_equal(fake.resumes, 0);
	assert_text(" code=late-cpu cpu=2");
	fake.late_times = 0;
	assert_then_applied(f);
}

/* No CPU takes the guarded view: given up in bounded time. */
static void cpu_takes_no_view(void **state)
{
	struct file *f = patch(1);

	(void)state;
	file_end(f);
	fake.spread_stuck = true;
	assert_refused(f, REFUSE_LATE_CPU);
	assert_text(" code=late-cpu");
	fake.spread_stuck = false;
	assert_then_applied(f);
}

/* One CPU has the guarded view already: its tables stay until it has left it. */
static void way_back_waits(void **state)
{
	struct file *f = patch(1);
	unsigned int done, of;
	struct state before;

	(void)state;
	file_end(f);
	state_take(&before);
	fake.spread_lag = 2;
	assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
	while (fake.cpu[0].view == before.view)
		assert_int_equal(engine_poll(&result, &refused), ENGINE_MORE);
	assert_true(fake.cpu[1].view == before.view);
	fake.spread_stuck = true;
	assert_true(engine_abort(&refused));
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(engine_poll(&result, &refused), ENGINE_MORE);
		assert_string_equal(engine_phase(&done, &of), "undo");
		fake_check();
	}
	assert_int_equal(engine_page(TEXT_GPA + 0x3000), ENGINE_PAGE_GUARDED);
	fake.spread_stuck = false;
	assert_int_equal(run(), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_ABORTED);
	assert_int_equal(engine_page(TEXT_GPA + 0x3000), ENGINE_PAGE_NONE);
	assert_state(&before);
	assert_then_applied(f);
}

static void straggler(void **state)
{
	(void)state;
	for (unsigned int site = 0; site < 3; site++) {
		for (unsigned int byte = 1; byte < 5; byte++) {
			uint8_t id = 1 + site * 4 + byte;
			struct file *f = patch(id);
			uint64_t rip = RUNS_AT(f->sites[site].addr) + byte;
			char name[] = { 'f', 'n', '0' + site, 0 };

			file_end(f);
			fake.cpu[1].rip = rip;
			fake.cpu[1].inside = -1;
			fake.steps = 0;
			assert_refused(f, REFUSE_STRAGGLER);
			assert_int_equal(fake.steps, ENGINE_STEP_LIMIT);
			assert_int_equal(refused.cpu, 2);
			assert_int_equal(refused.rip, rip);
			assert_string_equal(refused.symbol, name);
			assert_int_equal(refused.address, rip - byte);
			assert_text(" code=straggler symbol=fn");
			fake.cpu[1].rip = RUNS_AT(LINK_TEXT);
			assert_then_applied(f);
		}
	}
}

static void straggler_that_cannot_be_stepped(void **state)
{
	struct file *f = patch(1);

	(void)state;
	file_end(f);
	fake.cpu[0].rip = RUNS_AT(TEXT(0x3101));
	fake.cpu[0].step_fails = true;
	assert_refused(f, REFUSE_STRAGGLER);
	assert_int_equal(fake.steps, 1);
	assert_int_equal(refused.cpu, 0);
}

/* The revert looks as well: the patch stays live. */
static void straggler_at_revert(void **state)
{
	struct file *f = patch(1);
	struct state before;

	(void)state;
	file_end(f);
	assert_applied(f);
	state_take(&before);
	fake.cpu[1].rip = RUNS_AT(TEXT(0x3104));
	fake.cpu[1].inside = -1;
	assert_int_equal(revert(1), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_STRAGGLER);
	assert_state(&before);
	assert_live(f, nop5);
	fake.cpu[1].rip = RUNS_AT(LINK_TEXT);
	fake.late_times = 8;
	assert_int_equal(revert(1), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_LATE_CPU);
	assert_state(&before);
	assert_live(f, nop5);
	assert_reverted(1);
}

/* One write by the guest, at the @when-th opportunity after the start. */
static unsigned int write_when, opportunities;
static uint64_t write_where;
static bool write_back;
static unsigned int back_after;		/* opportunities later */

static void guest_writes(void)
{
	uint8_t byte = 0x99;

	if (++opportunities == write_when)
		fake_store(1, write_where, &byte, 1);
	if (write_back && opportunities == write_when + back_after) {
		byte = nop5[write_where & 15 ? 3 : 0];
		fake_store(1, write_where, &byte, 1);
	}
}

/*
 * The guest writes into a window at any moment of the transaction: too late to be
 * seen, it is refused; once live, the window stays and the write is reported.
 */
static void window_written_at_any_time(void **state)
{
	unsigned int bytes = 0, changed = 0, live = 0;
	struct file *f = NULL;

	(void)state;
	for (write_when = 1;; write_when++) {
		uint8_t now[5];
		enum engine_status status;
		struct state before;

		machine_end(NULL);
		machine_2(NULL);
		f = file_begin(1);
		file_site(f, TEXT(0x3000));
		file_site(f, SCATTERED(0x6000) - 3);
		file_end(f);
		write_where = RUNS_AT(f->sites[1].addr) + 3;
		memcpy(now, nop5, 5);
		now[3] = 0x99;
		opportunities = 0;
		state_take(&before);
		fake.others_run = guest_writes;
		fake.spread_lag = 3;
		status = apply(f);
		fake.others_run = NULL;
		if (opportunities < write_when)
			break;
		if (status == ENGINE_REFUSED) {
			assert_string_equal(refused.symbol, "fn1");
			assert_memory_equal(refused.found, now, 5);
			assert_memory_equal(refused.expected, nop5, 5);
			bytes += refused.code == REFUSE_BYTES;
			changed += refused.code == REFUSE_CHANGED;
			assert_int_equal(fake_view_kind(engine_view(), TEXT_GPA + 0x3000, NULL),
					 PAGE_PLAIN);
			assert_int_equal(pool_available(), before.pool);
		} else {
			assert_int_equal(status, ENGINE_DONE);
			assert_non_null(strstr(wait_event("window-write"), "bytes=0f1f449900"));
			f->nsites = 1;
			assert_live(f, nop5);
			live++;
		}
	}
	assert_true(bytes > 0 && changed > 0 && live > 0);
	assert_live(f, nop5);
}

/*
 * The guest writes into the window at any moment and writes back so many moments later. Returns
 * how often that was refused, for what was seen at the check.
 */
static unsigned int refused_when_restored(unsigned int after)
{
	unsigned int refusals = 0;
	struct file *f = NULL;

	write_back = true;
	back_after = after;
	for (write_when = 1;; write_when++) {
		enum engine_status status;

		f = file_begin(1);
		file_site(f, TEXT(0x3000));
		file_end(f);
		write_where = RUNS_AT(f->sites[0].addr);
		opportunities = 0;
		fake.others_run = guest_writes;
		status = apply(f);
		fake.others_run = NULL;
		if (status == ENGINE_REFUSED) {
			refusals++;
			assert_int_equal(refused.code, REFUSE_BYTES);
			assert_int_equal(refused.found[0], 0x99);
		}
		if (opportunities < write_when)
			break;
		machine_end(NULL);
		machine_2(NULL);
	}
	write_back = false;
	assert_live(f, nop5);
	return refusals;
}

/* What counts is what is there at the commit. */
static void window_written_and_restored(void **state)
{
	(void)state;
	assert_int_equal(refused_when_restored(0), 0);
}

/* The moments may be before and after the CPUs stood still: then it is waited for. */
static void window_restored_a_moment_later(void **state)
{
	(void)state;
	assert_true(refused_when_restored(1) > 0);
}

static void wrong_state(void **state)
{
	struct file *f = patch(1);

	(void)state;
	file_end(f);
	assert_int_equal(revert(1), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_STATE);
	assert_text("what=\"unknown id\"");
	assert_int_equal(apply_held(1), ENGINE_REFUSED);
	assert_applied(f);
	assert_refused(f, REFUSE_STATE);
	assert_text(" code=state what=\"already live\"");
	assert_int_equal(apply_held(1), ENGINE_REFUSED);
	assert_text("what=\"already live\"");
	assert_reverted(1);
	assert_int_equal(revert(1), ENGINE_REFUSED);
	assert_text("what=\"not live\"");
	assert_int_equal(engine_poll(&result, &refused), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_STATE);
	/* Another file that calls itself by the same id. */
	f->sites[1].insn_len = 6;
	file_end(f);
	assert_refused(f, REFUSE_FORMAT);
	assert_string_equal(refused.field, "id");
	/* The kernel moved, so its payload points nowhere. */
	fake.anchor += PAGE_SIZE;
	assert_int_equal(apply_held(1), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_STATE);
}

static void busy(void **state)
{
	struct file *f = patch(1);

	(void)state;
	file_end(f);
	assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
	assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_BUSY);
	assert_text(" code=busy");
	assert_int_equal(engine_revert(file_id(1), &refused), ENGINE_REFUSED);
	assert_int_equal(refused.code, REFUSE_BUSY);
	assert_int_equal(run(), ENGINE_DONE);
	assert_live(f, nop5);
}

/* 64 live patches; reverted ones make room only if they left no code behind. */
static void all_slots_taken(void **state)
{
	struct file *f;

	(void)state;
	machine_end(NULL);
	fake_start(1, 2000);
	for (unsigned int i = 0; i <= ENGINE_MAX_PATCHES; i++) {
		f = file_begin(i + 1);
		file_site(f, TEXT(0x3000 + 16 * i));
		if (!i)
			file_payload(f, 16, 0, 0);
		file_end(f);
		if (i < ENGINE_MAX_PATCHES)
			assert_applied(f);
	}
	assert_refused(f, REFUSE_FULL);
	assert_text(" code=full what=patches");
	assert_reverted(1);
	assert_refused(f, REFUSE_FULL);
	assert_reverted(2);
	assert_applied(f);
	assert_int_equal(apply_held(2), ENGINE_REFUSED);
	assert_text("unknown id");
}

/* More pages than can be guarded: refused and undone, with a thousand guards set. */
static void too_many_pages(void **state)
{
	struct engine_stats stats;
	unsigned int n = 0;
	struct file *f;

	(void)state;
	machine_end(NULL);
	fake_start(1, 6000);
	fake_more_text(ENGINE_MAX_PAGES + 10);
	for (uint8_t id = 1;; id++) {
		f = file_begin(id);
		for (unsigned int i = 0; i < 410; i++)
			file_site(f, FAKE_MORE_TEXT + PAGE_SIZE * n++);
		file_end(f);
		if (n > ENGINE_MAX_PAGES)
			break;
		assert_applied(f);
	}
	assert_refused(f, REFUSE_FULL);
	assert_text("guarded pages");
	engine_stats(&stats);
	assert_int_equal(stats.guarded_pages, n - 410);
}

static void aborted(void **state)
{
	struct file *f = patch(1);
	unsigned int polls, n;

	(void)state;
	file_end(f);
	assert_false(engine_abort(&refused));
	assert_int_equal(refused.code, REFUSE_STATE);
	/* After any number of polls, until it is too late. */
	fake.spread_lag = 2;
	for (n = 0;; n++) {
		struct state before;
		enum engine_status status = ENGINE_MORE;

		state_take(&before);
		assert_int_equal(engine_apply(f->bytes, f->len, &refused), ENGINE_MORE);
		for (polls = 0; polls < n && status == ENGINE_MORE; polls++)
			status = engine_poll(&result, &refused);
		if (status == ENGINE_DONE)
			break;
		if (!engine_abort(&refused)) {
			assert_string_equal(refused.what, "past its commit");
			assert_int_equal(run(), ENGINE_DONE);
			break;
		}
		assert_true(engine_abort(&refused));
		assert_int_equal(run(), ENGINE_REFUSED);
		assert_int_equal(refused.code, REFUSE_ABORTED);
		assert_text(" code=aborted");
		assert_state(&before);
	}
	assert_true(n > 3);
	assert_live(f, nop5);
}

static void every_code_has_a_text(void **state)
{
	char buf[512], last[512] = "";

	(void)state;
	for (unsigned int code = REFUSE_NONE; code < REFUSE_CODES; code++) {
		struct refusal why = { .code = code };
		struct text t;

		text_init(&t, buf, sizeof(buf));
		refusal_text(&why, &t);
		assert_ptr_equal(strstr(buf, " code="), buf);
		assert_string_not_equal(buf, last);
		strcpy(last, buf);
	}
}

/* Each code of the engine is in the table "Of the engine" of docs/protocol.md. */
static void every_code_is_in_the_specification(void **state)
{
	static char doc[131072];
	FILE *f = fopen(DOCS "/protocol.md", "r");
	const char *table;

	(void)state;
	assert_non_null(f);
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	table = strstr(doc, "\nOf the engine:\n");
	assert_non_null(table);
	for (unsigned int code = REFUSE_NONE + 1; code < REFUSE_CODES; code++) {
		struct refusal why = { .code = code };
		char buf[512], word[64], row[80];
		struct text t;

		text_init(&t, buf, sizeof(buf));
		refusal_text(&why, &t);
		assert_int_equal(sscanf(buf, " code=%63s", word), 1);
		snprintf(row, sizeof(row), "\n| `%s` |", word);
		if (!strstr(table, row))
			fail_msg("code %s is not in the table \"Of the engine\" of docs/protocol.md", word);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_2, machine_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(broken_file),
		TEST(no_anchor),
		TEST(slide_of_part_of_a_page),
		TEST(other_kernel),
		TEST(build_id_not_mapped),
		TEST(site_not_mapped),
		TEST(site_wraps_round),
		TEST(half_a_site_not_mapped),
		TEST(site_outside_ram),
		TEST(ram_goes_away),
		TEST(other_bytes),
		TEST(window_over_two_instructions),
		TEST(overlap_within),
		TEST(overlap_with_live),
		TEST(jump_out_of_range),
		TEST(target_not_mapped),
		TEST(fixup_out_of_range),
		TEST(annex_full),
		TEST(no_free_directory_entry),
		TEST(directory_entry_taken),
		TEST(late_cpu),
		TEST(cpu_takes_no_view),
		TEST(way_back_waits),
		TEST(straggler),
		TEST(straggler_that_cannot_be_stepped),
		TEST(straggler_at_revert),
		TEST(window_written_at_any_time),
		TEST(window_written_and_restored),
		TEST(window_restored_a_moment_later),
		TEST(wrong_state),
		TEST(busy),
		TEST(all_slots_taken),
		TEST(too_many_pages),
		TEST(aborted),
		TEST(every_code_has_a_text),
		TEST(every_code_is_in_the_specification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

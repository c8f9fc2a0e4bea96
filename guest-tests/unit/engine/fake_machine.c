/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine that the engine asks for, on the host. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-tests/unit/engine/fake_machine.h"
#include "patcher/engine/engine.h"

#define P	1ul
#define RW	2ul
#define PS	0x80ul
#define FRAME	0x000ffffffffff000ul

#define HELD_RUNS	2u	/* of the pool, for a patch that is held: its file, its tables */

struct fake fake;

static uint8_t *ram, *annex;
static view_t base_view, spread_to, old_bases[8];
static unsigned int nold;
static unsigned int spread_calls;
static unsigned int engine_runs;	/* of the pool, for the engine itself */
static bool locked;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t now;

/* Every call of the machine passes here. */
static void note_call(void)
{
	__atomic_fetch_add(&fake.calls, 1, __ATOMIC_RELAXED);
	if (fake.threads)
		return;
	if (fake.stopped)
		fake.ops_stopped++;
}

static void let_others_run(void)
{
	static bool running;

	if (fake.threads || !fake.others_run || fake.stopped || running)
		return;
	running = true;
	fake.others_run();
	running = false;
}

/* ---- views in use ---- */

bool fake_view_used(view_t view)
{
	bool used = view == __atomic_load_n(&spread_to, __ATOMIC_SEQ_CST);

	for (unsigned int i = 0; i < fake.cpus; i++)
		used |= !__atomic_load_n(&fake.cpu[i].sipi, __ATOMIC_SEQ_CST) &&
			__atomic_load_n(&fake.cpu[i].view, __ATOMIC_SEQ_CST) == view;
	return used;
}

static void take_view(unsigned int cpu, view_t view)
{
	__atomic_store_n(&fake.cpu[cpu].view, view, __ATOMIC_RELEASE);
	if (!fake.threads)
		fake.cpu[cpu].sum = fake_view_sum(view);
}

void fake_check(void)
{
	view_t last = 0;
	uint64_t sum = 0;

	if (fake.threads)
		return;
	for (unsigned int i = 0; i < fake.cpus; i++) {
		if (fake.cpu[i].sipi)
			continue;
		if (fake.cpu[i].view != last)
			sum = fake_view_sum(last = fake.cpu[i].view);
		assert_int_equal(sum, fake.cpu[i].sum);
	}
}

void fake_sipi(unsigned int cpu)
{
	assert_true(fake.cpu[cpu].sipi);
	fake.cpu[cpu].sipi = false;
	take_view(cpu, engine_view());
}

/* ---- the guest ---- */

void *fake_ram(uint64_t gpa)
{
	assert_true(gpa < FAKE_RAM);
	return ram + gpa;
}

static uint64_t *guest_entry(uint64_t table, unsigned int index)
{
	return (uint64_t *)(ram + table) + index;
}

/* The entry for @gva at @level, NULL if the walk ends above it. */
static uint64_t *walk_to(uint64_t gva, unsigned int level)
{
	uint64_t table = 0x1000;

	for (unsigned int l = 4;; l--) {
		uint64_t *e = guest_entry(table, gva >> (12 + 9 * (l - 1)) & 511);

		if (l == level)
			return e;
		if (!(*e & P) || (*e & PS && l < 4) || (*e & FRAME) >= FAKE_RAM)
			return NULL;
		table = *e & FRAME;
	}
}

static int translate(uint64_t gva, uint64_t *gpa)
{
	uint64_t *e = walk_to(gva, 2);

	if (!e || !(*e & P))
		return -1;
	if (*e & PS) {
		*gpa = (*e & FRAME & ~(PAGE_SIZE * 512 - 1)) + (gva & (PAGE_SIZE * 512 - 1));
		return 0;
	}
	e = walk_to(gva, 1);
	if (!e || !(*e & P))
		return -1;
	*gpa = (*e & FRAME) + (gva & ~PAGE_MASK);
	return 0;
}

uint64_t fake_gpa(uint64_t gva)
{
	uint64_t gpa;

	assert_int_equal(translate(gva, &gpa), 0);
	return gpa;
}

/* RAM, the annex or the pool, all of which have the same address for host and guest. */
static uint8_t *host(uint64_t hpa)
{
	if (hpa < FAKE_RAM)
		return ram + hpa;
	if (hpa - FAKE_ANNEX < FAKE_ANNEX_SIZE)
		return annex + (hpa - FAKE_ANNEX);
	assert_non_null(pool_va(hpa));
	return pool_va(hpa);
}

static enum page_kind kind_of(unsigned int cpu, uint64_t gpa)
{
	return fake_view_kind(fake.cpu[cpu].view, gpa, NULL);
}

/* Where a fetch of the CPU goes. */
static uint64_t fetched(unsigned int cpu, uint64_t gpa)
{
	uint64_t exec;

	switch (fake_view_kind(fake.cpu[cpu].view, gpa, &exec)) {
	case PAGE_PLAIN:
	case PAGE_WATCHED:
	case PAGE_PAYLOAD_TEXT:
		return gpa;
	case PAGE_PATCHED:
		return exec | (gpa & ~PAGE_MASK);
	default:
		fail_msg("no right to execute 0x%lx", gpa);
		return 0;
	}
}

/* Loads and stores that do not exit. */
static bool direct(unsigned int cpu, uint64_t gpa)
{
	enum page_kind kind = kind_of(cpu, gpa);

	return kind == PAGE_PLAIN || kind == PAGE_PAYLOAD_DATA;
}

void fake_fetch(unsigned int cpu, uint64_t gva, void *buf, size_t len)
{
	memcpy(buf, host(fetched(cpu, fake_gpa(gva))), len);
}

void fake_load(unsigned int cpu, uint64_t gva, void *buf, size_t len)
{
	uint64_t gpa = fake_gpa(gva);

	if (direct(cpu, gpa)) {
		memcpy(buf, host(gpa), len);
		return;
	}
	if (kind_of(cpu, gpa) == PAGE_HIDDEN) {
		memset(buf, 0, len);
		return;
	}
	switch (engine_page(gpa)) {
	case ENGINE_PAGE_GUARDED:
		memcpy(buf, ram + gpa, len);
		break;
	case ENGINE_PAGE_ANNEX_TEXT:
		memcpy(buf, annex + (gpa - FAKE_ANNEX), len);
		break;
	case ENGINE_PAGE_ANNEX_FREE:
		memset(buf, 0, len);
		break;
	default:
		fail_msg("no right to read 0x%lx", gva);
	}
}

void fake_store(unsigned int cpu, uint64_t gva, const void *buf, size_t len)
{
	uint64_t gpa = fake_gpa(gva);

	if (direct(cpu, gpa)) {
		memcpy(host(gpa), buf, len);
		return;
	}
	switch (engine_page(gpa)) {
	case ENGINE_PAGE_GUARDED:
		memcpy(ram + gpa, buf, len);
		engine_written(gpa & PAGE_MASK);
		break;
	case ENGINE_PAGE_ANNEX_TEXT:
	case ENGINE_PAGE_ANNEX_FREE:
		break;
	default:
		fail_msg("no right to write 0x%lx", gva);
	}
}

/* ---- the guest's CPUs as threads ---- */

static bool stop_wanted;
static bool parked[FAKE_CPUS_MAX];

void fake_exit(unsigned int cpu)
{
	view_t view;

	if (__atomic_load_n(&stop_wanted, __ATOMIC_SEQ_CST)) {
		__atomic_store_n(&parked[cpu], true, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&stop_wanted, __ATOMIC_SEQ_CST))
			sched_yield();
		__atomic_store_n(&parked[cpu], false, __ATOMIC_SEQ_CST);
	}
	view = __atomic_load_n(&spread_to, __ATOMIC_SEQ_CST);
	if (view && view != fake.cpu[cpu].view)
		take_view(cpu, view);
}

void fake_cpu_off(unsigned int cpu)
{
	__atomic_store_n(&fake.cpu[cpu].sipi, true, __ATOMIC_SEQ_CST);
}

static uint64_t *word_at(uint64_t hpa)
{
	return (uint64_t *)host(hpa);
}

static uint64_t get_word(uint64_t hpa)
{
	return __atomic_load_n(word_at(hpa), __ATOMIC_ACQUIRE);
}

uint64_t fake_fetch64(unsigned int cpu, uint64_t gva)
{
	return get_word(fetched(cpu, fake_gpa(gva)));
}

uint64_t fake_load64(unsigned int cpu, uint64_t gva)
{
	uint64_t gpa = fake_gpa(gva);

	if (!direct(cpu, gpa))
		assert_int_equal(engine_page(gpa), ENGINE_PAGE_GUARDED);
	return get_word(gpa);
}

void fake_store64(unsigned int cpu, uint64_t gva, uint64_t value)
{
	uint64_t gpa = fake_gpa(gva);
	bool exits = !direct(cpu, gpa);

	if (exits)
		assert_int_equal(engine_page(gpa), ENGINE_PAGE_GUARDED);
	__atomic_store_n(word_at(gpa), value, __ATOMIC_RELEASE);
	if (exits)
		engine_written(gpa);
}

static int stop_threads(void)
{
	__atomic_store_n(&stop_wanted, true, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < fake.cpus; i++)
		while (!__atomic_load_n(&parked[i], __ATOMIC_SEQ_CST) &&
		       !__atomic_load_n(&fake.cpu[i].sipi, __ATOMIC_SEQ_CST))
			sched_yield();
	return 0;
}

static void resume_threads(void)
{
	__atomic_store_n(&stop_wanted, false, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < fake.cpus; i++)
		while (__atomic_load_n(&parked[i], __ATOMIC_SEQ_CST))
			sched_yield();
}

/* The test guest: page tables, text of pseudo-random bytes, a build-id. */
static void make_guest(void)
{
	uint64_t text = LINK_TEXT + FAKE_SLIDE, scattered = LINK_SCATTERED + FAKE_SLIDE;
	uint32_t seed = 1;

	for (uint64_t i = TEXT_GPA; i < MORE_TEXT_GPA; i += 4) {
		seed = seed * 1664525 + 1013904223;
		memcpy(ram + i, &seed, 4);
	}
	*guest_entry(0x1000, 511) = GUEST_PDPT | P | RW;
	*guest_entry(GUEST_PDPT, 510) = GUEST_PD | P | RW;
	*guest_entry(GUEST_PD, text >> 21 & 511) = TEXT_GPA | P | RW | PS;
	*guest_entry(GUEST_PD, scattered >> 21 & 511) = GUEST_PT | P | RW;
	for (unsigned int i = 0; i < 512; i++)
		*guest_entry(GUEST_PT, i) = (SCATTERED_GPA + (511 - i) * PAGE_SIZE) | P | RW;
	memcpy(fake_ram(TEXT_GPA + (LINK_BUILD_ID - LINK_TEXT)), FAKE_BUILD_ID, 20);
}

void fake_more_text(unsigned int pages)
{
	uint64_t gva = FAKE_MORE_TEXT + FAKE_SLIDE, at = MORE_TEXT_GPA;

	for (; at < MORE_TEXT_GPA + pages * PAGE_SIZE; at += PAGE_SIZE * 512, gva += PAGE_SIZE * 512)
		*guest_entry(GUEST_PD, gva >> 21 & 511) = at | P | RW | PS;
	assert_true(at <= FAKE_RAM);
}

/* The hypervisor's own memory reads as zero. */
static void hide(uint64_t gpa)
{
	assert_int_equal(view_set(base_view, gpa, PAGE_HIDDEN, 0), 0);
}

static void make_base_view(unsigned int type)
{
	base_view = fake_view_new(type);
	assert_true(base_view);
	for (uint64_t at = 0; at < FAKE_ANNEX_SIZE; at += PAGE_SIZE)
		hide(FAKE_ANNEX + at);
	hide(FAKE_HIDDEN);
}

void fake_new_base(unsigned int type)
{
	assert_true(nold < sizeof(old_bases) / sizeof(old_bases[0]));
	old_bases[nold++] = base_view;
	make_base_view(type);
}

void fake_drop_old_bases(void)
{
	while (nold)
		view_put(old_bases[--nold]);
}

void fake_start(unsigned int cpus, size_t pool_pages)
{
	memset(&fake, 0, sizeof(fake));
	fake.cpus = cpus;
	fake.anchor = LINK_ANCHOR + FAKE_SLIDE;
	fake.tick = 1000;
	locked = false;
	spread_to = nold = 0;
	now = 0;
	ram = aligned_alloc(PAGE_SIZE, FAKE_RAM);
	annex = aligned_alloc(PAGE_SIZE, FAKE_ANNEX_SIZE);
	memset(ram, 0, FAKE_RAM);
	memset(annex, 0x5a, FAKE_ANNEX_SIZE);
	fake_pages_start(pool_pages);
	fake_views_start();
	make_guest();
	make_base_view(FAKE_TYPE);
	engine_init();
	engine_runs = fake_pages.runs - fake_view_pages();
	for (unsigned int i = 0; i < cpus; i++) {
		fake.cpu[i].rip = LINK_TEXT + FAKE_SLIDE + 0x1fff00;
		take_view(i, base_view);
	}
}

/* Ends what the engine has left over from a rebase. False: a transaction is under way. */
static bool settle(void)
{
	struct refusal why;

	for (unsigned int i = 0; i < 1000 && !machine_spread_done(); i++)
		;
	return engine_revert((const uint8_t *)"not held", &why) == ENGINE_REFUSED &&
	       why.code != REFUSE_BUSY;
}

static unsigned int patches_held(void)
{
	struct patch_info info;
	unsigned int n = 0;

	while (engine_info(n, &info))
		n++;
	return n;
}

/* Every CPU and the engine let go of their views; nothing may be left of them. */
static void drop_views(void)
{
	bool own = engine_view() != base_view;

	for (unsigned int i = 0; i < nold; i++)
		own &= engine_view() != old_bases[i];
	fake.cpus = 0;
	spread_to = 0;
	if (own)
		view_put(engine_view());
	fake_drop_old_bases();
	view_put(base_view);
	assert_int_equal(fake_view_pages(), 0);
}

void fake_end(void)
{
	fake_check();
	if (settle()) {
		unsigned int runs = engine_runs + HELD_RUNS * patches_held() +
				    fake_view_patched(engine_view());

		drop_views();
		assert_int_equal(fake_pages.runs, runs);
	}
	fake_pages_end();
	free(ram);
	free(annex);
}

/* ---- what the engine asks of the machine ---- */

int machine_read(uint64_t gpa, void *buf, size_t len)
{
	uint8_t *to = buf;

	note_call();
	assert_true((gpa & ~PAGE_MASK) + len <= PAGE_SIZE);
	if (gpa >= FAKE_RAM || (fake.read_fail && !--fake.read_fail))
		return -1;
	/* Each aligned word by one access, as the contract says. */
	while (len) {
		size_t skip = gpa & 7, n = len < 8 - skip ? len : 8 - skip;
		uint64_t word = get_word(gpa - skip);

		memcpy(to, (uint8_t *)&word + skip, n);
		to += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int machine_cas64(uint64_t gpa, uint64_t expect, uint64_t value)
{
	uint64_t *at = fake_ram(gpa);

	note_call();
	if (fake.cas_taken)
		*at = 0x700000 | P | RW | PS;
	if (*at != expect)
		return 1;
	*at = value;
	return 0;
}

int machine_translate(uint64_t gva, uint64_t *gpa)
{
	note_call();
	return translate(gva, gpa);
}

int machine_guest_entry(uint64_t gva, unsigned int level, uint64_t *gpa, uint64_t *entry)
{
	uint64_t *e = walk_to(gva, level);

	note_call();
	if (!e)
		return -1;
	*gpa = (uint8_t *)e - ram;
	*entry = *e;
	return 0;
}

uint64_t machine_anchor(void)
{
	note_call();
	return fake.anchor;
}

uint64_t machine_annex_hpa(void)
{
	return FAKE_ANNEX;
}

void *machine_annex_va(void)
{
	return annex;
}

uint64_t machine_tsc(void)
{
	let_others_run();
	return now += fake.tick;
}

uint64_t machine_tsc_hz(void)
{
	return 100000000;
}

view_t machine_base_view(void)
{
	return base_view;
}

void machine_spread(view_t view)
{
	note_call();
	assert_false(fake.stopped);
	fake_check();
	assert_true(fake_page_owners(view) > 0);
	fake.spreads++;
	__atomic_store_n(&spread_to, view, __ATOMIC_SEQ_CST);
	spread_calls = 0;
}

/* The first CPU that has not taken the view of the last spread; fake.cpus if there is none. */
static unsigned int laggard(void)
{
	unsigned int i = 0;

	while (i < fake.cpus && (__atomic_load_n(&fake.cpu[i].sipi, __ATOMIC_SEQ_CST) ||
				 __atomic_load_n(&fake.cpu[i].view, __ATOMIC_SEQ_CST) == spread_to))
		i++;
	return i;
}

bool machine_spread_done(void)
{
	unsigned int cpu;

	note_call();
	fake_check();
	if (!spread_to)
		return true;
	while (!fake.threads && !fake.spread_stuck && (cpu = laggard()) < fake.cpus) {
		if (fake.spread_lag && ++spread_calls % fake.spread_lag)
			break;
		take_view(cpu, spread_to);
		if (fake.spread_lag)
			break;
	}
	return laggard() == fake.cpus;
}

int machine_stop(unsigned int *late)
{
	assert_false(fake.stopped);
	assert_true(fake.threads || !locked);
	let_others_run();
	fake.stops++;
	if (fake.late_times) {
		fake.late_times--;
		*late = fake.late_cpu;
		return -1;
	}
	fake.stopped = true;
	fake.ops_stopped = 0;
	return fake.threads ? stop_threads() : 0;
}

unsigned int machine_cpus(void)
{
	return fake.cpus;
}

bool machine_cpu_rip(unsigned int cpu, uint64_t *rip)
{
	note_call();
	assert_true(fake.stopped && cpu < fake.cpus);
	*rip = fake.cpu[cpu].rip;
	return !fake.cpu[cpu].sipi;
}

uint32_t machine_cpu_apic_id(unsigned int cpu)
{
	return 2 * cpu;
}

bool machine_cpu_step(unsigned int cpu)
{
	struct fake_cpu *c = &fake.cpu[cpu];

	note_call();
	assert_true(fake.stopped && cpu < fake.cpus && !c->sipi);
	fake.steps++;
	if (c->step_fails)
		return false;
	if (c->inside > 0 && !--c->inside)
		c->rip = c->outside;
	return true;
}

void machine_switch(view_t view)
{
	note_call();
	assert_true(fake.stopped);
	fake_check();
	assert_int_equal(view, engine_view());
	fake.switches++;
	__atomic_store_n(&spread_to, view, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < fake.cpus; i++)
		if (!fake.cpu[i].sipi)
			take_view(i, view);
}

uint64_t machine_resume(void)
{
	assert_true(fake.stopped);
	fake.stopped = false;
	if (fake.threads)
		resume_threads();
	fake.resumes++;
	let_others_run();
	return 4711;
}

void machine_lock(void)
{
	note_call();
	if (fake.threads) {
		pthread_mutex_lock(&mutex);
		return;
	}
	assert_false(locked);
	locked = true;
}

void machine_unlock(void)
{
	note_call();
	if (fake.threads) {
		pthread_mutex_unlock(&mutex);
		return;
	}
	assert_true(locked);
	locked = false;
	let_others_run();
}

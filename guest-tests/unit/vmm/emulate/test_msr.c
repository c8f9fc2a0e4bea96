/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's accesses to MSRs by their rules, common ones and Intel's, on a fake CPU: what exits,
 * what gives #GP, what the hardware gets; and when changed memory types lead to a new base view.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* The instructions are the fake CPU's; all else of x86.h is as root mode has it. */
#define rdmsr insn_rdmsr
#define rdmsr_safe insn_rdmsr_safe
#define wrmsr_safe insn_wrmsr_safe
#include "vmm/x86.h"
#undef rdmsr
#undef rdmsr_safe
#undef wrmsr_safe

/* ---- the fake CPU ---- */

static struct fake_msr {
	uint32_t msr;
	uint64_t value;
} msrs[64];
static unsigned int nmsrs, reads, writes;

static struct fake_msr *find_msr(uint32_t msr)
{
	for (unsigned int i = 0; i < nmsrs; i++)
		if (msrs[i].msr == msr)
			return &msrs[i];
	return NULL;
}

static void have_msr(uint32_t msr, uint64_t value)
{
	assert_true(nmsrs < sizeof(msrs) / sizeof(msrs[0]));
	msrs[nmsrs++] = (struct fake_msr){ msr, value };
}

static uint64_t hardware(uint32_t msr)
{
	assert_non_null(find_msr(msr));
	return find_msr(msr)->value;
}

static bool rdmsr_safe(uint32_t msr, uint64_t *v)
{
	struct fake_msr *m = find_msr(msr);

	reads++;
	*v = m ? m->value : 0;
	return m;
}

static uint64_t rdmsr(uint32_t msr)
{
	uint64_t v;

	assert_true(rdmsr_safe(msr, &v));
	return v;
}

static bool wrmsr_safe(uint32_t msr, uint64_t v)
{
	struct fake_msr *m = find_msr(msr);

	writes++;
	if (m)
		m->value = v;
	return m;
}

#include "vmm/emulate/msr.c"

/* ---- the rest of root mode ---- */

#define HIDDEN_FROM	0x70000000ull
#define NEW_BASE	0x1000ull

struct boot_info boot_info;
static bool busy, spread_done, no_memory, rebase_refused;
static view_t base, put;
static struct mtrr_map types_of_base;
static unsigned int bases_made;
static struct { uint32_t msr; bool read, write; } exits[512];
static unsigned int nexits;

bool guest_hidden(uint64_t gpa)
{
	return gpa >= HIDDEN_FROM && gpa < HIDDEN_FROM + 0x1000000;
}

bool engine_busy(void)
{
	return busy;
}

bool machine_spread_done(void)
{
	return spread_done;
}

view_t machine_make_base(const struct mtrr_map *types)
{
	types_of_base = *types;
	bases_made++;
	return no_memory ? 0 : NEW_BASE;
}

int engine_rebase(view_t view)
{
	assert_int_equal(view, NEW_BASE);
	return rebase_refused ? -1 : 0;
}

void machine_set_base(view_t view)
{
	base = view;
}

void view_put(view_t view)
{
	put = view;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

void vcpu_intercept_msr(uint32_t msr, bool read, bool write)
{
	/* the bitmap has no others */
	assert_in_range(msr, 0, 0x1fff);
	exits[nexits].msr = msr;
	exits[nexits].read = read;
	exits[nexits++].write = write;
}

static int setup(void **state)
{
	(void)state;
	nmsrs = nexits = bases_made = 0;
	busy = no_memory = rebase_refused = retype_wanted = false;
	spread_done = true;
	base = put = 0;
	memset(&mtrrs, 0, sizeof(mtrrs));
	boot_info.phys_bits = 39;
	have_msr(0xfe, 0x50a);			/* ten ranges, the fixed ones, write-combining */
	have_msr(0x2ff, 0xc06);			/* both enabled, write-back */
	for (unsigned int i = 0; i < 20; i++)
		have_msr(0x200 + i, i & 1 ? 0x7ffff00000 : 0x100000 * i);
	for (unsigned int i = 0; i < 11; i++)
		have_msr(mtrr_fixed_msr(i), 0x0606060606060606);
	have_msr(0x1b, 0xfee00900);
	have_msr(0x3a, 0x5);
	have_msr(0x1a0, 0x850089);
	have_msr(0x79, 0);
	have_msr(0x480, 0xda040000000012);
	have_msr(0x3f1, 0);
	have_msr(0x600, 0);
	have_msr(0x570, 0);
	have_msr(0x10, 1234);
	msr_read_mtrrs();
	reads = writes = 0;
	return 0;
}

/* ---- the rules ---- */

static void no_such_msr(uint32_t msr)
{
	uint64_t v;

	assert_false(msr_read(msr, &v));
	assert_false(msr_write(msr, 0));
}

static void hidden_msrs_are_not_there(void **state)
{
	static const uint32_t hidden[] = { 0x480, 0x48b, 0x493, 0x3f1, 0x560, 0x570, 0x587, 0x600,
					   0x40000000, 0x400000ff, 0x4b564d00, 0x4b564dff };

	(void)state;
	for (unsigned int i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		no_such_msr(hidden[i]);
	assert_int_equal(reads + writes, 0);
}

static void without_a_rule_the_hardware_decides(void **state)
{
	uint64_t v;

	(void)state;
	assert_true(msr_read(0x10, &v));
	assert_int_equal(v, 1234);
	assert_true(msr_write(0x10, 99));
	assert_int_equal(hardware(0x10), 99);
	no_such_msr(0x11);
	no_such_msr(0x40000100);
	assert_int_equal(writes, 3);
}

static void feature_control_shows_no_vmx(void **state)
{
	uint64_t v;

	(void)state;
	find_msr(0x3a)->value = 0x100007;
	assert_true(msr_read(0x3a, &v));
	assert_int_equal(v, 0x100001);
	assert_false(msr_write(0x3a, 0x100001));
	assert_int_equal(writes, 0);
}

static void microcode_stays(void **state)
{
	(void)state;
	assert_true(msr_write(0x79, 0xffff888012345000));
	assert_int_equal(writes, 0);
}

/* Bits 11 and 12 (no BTS, no PEBS) read as 1; the hardware keeps its own, the guest sets the others. */
static void forced_bits_keep_the_hardware_s_value(void **state)
{
	uint64_t v;

	(void)state;
	assert_true(msr_read(0x1a0, &v));
	assert_int_equal(v, 0x851889);
	assert_true(msr_write(0x1a0, 0x1800 | 1));
	assert_int_equal(hardware(0x1a0), 1);
	find_msr(0x1a0)->value = 0x800;
	assert_true(msr_write(0x1a0, 0x1000 | 8));
	assert_int_equal(hardware(0x1a0), 0x808);
}

static void the_apic_does_not_cover_root_mode(void **state)
{
	(void)state;
	assert_false(msr_write(0x1b, HIDDEN_FROM | 0x5000 | 0x900));
	assert_int_equal(hardware(0x1b), 0xfee00900);
	assert_true(msr_write(0x1b, 0xfee00d00));
	assert_int_equal(hardware(0x1b), 0xfee00d00);
}

/* ---- what exits ---- */

static void only_msrs_with_a_rule_exit(void **state)
{
	static const struct { uint32_t first, last; bool read, write; } expected[] = {
		{ 0x1b, 0x1b, false, true }, { 0x200, 0x213, false, true },
		{ 0x250, 0x250, false, true }, { 0x258, 0x259, false, true },
		{ 0x268, 0x26f, false, true }, { 0x2ff, 0x2ff, false, true },
		{ 0x3a, 0x3a, true, true }, { 0x79, 0x79, false, true },
		{ 0x1a0, 0x1a0, true, true }, { 0x480, 0x493, true, true },
		{ 0x3f1, 0x3f1, true, true }, { 0x560, 0x587, true, true },
		{ 0x600, 0x600, true, true },
	};
	unsigned int n = 0;

	(void)state;
	msr_init();
	for (unsigned int i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		for (uint32_t m = expected[i].first; m <= expected[i].last; m++, n++) {
			assert_true(n < nexits);
			assert_int_equal(exits[n].msr, m);
			assert_int_equal(exits[n].read, expected[i].read);
			assert_int_equal(exits[n].write, expected[i].write);
		}
	}
	assert_int_equal(n, nexits);
}

/* ---- memory types ---- */

static void all_mtrrs_are_read(void **state)
{
	const struct mtrr_map *map;

	(void)state;
	memset(&mtrrs, 0, sizeof(mtrrs));
	map = msr_read_mtrrs();
	assert_int_equal(map->phys_bits, 39);
	assert_int_equal(map->cap, 0x50a);
	assert_int_equal(map->def_type, 0xc06);
	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(map->base[i], 0x200000 * i);
		assert_int_equal(map->mask[i], 0x7ffff00000);
	}
	for (unsigned int i = 0; i < 11; i++)
		assert_int_equal(map->fixed[i], 0x0606060606060606);
}

/* On a CPU with fewer, the others do not exist: a read of them would fault. */
static void only_mtrrs_that_exist_are_read(void **state)
{
	const struct mtrr_map *map;

	(void)state;
	memset(&mtrrs, 0, sizeof(mtrrs));
	nmsrs = 0;
	have_msr(0xfe, 0x002);
	have_msr(0x2ff, 0x800);
	for (unsigned int i = 0; i < 4; i++)
		have_msr(0x200 + i, i + 1);
	map = msr_read_mtrrs();
	assert_int_equal(map->def_type, 0x800);
	assert_int_equal(map->mask[1], 4);
	assert_int_equal(map->base[2], 0);
	assert_int_equal(map->fixed[0], 0);
}

static void a_changed_type_makes_a_new_base(void **state)
{
	(void)state;
	assert_true(msr_write(0x200, 0x80000000));
	assert_int_equal(hardware(0x200), 0x80000000);
	assert_int_equal(bases_made, 0);
	msr_retype();
	assert_int_equal(base, NEW_BASE);
	assert_int_equal(types_of_base.base[0], 0x80000000);
	msr_retype();
	assert_int_equal(bases_made, 1);
}

static void the_same_type_makes_none(void **state)
{
	(void)state;
	assert_true(msr_write(0x200, hardware(0x200)));
	assert_true(msr_write(0x250, 0x0606060606060606));
	msr_retype();
	assert_int_equal(bases_made, 0);
}

static void a_refused_write_changes_nothing(void **state)
{
	(void)state;
	find_msr(0x2ff)->msr = 0xffff;
	assert_false(msr_write(0x2ff, 0xc00));
	msr_retype();
	assert_int_equal(bases_made, 0);
}

static void types_wait_for_mtrrs_to_be_enabled(void **state)
{
	(void)state;
	assert_true(msr_write(0x2ff, 0));
	assert_true(msr_write(0x201, 0x7ff8000800));
	msr_retype();
	assert_int_equal(bases_made, 0);
	assert_true(msr_write(0x2ff, 0xc06));
	msr_retype();
	assert_int_equal(base, NEW_BASE);
	assert_int_equal(types_of_base.mask[0], 0x7ff8000800);
}

static void types_wait_for_the_engine_and_the_cpus(void **state)
{
	(void)state;
	assert_true(msr_write(0x200, 0x80000006));
	busy = true;
	msr_retype();
	busy = false;
	spread_done = false;
	msr_retype();
	assert_int_equal(bases_made, 0);
	spread_done = true;
	rebase_refused = true;
	msr_retype();
	assert_int_equal(put, NEW_BASE);
	assert_int_equal(base, 0);
	rebase_refused = false;
	msr_retype();
	assert_int_equal(base, NEW_BASE);
}

static void without_memory_the_old_types_stay(void **state)
{
	(void)state;
	no_memory = true;
	assert_true(msr_write(0x200, 0x80000006));
	msr_retype();
	msr_retype();
	assert_int_equal(bases_made, 1);
	assert_int_equal(base, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hidden_msrs_are_not_there, setup),
		cmocka_unit_test_setup(without_a_rule_the_hardware_decides, setup),
		cmocka_unit_test_setup(feature_control_shows_no_vmx, setup),
		cmocka_unit_test_setup(microcode_stays, setup),
		cmocka_unit_test_setup(forced_bits_keep_the_hardware_s_value, setup),
		cmocka_unit_test_setup(the_apic_does_not_cover_root_mode, setup),
		cmocka_unit_test_setup(only_msrs_with_a_rule_exit, setup),
		cmocka_unit_test_setup(all_mtrrs_are_read, setup),
		cmocka_unit_test_setup(only_mtrrs_that_exist_are_read, setup),
		cmocka_unit_test_setup(a_changed_type_makes_a_new_base, setup),
		cmocka_unit_test_setup(the_same_type_makes_none, setup),
		cmocka_unit_test_setup(a_refused_write_changes_nothing, setup),
		cmocka_unit_test_setup(types_wait_for_mtrrs_to_be_enabled, setup),
		cmocka_unit_test_setup(types_wait_for_the_engine_and_the_cpus, setup),
		cmocka_unit_test_setup(without_memory_the_old_types_stay, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

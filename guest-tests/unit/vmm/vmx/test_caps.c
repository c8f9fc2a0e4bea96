/* SPDX-License-Identifier: GPL-2.0-only */
/* The check of the CPU: a Haswell passes, each thing taken away is named, nothing else is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "vmm/vmx/caps.h"
#include "vmm/vmx/vmcs.h"

/* A Core i7-4770, as the SDM's tables and its data sheet have it */
static const struct vmx_caps haswell = {
	.leaf1_ecx = 0x7ffafbff, .leaf1_edx = 0xbfebfbff, .leaf80000001_edx = 0x2c100800,
	.vendor = "GenuineIntel",
	.feature_control = 5,
	.basic = 0x00da040000000012,
	.misc = 0x7004c1e7,
	.ept_vpid = 0x00000f0106734141,
	.pin = 0x0000007f00000016,
	.proc = 0xfff9fffe04006172,
	.proc2 = 0x00007cff00000000,
	.exit = 0x007fffff00036dfb,
	.entry = 0x0000ffff000011fb,
};

static void haswell_passes(void **state)
{
	(void)state;
	assert_null(vmx_missing(&haswell));
}

static void feature_control_states(void **state)
{
	static const struct {
		uint64_t value;
		enum feature_control_state want;
	} rows[] = {
		{ 0, FC_OPEN }, { 4, FC_OPEN }, { 2, FC_OPEN }, { 5, FC_READY }, { 7, FC_READY },
		{ 1, FC_LOCKED_OFF }, { 3, FC_LOCKED_OFF }, { 0x100005, FC_READY },
		{ 0xff03, FC_LOCKED_OFF },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vmx_caps c = haswell;
		const char *text;

		assert_int_equal(vmx_feature_control(rows[i].value), rows[i].want);
		c.feature_control = rows[i].value;
		text = vmx_missing(&c);
		if (rows[i].want != FC_LOCKED_OFF)
			assert_null(text);
		else
			assert_non_null(strstr(text, "locked VMX off"));
	}
}

#define F(f)	offsetof(struct vmx_caps, f)
#define MAY(n)	(32 + (n))

/* One bit each: turned over, the CPU is refused with a sentence that holds the words. */
static const struct {
	size_t field;
	unsigned int bit;
	const char *words;
} needed[] = {
	{ F(leaf1_ecx), 5, "no VMX" },
	{ F(leaf80000001_edx), 29, "64-bit mode" },
	{ F(leaf80000001_edx), 20, "execute-disable" },
	{ F(leaf1_edx), 12, "MTRRs" },
	{ F(leaf1_edx), 16, "page attribute table" },
	{ F(feature_control), 2, "locked VMX off" },
	{ F(basic), 55, "TRUE controls" },
	{ F(basic), 50, "write-back memory" },
	{ F(basic), 51, "write-back memory" },
	{ F(basic), 52, "write-back memory" },
	{ F(basic), 53, "write-back memory" },
	{ F(pin), MAY(3), "exit on an NMI" },
	{ F(pin), MAY(5), "virtual NMIs" },
	{ F(pin), MAY(6), "no VMX preemption timer" },
	{ F(proc), 15, "exits on loads of CR3" },
	{ F(proc), 16, "exits on stores of CR3" },
	{ F(proc), MAY(22), "NMI-window" },
	{ F(proc), MAY(25), "I/O bitmaps" },
	{ F(proc), MAY(27), "monitor trap flag" },
	{ F(proc), MAY(28), "MSR bitmaps" },
	{ F(proc), MAY(31), "secondary controls" },
	{ F(proc2), MAY(1), "no EPT (" },
	{ F(proc2), MAY(5), "no VPID (" },
	{ F(proc2), MAY(7), "unrestricted guest" },
	{ F(exit), MAY(9), "exit to 64-bit code" },
	{ F(exit), MAY(18), "save IA32_PAT" },
	{ F(exit), MAY(19), "load IA32_PAT on exits" },
	{ F(exit), MAY(20), "save IA32_EFER" },
	{ F(exit), MAY(21), "load IA32_EFER on exits" },
	{ F(exit), MAY(22), "save the preemption timer" },
	{ F(entry), MAY(9), "enter a 64-bit guest" },
	{ F(entry), MAY(14), "load IA32_PAT on entries" },
	{ F(entry), MAY(15), "load IA32_EFER on entries" },
	{ F(ept_vpid), 0, "execute-only" },
	{ F(ept_vpid), 6, "4-level EPT" },
	{ F(ept_vpid), 14, "write-back EPT" },
	{ F(ept_vpid), 16, "2 MiB" },
	{ F(ept_vpid), 17, "1 GiB" },
	{ F(ept_vpid), 20, "no INVEPT" },
	{ F(ept_vpid), 25, "single-context INVEPT" },
	{ F(ept_vpid), 26, "all-context INVEPT" },
	{ F(ept_vpid), 32, "no INVVPID" },
	{ F(ept_vpid), 41, "single-context INVVPID" },
	{ F(ept_vpid), 42, "all-context INVVPID" },
	{ F(misc), 6, "halted guest" },
	{ F(misc), 8, "wait for SIPI" },
};

#define NEEDED	(sizeof(needed) / sizeof(needed[0]))

static void flip(struct vmx_caps *c, size_t field, unsigned int bit)
{
	((unsigned char *)c)[field + bit / 8] ^= 1u << bit % 8;
}

static void each_need_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < NEEDED; i++) {
		struct vmx_caps c = haswell;
		const char *text;

		flip(&c, needed[i].field, needed[i].bit);
		text = vmx_missing(&c);
		if (!text || !strstr(text, needed[i].words))
			fail_msg("want '%s', have '%s'", needed[i].words, text ? text : "nothing");
		/* One line of plain ASCII that begins with whose fault it is */
		assert_true(!strncmp(text, "the CPU ", 8) || !strncmp(text, "the firmware ", 13));
		assert_true(strlen(text) < 90);
		for (const char *p = text; *p; p++)
			assert_true(*p >= ' ' && *p <= '~');
	}
}

static void each_need_has_its_own_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < NEEDED; i++) {
		for (size_t k = 0; k < i; k++) {
			struct vmx_caps a = haswell, b = haswell;

			if (!strcmp(needed[i].words, needed[k].words))
				continue;
			flip(&a, needed[i].field, needed[i].bit);
			flip(&b, needed[k].field, needed[k].bit);
			assert_string_not_equal(vmx_missing(&a), vmx_missing(&b));
		}
	}
}

/* No other single bit of any register makes a difference. */
static void nothing_else_is_asked(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(haswell); bit++) {
		struct vmx_caps c = haswell;
		bool listed = bit / 8 >= F(vendor) && bit / 8 < F(vendor) + 12;

		for (size_t i = 0; i < NEEDED; i++)
			listed |= needed[i].field * 8 + needed[i].bit == bit;
		flip(&c, 0, bit);
		if (!listed && vmx_missing(&c))
			fail_msg("byte %zu bit %zu: %s", bit / 8, bit % 8, vmx_missing(&c));
	}
}

static void causes_come_first(void **state)
{
	struct vmx_caps c = { .vendor = "AuthenticAMD" };

	(void)state;
	assert_non_null(strstr(vmx_missing(&c), "not made by Intel"));
	/* QEMU without VMX: MSRs read as nothing, and the lock may be set for other reasons. */
	memcpy(c.vendor, "GenuineIntel", 13);
	c.leaf1_edx = haswell.leaf1_edx;
	c.leaf80000001_edx = haswell.leaf80000001_edx;
	assert_non_null(strstr(vmx_missing(&c), "no VMX"));
	c.feature_control = 1;
	assert_non_null(strstr(vmx_missing(&c), "no VMX"));
	/* No secondary controls: EPT is missing for that reason. */
	c = haswell;
	c.proc &= ~(1ull << 63);
	c.proc2 = c.ept_vpid = 0;
	assert_non_null(strstr(vmx_missing(&c), "secondary controls"));
	/* No EPT: its capabilities are missing for that reason. */
	c = haswell;
	c.proc2 &= ~(1ull << 33);
	c.ept_vpid = 0;
	assert_non_null(strstr(vmx_missing(&c), "no EPT ("));
}

static void adjusted_controls(void **state)
{
	(void)state;
	/* May: 0xf0 (and the required ones), must: 0x10 */
	assert_int_equal(ctl_adjust(0x000000f000000010, 0), 0x10);
	assert_int_equal(ctl_adjust(0x000000f000000010, 0x21), 0x30);
	assert_int_equal(ctl_adjust(0x000000f000000010, 0xff), 0xf0);
	assert_true(ctl_may(haswell.proc, 1u << 31));
	assert_false(ctl_may(haswell.proc2, 1u << 20));
	assert_false(ctl_may(haswell.pin, 1u << 7));
}

/* RDTSCP, INVPCID and XSAVES without their controls are hidden from the guest, and no lack. */
static void features_without_controls_are_no_lack(void **state)
{
	struct vmx_caps c = haswell;

	(void)state;
	c.proc2 &= ~(1ull << 35 | 1ull << 44 | 1ull << 52 | 1ull << 58);
	assert_null(vmx_missing(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(haswell_passes),
		cmocka_unit_test(feature_control_states),
		cmocka_unit_test(each_need_is_named),
		cmocka_unit_test(each_need_has_its_own_sentence),
		cmocka_unit_test(nothing_else_is_asked),
		cmocka_unit_test(causes_come_first),
		cmocka_unit_test(adjusted_controls),
		cmocka_unit_test(features_without_controls_are_no_lack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

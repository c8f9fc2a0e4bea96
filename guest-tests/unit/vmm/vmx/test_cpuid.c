/* SPDX-License-Identifier: GPL-2.0-only */
/* What CPUID hides under VMX: each bit of each leaf, with and without the control that allows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* The VMCS is one field here: the secondary controls. */
#define vmread insn_vmread
#include "vmm/vmx/ops.h"
#undef vmread

static uint32_t controls;

static uint64_t vmread(uint32_t field)
{
	assert_int_equal(field, PROC_BASED_CONTROLS2);
	return controls;
}

#include "vmm/vmx/cpuid.c"

/* The answer of a CPU that has everything, as its guest sees it. */
static struct cpuid seen(uint32_t leaf, uint32_t sub)
{
	struct cpuid r = { ~0u, ~0u, ~0u, ~0u };

	vcpu_filter_cpuid(leaf, sub, &r);
	return r;
}

/* The bits that are hidden. */
static void hides(uint32_t leaf, uint32_t sub, uint32_t eax, uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	struct cpuid r = seen(leaf, sub);

	assert_int_equal(~r.eax, eax);
	assert_int_equal(~r.ebx, ebx);
	assert_int_equal(~r.ecx, ecx);
	assert_int_equal(~r.edx, edx);
}

static void hidden_whatever_the_controls(void **state)
{
	(void)state;
	controls = ~0u;
	hides(1, 0, 0, 0, 0x74, 0x200000);	/* DTES64, DS-CPL, VMX, SMX; DS */
	hides(7, 0, 0, 0x2000000, 0, 0x40000);	/* processor trace, PCONFIG */
	hides(7, 1, 0x20000, 0, 0, 0);		/* FRED */
	hides(0x80000001, 0, 0, 0, 0, 0);
	hides(0xd, 1, 0, 0, 0, 0);
}

static void hidden_without_their_control(void **state)
{
	(void)state;
	controls = 0;
	hides(7, 0, 0, 0x2000400, 0x400020, 0x40000);	/* INVPCID, WAITPKG, RDPID too */
	hides(0x80000001, 0, 0, 0, 0, 0x8000000);	/* RDTSCP */
	hides(0xd, 1, 8, 0, 0, 0);			/* XSAVES */
	controls = 1u << 12;
	hides(7, 0, 0, 0x2000000, 0x400020, 0x40000);
	controls = 1u << 26;
	hides(7, 0, 0, 0x2000400, 0x400000, 0x40000);
	controls = 1u << 3;
	hides(7, 0, 0, 0x2000400, 0x20, 0x40000);
	hides(0x80000001, 0, 0, 0, 0, 0);
	hides(0xd, 1, 8, 0, 0, 0);
	controls = 1u << 20;
	hides(0xd, 1, 0, 0, 0, 0);
	hides(0x80000001, 0, 0, 0, 0, 0x8000000);
}

/* Leaf 1 ignores the sub-leaf, leaf 7 does not; the leaf of processor trace is all zeros. */
static void sub_leaves(void **state)
{
	(void)state;
	controls = 0;
	hides(1, 77, 0, 0, 0x74, 0x200000);
	hides(7, 2, 0, 0, 0, 0);
	hides(0xd, 0, 0, 0, 0, 0);
	hides(0xd, 2, 0, 0, 0, 0);
	for (uint32_t sub = 0; sub < 3; sub++)
		hides(0x14, sub, ~0u, ~0u, ~0u, ~0u);
}

static void other_leaves_stay(void **state)
{
	(void)state;
	controls = 0;
	for (uint32_t leaf = 0; leaf < 0x40; leaf++)
		if (leaf != 1 && leaf != 7 && leaf != 0xd && leaf != 0x14)
			hides(leaf, 1, 0, 0, 0, 0);
	hides(0x80000000, 0, 0, 0, 0, 0);
	hides(0x80000008, 0, 0, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hidden_whatever_the_controls),
		cmocka_unit_test(hidden_without_their_control),
		cmocka_unit_test(sub_leaves),
		cmocka_unit_test(other_leaves_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules for Intel's MSRs: they hide VMX, keep the microcode, and stop features that write memory. */
#include "vmm/emulate/msr.h"
#include "vmm/vcpu.h"
#include "vmm/vmx/msrs.h"

/* SDM 4 "Model-Specific Registers". */
static const struct msr_rule rules[] = {
	/* locked, and no VMX: bits 1 (in SMX) and 2 (outside) */
	{ .first = MSR_FEATURE_CONTROL, .last = MSR_FEATURE_CONTROL, .read = true, .write = true,
	  .read_only = true, .zeros = 6 },
	/* an update does nothing in non-root mode: the running revision stays */
	{ .first = MSR_BIOS_UPDT_TRIG, .last = MSR_BIOS_UPDT_TRIG, .write = true, .ignore = true },
	/* no branch trace store, no PEBS */
	{ .first = MSR_MISC_ENABLE, .last = MSR_MISC_ENABLE, .read = true, .write = true,
	  .ones = 3ull << 11 },
	{ .first = MSR_VMX_FIRST, .last = MSR_VMX_LAST, .read = true, .write = true, .hidden = true },
	/* debug store and processor trace write to memory on their own, in root mode too */
	{ .first = MSR_PEBS_ENABLE, .last = MSR_PEBS_ENABLE, .read = true, .write = true, .hidden = true },
	{ .first = MSR_RTIT_FIRST, .last = MSR_RTIT_LAST, .read = true, .write = true, .hidden = true },
	{ .first = MSR_DS_AREA, .last = MSR_DS_AREA, .read = true, .write = true, .hidden = true },
};

const struct msr_rule *vcpu_msr_rules(unsigned int *n)
{
	*n = sizeof(rules) / sizeof(rules[0]);
	return rules;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Emulates CPUID: the CPU's answer less what the back end hides, and Subtext's leaf. SDM 2A "CPUID". */
#include "vmm/emulate/cpuid.h"
#include "vmm/cpu.h"
#include "vmm/vcpu.h"
#include "patcher/wire/mem.h"
#include "vmm/x86.h"

#define LEAF_SUBTEXT		0x40000000u	/* signature; + 1: version */
#define LEAF_HYPERVISOR_LAST	0x400000ffu

static void set(uint32_t *reg, uint32_t bit, bool on)
{
	*reg = on ? *reg | bit : *reg & ~bit;
}

/*
 * Answers a leaf of the range that is reserved for hypervisors. A hypervisor below Subtext (KVM) stays
 * hidden: the guest would use its MSRs and hypercalls, and Subtext does not pass them on.
 */
static struct cpuid hypervisor_leaf(uint32_t leaf)
{
	struct cpuid r = { 0, 0, 0, 0 };

	if (!boot_info.cpuid_leaf)
		return r;
	if (leaf == LEAF_SUBTEXT) {
		r.eax = LEAF_SUBTEXT + 1;
		memcpy(&r.ebx, "Subt", 4);
		memcpy(&r.ecx, "extH", 4);
		memcpy(&r.edx, "yper", 4);
	} else if (leaf == LEAF_SUBTEXT + 1) {
		r.eax = SUBTEXT_VERSION_CODE;
	}
	return r;
}

void cpuid_emulate(struct cpu *c)
{
	uint32_t leaf = (uint32_t)c->regs[REG_RAX], sub = (uint32_t)c->regs[REG_RCX];
	uint64_t cr4 = vcpu_cr4();
	struct cpuid r = cpuid(leaf, sub);

	if (leaf == 1) {
		set(&r.ecx, LEAF1_ECX_OSXSAVE, cr4 & CR4_OSXSAVE);
	} else if (leaf == 7 && sub == 0) {
		set(&r.ecx, LEAF7_ECX_OSPKE, cr4 & CR4_PKE);
	} else if (leaf == 0x80000008 && (r.eax & 0xff) > VIEW_GPA_BITS) {
		r.eax = (r.eax & ~0xffu) | VIEW_GPA_BITS;
	} else if (leaf >= LEAF_SUBTEXT && leaf <= LEAF_HYPERVISOR_LAST) {
		/* With cpuid-leaf = off and no hypervisor below, the guest gets the CPU's own answer. */
		if (boot_info.cpuid_leaf || (cpuid(1, 0).ecx & LEAF1_ECX_HYPERVISOR))
			r = hypervisor_leaf(leaf);
	}
	vcpu_filter_cpuid(leaf, sub, &r);
	c->regs[REG_RAX] = r.eax;
	c->regs[REG_RBX] = r.ebx;
	c->regs[REG_RCX] = r.ecx;
	c->regs[REG_RDX] = r.edx;
	vcpu_skip();
}

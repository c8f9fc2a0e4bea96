/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUID: the CPU's own answer without VMX and SMX, and Subtext's leaf. SDM 2A "CPUID". */
#include "vmm/cpu.h"
#include "vmm/vmx/exit.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/run.h"
#include "patcher/wire/mem.h"
#include "vmm/x86.h"

#define LEAF_SUBTEXT		0x40000000u	/* signature; + 1: version */
#define LEAF_HYPERVISOR_LAST	0x400000ffu

#define GPA_BITS		48u		/* all that four-level EPT translates */

static void set(uint32_t *reg, uint32_t bit, bool on)
{
	*reg = on ? *reg | bit : *reg & ~bit;
}

/* Instructions that #UD in non-root mode unless a control allows them: shown only if it does. */
static void hide_uncontrolled(uint32_t leaf, uint32_t sub, struct cpuid *r)
{
	uint32_t proc2 = (uint32_t)vmread(PROC_BASED_CONTROLS2);

	if (leaf == 7 && sub == 0 && !(proc2 & PROC2_INVPCID))
		r->ebx &= ~LEAF7_EBX_INVPCID;
	if (leaf == 7 && sub == 0 && !(proc2 & PROC2_USER_WAIT))
		r->ecx &= ~LEAF7_ECX_WAITPKG;
	if (leaf == 7 && sub == 0 && !(proc2 & PROC2_RDTSCP))
		r->ecx &= ~LEAF7_ECX_RDPID;
	if (leaf == 7 && sub == 0)
		r->ebx &= ~LEAF7_EBX_PT;
	if (leaf == 7 && sub == 1)
		r->eax &= ~LEAF71_EAX_FRED;
	if (leaf == 7 && sub == 0)
		r->edx &= ~LEAF7_EDX_PCONFIG;	/* its control is never set */
	if (leaf == 0xd && sub == 1 && !(proc2 & PROC2_XSAVES))
		r->eax &= ~LEAFD1_EAX_XSAVES;
	if (leaf == 0x80000001 && !(proc2 & PROC2_RDTSCP))
		r->edx &= ~LEAF80000001_EDX_RDTSCP;
}

/*
 * The range belongs to hypervisors: one below us (KVM) must not shine through,
 * its guests would use MSRs and VMCALLs that end here.
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
	uint64_t cr4 = vmread(GUEST_CR4);
	struct cpuid r = cpuid(leaf, sub);

	if (leaf == 1) {
		r.ecx &= ~(LEAF1_ECX_VMX | LEAF1_ECX_SMX | LEAF1_ECX_DTES64 | LEAF1_ECX_DS_CPL);
		r.edx &= ~LEAF1_EDX_DS;
		set(&r.ecx, LEAF1_ECX_OSXSAVE, cr4 & CR4_OSXSAVE);
	} else if (leaf == 7 && sub == 0) {
		set(&r.ecx, LEAF7_ECX_OSPKE, cr4 & CR4_PKE);
	} else if (leaf == LEAF_PT) {
		r = (struct cpuid){ 0, 0, 0, 0 };
	} else if (leaf == 0x80000008 && (r.eax & 0xff) > GPA_BITS) {
		r.eax = (r.eax & ~0xffu) | GPA_BITS;
	} else if (leaf >= LEAF_SUBTEXT && leaf <= LEAF_HYPERVISOR_LAST) {
		/* without Subtext's leaf and without a hypervisor below, what the CPU says stands */
		if (boot_info.cpuid_leaf || (cpuid(1, 0).ecx & LEAF1_ECX_HYPERVISOR))
			r = hypervisor_leaf(leaf);
	}
	hide_uncontrolled(leaf, sub, &r);
	c->regs[REG_RAX] = r.eax;
	c->regs[REG_RBX] = r.ebx;
	c->regs[REG_RCX] = r.ecx;
	c->regs[REG_RDX] = r.edx;
	vcpu_skip();
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Features that a guest under VMX cannot have: their bits in CPUID, and the controls that allow them. */
#include "vmm/vcpu.h"
#include "vmm/vmx/ops.h"
#include "vmm/x86.h"

enum { EAX, EBX, ECX, EDX };

#define ANY_SUB		0xffffffffu

/* Bits of one register of a leaf, hidden unless the secondary control @unless is set. */
static const struct hidden {
	uint32_t leaf, sub;
	unsigned int reg;
	uint32_t bits;
	uint32_t unless;	/* 0: hidden in any case */
} hidden[] = {
	/* VMX, SMX, and the debug store, which writes memory on its own in root mode too */
	{ 1, ANY_SUB, ECX, 1u << 5 | 1u << 6 | 1u << 2 | 1u << 4, 0 },
	{ 1, ANY_SUB, EDX, 1u << 21, 0 },
	/* processor trace, likewise; its leaf */
	{ 7, 0, EBX, 1u << 25, 0 },
	{ 0x14, ANY_SUB, EAX, ~0u, 0 }, { 0x14, ANY_SUB, EBX, ~0u, 0 },
	{ 0x14, ANY_SUB, ECX, ~0u, 0 }, { 0x14, ANY_SUB, EDX, ~0u, 0 },
	/* FRED has state that the VMCS does not switch; the control of PCONFIG is never set */
	{ 7, 1, EAX, 1u << 17, 0 },
	{ 7, 0, EDX, 1u << 18, 0 },
	/* instructions that give #UD in non-root mode without their control */
	{ 7, 0, EBX, 1u << 10, PROC2_INVPCID },
	{ 7, 0, ECX, 1u << 5, PROC2_USER_WAIT },
	{ 7, 0, ECX, 1u << 22, PROC2_RDTSCP },			/* RDPID */
	{ 0x80000001, ANY_SUB, EDX, 1u << 27, PROC2_RDTSCP },
	{ 0xd, 1, EAX, 1u << 3, PROC2_XSAVES },
};

void vcpu_filter_cpuid(uint32_t leaf, uint32_t sub, struct cpuid *r)
{
	uint32_t *const regs[] = { &r->eax, &r->ebx, &r->ecx, &r->edx };
	uint32_t proc2 = (uint32_t)vmread(PROC_BASED_CONTROLS2);

	for (const struct hidden *h = hidden; h < hidden + sizeof(hidden) / sizeof(hidden[0]); h++)
		if (h->leaf == leaf && (h->sub == sub || h->sub == ANY_SUB) && !(proc2 & h->unless))
			*regs[h->reg] &= ~h->bits;
}

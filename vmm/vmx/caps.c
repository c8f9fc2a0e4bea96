/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks the features that Subtext needs of a CPU, by a table. SDM 3D appendix A, SDM 2A "CPUID". */
#include <stddef.h>
#include "vmm/vmx/caps.h"
#include "patcher/wire/mem.h"

struct need {
	size_t offset, size;		/* of a field of struct vmx_caps */
	uint64_t mask, value;		/* the field has to have @value under @mask */
	const char *missing;
};

#define FIELD(f)	offsetof(struct vmx_caps, f), sizeof(((struct vmx_caps *)NULL)->f)
#define BIT(n)		(1ull << (n))
#define HAS(f, n, text)		{ FIELD(f), BIT(n), BIT(n), text }
#define IS(f, m, v, text)	{ FIELD(f), m, v, text }
/* Bit n of a control can be 1 (high half of its capability MSR), or can be 0 (low half). */
#define CAN_SET(f, n, text)	HAS(f, 32 + (n), text)
#define CAN_CLEAR(f, n, text)	IS(f, BIT(n), 0, text)

/* The order matters: a missing feature comes before the features that depend on it. */
static const struct need needs[] = {
	HAS(leaf1_ecx, 5, "the CPU has no VMX (CPUID.1:ECX bit 5)"),
	HAS(leaf80000001_edx, 29, "the CPU has no 64-bit mode (CPUID.80000001H:EDX bit 29)"),
	HAS(leaf80000001_edx, 20, "the CPU has no execute-disable (CPUID.80000001H:EDX bit 20)"),
	HAS(leaf1_edx, 12, "the CPU has no MTRRs (CPUID.1:EDX bit 12)"),
	HAS(leaf1_edx, 16, "the CPU has no page attribute table (CPUID.1:EDX bit 16)"),
	HAS(basic, 55, "the CPU has no TRUE controls (IA32_VMX_BASIC bit 55)"),
	IS(basic, 0xfull << 50, 6ull << 50,
	   "the CPU does not keep a VMCS in write-back memory (IA32_VMX_BASIC bits 53:50)"),
	CAN_SET(pin, 3, "the CPU cannot exit on an NMI (pin-based control 3)"),
	CAN_SET(pin, 5, "the CPU has no virtual NMIs (pin-based control 5)"),
	CAN_SET(pin, 6, "the CPU has no VMX preemption timer (pin-based control 6)"),
	CAN_CLEAR(proc, 15, "the CPU always exits on loads of CR3 (processor-based control 15)"),
	CAN_CLEAR(proc, 16, "the CPU always exits on stores of CR3 (processor-based control 16)"),
	CAN_SET(proc, 22, "the CPU has no NMI-window exiting (processor-based control 22)"),
	CAN_SET(proc, 25, "the CPU has no I/O bitmaps (processor-based control 25)"),
	CAN_SET(proc, 27, "the CPU has no monitor trap flag (processor-based control 27)"),
	CAN_SET(proc, 28, "the CPU has no MSR bitmaps (processor-based control 28)"),
	CAN_SET(proc, 31, "the CPU has no secondary controls (processor-based control 31)"),
	CAN_SET(proc2, 1, "the CPU has no EPT (secondary control 1)"),
	CAN_SET(proc2, 5, "the CPU has no VPID (secondary control 5)"),
	CAN_SET(proc2, 7, "the CPU has no unrestricted guest (secondary control 7)"),
	CAN_SET(exit, 9, "the CPU cannot exit to 64-bit code (VM-exit control 9)"),
	CAN_SET(exit, 18, "the CPU does not save IA32_PAT on exits (VM-exit control 18)"),
	CAN_SET(exit, 19, "the CPU does not load IA32_PAT on exits (VM-exit control 19)"),
	CAN_SET(exit, 20, "the CPU does not save IA32_EFER on exits (VM-exit control 20)"),
	CAN_SET(exit, 21, "the CPU does not load IA32_EFER on exits (VM-exit control 21)"),
	CAN_SET(exit, 22, "the CPU does not save the preemption timer (VM-exit control 22)"),
	CAN_SET(entry, 9, "the CPU cannot enter a 64-bit guest (VM-entry control 9)"),
	CAN_SET(entry, 14, "the CPU does not load IA32_PAT on entries (VM-entry control 14)"),
	CAN_SET(entry, 15, "the CPU does not load IA32_EFER on entries (VM-entry control 15)"),
	HAS(ept_vpid, 0, "the CPU has no execute-only EPT pages (IA32_VMX_EPT_VPID_CAP bit 0)"),
	HAS(ept_vpid, 6, "the CPU has no 4-level EPT (IA32_VMX_EPT_VPID_CAP bit 6)"),
	HAS(ept_vpid, 14, "the CPU has no write-back EPT walks (IA32_VMX_EPT_VPID_CAP bit 14)"),
	HAS(ept_vpid, 16, "the CPU has no 2 MiB EPT pages (IA32_VMX_EPT_VPID_CAP bit 16)"),
	HAS(ept_vpid, 17, "the CPU has no 1 GiB EPT pages (IA32_VMX_EPT_VPID_CAP bit 17)"),
	HAS(ept_vpid, 20, "the CPU has no INVEPT (IA32_VMX_EPT_VPID_CAP bit 20)"),
	HAS(ept_vpid, 25, "the CPU has no single-context INVEPT (IA32_VMX_EPT_VPID_CAP bit 25)"),
	HAS(ept_vpid, 26, "the CPU has no all-context INVEPT (IA32_VMX_EPT_VPID_CAP bit 26)"),
	HAS(ept_vpid, 32, "the CPU has no INVVPID (IA32_VMX_EPT_VPID_CAP bit 32)"),
	HAS(ept_vpid, 41, "the CPU has no single-context INVVPID (IA32_VMX_EPT_VPID_CAP bit 41)"),
	HAS(ept_vpid, 42, "the CPU has no all-context INVVPID (IA32_VMX_EPT_VPID_CAP bit 42)"),
	HAS(misc, 6, "the CPU cannot resume a halted guest (IA32_VMX_MISC bit 6)"),
	HAS(misc, 8, "the CPU cannot let a guest wait for SIPI (IA32_VMX_MISC bit 8)"),
};

enum feature_control_state vmx_feature_control(uint64_t value)
{
	if (!(value & FEATURE_LOCK))
		return FC_OPEN;
	return value & FEATURE_VMX ? FC_READY : FC_LOCKED_OFF;
}

static uint64_t read_field(const struct vmx_caps *caps, const struct need *need)
{
	const unsigned char *field = (const unsigned char *)caps + need->offset;
	uint32_t narrow;
	uint64_t wide;

	memcpy(&narrow, field, sizeof(narrow));
	if (need->size == sizeof(narrow))
		return narrow;
	memcpy(&wide, field, sizeof(wide));
	return wide;
}

const char *vmx_missing(const struct vmx_caps *caps)
{
	if (memcmp(caps->vendor, VMX_VENDOR, 12))
		return "the CPU is not made by Intel (CPUID.0)";
	/* On a CPU without VMX the lock does not concern VMX: the first row gives the reason. */
	if (caps->leaf1_ecx & LEAF1_ECX_VMX &&
	    vmx_feature_control(caps->feature_control) == FC_LOCKED_OFF)
		return "the firmware locked VMX off (IA32_FEATURE_CONTROL bits 0 and 2)";
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if ((read_field(caps, &needs[i]) & needs[i].mask) != needs[i].value)
			return needs[i].missing;
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the loader does with VMX, the virtualization of Intel's CPUs. */
#include <efi.h>
#include "boot/cpu_asm.h"
#include "boot/launch.h"
#include "boot/vendor.h"
#include "patcher/wire/mem.h"
#include "vmm/boot_info.h"
#include "vmm/vmx/caps.h"
#include "vmm/vmx/msrs.h"
#include "vmm/vmx/vmcs.h"

#define BASIC_TRUE		(1ull << 55)
#define EPT_BITS		48u	/* four levels reach 2^48 */

/* boot/blob.asm */
extern const unsigned char resident_vmx[], resident_vmx_end[];

static struct vmx_caps caps[MAX_CPUS];

static void read_vendor(struct vmx_caps *c)
{
	struct cpuid r = cpuid(0, 0);
	uint32_t word[3] = { r.ebx, r.edx, r.ecx };

	for (unsigned int i = 0; i < 12; i++)
		c->vendor[i] = (char)(word[i / 4] >> (i % 4 * 8));
}

static bool made_this(void)
{
	struct vmx_caps c;

	read_vendor(&c);
	return !memcmp(c.vendor, VMX_VENDOR, 12);
}

static void read_cpuid(struct vmx_caps *c)
{
	struct cpuid r = cpuid(1, 0);

	read_vendor(c);
	c->leaf1_ecx = r.ecx;
	c->leaf1_edx = r.edx;
	if (cpuid(0x80000000, 0).eax >= 0x80000001)
		c->leaf80000001_edx = cpuid(0x80000001, 0).edx;
}

static void read_msrs(struct vmx_caps *c)
{
	bool exact;

	c->feature_control = rdmsr(MSR_FEATURE_CONTROL);
	c->basic = rdmsr(MSR_VMX_BASIC);
	c->misc = rdmsr(MSR_VMX_MISC);
	exact = c->basic & BASIC_TRUE;
	c->pin = rdmsr(exact ? MSR_VMX_TRUE_PIN : MSR_VMX_PIN);
	c->proc = rdmsr(exact ? MSR_VMX_TRUE_PROC : MSR_VMX_PROC);
	c->exit = rdmsr(exact ? MSR_VMX_TRUE_EXIT : MSR_VMX_EXIT);
	c->entry = rdmsr(exact ? MSR_VMX_TRUE_ENTRY : MSR_VMX_ENTRY);
	if (ctl_may(c->proc, PROC_SECONDARY))
		c->proc2 = rdmsr(MSR_VMX_PROC2);
	if (ctl_may(c->proc2, PROC2_EPT) || ctl_may(c->proc2, PROC2_VPID))
		c->ept_vpid = rdmsr(MSR_VMX_EPT_VPID);
}

static void read_this(uint32_t cpu)
{
	struct vmx_caps *c = &caps[cpu];

	read_cpuid(c);
	if (c->leaf1_ecx & LEAF1_ECX_VMX)
		read_msrs(c);
}

static const char *missing(uint32_t cpu)
{
	return vmx_missing(&caps[cpu]);
}

static bool alike(uint32_t cpu, uint32_t other)
{
	const struct vmx_caps *a = &caps[cpu], *b = &caps[other];

	return a->basic == b->basic && a->ept_vpid == b->ept_vpid && a->pin == b->pin &&
	       a->proc == b->proc && a->proc2 == b->proc2 && a->exit == b->exit &&
	       a->entry == b->entry;
}

/* Returns false if VMXON would fault. SDM 3C, "Enabling and Entering VMX Operation". */
static bool allow_this(void)
{
	uint64_t value = rdmsr(MSR_FEATURE_CONTROL);

	if (vmx_feature_control(value) == FC_OPEN)
		wrmsr(MSR_FEATURE_CONTROL, value | FEATURE_LOCK | FEATURE_VMX);
	return vmx_feature_control(rdmsr(MSR_FEATURE_CONTROL)) == FC_READY;
}

/* Makes a call. After an undo only the callee-saved registers keep their values (vmm/vmx/switch.asm). */
static void call(uint64_t number)
{
	__asm__ volatile("vmcall" : "+a"(number) : : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
			 "r11", "cc", "memory");
}

static const struct status_text texts[] = {
	{ RESIDENT_ENABLE_FAILED, L"VMXON failed" },
	{ RESIDENT_CONTROL_FAILED, L"the CPU did not take the VMCS" },
	{ RESIDENT_LAUNCH_FAILED, L"VMLAUNCH failed" },
	{ STATUS_NOT_ALLOWED, L"IA32_FEATURE_CONTROL does not let VMX be switched on" },
	{ 0, NULL },
};

const struct vendor vmx_vendor = {
	.image = resident_vmx,
	.image_end = resident_vmx_end,
	.view_bits = EPT_BITS,
	.texts = texts,
	.made_this = made_this,
	.read_this = read_this,
	.missing = missing,
	.alike = alike,
	.allow_this = allow_this,
	.call = call,
};

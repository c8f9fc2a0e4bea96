/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about the guest's state, answered from the VMCS; its view. */
#include "vmm/vcpu.h"
#include "vmm/vmx/ept.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/state.h"
#include "vmm/x86.h"

uint64_t vcpu_linear_rip(void)
{
	uint64_t rip = vmread(GUEST_RIP);

	/* in 64-bit mode CS has no base, whatever the field says */
	if (vmread(ENTRY_CONTROLS) & ENTRY_IA32E_GUEST &&
	    vmread(GUEST_CS_ACCESS_RIGHTS) & (1u << 13))
		return rip;
	return vmread(GUEST_CS_BASE) + rip;
}

uint64_t vcpu_cr3(void)
{
	return vmread(GUEST_CR3);
}

uint64_t vcpu_cr4(void)
{
	return vmread(GUEST_CR4);
}

bool vcpu_paging(void)
{
	return vmread(GUEST_CR0) & CR0_PG;
}

bool vcpu_interrupts_off(void)
{
	return !(vmread(GUEST_RFLAGS) & RFLAGS_IF) &&
	       vmread(GUEST_ACTIVITY_STATE) == ACTIVITY_ACTIVE;
}

unsigned int vcpu_cpl(void)
{
	return vmread(GUEST_SS_ACCESS_RIGHTS) >> 5 & 3;
}

void vcpu_set_view(view_t view)
{
	vmwrite(EPT_POINTER, ept_pointer(view));
}

void vcpu_flush_views(void)
{
	/* INVEPT serialises; VM entry would not */
	VMX_INVALIDATE_ALL("invept");
}

bool vcpu_force_exit(void)
{
	return vmwrite_try(PREEMPTION_TIMER_VALUE, 0);
}

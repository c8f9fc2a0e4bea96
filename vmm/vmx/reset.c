/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest state of the VMCS after INIT. SDM 3A, "Processor State After Reset". */
#include "vmm/vcpu.h"
#include "vmm/vmx/msrs.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/state.h"
#include "vmm/x86.h"

/* Real-mode segments ES CS SS DS FS GS, then LDTR and TR: access rights in VMCS order. */
static const uint8_t rights[] = { 0x93, 0x9b, 0x93, 0x93, 0x93, 0x93, 0x82, 0x8b };

/* What INIT sets, but for the segments and CR0. */
static const struct vmcs_value reset_state[] = {
	{ GUEST_GDTR_BASE, 0 }, { GUEST_GDTR_LIMIT, 0xffff }, { GUEST_IDTR_BASE, 0 },
	{ GUEST_IDTR_LIMIT, 0xffff }, { GUEST_DR7, 0x400 }, { GUEST_CR3, 0 },
	{ GUEST_CR4, CR4_VMXE }, { CR4_READ_SHADOW, 0 }, { GUEST_IA32_EFER, 0 },
	{ GUEST_RFLAGS, RFLAGS_FIXED }, { GUEST_RIP, 0 }, { GUEST_RSP, 0 },
	{ GUEST_IA32_DEBUGCTL, 0 }, { GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE },
	{ GUEST_INTERRUPTIBILITY, 0 }, { GUEST_PENDING_DEBUG, 0 },
};

static void segments(uint8_t vector)
{
	for (unsigned int i = 0; i < sizeof(rights); i++) {
		uint32_t base = i == 1 ? (uint32_t)vector << 12 : 0;	/* CS */

		vmwrite(GUEST_ES_SELECTOR + 2 * i, base >> 4);
		vmwrite(GUEST_ES_BASE + 2 * i, base);
		vmwrite(GUEST_ES_LIMIT + 2 * i, 0xffff);
		vmwrite(GUEST_ES_ACCESS_RIGHTS + 2 * i, rights[i]);
	}
}

void vcpu_reset(struct cpu *c, uint8_t vector)
{
	/* INIT leaves CD and NW alone */
	uint64_t cr0 = CR0_ET | (vmread(GUEST_CR0) & (CR0_CD | CR0_NW));

	vmx_of(c)->event.info = 0;
	segments(vector);
	vmwrite_all(reset_state, sizeof(reset_state) / sizeof(reset_state[0]));
	vmwrite(GUEST_CR0, cr0 | CR0_NE);
	vmwrite(CR0_READ_SHADOW, cr0);
	vmwrite(ENTRY_CONTROLS, vmread(ENTRY_CONTROLS) & ~(uint64_t)ENTRY_IA32E_GUEST);
	invvpid_all();
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes to the log what the VMCS has of an exit that root mode does not expect. */
#include "vmm/log.h"
#include "vmm/mem/pool.h"
#include "vmm/vcpu.h"
#include "vmm/vmx/exit.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/state.h"
#include "patcher/engine/guest.h"

/* Fields worth printing, with the SDM's names. */
static const struct {
	const char *name;
	uint32_t field;
} dumped[] = {
	{ "reason", EXIT_REASON }, { "qualification", EXIT_QUALIFICATION },
	{ "gpa", GUEST_PHYSICAL_ADDRESS }, { "gla", GUEST_LINEAR_ADDRESS },
	{ "idt-vectoring", IDT_VECTORING_INFO }, { "exit-interruption", EXIT_INTERRUPTION_INFO },
	{ "entry-interruption", ENTRY_INTERRUPTION_INFO }, { "insn-error", VM_INSTRUCTION_ERROR },
	{ "rip", GUEST_RIP }, { "rsp", GUEST_RSP }, { "rflags", GUEST_RFLAGS },
	{ "cr0", GUEST_CR0 }, { "cr3", GUEST_CR3 }, { "cr4", GUEST_CR4 }, { "efer", GUEST_IA32_EFER },
	{ "cs", GUEST_CS_SELECTOR }, { "cs-base", GUEST_CS_BASE }, { "cs-limit", GUEST_CS_LIMIT },
	{ "cs-ar", GUEST_CS_ACCESS_RIGHTS }, { "ss-ar", GUEST_SS_ACCESS_RIGHTS },
	{ "tr-ar", GUEST_TR_ACCESS_RIGHTS }, { "ldtr-ar", GUEST_LDTR_ACCESS_RIGHTS },
	{ "gdtr-base", GUEST_GDTR_BASE }, { "idtr-base", GUEST_IDTR_BASE },
	{ "interruptibility", GUEST_INTERRUPTIBILITY }, { "activity", GUEST_ACTIVITY_STATE },
	{ "pending-debug", GUEST_PENDING_DEBUG }, { "eptp", EPT_POINTER },
	{ "pin", PIN_BASED_CONTROLS }, { "proc", PROC_BASED_CONTROLS },
	{ "proc2", PROC_BASED_CONTROLS2 }, { "exit-ctl", EXIT_CONTROLS }, { "entry-ctl", ENTRY_CONTROLS },
};

/* The bytes at RIP, if the guest's tables lead to RAM. */
static void dump_bytes(void)
{
	uint64_t gpa = vcpu_linear_rip();
	uint8_t bytes[15];
	size_t n;

	if (vcpu_paging() && machine_translate(gpa, &gpa))
		return;
	n = PAGE_SIZE - (gpa & ~PAGE_MASK);
	if (n > sizeof(bytes))
		n = sizeof(bytes);
	if (!machine_read(gpa, bytes, n))
		log_line(LOG_ERROR, "  bytes at rip: %*p", (int)n, bytes);
}

void vmx_dump(struct cpu *c)
{
	char buf[160];
	struct text t;

	log_line(LOG_ERROR, "unexpected VM exit, reason %u:", (uint16_t)vmx_of(c)->exit_reason);
	for (unsigned int i = 0; i < sizeof(dumped) / sizeof(dumped[0]);) {
		text_init(&t, buf, sizeof(buf));
		for (unsigned int n = 0; n < 4 && i < sizeof(dumped) / sizeof(dumped[0]); n++, i++)
			text_format(&t, " %s=0x%lx", dumped[i].name, vmread(dumped[i].field));
		log_line(LOG_ERROR, " %s", buf);
	}
	dump_bytes();
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Events for the guest: exceptions, the end of an emulated instruction, NMIs. */
#include "vmm/log.h"
#include "vmm/vcpu.h"
#include "vmm/vmx/msrs.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/state.h"
#include "vmm/x86.h"

#define LEAF_PERFMON	0x0au

void vcpu_inject(struct cpu *c, uint8_t vector, uint32_t error)
{
	bool protected = vmread(GUEST_CR0) & CR0_PE;
	struct event *e = &vmx_of(c)->event, first = *e;
	bool keep;

	*e = event_merge(first, vector, exception_has_error(vector), error, &keep);
	/* real mode pushes none, and VM entry refuses one (SDM 3C "Checks on VM-Entry Control Fields") */
	if (!protected && e->info != VECTORING_TRIPLE_FAULT)
		e->info &= ~EVENT_HAS_ERROR;
	if (keep && (first.info & EVENT_TYPE_MASK) == EVENT_NMI)
		c->nmi_pending = true;
	else if (keep)
		log_line(LOG_WARNING, "interrupt %u lost: its delivery gave exception %u",
			 first.info & EVENT_VECTOR_MASK, vector);
}

void vcpu_skip(void)
{
	uint64_t rip = vmread(GUEST_RIP) + vmread(EXIT_INSTRUCTION_LENGTH);
	uint64_t blocking = vmread(GUEST_INTERRUPTIBILITY);

	if (!(vmread(ENTRY_CONTROLS) & ENTRY_IA32E_GUEST))
		rip = (uint32_t)rip;
	vmwrite(GUEST_RIP, rip);
	if (blocking & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS))
		vmwrite(GUEST_INTERRUPTIBILITY, blocking & ~(uint64_t)(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS));
	/* with BTF only branches trap */
	if ((vmread(GUEST_RFLAGS) & RFLAGS_TF) && !(vmread(GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF))
		vmwrite(GUEST_PENDING_DEBUG, vmread(GUEST_PENDING_DEBUG) | PENDING_DEBUG_BS);
}

bool vcpu_nmi_under_way(struct cpu *c)
{
	const uint32_t mask = EVENT_VALID | EVENT_TYPE_MASK, nmi = EVENT_VALID | EVENT_NMI;

	return (vmread(GUEST_INTERRUPTIBILITY) & BLOCKING_BY_NMI) ||
	       (vmx_of(c)->event.info & mask) == nmi ||
	       ((uint32_t)vmread(ENTRY_INTERRUPTION_INFO) & mask) == nmi;
}

bool vcpu_counter_overflowed(void)
{
	/* by CPUID, not by a read that may fault: an IRET would end the blocking of NMIs */
	return (cpuid(LEAF_PERFMON, 0).eax & 0xff) >= 2 && rdmsr(MSR_PERF_GLOBAL_STATUS);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What the VMX back end keeps of each CPU. */
#ifndef VMX_STATE_H
#define VMX_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "vmm/cpu.h"
#include "vmm/vmx/vectoring.h"

struct vmx_cpu {
	uint64_t host_rsp;		/* as the VMCS has it; for switch.asm */
	struct event event;		/* to be injected at the next VM entry */
	uint32_t exit_reason;
	uint32_t proc_controls;		/* as the VMCS has them */
	uint32_t exception_bitmap;	/* likewise */
	uint8_t timer_shift;		/* a tick of the preemption timer is 2^this ticks of the TSC */
	bool stepping;			/* vcpu_step() runs */
};

/* What a CPU that leaves root mode takes back to the firmware; @leave is boot_info.leave. */
struct leave_state {
	uint64_t regs[GUEST_REGS];
	uint64_t cr3, rsp, rip, efer, leave;
};

_Static_assert(sizeof(struct vmx_cpu) <= sizeof(((struct cpu *)0)->back_end), "room in struct cpu");

/* This back end's part of @c. */
static inline struct vmx_cpu *vmx_of(struct cpu *c)
{
	return (struct vmx_cpu *)c->back_end;
}

#endif

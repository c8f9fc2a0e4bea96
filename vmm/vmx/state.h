/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMX back end's state of each CPU, and the functions of switch.asm that use it. */
#ifndef VMX_STATE_H
#define VMX_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "vmm/cpu.h"
#include "vmm/vmx/vectoring.h"

struct vmx_cpu {
	uint64_t host_rsp;		/* copy of the VMCS field; for switch.asm */
	struct event event;		/* to be injected at the next VM entry */
	uint32_t exit_reason;
	uint32_t proc_controls;		/* copy of the VMCS field */
	uint32_t exception_bitmap;	/* copy of the VMCS field */
	uint8_t timer_shift;		/* a tick of the preemption timer is 2^this ticks of the TSC */
	bool stepping;			/* vcpu_step() runs */
};

/* What a CPU that leaves root mode takes back to the firmware besides struct cpu's regs. */
struct leave_state {
	uint64_t cr3, rsp, rip, efer;
	uint64_t leave;			/* boot_info.leave */
};

_Static_assert(sizeof(struct vmx_cpu) <= sizeof(((struct cpu *)0)->back_end), "room in struct cpu");

/*
 * Enters the guest until its next exit; @launched: by VMRESUME, else by VMLAUNCH. Nonzero: the
 * instruction failed, the guest did not run. Root mode, own CPU.
 */
int vmx_enter(struct cpu *c, bool launched);

/* The address at which each VM exit arrives, in the middle of vmx_enter(). */
extern const char vm_exit_entry[];

/* Gives the CPU, which has left VMX operation, back to the firmware. */
_Noreturn void vmx_leave(const struct cpu *c, const struct leave_state *s);

/* This back end's part of @c. */
static inline struct vmx_cpu *vmx_of(struct cpu *c)
{
	return (struct vmx_cpu *)c->back_end;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Into VMX operation and out of it again, one CPU at a time. */
#ifndef VMX_LAUNCH_H
#define VMX_LAUNCH_H

#include <stdbool.h>
#include "vmm/boot_info.h"
#include "vmm/cpu.h"

/* What a CPU that leaves takes back to the firmware; @leave is boot_info.leave. */
struct leave_state {
	uint64_t regs[GUEST_REGS];
	uint64_t cr3, rsp, rip, efer, leave;
};

/* Memory for steps, bitmaps all CPUs share; boot CPU, once. False if the pool is empty. */
bool launch_init(void);

/**
 * launch_cpu - VMXON, VMCS, VMLAUNCH; the firmware goes on as the guest
 * Returns only on failure (enum resident_status), with VMX off again.
 */
enum resident_status launch_cpu(struct cpu *c);

/* VMXOFF and back to the firmware behind its VMCALL, for boot/'s undo. */
_Noreturn void launch_undo(struct cpu *c);

/* From now on nothing of the firmware's is mapped: drops the low half of root mode's tables. */
void launch_seal(void);
/* Has that happened? Any CPU. */
bool launch_sealed(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of C that vmx/switch.asm uses besides those of vmm/offsets.c; see vmm/offsets.h. */
#include "vmm/cpu.h"
#include "vmm/offsets.h"
#include "vmm/vmx/state.h"
#include "vmm/vmx/vmcs.h"

static __attribute__((used)) void entry(void)
{
	NUMBER(HOST_RSP);
	VALUE(CPU_HOST_RSP, offsetof(struct cpu, back_end) + offsetof(struct vmx_cpu, host_rsp));
}

static __attribute__((used)) void leave(void)
{
	OFFSET(LEAVE_CR3, leave_state, cr3);
	OFFSET(LEAVE_RSP, leave_state, rsp);
	OFFSET(LEAVE_RIP, leave_state, rip);
	OFFSET(LEAVE_EFER, leave_state, efer);
	OFFSET(LEAVE_TO, leave_state, leave);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes to the VMCS what an entry needs, and runs one round of entry and exit. */
#include "vmm/emulate/reset.h"
#include "vmm/log.h"
#include "vmm/vcpu.h"
#include "vmm/vmx/exit.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/state.h"
#include "vmm/x86.h"

/* Exceptions that end a step. Not #DB, for which the CPU has to set DR6, nor #MC. */
#define STEP_EXCEPTIONS	(~(1u << VECTOR_DB | 1u << VECTOR_NMI | 1u << VECTOR_MC))
#define STEP_EXITS	64u	/* a single instruction with its faults and NMIs needs a handful */

/* Writes a VMCS field only if its value changes; @kept is a copy of the value in the VMCS. */
static void set_kept(uint32_t field, uint32_t *kept, uint32_t want)
{
	if (want != *kept)
		vmwrite(field, want);
	*kept = want;
}

static void prepare_event(struct cpu *c)
{
	struct event *e = &vmx_of(c)->event;

	if (c->mc_pending && !e->info && !c->wait_sipi) {
		c->mc_pending = false;
		e->info = EVENT_VALID | EVENT_HW_EXCEPTION | VECTOR_MC;
	}
	if (!e->info)
		return;
	if (e->info == VECTORING_TRIPLE_FAULT)
		guest_shutdown();
	vmwrite(ENTRY_INTERRUPTION_INFO, e->info);
	if (e->info & EVENT_HAS_ERROR)
		vmwrite(ENTRY_EXCEPTION_ERROR_CODE, e->error);
	if (e->insn_len)
		vmwrite(ENTRY_INSTRUCTION_LENGTH, e->insn_len);
	*e = (struct event){ 0 };
}

/*
 * Keeps interrupts off for the guest's next instruction without the guest seeing it: an interrupt
 * taken first would leave a step undone. The means is the STI shadow, which needs IF set; TF would
 * demand a pending single-step trap (SDM 3C "Checks on Guest Non-Register State").
 */
static void shadow_interrupts(void)
{
	uint64_t rflags = vmread(GUEST_RFLAGS);
	uint64_t blocking = vmread(GUEST_INTERRUPTIBILITY);

	if (vmread(GUEST_ACTIVITY_STATE) == ACTIVITY_ACTIVE &&
	    (rflags & RFLAGS_IF) && !(rflags & RFLAGS_TF) &&
	    !(blocking & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)))
		vmwrite(GUEST_INTERRUPTIBILITY, blocking | BLOCKING_BY_STI);
}

static void prepare_entry(struct cpu *c)
{
	struct vmx_cpu *v = vmx_of(c);
	bool stepping = (c->step.active || v->stepping) && !c->wait_sipi;
	uint32_t controls = v->proc_controls & ~(PROC_MONITOR_TRAP_FLAG | PROC_NMI_WINDOW |
						PROC_INTERRUPT_WINDOW);

	if (stepping) {
		controls |= PROC_MONITOR_TRAP_FLAG;
		if (!v->event.info)
			shadow_interrupts();
	} else if (c->nmi_pending && !c->wait_sipi) {
		/* Deliver an NMI only in its window: some CPUs refuse it in an STI shadow. */
		controls |= PROC_NMI_WINDOW;
	}
	if (!stepping && c->window_wanted)
		controls |= PROC_INTERRUPT_WINDOW;
	set_kept(PROC_BASED_CONTROLS, &v->proc_controls, controls);
	set_kept(EXCEPTION_BITMAP, &v->exception_bitmap, stepping ? STEP_EXCEPTIONS : 0);
	prepare_event(c);
}

void vcpu_run(struct cpu *c)
{
	prepare_entry(c);
	if (vmx_enter(c, true)) {
		vmx_dump(c);
		vmx_failed("vmresume", c->index);
	}
	c->exits++;
	cpu_set_mode(c, CPU_ROOT);
	vmx_of(c)->exit_reason = (uint32_t)vmread(EXIT_REASON);
	exit_handle(c);
}

bool vcpu_step(struct cpu *c)
{
	struct vmx_cpu *v = vmx_of(c);
	uint64_t rip = vcpu_linear_rip();
	bool done = false;

	/* A pending event would be delivered first and save this RIP; a halted CPU executes nothing. */
	if (v->event.info || c->mc_pending || vmread(GUEST_ACTIVITY_STATE) != ACTIVITY_ACTIVE)
		return false;
	v->stepping = true;
	for (unsigned int i = 0; i < STEP_EXITS && !done; i++) {
		vcpu_run(c);
		/* An exception would save this RIP on the stack: the CPU would return into the window. */
		if (v->event.info || c->wait_sipi)
			break;
		done = !c->step.active && ((uint16_t)v->exit_reason == EXIT_MONITOR_TRAP ||
					   vcpu_linear_rip() != rip);
	}
	v->stepping = false;
	return done;
}

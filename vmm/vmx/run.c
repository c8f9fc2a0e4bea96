/* SPDX-License-Identifier: GPL-2.0-only */
/* What is put into the VMCS before each VM entry, and the loop of entries and exits. */
#include "vmm/vmx/run.h"
#include "vmm/cpu.h"
#include "vmm/log.h"
#include "vmm/emulate/reset.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/vmx/ops.h"
#include "vmm/smp/startup.h"
#include "vmm/step.h"
#include "vmm/x86.h"

/*
 * Exceptions that end a step. Not #DB, whose DR6 is hardware's to set, nor #MC.
 */
#define STEP_EXCEPTIONS	(~(1u << VECTOR_DB | 1u << VECTOR_NMI | 1u << VECTOR_MC))
#define STEP_EXITS	64u	/* a single instruction with its faults and NMIs needs a handful */

uint64_t vcpu_linear_rip(void)
{
	uint64_t rip = vmread(GUEST_RIP);

	/* in 64-bit mode CS has no base, whatever the field says */
	if (vmread(ENTRY_CONTROLS) & ENTRY_IA32E_GUEST &&
	    vmread(GUEST_CS_ACCESS_RIGHTS) & (1u << 13))
		return rip;
	return vmread(GUEST_CS_BASE) + rip;
}

void vcpu_inject(struct cpu *c, uint8_t vector, uint32_t error)
{
	bool protected = vmread(GUEST_CR0) & CR0_PE;
	struct event first = c->event;
	bool keep;

	c->event = event_merge(first, vector, exception_has_error(vector), error, &keep);
	/* real mode pushes none, and VM entry refuses one (SDM 3C "Checks on VM-Entry Control Fields") */
	if (!protected && c->event.info != VECTORING_TRIPLE_FAULT)
		c->event.info &= ~EVENT_HAS_ERROR;
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

/* A field whose value is kept: most entries leave it as it is. */
static void set_kept(uint32_t field, uint32_t *kept, uint32_t want)
{
	if (want != *kept)
		vmwrite(field, want);
	*kept = want;
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

void guest_shutdown(struct cpu *c)
{
	(void)c;
	log_line(LOG_ERROR, "triple fault of the guest, RIP 0x%lx: resetting the machine",
		 vcpu_linear_rip());
	machine_reset();
}

static void prepare_event(struct cpu *c)
{
	if (c->mc_pending && !c->event.info && !c->wait_sipi) {
		c->mc_pending = false;
		c->event.info = EVENT_VALID | EVENT_HW_EXCEPTION | VECTOR_MC;
	}
	if (!c->event.info)
		return;
	if (c->event.info == VECTORING_TRIPLE_FAULT)
		guest_shutdown(c);
	vmwrite(ENTRY_INTERRUPTION_INFO, c->event.info);
	if (c->event.info & EVENT_HAS_ERROR)
		vmwrite(ENTRY_EXCEPTION_ERROR_CODE, c->event.error);
	if (c->event.insn_len)
		vmwrite(ENTRY_INSTRUCTION_LENGTH, c->event.insn_len);
	c->event = (struct event){ 0 };
}

static void prepare_entry(struct cpu *c)
{
	bool stepping = (c->step.active || c->mtf_wanted) && !c->wait_sipi;
	uint32_t controls = c->proc_controls & ~(PROC_MONITOR_TRAP_FLAG | PROC_NMI_WINDOW |
						PROC_INTERRUPT_WINDOW);

	if (stepping) {
		controls |= PROC_MONITOR_TRAP_FLAG;
		if (!c->event.info)
			step_shadow();
	} else if (c->nmi_pending && !c->wait_sipi) {
		/* an NMI goes in by its window only: some CPUs refuse it in an STI shadow */
		controls |= PROC_NMI_WINDOW;
	}
	if (!stepping && c->window_wanted)
		controls |= PROC_INTERRUPT_WINDOW;
	set_kept(PROC_BASED_CONTROLS, &c->proc_controls, controls);
	set_kept(EXCEPTION_BITMAP, &c->exception_bitmap, stepping ? STEP_EXCEPTIONS : 0);
	prepare_event(c);
}

static void run_once(struct cpu *c)
{
	prepare_entry(c);
	if (vcpu_enter(c, true)) {
		exit_dump(c);
		vmx_failed("vmresume", c->index);
	}
	c->exits++;
	cpu_set_mode(c, CPU_ROOT);
	c->exit_reason = (uint32_t)vmread(EXIT_REASON);
	exit_handle(c);
}

void vcpu_loop(struct cpu *c)
{
	for (;;) {
		sipi_pass_on(c);
		rendezvous_requests(c);
		run_once(c);
	}
}

bool vcpu_step(struct cpu *c)
{
	uint64_t rip = vcpu_linear_rip();
	bool done = false;

	/* what is to be delivered first would save this RIP; a halted CPU executes nothing */
	if (c->event.info || c->mc_pending || vmread(GUEST_ACTIVITY_STATE) != ACTIVITY_ACTIVE)
		return false;
	c->mtf_wanted = true;
	for (unsigned int i = 0; i < STEP_EXITS && !done; i++) {
		run_once(c);
		/* an exception would save this RIP on a stack: the CPU is not out */
		if (c->event.info || c->wait_sipi)
			break;
		done = !c->step.active && ((uint16_t)c->exit_reason == EXIT_MONITOR_TRAP ||
					   vcpu_linear_rip() != rip);
	}
	c->mtf_wanted = false;
	return done;
}

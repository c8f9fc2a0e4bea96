/* SPDX-License-Identifier: GPL-2.0-only */
/* Handles VM exits: one handler for each exit reason of SDM 3D appendix C that can occur. */
#include "vmm/vmx/exit.h"
#include "vmm/access.h"
#include "vmm/emulate/cpuid.h"
#include "vmm/emulate/msr.h"
#include "vmm/emulate/ports.h"
#include "vmm/emulate/reset.h"
#include "vmm/loader.h"
#include "vmm/log.h"
#include "vmm/session.h"
#include "vmm/smp/kick.h"
#include "vmm/smp/startup.h"
#include "vmm/traps.h"
#include "vmm/vcpu.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/state.h"
#include "vmm/x86.h"

#define CR_ACCESS_MOV_TO	0u
#define STEP_US			20u	/* time to the next timer exit while a step is active */

/*
 * Blocks NMIs again after an IRET that faulted: IRET unblocks them first, and will be run again
 * (SDM 3C "Information for VM Exits Due to Vectored Events", bit 12).
 */
static void undo_nmi_unblocking(struct cpu *c, uint64_t info)
{
	if ((info & NMI_UNBLOCKING_BY_IRET) && !vmx_of(c)->event.info)
		vmwrite(GUEST_INTERRUPTIBILITY, vmread(GUEST_INTERRUPTIBILITY) | BLOCKING_BY_NMI);
}

/*
 * Ends a step whose instruction raised an exception, and passes the exception to the guest. Exceptions
 * exit only during steps, because CPUs differ in what they do when a fault and a monitor trap meet.
 */
static void exit_exception_or_nmi(struct cpu *c)
{
	uint32_t info = (uint32_t)vmread(EXIT_INTERRUPTION_INFO);
	uint8_t vector = info & EVENT_VECTOR_MASK;

	if ((info & EVENT_TYPE_MASK) == EVENT_NMI) {
		nmi_landed(c);
		return;
	}
	undo_nmi_unblocking(c, info);
	step_finish(c);
	if (vector == VECTOR_PF)
		write_cr(2, vmread(EXIT_QUALIFICATION));
	if ((info & EVENT_TYPE_MASK) == EVENT_HW_EXCEPTION)
		vcpu_inject(c, vector, (uint32_t)vmread(EXIT_INTERRUPTION_ERROR_CODE));
	else
		vmx_of(c)->event = event_from_vectoring(info, 0, (uint32_t)vmread(EXIT_INSTRUCTION_LENGTH));
}

/*
 * The guest exits when it has run for @ticks of the TSC, or a little before. One tick of the timer
 * is 2^shift ticks of the TSC (SDM 3C "VMX-Preemption Timer").
 */
static void set_timer(struct cpu *c, uint64_t ticks)
{
	uint64_t t = ticks >> vmx_of(c)->timer_shift;

	vmwrite(PREEMPTION_TIMER_VALUE, t > UINT32_MAX ? UINT32_MAX : t ? t : 1);
}

static void exit_timer(struct cpu *c)
{
	uint64_t next = ticks_us(STEP_US);

	c->timer_exits++;
	c->exit_tsc = rdtsc();
	/* During a step try again soon: the session runs when the step has executed its instruction. */
	if (!c->step.active && !vmx_of(c)->stepping)
		next = session_poll(c);
	set_timer(c, next);
}

static void exit_nmi_window(struct cpu *c)
{
	c->nmi_pending = false;
	vmx_of(c)->event = (struct event){ .info = EVENT_VALID | EVENT_NMI | VECTOR_NMI };
}

/* The guest takes interrupts again: runs the session's slice if that has waited for it. */
static void exit_interrupt_window(struct cpu *c)
{
	c->window_wanted = false;
	if (c->session_waited)
		exit_timer(c);
}

static void exit_init(struct cpu *c)
{
	/*
	 * Do as little as possible here: while the CPU is in root mode it drops a SIPI, which
	 * may follow at once (docs/platforms.md). startup_sipi() resets the registers and the
	 * local APIC.
	 */
	vmwrite(GUEST_ACTIVITY_STATE, ACTIVITY_WAIT_FOR_SIPI);
	vmwrite(GUEST_INTERRUPTIBILITY, 0);
	vmwrite(GUEST_PENDING_DEBUG, 0);
	vmx_of(c)->event.info = 0;
	startup_init(c);
}

static void exit_sipi(struct cpu *c)
{
	startup_sipi(c, (uint8_t)vmread(EXIT_QUALIFICATION));
}

static void exit_triple_fault(struct cpu *c)
{
	(void)c;
	guest_shutdown();
}

static void exit_task_switch(struct cpu *c)
{
	/*
	 * Only a 32-bit guest gets here. A task switch would need its TSS walked in
	 * root mode; no supported guest uses one.
	 */
	log_line(LOG_WARNING, "task switch to selector 0x%x refused with #GP, RIP 0x%lx",
		 (uint16_t)vmread(EXIT_QUALIFICATION), vcpu_linear_rip());
	vcpu_inject(c, VECTOR_GP, (uint16_t)vmread(EXIT_QUALIFICATION) & 0xfff8u);
}

/* GETSEC, VMX instructions, VMFUNC: #UD, as on a CPU without SMX and VMX. */
static void exit_undefined(struct cpu *c)
{
	vcpu_inject(c, VECTOR_UD, 0);
}

/* Completes the instruction if @ok; else injects @vector, with error code 0 if it takes one. */
static void finish(struct cpu *c, bool ok, uint8_t vector)
{
	if (ok)
		vcpu_skip();
	else
		vcpu_inject(c, vector, 0);
}

static void exit_vmcall(struct cpu *c)
{
	finish(c, loader_call(c, c->regs[REG_RAX]), VECTOR_UD);
}

static void exit_invd(struct cpu *c)
{
	(void)c;
	/* The caches hold root mode's data too, so they are written back and never discarded. */
	__asm__ volatile("wbinvd" : : : "memory");
	vcpu_skip();
}

/*
 * MOV to CR0 or CR4 exits only if it would change a bit of the mask away from its
 * shadow. CR0: the mask is NE. The shadow takes what the guest wants and the
 * instruction runs again, now without an exit and with all of hardware's checks.
 * CR4: the mask is VMXE and SMXE, which CPUID does not show: reserved, so #GP.
 */
static void exit_cr_access(struct cpu *c)
{
	uint64_t qual = vmread(EXIT_QUALIFICATION);

	if ((qual & 15) == 0 && (qual >> 4 & 3) == CR_ACCESS_MOV_TO)
		vmwrite(CR0_READ_SHADOW, vmread(CR0_READ_SHADOW) ^ CR0_NE);
	else
		vcpu_inject(c, VECTOR_GP, 0);
}

static void exit_io(struct cpu *c)
{
	uint64_t qual = vmread(EXIT_QUALIFICATION);

	ports_access(c, (qual & 7) + 1, qual & 8, qual & 16);
}

static void exit_rdmsr(struct cpu *c)
{
	uint64_t v;
	bool ok = msr_read((uint32_t)c->regs[REG_RCX], &v);

	if (ok) {
		c->regs[REG_RAX] = (uint32_t)v;
		c->regs[REG_RDX] = v >> 32;
	}
	finish(c, ok, VECTOR_GP);
}

/* The value that WRMSR and XSETBV write. */
static uint64_t edx_eax(const struct cpu *c)
{
	return (uint32_t)c->regs[REG_RAX] | c->regs[REG_RDX] << 32;
}

static void exit_wrmsr(struct cpu *c)
{
	finish(c, msr_write((uint32_t)c->regs[REG_RCX], edx_eax(c)), VECTOR_GP);
}

static void exit_xsetbv(struct cpu *c)
{
	finish(c, xsetbv_safe((uint32_t)c->regs[REG_RCX], edx_eax(c)), VECTOR_GP);
}

static void exit_ept_violation(struct cpu *c)
{
	uint64_t qual = vmread(EXIT_QUALIFICATION), gpa = vmread(GUEST_PHYSICAL_ADDRESS);
	/* bits 2:0 are read, write, fetch, as in ACCESS_* */
	unsigned int access = qual & 7;
	uint64_t gva = access & ACCESS_FETCH ? vmread(GUEST_LINEAR_ADDRESS) : 0;

	undo_nmi_unblocking(c, qual);
	if (access_refused(c, gpa, gva, access))
		return;
	vmx_dump(c);
	cpu_park("EPT violation at 0x%lx that no view explains, qualification 0x%lx", gpa, qual);
}

static void exit_ept_misconfig(struct cpu *c)
{
	vmx_dump(c);
	cpu_park("EPT misconfiguration at 0x%lx", vmread(GUEST_PHYSICAL_ADDRESS));
}

static void (*const handlers[EXIT_REASONS])(struct cpu *) = {
	[EXIT_EXCEPTION_OR_NMI]		= exit_exception_or_nmi,
	[EXIT_TRIPLE_FAULT]		= exit_triple_fault,
	[EXIT_INIT]			= exit_init,
	[EXIT_SIPI]			= exit_sipi,
	[EXIT_INTERRUPT_WINDOW]		= exit_interrupt_window,
	[EXIT_NMI_WINDOW]		= exit_nmi_window,
	[EXIT_TASK_SWITCH]		= exit_task_switch,
	[EXIT_CPUID]			= cpuid_emulate,
	[EXIT_GETSEC]			= exit_undefined,
	[EXIT_INVD]			= exit_invd,
	[EXIT_VMCALL]			= exit_vmcall,
	[EXIT_VMCLEAR ... EXIT_VMXON]	= exit_undefined,
	[EXIT_CR_ACCESS]		= exit_cr_access,
	[EXIT_IO]			= exit_io,
	[EXIT_RDMSR]			= exit_rdmsr,
	[EXIT_WRMSR]			= exit_wrmsr,
	[EXIT_MONITOR_TRAP]		= step_finish,
	[EXIT_EPT_VIOLATION]		= exit_ept_violation,
	[EXIT_EPT_MISCONFIG]		= exit_ept_misconfig,
	[EXIT_INVEPT]			= exit_undefined,
	[EXIT_PREEMPTION_TIMER]		= exit_timer,
	[EXIT_INVVPID]			= exit_undefined,
	[EXIT_XSETBV]			= exit_xsetbv,
	[EXIT_VMFUNC]			= exit_undefined,
};

/* Delivers again the event that this exit interrupted, unless the handler decides otherwise. */
static void take_vectoring(struct cpu *c)
{
	uint32_t info = (uint32_t)vmread(IDT_VECTORING_INFO);
	uint64_t blocking;

	if (!(info & EVENT_VALID))
		return;
	vmx_of(c)->event = event_from_vectoring(info, (uint32_t)vmread(IDT_VECTORING_ERROR_CODE),
						(uint32_t)vmread(EXIT_INSTRUCTION_LENGTH));
	if ((info & EVENT_TYPE_MASK) == EVENT_NMI) {
		/* The NMI was not delivered, so NMIs must not be blocked when it is delivered again. */
		blocking = vmread(GUEST_INTERRUPTIBILITY);
		vmwrite(GUEST_INTERRUPTIBILITY, blocking & ~(uint64_t)BLOCKING_BY_NMI);
	}
}

void exit_handle(struct cpu *c)
{
	uint32_t why = vmx_of(c)->exit_reason;
	uint16_t reason = (uint16_t)why;

	if (why & EXIT_REASON_ENTRY_FAILURE) {
		vmx_dump(c);
		cpu_park("VM entry failed, exit reason 0x%x", why);
	}
	take_vectoring(c);
	if (reason < EXIT_REASONS && handlers[reason]) {
		handlers[reason](c);
		return;
	}
	vmx_dump(c);
	vcpu_inject(c, VECTOR_UD, 0);
}

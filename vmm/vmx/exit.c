/* SPDX-License-Identifier: GPL-2.0-only */
/* One handler for each exit reason of SDM 3D appendix C that our controls let happen. */
#include "vmm/cpu.h"
#include "patcher/engine/engine.h"
#include "patcher/engine/guest.h"
#include "vmm/mem/guest.h"
#include "vmm/log.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/emulate/reset.h"
#include "vmm/session.h"
#include "vmm/traps.h"
#include "vmm/vmx/exit.h"
#include "vmm/vmx/launch.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/run.h"
#include "vmm/smp/startup.h"
#include "vmm/step.h"
#include "patcher/wire/mem.h"
#include "vmm/x86.h"

#define CR_ACCESS_MOV_TO	0u
#define STEP_US			20u

/*
 * IRET unblocks NMIs before it can fault; run again, it must find them blocked
 * (SDM 3C "Information for VM Exits Due to Vectored Events", bit 12).
 */
static void undo_nmi_unblocking(struct cpu *c, uint64_t info)
{
	if ((info & NMI_UNBLOCKING_BY_IRET) && !c->event.info)
		vmwrite(GUEST_INTERRUPTIBILITY, vmread(GUEST_INTERRUPTIBILITY) | BLOCKING_BY_NMI);
}

/*
 * The instruction of a step raised an exception: the step is over, the guest gets
 * the exception. Exceptions exit during steps only, so that a fault does not
 * depend on what the monitor trap makes of it.
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
		write_cr2(vmread(EXIT_QUALIFICATION));
	if ((info & EVENT_TYPE_MASK) == EVENT_HW_EXCEPTION)
		vcpu_inject(c, vector, (uint32_t)vmread(EXIT_INTERRUPTION_ERROR_CODE));
	else
		c->event = event_from_vectoring(info, 0, (uint32_t)vmread(EXIT_INSTRUCTION_LENGTH));
}

static void exit_timer(struct cpu *c)
{
	/* in a step the session waits for the one instruction; VM entry takes time too */
	uint32_t next = session_timer_us(STEP_US);

	c->timer_exits++;
	c->exit_tsc = rdtsc();
	if (!c->step.active && !c->mtf_wanted)
		next = session_poll(c);
	vmwrite(PREEMPTION_TIMER_VALUE, next);
}

static void exit_nmi_window(struct cpu *c)
{
	c->nmi_pending = false;
	c->event = (struct event){ .info = EVENT_VALID | EVENT_NMI | VECTOR_NMI };
}

/* The guest takes interrupts again: what waited for that (a rendezvous, the session) comes now. */
static void exit_interrupt_window(struct cpu *c)
{
	c->window_wanted = false;
	if (c->session_waited)
		exit_timer(c);
}

static void exit_init(struct cpu *c)
{
	/*
	 * Nothing but this before the CPU waits: a SIPI that follows at once is
	 * dropped while the CPU is in root mode (docs/platforms.md). What INIT does to
	 * the registers and the local APIC is done at the SIPI.
	 */
	vmwrite(GUEST_ACTIVITY_STATE, ACTIVITY_WAIT_FOR_SIPI);
	vmwrite(GUEST_INTERRUPTIBILITY, 0);
	vmwrite(GUEST_PENDING_DEBUG, 0);
	c->wait_sipi = true;
	c->event.info = 0;
	c->nmi_pending = false;
	step_finish(c);
	if (c->index == 0)
		machine_reset();
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

/* GETSEC, VMX instructions, VMFUNC: what a CPU without SMX and VMX does. */
static void exit_undefined(struct cpu *c)
{
	vcpu_inject(c, VECTOR_UD, 0);
}

static void exit_vmcall(struct cpu *c)
{
	if (!launch_sealed() && c->regs[REG_RAX] == RESIDENT_CALL_UNDO)
		launch_undo(c);
	if (!launch_sealed() && c->regs[REG_RAX] == RESIDENT_CALL_SEAL) {
		launch_seal();
		vcpu_skip();
		return;
	}
	exit_undefined(c);
}

static void exit_invd(struct cpu *c)
{
	(void)c;
	/* caches hold root mode's data too: written back, never thrown away */
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
	unsigned int size = (qual & 7) + 1;
	bool in = qual & 8, string = qual & 16;
	uint64_t mask = size == 4 ? 0xffffffffull : (1ull << 8 * size) - 1;

	if (string) {
		step_io(c);
		return;
	}
	/* as if no UART were there; a 32-bit result clears the upper half */
	if (in)
		c->regs[REG_RAX] = (size == 4 ? 0 : c->regs[REG_RAX] & ~mask) | mask;
	vcpu_skip();
}

/* The instruction is done, or raises #GP. */
static void finish(struct cpu *c, bool ok)
{
	if (ok)
		vcpu_skip();
	else
		vcpu_inject(c, VECTOR_GP, 0);
}

static void exit_rdmsr(struct cpu *c)
{
	uint64_t v;
	bool ok = msr_read((uint32_t)c->regs[REG_RCX], &v);

	if (ok) {
		c->regs[REG_RAX] = (uint32_t)v;
		c->regs[REG_RDX] = v >> 32;
	}
	finish(c, ok);
}

/* The value that WRMSR and XSETBV write. */
static uint64_t edx_eax(const struct cpu *c)
{
	return (uint32_t)c->regs[REG_RAX] | c->regs[REG_RDX] << 32;
}

static void exit_wrmsr(struct cpu *c)
{
	finish(c, msr_write((uint32_t)c->regs[REG_RCX], edx_eax(c)));
}

static void exit_xsetbv(struct cpu *c)
{
	finish(c, xsetbv_safe((uint32_t)c->regs[REG_RCX], edx_eax(c)));
}

static void entry_failure(struct cpu *c)
{
	exit_dump(c);
	cpu_park("VM entry failed, exit reason 0x%x", c->exit_reason);
}

/* A page of scratch that shows @from (or zeros) to one writing instruction and forgets. */
static uint64_t scratch_page(struct cpu *c, uint64_t from)
{
	uint8_t *scratch = (uint8_t *)c + WORLD_SCRATCH * PAGE_SIZE;

	if (from)
		memcpy(scratch, (void *)(from - boot_info.phys + RESIDENT_VA), PAGE_SIZE);
	else
		memset(scratch, 0, PAGE_SIZE);
	return c->scratch_hpa;
}

/* Pages that hide root mode, and unused annex: read as zero, writes are lost and counted. */
static void hidden_access(struct cpu *c, uint64_t page, uint64_t qual)
{
	if (qual & EPT_QUAL_WRITE) {
		c->hidden_writes++;
		/* executable too, for an instruction of zeros that writes to its own page */
		step_open(c, page, scratch_page(c, 0), true);
	} else {
		step_open(c, page, view_zero_page, false);
	}
}

static void annex_data_fetch(struct cpu *c, uint64_t gva)
{
	uint32_t error = PF_PRESENT | PF_FETCH;

	log_line(LOG_WARNING, "instruction fetch from patch data at 0x%lx refused with #PF", gva);
	if ((vmread(GUEST_SS_ACCESS_RIGHTS) >> 5 & 3) == 3)
		error |= PF_USER;
	write_cr2(gva);
	vcpu_inject(c, VECTOR_PF, error);
}

static void unknown_violation(struct cpu *c, uint64_t gpa, uint64_t qual)
{
	uint64_t generation;
	view_t view = rendezvous_view(&generation);

	/* the view changed between the access and now: it goes through when tried again */
	if (view_allows(view, gpa, qual & 7) || c->generation != generation)
		return;
	exit_dump(c);
	cpu_park("EPT violation at 0x%lx that no view explains, qualification 0x%lx", gpa, qual);
}

static void exit_ept_violation(struct cpu *c)
{
	uint64_t qual = vmread(EXIT_QUALIFICATION);
	uint64_t gpa = vmread(GUEST_PHYSICAL_ADDRESS), page = gpa & PAGE_MASK;
	bool write = qual & EPT_QUAL_WRITE;

	undo_nmi_unblocking(c, qual);
	switch (engine_page(page)) {
	case ENGINE_PAGE_GUARDED:
		step_open(c, page, page, write);
		break;
	case ENGINE_PAGE_ANNEX_TEXT:
		step_open(c, page, write ? scratch_page(c, page) : page, write);
		break;
	case ENGINE_PAGE_ANNEX_DATA:
		if (qual & EPT_QUAL_FETCH)
			annex_data_fetch(c, vmread(GUEST_LINEAR_ADDRESS));
		break;
	case ENGINE_PAGE_ANNEX_FREE:
		hidden_access(c, page, qual);
		break;
	case ENGINE_PAGE_NONE:
		if (guest_hidden(page))
			hidden_access(c, page, qual);
		else
			unknown_violation(c, gpa, qual);
		break;
	}
}

static void exit_ept_misconfig(struct cpu *c)
{
	exit_dump(c);
	cpu_park("EPT misconfiguration at 0x%lx", vmread(GUEST_PHYSICAL_ADDRESS));
}

static void (*const handlers[EXIT_REASONS])(struct cpu *) = {
	[EXIT_EXCEPTION_OR_NMI]		= exit_exception_or_nmi,
	[EXIT_TRIPLE_FAULT]		= guest_shutdown,
	[EXIT_INIT]			= exit_init,
	[EXIT_SIPI]			= sipi_start,
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
	[EXIT_BAD_GUEST_STATE]		= entry_failure,
	[EXIT_BAD_MSR_LOAD]		= entry_failure,
	[EXIT_MACHINE_CHECK_ENTRY]	= entry_failure,
	[EXIT_MONITOR_TRAP]		= step_finish,
	[EXIT_EPT_VIOLATION]		= exit_ept_violation,
	[EXIT_EPT_MISCONFIG]		= exit_ept_misconfig,
	[EXIT_INVEPT]			= exit_undefined,
	[EXIT_PREEMPTION_TIMER]		= exit_timer,
	[EXIT_INVVPID]			= exit_undefined,
	[EXIT_XSETBV]			= exit_xsetbv,
	[EXIT_VMFUNC]			= exit_undefined,
};

/* What this exit interrupted goes in again, unless the handler decides otherwise. */
static void take_vectoring(struct cpu *c)
{
	uint32_t info = (uint32_t)vmread(IDT_VECTORING_INFO);
	uint64_t blocking;

	if (!(info & EVENT_VALID))
		return;
	c->event = event_from_vectoring(info, (uint32_t)vmread(IDT_VECTORING_ERROR_CODE),
					(uint32_t)vmread(EXIT_INSTRUCTION_LENGTH));
	if ((info & EVENT_TYPE_MASK) == EVENT_NMI) {
		/* it was not delivered, so it must not be blocked when it goes in again */
		blocking = vmread(GUEST_INTERRUPTIBILITY);
		vmwrite(GUEST_INTERRUPTIBILITY, blocking & ~(uint64_t)BLOCKING_BY_NMI);
	}
}

void exit_handle(struct cpu *c)
{
	uint16_t reason = (uint16_t)c->exit_reason;

	if (c->exit_reason & EXIT_REASON_ENTRY_FAILURE)
		entry_failure(c);
	take_vectoring(c);
	if (reason < EXIT_REASONS && handlers[reason]) {
		handlers[reason](c);
		return;
	}
	exit_dump(c);
	vcpu_inject(c, VECTOR_UD, 0);
}

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
	char buf[40];
	struct text t;
	size_t n;

	if (vcpu_paging() && machine_translate(gpa, &gpa))
		return;
	n = PAGE_SIZE - (gpa & ~PAGE_MASK);
	if (n > sizeof(bytes))
		n = sizeof(bytes);
	if (machine_read(gpa, bytes, n))
		return;
	text_init(&t, buf, sizeof(buf));
	text_bytes(&t, bytes, n);
	log_line(LOG_ERROR, "  bytes at rip: %s", buf);
}

void exit_dump(struct cpu *c)
{
	char buf[160];
	struct text t;

	log_line(LOG_ERROR, "unexpected VM exit, reason %u:", (uint16_t)c->exit_reason);
	for (unsigned int i = 0; i < sizeof(dumped) / sizeof(dumped[0]);) {
		text_init(&t, buf, sizeof(buf));
		for (unsigned int n = 0; n < 4 && i < sizeof(dumped) / sizeof(dumped[0]); n++, i++)
			text_kv_hex(&t, dumped[i].name, vmread(dumped[i].field));
		log_line(LOG_ERROR, " %s", buf);
	}
	dump_bytes();
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Launches a CPU with a VMCS made from the firmware's registers, and takes it back. */
#include "vmm/cpu.h"
#include "vmm/loader.h"
#include "vmm/log.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/traps.h"
#include "vmm/vcpu.h"
#include "vmm/vmx/exit.h"
#include "vmm/vmx/msrs.h"
#include "vmm/vmx/ops.h"
#include "vmm/vmx/state.h"
#include "patcher/engine/guest.h"
#include "vmm/x86.h"

#define HOST_PAT	0x0007040600070406ull	/* the reset value */

_Static_assert(sizeof(struct cpu) <= WORLD_CPU_PAGES * PAGE_SIZE, "world layout");

/* The back end's two pages of a world. */
#define VMXON_PAGE	WORLD_BACK_END
#define VMCS_PAGE	(WORLD_BACK_END + 1)

#define MSR_BITMAP_PAGE	2u	/* of the bitmaps; the two before it are for I/O ports */
#define BITMAP_WRITE	2048u	/* offset of the write half of the MSR bitmap */

static uint64_t bitmaps;

bool vcpu_init(void)
{
	bitmaps = pool_alloc(MSR_BITMAP_PAGE + 1);
	return bitmaps;
}

/* SDM 3C "MSR-Bitmap Address": MSRs 0 ... 1FFFH come first; those above are not ours to intercept. */
void vcpu_intercept_msr(uint32_t msr, bool read, bool write)
{
	uint8_t *bitmap = pool_va(bitmaps + MSR_BITMAP_PAGE * PAGE_SIZE), bit = (uint8_t)(1u << msr % 8);

	bitmap[msr / 8] |= read ? bit : 0;
	bitmap[BITMAP_WRITE + msr / 8] |= write ? bit : 0;
}

void vcpu_intercept_port(uint16_t port)
{
	((uint8_t *)pool_va(bitmaps))[port / 8] |= (uint8_t)(1u << port % 8);
}

/* enum segment_register has the order of the VMCS, and access the bits of its access rights. */
static void guest_segments(const struct firmware_state *fw)
{
	for (unsigned int i = 0; i < SEGMENTS; i++) {
		const struct segment *s = &fw->segment[i];

		vmwrite(GUEST_ES_SELECTOR + 2 * i, s->selector);
		vmwrite(GUEST_ES_LIMIT + 2 * i, s->limit);
		vmwrite(GUEST_ES_ACCESS_RIGHTS + 2 * i, s->access);
		vmwrite(GUEST_ES_BASE + 2 * i, s->base);
	}
	vmwrite(GUEST_GDTR_BASE, fw->gdt_base);
	vmwrite(GUEST_GDTR_LIMIT, fw->gdt_limit);
	vmwrite(GUEST_IDTR_BASE, fw->idt_base);
	vmwrite(GUEST_IDTR_LIMIT, fw->idt_limit);
}

static void guest_state(struct cpu *c)
{
	const struct firmware_state *fw = &c->fw;
	const struct vmcs_value fields[] = {
		{ GUEST_CR0, fw->cr0 | CR0_NE }, { CR0_GUEST_HOST_MASK, CR0_NE },
		{ CR0_READ_SHADOW, fw->cr0 }, { GUEST_CR3, fw->cr3 },
		{ GUEST_CR4, fw->cr4 | CR4_VMXE }, { CR4_GUEST_HOST_MASK, CR4_VMXE | CR4_SMXE },
		{ CR4_READ_SHADOW, fw->cr4 & ~(CR4_VMXE | CR4_SMXE) }, { GUEST_DR7, 0x400 },
		{ GUEST_RSP, fw->rsp }, { GUEST_RIP, fw->rip }, { GUEST_RFLAGS, fw->rflags },
		{ GUEST_SYSENTER_CS, rdmsr(MSR_SYSENTER_CS) },
		{ GUEST_SYSENTER_ESP, rdmsr(MSR_SYSENTER_ESP) },
		{ GUEST_SYSENTER_EIP, rdmsr(MSR_SYSENTER_EIP) },
		{ GUEST_IA32_DEBUGCTL, rdmsr(MSR_DEBUGCTL) }, { GUEST_IA32_PAT, rdmsr(MSR_PAT) },
		{ GUEST_IA32_EFER, fw->efer }, { GUEST_INTERRUPTIBILITY, 0 },
		{ GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE }, { GUEST_PENDING_DEBUG, 0 },
		{ VMCS_LINK_POINTER, ~0ull },
	};

	guest_segments(fw);
	vmwrite_all(fields, sizeof(fields) / sizeof(fields[0]));
}

static void host_state(struct cpu *c)
{
	uint64_t osxsave = cpuid(1, 0).ecx & (1u << 26) ? CR4_OSXSAVE : 0;
	const struct vmcs_value fields[] = {
		{ HOST_CR0, CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG },
		{ HOST_CR3, boot_info.cr3 }, { HOST_CR4, CR4_PAE | CR4_MCE | CR4_VMXE | osxsave },
		{ HOST_IA32_EFER, EFER_LME | EFER_LMA | EFER_NXE }, { HOST_IA32_PAT, HOST_PAT },
		{ HOST_ES_SELECTOR, SELECTOR_DATA }, { HOST_CS_SELECTOR, SELECTOR_CODE },
		{ HOST_SS_SELECTOR, SELECTOR_DATA }, { HOST_DS_SELECTOR, SELECTOR_DATA },
		{ HOST_FS_SELECTOR, 0 }, { HOST_GS_SELECTOR, 0 }, { HOST_TR_SELECTOR, SELECTOR_TSS },
		{ HOST_FS_BASE, (uint64_t)c->canary_block }, { HOST_GS_BASE, (uint64_t)c },
		{ HOST_TR_BASE, (uint64_t)&c->tss }, { HOST_GDTR_BASE, (uint64_t)c->gdt },
		{ HOST_IDTR_BASE, (uint64_t)traps_idt() }, { HOST_RIP, (uint64_t)vm_exit_entry },
		{ HOST_SYSENTER_CS, 0 }, { HOST_SYSENTER_ESP, 0 }, { HOST_SYSENTER_EIP, 0 },
	};

	vmwrite_all(fields, sizeof(fields) / sizeof(fields[0]));
	vmx_of(c)->host_rsp = 0;
}

/* The exit and entry controls, and shadow stacks with them. */
static void transition_controls(void)
{
	static const struct vmcs_value no_shadow_stack[] = {
		{ GUEST_S_CET, 0 }, { GUEST_SSP, 0 }, { GUEST_INTERRUPT_SSP_TABLE, 0 },
		{ HOST_S_CET, 0 }, { HOST_SSP, 0 }, { HOST_INTERRUPT_SSP_TABLE, 0 },
	};
	uint64_t exit_cap = rdmsr(MSR_VMX_TRUE_EXIT), entry_cap = rdmsr(MSR_VMX_TRUE_ENTRY);
	uint32_t exit = EXIT_SAVE_DEBUG | EXIT_HOST_64 | EXIT_SAVE_PAT | EXIT_LOAD_PAT |
			EXIT_SAVE_EFER | EXIT_LOAD_EFER | EXIT_SAVE_PREEMPTION_TIMER;
	uint32_t entry = ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER | ENTRY_IA32E_GUEST;

	/* the guest's SSP must not stay live in root mode, so both or neither */
	if (ctl_may(exit_cap, EXIT_LOAD_CET) && ctl_may(entry_cap, ENTRY_LOAD_CET)) {
		exit |= EXIT_LOAD_CET;
		entry |= ENTRY_LOAD_CET;
		vmwrite_all(no_shadow_stack, sizeof(no_shadow_stack) / sizeof(no_shadow_stack[0]));
	}
	vmwrite(EXIT_CONTROLS, ctl_adjust(exit_cap, exit));
	vmwrite(ENTRY_CONTROLS, ctl_adjust(entry_cap, entry));
}

static void controls(struct cpu *c)
{
	uint32_t pin = ctl_adjust(rdmsr(MSR_VMX_TRUE_PIN),
				  PIN_NMI_EXITING | PIN_VIRTUAL_NMIS | PIN_PREEMPTION_TIMER);
	uint32_t proc = ctl_adjust(rdmsr(MSR_VMX_TRUE_PROC),
				   PROC_IO_BITMAPS | PROC_MSR_BITMAPS | PROC_SECONDARY);
	uint32_t proc2 = ctl_adjust(rdmsr(MSR_VMX_PROC2),
				    PROC2_EPT | PROC2_VPID | PROC2_UNRESTRICTED_GUEST | PROC2_RDTSCP |
				    PROC2_INVPCID | PROC2_XSAVES | PROC2_USER_WAIT);
	const struct vmcs_value fields[] = {
		{ PIN_BASED_CONTROLS, pin }, { PROC_BASED_CONTROLS, proc },
		{ PROC_BASED_CONTROLS2, proc2 }, { VPID, c->index + 1 },
		{ EXCEPTION_BITMAP, 0 }, { PAGE_FAULT_ERROR_CODE_MASK, 0 },
		{ PAGE_FAULT_ERROR_CODE_MATCH, 0 }, { CR3_TARGET_COUNT, 0 },
		{ EXIT_MSR_STORE_COUNT, 0 }, { EXIT_MSR_LOAD_COUNT, 0 }, { ENTRY_MSR_LOAD_COUNT, 0 },
		{ ENTRY_INTERRUPTION_INFO, 0 }, { MSR_BITMAP, bitmaps + MSR_BITMAP_PAGE * PAGE_SIZE },
		{ IO_BITMAP_A, bitmaps }, { IO_BITMAP_B, bitmaps + PAGE_SIZE },
		{ PREEMPTION_TIMER_VALUE, 0 },
	};

	vmwrite_all(fields, sizeof(fields) / sizeof(fields[0]));
	if (proc2 & PROC2_XSAVES)
		vmwrite(XSS_EXITING_BITMAP, 0);
	transition_controls();
	vmx_of(c)->proc_controls = proc;
}

/* Writes the VMCS revision to a page of the world. Returns its host physical address. */
static uint64_t prepare_page(struct cpu *c, unsigned int page)
{
	uint32_t *p = (uint32_t *)((uint8_t *)c + page * PAGE_SIZE);

	*p = (uint32_t)rdmsr(MSR_VMX_BASIC) & 0x7fffffff;
	return resident_hpa(p);
}

/* Enters the guest for the first time. Returns only on failure, still in VMX operation. */
static enum resident_status launch(struct cpu *c)
{
	uint64_t vmcs = prepare_page(c, VMCS_PAGE);

	if (!vmclear(vmcs) || !vmptrld(vmcs))
		return RESIDENT_CONTROL_FAILED;
	controls(c);
	guest_state(c);
	host_state(c);
	rendezvous_load_view(c);
	invvpid_all();

	/* From its launch on other CPUs may kick this one, even before its first exit. */
	c->launched = true;
	cpu_set_mode(c, CPU_GUEST);
	if (vmx_enter(c, false)) {
		log_line(LOG_ERROR, "VMLAUNCH failed, VM-instruction error %lu",
			 vmread(VM_INSTRUCTION_ERROR));
		return RESIDENT_LAUNCH_FAILED;
	}
	vmx_of(c)->exit_reason = (uint32_t)vmread(EXIT_REASON);
	if (vmx_of(c)->exit_reason & EXIT_REASON_ENTRY_FAILURE) {
		vmx_dump(c);
		return RESIDENT_LAUNCH_FAILED;
	}
	cpu_set_mode(c, CPU_ROOT);
	log_line(LOG_INFO, "launched, APIC id %u", boot_info.apic_id[c->index]);
	exit_handle(c);
	cpu_loop(c);
}

/* Leaves VMX operation. Returns true if that worked. */
static bool stop_vmx(struct cpu *c)
{
	/* Before VMXOFF: after it an NMI handler must not use the VMCS. */
	c->launched = false;
	cpu_set_mode(c, CPU_OFF);
	return vmxoff();
}

enum resident_status vcpu_launch(struct cpu *c)
{
	enum resident_status why = RESIDENT_ENABLE_FAILED;

	vmx_of(c)->timer_shift = rdmsr(MSR_VMX_MISC) & 31;
	write_cr(0, c->fw.cr0 | CR0_NE);
	write_cr(4, c->fw.cr4 | CR4_VMXE);
	if (vmxon(prepare_page(c, VMXON_PAGE))) {
		why = launch(c);
		if (!stop_vmx(c))
			log_line(LOG_ERROR, "VMXOFF failed");
	}
	write_cr(4, c->fw.cr4);
	write_cr(0, c->fw.cr0);
	return why;
}

void vcpu_leave(struct cpu *c)
{
	struct leave_state s;
	uint64_t cr0 = vmread(GUEST_CR0), cr4 = vmread(GUEST_CR4);

	s.cr3 = vmread(GUEST_CR3);
	s.rsp = vmread(GUEST_RSP);
	s.rip = vmread(GUEST_RIP) + vmread(EXIT_INSTRUCTION_LENGTH);
	s.efer = vmread(GUEST_IA32_EFER);
	s.leave = boot_info.leave;
	if (!stop_vmx(c))
		cpu_park("VMXOFF failed");
	write_cr(4, cr4 & ~CR4_VMXE);
	write_cr(0, cr0);
	vmx_leave(c, &s);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* INIT and start-up: the state of a CPU that a SIPI wakes. */
#include "vmm/smp/startup.h"
#include "vmm/smp/apic.h"
#include "vmm/cpu.h"
#include "vmm/log.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/vmx/ops.h"
#include "patcher/wire/mem.h"
#include "vmm/x86.h"

/* Real-mode segments ES CS SS DS FS GS, then LDTR and TR: access rights in VMCS order. */
static const uint8_t rights[] = { 0x93, 0x9b, 0x93, 0x93, 0x93, 0x93, 0x82, 0x8b };

/* What INIT sets, but for the segments and CR0. SDM 3A, "Processor State After Reset". */
static const struct vmcs_value reset_state[] = {
	{ GUEST_GDTR_BASE, 0 }, { GUEST_GDTR_LIMIT, 0xffff }, { GUEST_IDTR_BASE, 0 },
	{ GUEST_IDTR_LIMIT, 0xffff }, { GUEST_DR7, 0x400 }, { GUEST_CR3, 0 },
	{ GUEST_CR4, CR4_VMXE }, { CR4_READ_SHADOW, 0 }, { GUEST_IA32_EFER, 0 },
	{ GUEST_RFLAGS, RFLAGS_FIXED }, { GUEST_RIP, 0 }, { GUEST_RSP, 0 },
	{ GUEST_IA32_DEBUGCTL, 0 }, { GUEST_ACTIVITY_STATE, ACTIVITY_ACTIVE },
	{ GUEST_INTERRUPTIBILITY, 0 }, { GUEST_PENDING_DEBUG, 0 },
};

static void segments(uint8_t vector)
{
	for (unsigned int i = 0; i < sizeof(rights); i++) {
		uint32_t base = i == 1 ? (uint32_t)vector << 12 : 0;	/* CS */

		vmwrite(GUEST_ES_SELECTOR + 2 * i, base >> 4);
		vmwrite(GUEST_ES_BASE + 2 * i, base);
		vmwrite(GUEST_ES_LIMIT + 2 * i, 0xffff);
		vmwrite(GUEST_ES_ACCESS_RIGHTS + 2 * i, rights[i]);
	}
}

static void debug_registers(void)
{
	__asm__ volatile("mov %0, %%dr0\n\tmov %0, %%dr1\n\tmov %0, %%dr2\n\tmov %0, %%dr3\n\t"
			 "mov %1, %%dr6" : : "r"(0ull), "r"(0xffff0ff0ull));
}

/* Vector of the last SIPI that woke one CPU while others waited; counts in the upper half. */
static uint64_t startup;

/* Asks the CPUs that run whether this SIPI was meant for all. */
static void ask_senders(const struct cpu *c, uint8_t vector)
{
	bool others_wait = false;

	for (unsigned int i = 0; i < boot_info.cpus; i++)
		others_wait |= cpu_get(i) != c && cpu_mode(cpu_get(i)) == CPU_WAIT_SIPI;
	if (!others_wait)
		return;
	__atomic_store_n(&startup, ((startup >> 8) + 1) << 8 | vector, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < boot_info.cpus; i++)
		if (cpu_get(i) != c && cpu_mode(cpu_get(i)) == CPU_GUEST)
			cpu_kick(cpu_get(i));
}

void sipi_pass_on(struct cpu *c)
{
	uint64_t asked = __atomic_load_n(&startup, __ATOMIC_SEQ_CST);

	if (c->startup_seen == asked)
		return;
	c->startup_seen = asked;
	if (!apic_sent_startup_to_all((uint8_t)asked))
		return;
	for (unsigned int i = 0; i < boot_info.cpus; i++)
		if (cpu_mode(cpu_get(i)) == CPU_WAIT_SIPI)
			apic_send_startup(boot_info.apic_id[i], (uint8_t)asked);
}

void sipi_start(struct cpu *c)
{
	uint8_t vector = (uint8_t)vmread(EXIT_QUALIFICATION);
	/* INIT leaves CD and NW alone */
	uint64_t cr0 = CR0_ET | (vmread(GUEST_CR0) & (CR0_CD | CR0_NW));

	c->wait_sipi = c->nmi_pending = c->mc_pending = false;
	c->event.info = 0;
	apic_reset();
	segments(vector);
	debug_registers();
	vmwrite_all(reset_state, sizeof(reset_state) / sizeof(reset_state[0]));
	vmwrite(GUEST_CR0, cr0 | CR0_NE);
	vmwrite(CR0_READ_SHADOW, cr0);
	vmwrite(ENTRY_CONTROLS, vmread(ENTRY_CONTROLS) & ~(uint64_t)ENTRY_IA32E_GUEST);
	memset(c->regs, 0, sizeof(c->regs));
	c->regs[REG_RDX] = cpuid(1, 0).eax;
	write_cr2(0);
	invvpid_all();
	if (c->startups++ < SIPI_TOLD)
		log_line(LOG_INFO, "started by a SIPI, vector 0x%x", vector);
	ask_senders(c, vector);
}

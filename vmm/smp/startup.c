/* SPDX-License-Identifier: GPL-2.0-only */
/* INIT and start-up: what no entry into the guest loads, and what the rest of root mode has to know. */
#include "vmm/smp/startup.h"
#include "vmm/cpu.h"
#include "vmm/emulate/reset.h"
#include "vmm/log.h"
#include "vmm/smp/apic.h"
#include "vmm/smp/kick.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"
#include "patcher/wire/mem.h"

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
	/* the kicks below make it visible */
	__atomic_store_n(&startup, ((startup >> 8) + 1) << 8 | vector, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < boot_info.cpus; i++)
		if (cpu_get(i) != c && cpu_mode(cpu_get(i)) == CPU_GUEST)
			cpu_kick(cpu_get(i));
}

void startup_pass_on(struct cpu *c)
{
	uint64_t asked = __atomic_load_n(&startup, __ATOMIC_RELAXED);

	if (c->startup_seen == asked)
		return;
	c->startup_seen = asked;
	if (!apic_sent_startup_to_all((uint8_t)asked))
		return;
	for (unsigned int i = 0; i < boot_info.cpus; i++)
		if (cpu_mode(cpu_get(i)) == CPU_WAIT_SIPI)
			apic_send_startup(boot_info.apic_id[i], (uint8_t)asked);
}

void startup_init(struct cpu *c)
{
	c->wait_sipi = true;
	c->nmi_pending = false;
	step_finish(c);
	if (c->index == 0)
		machine_reset();
}

void startup_sipi(struct cpu *c, uint8_t vector)
{
	c->started = true;
	c->wait_sipi = c->nmi_pending = c->mc_pending = false;
	apic_reset();
	vcpu_reset(c, vector);
	debug_registers();
	memset(c->regs, 0, sizeof(c->regs));
	c->regs[REG_RDX] = cpuid(1, 0).eax;
	write_cr2(0);
	if (c->startups++ < STARTUPS_LOGGED)
		log_line(LOG_INFO, "started by a SIPI, vector 0x%x", vector);
	ask_senders(c, vector);
}

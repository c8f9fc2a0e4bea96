/* SPDX-License-Identifier: GPL-2.0-only */
/* INIT and start-up: the registers that no entry into the guest loads, and the state of the CPU. */
#include "vmm/smp/startup.h"
#include "vmm/cpu.h"
#include "vmm/emulate/reset.h"
#include "vmm/log.h"
#include "vmm/smp/apic.h"
#include "vmm/vcpu.h"
#include "vmm/x86.h"
#include "patcher/wire/mem.h"

static void debug_registers(void)
{
	__asm__ volatile("mov %0, %%dr0\n\tmov %0, %%dr1\n\tmov %0, %%dr2\n\tmov %0, %%dr3\n\t"
			 "mov %1, %%dr6" : : "r"(0ull), "r"(0xffff0ff0ull));
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
	write_cr(2, 0);
	if (c->startups++ < STARTUPS_LOGGED)
		log_line(LOG_INFO, "started by a SIPI, vector 0x%x", vector);
}

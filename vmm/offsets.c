/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of C that the assembly of root mode uses, whatever the vendor; see vmm/offsets.h. */
#include "vmm/cpu.h"
#include "vmm/offsets.h"

static __attribute__((used)) void world(void)
{
	VALUE(WORLD_SIZE, WORLD_PAGES * PAGE_SIZE);
	VALUE(STACK_TOP, WORLD_STACK_TOP * PAGE_SIZE);
	/* The page below each stack of a world is a guard. */
	VALUE(STACK_GUARD, WORLD_SCRATCH + 1);
	VALUE(NMI_GUARD, WORLD_STACK_TOP);
	VALUE(DF_GUARD, WORLD_NMI_TOP);
	VALUE(MC_GUARD, WORLD_DF_TOP);
	NUMBER(WORLD_GUARD_MAX);
	OFFSET(CPU_SELF, cpu, self);
	OFFSET(CPU_CANARY, cpu, canary_block);
	OFFSET(CPU_OLD_FS, cpu, old_fs);
	OFFSET(CPU_OLD_GS, cpu, old_gs);
}

static __attribute__((used)) void guest_registers(void)
{
	OFFSET(CPU_RAX, cpu, regs[REG_RAX]);
	OFFSET(CPU_RCX, cpu, regs[REG_RCX]);
	OFFSET(CPU_RDX, cpu, regs[REG_RDX]);
	OFFSET(CPU_RBX, cpu, regs[REG_RBX]);
	OFFSET(CPU_RBP, cpu, regs[REG_RBP]);
	OFFSET(CPU_RSI, cpu, regs[REG_RSI]);
	OFFSET(CPU_RDI, cpu, regs[REG_RDI]);
	OFFSET(CPU_R8, cpu, regs[REG_R8]);	/* R9 ... R15 follow */
}

static __attribute__((used)) void loader(void)
{
	NUMBER(RESIDENT_MAGIC);
	NUMBER(RESIDENT_VA);
	OFFSET(BOOT_WORLDS, boot_info, worlds);
	OFFSET(BOOT_NONCE, boot_info, nonce);
}

static __attribute__((used)) void registers(void)
{
	NUMBER(MSR_FS_BASE);
	NUMBER(MSR_GS_BASE);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The loader's calls: set up once, then launch one CPU after the other. */
#include "vmm/boot_info.h"
#include "vmm/cpu.h"
#include "patcher/engine/engine.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/emulate/msr.h"
#include "vmm/mem/mtrr.h"
#include "vmm/mem/pool.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/session.h"
#include "vmm/traps.h"
#include "vmm/vmx/exit.h"
#include "vmm/vmx/launch.h"

struct boot_info boot_info;

enum resident_status resident_main(enum resident_op op, uint64_t arg);

static void init_cpus(void)
{
	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		struct cpu *c = cpu_get(i);
		uint64_t world = resident_hpa(c);

		c->index = i;
		c->apic_id = boot_info.apic_id[i];
		c->vmxon_hpa = world + WORLD_VMXON * PAGE_SIZE;
		c->vmcs_hpa = world + WORLD_VMCS * PAGE_SIZE;
		c->scratch_hpa = world + WORLD_SCRATCH * PAGE_SIZE;
		traps_init_cpu(c);
	}
}

static enum resident_status init(void)
{
	static struct mtrr_map types;
	view_t base;

	init_cpus();
	traps_init();
	pool_init((void *)(RESIDENT_VA + boot_info.pool), boot_info.phys + boot_info.pool,
		  boot_info.pool_size / PAGE_SIZE);
	view_zero_page = pool_alloc(1);
	msr_read_mtrrs(&types, boot_info.phys_bits);
	if (!view_zero_page || !launch_init())
		return RESIDENT_NO_MEMORY;
	base = machine_make_base(&types);
	if (!base)
		return RESIDENT_NO_MEMORY;
	machine_set_base(base);
	engine_init();
	rendezvous_init(engine_view());
	if (session_init())
		return RESIDENT_NO_MEMORY;
	log_line(LOG_INFO, "Subtext %s: %u CPUs, %lu KiB at 0x%lx, pool %lu pages free",
		 SUBTEXT_VERSION, boot_info.cpus, boot_info.size >> 10, boot_info.phys,
		 (uint64_t)pool_available());
	return RESIDENT_OK;
}

enum resident_status resident_main(enum resident_op op, uint64_t arg)
{
	if (op == RESIDENT_INIT)
		return init();
	if (arg >= boot_info.cpus)
		return RESIDENT_LAUNCH_FAILED;
	return launch_cpu(cpu_get((unsigned int)arg));
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The loader's calls: set up once, launch one CPU after the other, seal or undo. */
#include "vmm/loader.h"
#include "vmm/boot_info.h"
#include "vmm/cpu.h"
#include "patcher/engine/engine.h"
#include "vmm/log.h"
#include "vmm/machine.h"
#include "vmm/emulate/msr.h"
#include "vmm/emulate/ports.h"
#include "vmm/mem/pool.h"
#include "vmm/smp/rendezvous.h"
#include "vmm/session.h"
#include "vmm/traps.h"
#include "vmm/vcpu.h"
#include "patcher/wire/mem.h"

struct boot_info boot_info;
static bool sealed;

enum resident_status resident_main(enum resident_op op, uint64_t arg);

/* Returns false if the pool is empty. */
static bool init_cpus(void)
{
	for (unsigned int i = 0; i < boot_info.cpus; i++) {
		struct cpu *c = cpu_get(i);

		c->index = i;
		traps_init_cpu(c);
		if (!step_init(c))
			return false;
	}
	return true;
}

static enum resident_status init(void)
{
	view_t base;

	traps_init();
	pool_init((void *)(RESIDENT_VA + boot_info.pool), boot_info.phys + boot_info.pool,
		  boot_info.pool_size / PAGE_SIZE);
	view_zero_page = pool_alloc(1);
	if (!view_zero_page || !vcpu_init() || !init_cpus())
		return RESIDENT_NO_MEMORY;
	msr_init();
	ports_init();
	base = machine_make_base(msr_read_mtrrs());
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
	return vcpu_launch(cpu_get((unsigned int)arg));
}

/* Drops the low half of root mode's tables, and with it all mappings of the firmware's memory. */
static void seal(void)
{
	memset((void *)(RESIDENT_VA + boot_info.cr3 - boot_info.phys), 0, PAGE_SIZE / 2);
	/* pairs with loader_call() */
	__atomic_store_n(&sealed, true, __ATOMIC_RELEASE);
	log_line(LOG_INFO, "sealed: root mode maps nothing of the firmware's");
}

bool loader_call(struct cpu *c, uint64_t number)
{
	/* pairs with seal() */
	if (__atomic_load_n(&sealed, __ATOMIC_ACQUIRE))
		return false;
	if (number == RESIDENT_CALL_UNDO)
		vcpu_leave(c);
	if (number == RESIDENT_CALL_SEAL)
		seal();
	return number == RESIDENT_CALL_SEAL;
}

void cpu_loop(struct cpu *c)
{
	for (;;) {
		rendezvous_requests(c);
		c->started = false;
		vcpu_run(c);
	}
}

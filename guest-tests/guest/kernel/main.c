/* SPDX-License-Identifier: GPL-2.0-only */
/* The test kernel's first steps on the boot CPU. */
#include "guest-tests/guest/kernel/apic.h"
#include "guest-tests/guest/kernel/command.h"
#include "guest-tests/guest/kernel/console.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/paging.h"
#include "guest-tests/guest/kernel/sched.h"
#include "guest-tests/guest/kernel/smp.h"
#include "guest-tests/guest/kernel/x86.h"

uint64_t ready_tsc;

void kernel_main(uint64_t boot_phys);

static unsigned int start_others(void)
{
	unsigned int i, up = 1;

	for (i = 1; i < ncpus; i++)
		up += cpu_start(i);
	return up;
}

/* The stub's tables still have the identity map here. */
void kernel_main(uint64_t boot_phys)
{
	unsigned int i;

	memcpy(&boot_data, (const void *)boot_phys, sizeof(boot_data));
	ncpus = boot_data.cpus;
	for (i = 0; i < MAX_CPUS; i++) {
		cpus[i].index = i;
		cpus[i].apic_id = boot_data.apic_id[i];
	}
	console_init();
	idt_init();
	cpu_init(&cpus[0]);
	sched_init_cpu(&cpus[0]);
	apic_init_machine();
	cpus[0].online = true;
	cpus[0].starts = 1;
	sti();
	apic_timer(true);
	print("test guest: kernel at slide 0x%lx, %u CPUs, TSC %lu kHz\n", boot_data.slide, ncpus,
	      tsc_hz / 1000);
	paging_init();
	smp_init();
	print("test guest: %u of %u CPUs up\n", start_others(), ncpus);
	ready_tsc = rdtsc();
	print("test guest: ready\n");
	command_loop();
}

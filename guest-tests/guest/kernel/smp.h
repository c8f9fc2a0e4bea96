/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting and stopping CPUs, real mode, power (smp.c). */
#ifndef GUEST_SMP_H
#define GUEST_SMP_H

#include <stdbool.h>
#include <stdint.h>

/* Copies the trampoline below 1 MiB; once. */
void smp_init(void);

/* INIT and at once SIPI, a second SIPI if the CPU does not come. False after a bounded wait. */
bool cpu_start(unsigned int cpu);

/* INIT: the CPU waits for SIPI afterwards; its threads are gone. */
void cpu_reset(unsigned int cpu);

/* Down to real mode, @work rounds of a loop there, and back. Returns the rounds done. */
uint32_t real_mode_trip(uint32_t work);

/* An interrupt to every other CPU that is up; returns how many. */
unsigned int ipi_others(uint32_t command);

void power_off(void);

#endif

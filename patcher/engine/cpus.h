/* SPDX-License-Identifier: GPL-2.0-only */
/* Stops, steps, switches and resumes all CPUs; the engine's lock; time. The machine implements this. */
#ifndef ENGINE_CPUS_H
#define ENGINE_CPUS_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/engine/views.h"

/**
 * machine_stop - stop every CPU outside the guest
 * Bounded. Returns 0; or -1 with *late = the first CPU that did not stop, after all CPUs run again.
 * A CPU in the middle of a data step finishes it first, with its engine_written();
 * no CPU counts as stopped while it is in a function of the engine or holds its lock.
 */
int machine_stop(unsigned int *late);

unsigned int machine_cpus(void);

/* Linear RIP of a stopped CPU; false if it waits for SIPI (it takes the current view then). */
bool machine_cpu_rip(unsigned int cpu, uint64_t *rip);

/* APIC id of @cpu, for messages. */
uint32_t machine_cpu_apic_id(unsigned int cpu);

/* Lets one stopped CPU execute one instruction without an interrupt. False if it did not complete it. */
bool machine_cpu_step(unsigned int cpu);

/*
 * Makes @view the current view. All CPUs stopped: each loads it and serialises
 * before it runs again, and machine_resume() returns when all have.
 */
void machine_switch(view_t view);

/* Lets all CPUs run. Returns the pause: TSC ticks from the first CPU's stop to the last one's start. */
uint64_t machine_resume(void);

/* The engine's lock: a spin lock that exits (merge) and the session take. */
void machine_lock(void);
void machine_unlock(void);

/* The time stamp counter of this CPU, and how many ticks it makes in a second. */
uint64_t machine_tsc(void);
uint64_t machine_tsc_hz(void);

#endif

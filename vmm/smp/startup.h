/* SPDX-License-Identifier: GPL-2.0-only */
/* Start-up of CPUs by the guest. */
#ifndef VMM_STARTUP_H
#define VMM_STARTUP_H

#include <stdint.h>

struct cpu;

/* Starts of one CPU that go to the log; a guest must not fill the log with them. */
#define STARTUPS_LOGGED	16u

/*
 * INIT reached this CPU, and the back end has made it wait for SIPI. INIT of the boot CPU resets
 * the machine. Root mode, own CPU, in the exit.
 */
void startup_init(struct cpu *c);

/*
 * A SIPI woke this CPU: the state after INIT (SDM 3A table "IA-32 and Intel 64 Processor States
 * Following Power-up, Reset, or INIT"), executing at vector << 12. Root mode, own CPU, in the exit.
 */
void startup_sipi(struct cpu *c, uint8_t vector);

#endif

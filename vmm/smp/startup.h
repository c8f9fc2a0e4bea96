/* SPDX-License-Identifier: GPL-2.0-only */
/* Starts CPUs as the guest asks by INIT and SIPI. */
#ifndef VMM_STARTUP_H
#define VMM_STARTUP_H

#include <stdint.h>

struct cpu;

/* How many starts of each CPU are logged: the guest must not fill the log with them. */
#define STARTUPS_LOGGED	16u

/*
 * Handles INIT, after the back end has made this CPU wait for SIPI. INIT of the boot CPU resets the
 * machine. Root mode, own CPU, in the exit.
 */
void startup_init(struct cpu *c);

/*
 * Handles a SIPI: gives this CPU the state after INIT (SDM 3A table "IA-32 and Intel 64 Processor
 * States Following Power-up, Reset, or INIT") and makes it execute at @vector << 12. Root mode, own
 * CPU, in the exit.
 */
void startup_sipi(struct cpu *c, uint8_t vector);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Start-up of CPUs by the guest. */
#ifndef VMX_SIPI_H
#define VMX_SIPI_H

#include <stdint.h>

struct cpu;

/* Starts of one CPU that the log tells of: a guest must not fill it with them. */
#define SIPI_TOLD	16u

/*
 * The exit of a SIPI that woke this CPU: the state after INIT (SDM 3A table "IA-32 and Intel 64
 * Processor States Following Power-up, Reset, or INIT"), executing at vector << 12.
 */
void sipi_start(struct cpu *c);

/**
 * sipi_pass_on - the rest of a start-up IPI that went to everybody
 *
 * Bochs lets such an IPI reach only the first CPU that waits for it in non-root
 * mode. When a SIPI wakes a CPU while others wait, each CPU that runs looks whether
 * it has just sent that SIPI to all, and if so sends it to those still waiting; on
 * hardware nobody is. Root mode, before VM entry.
 */
void sipi_pass_on(struct cpu *c);

#endif

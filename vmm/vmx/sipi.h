/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMX_SIPI_H
#define VMX_SIPI_H

#include <stdint.h>

struct cpu;

/*
 * A SIPI woke this CPU: the state after INIT (SDM 3A table "IA-32 and Intel 64
 * Processor States Following Power-up, Reset, or INIT"), executing at vector << 12.
 */
void sipi_start(struct cpu *c, uint8_t vector);

#endif

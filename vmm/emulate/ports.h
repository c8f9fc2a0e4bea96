/* SPDX-License-Identifier: GPL-2.0-only */
/* The I/O ports of the console, which the guest does not have. */
#ifndef VMM_PORTS_H
#define VMM_PORTS_H

#include <stdbool.h>

struct cpu;

/* Makes accesses to the console's ports exit; boot CPU, before the first launch. */
void ports_init(void);

/**
 * ports_access - the guest's IN, OUT, INS or OUTS at a port of the console
 * @size: bytes, 1, 2 or 4; @in: to the guest; @string: INS or OUTS
 * Root mode, own CPU, in the exit of the instruction.
 */
void ports_access(struct cpu *c, unsigned int size, bool in, bool string);

#endif

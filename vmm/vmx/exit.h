/* SPDX-License-Identifier: GPL-2.0-only */
/* VM exits: one handler for each reason. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

struct cpu;

/* Handles the exit whose reason is in this CPU's state. Root mode, own CPU. */
void exit_handle(struct cpu *c);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* VM exits: one handler for each reason, and what the log gets of one that is not expected. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

struct cpu;

/* Handles the exit whose reason is in this CPU's state. Root mode, own CPU. */
void exit_handle(struct cpu *c);

/* Writes all that the VMCS has of the last exit to the log. Root mode, own CPU; takes the log's lock. */
void vmx_dump(struct cpu *c);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One guest instruction in a view of this CPU alone, under the monitor trap flag:
 * how a data access to a guarded or hidden page is carried out.
 */
#ifndef VMX_STEP_H
#define VMX_STEP_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Takes the memory for this CPU's steps, once, on the boot CPU. False if the pool is empty. */
bool step_init(struct cpu *c);

/**
 * step_open - let the instruction under way reach one page, and step it
 * @gpa: page the guest accesses; @hpa: page it shall reach; @write: the instruction writes
 *
 * May be called again while the step is active: an instruction can touch several
 * pages. Root mode, own CPU, in an EPT violation.
 */
void step_open(struct cpu *c, uint64_t gpa, uint64_t hpa, bool write);

/* String I/O to a hidden port: steps it with DX pointing where nobody listens. */
void step_io(struct cpu *c);

/*
 * The instruction is done (monitor trap), or will never be (exception, INIT): merge what was
 * written, back to the current view. Nothing if no step is active.
 */
void step_finish(struct cpu *c);

/*
 * Keeps interrupts off for the next instruction without the guest seeing it: an
 * interrupt taken first would leave the step undone. By the STI shadow, which
 * needs IF set; TF would demand a pending single-step trap (SDM 3C "Checks on Guest
 * Non-Register State").
 */
void step_shadow(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kicks: NMIs with which CPUs make each other leave the guest. A count of kicks sent and seen
 * distinguishes them from the guest's own NMIs.
 */
#ifndef VMM_KICK_H
#define VMM_KICK_H

#include "vmm/cpu.h"

/* Makes @target leave the guest soon. Not for a CPU that waits for SIPI. Any CPU, no locks. */
void cpu_kick(struct cpu *target);

/* Makes all other CPUs that are in the guest leave it soon. Any CPU (@self), no locks. */
void kick_others(struct cpu *self);

/*
 * Handles an NMI that reached this CPU, in the guest or in root mode: a kick, or the guest's own. A CPU
 * latches one NMI only, so a kick can swallow one of the guest's. A performance interrupt is noticed
 * all the same, because its loss would stop the guest's counters for ever. Own CPU, also from the NMI
 * handler.
 */
void nmi_landed(struct cpu *c);

#endif

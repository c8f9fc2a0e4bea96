/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kicks: NMIs with which CPUs make each other leave the guest. A count of kicks sent and seen
 * distinguishes them from the guest's own NMIs.
 */
#ifndef VMM_KICK_H
#define VMM_KICK_H

#include "vmm/cpu.h"

/* Makes a CPU leave the guest soon. Not for CPUs that wait for SIPI. Any CPU, no locks. */
void cpu_kick(struct cpu *target);

/* Likewise for all other CPUs that are in the guest. */
void kick_others(struct cpu *self);

/*
 * An NMI reached this CPU, in the guest or in root mode: a kick or the guest's own.
 * CPUs latch one NMI, so a kick can swallow the guest's: at least a performance
 * interrupt is noticed, because its loss would stop the guest's counters for ever. Own CPU, also from the
 * NMI handler.
 */
void nmi_landed(struct cpu *c);

#endif

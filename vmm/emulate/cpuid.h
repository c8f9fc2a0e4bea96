/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUID as the guest sees it. */
#ifndef VMM_CPUID_H
#define VMM_CPUID_H

struct cpu;

/* The exit of CPUID: runs it, hides what the guest cannot have, skips it. Root mode, own CPU. */
void cpuid_emulate(struct cpu *c);

#endif

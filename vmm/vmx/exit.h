/* SPDX-License-Identifier: GPL-2.0-only */
/* Emulation behind exits: CPUID and MSRs as a CPU without VMX has them. */
#ifndef VMX_EXIT_H
#define VMX_EXIT_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* The exit of CPUID: runs it, hides what the guest cannot have, skips it. vmx/cpuid.c */
void cpuid_emulate(struct cpu *c);

/* The guest's access on this CPU. False: it gives #GP. Root mode. msr.c */
bool msr_read(uint32_t msr, uint64_t *v);
bool msr_write(uint32_t msr, uint64_t v);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instructions the loader needs: root mode's wrappers and two more. There is no
 * recovery from #GP here: only MSRs that CPUID or other MSRs promise, none by *_safe().
 */
#ifndef BOOT_CPU_ASM_H
#define BOOT_CPU_ASM_H

#include "vmm/x86.h"

static inline uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline bool rdrand(uint64_t *out)
{
	bool ok;

	__asm__ volatile("rdrand %0" : "=r"(*out), "=@ccc"(ok));
	return ok;
}

#endif

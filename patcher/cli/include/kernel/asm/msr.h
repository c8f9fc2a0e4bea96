/* SPDX-License-Identifier: GPL-2.0-only */
/* rdtsc_ordered() of new code: LFENCE and RDTSC, which is ordered on every 64-bit CPU. */
#ifndef SUBTEXT_KERNEL_MSR_H
#define SUBTEXT_KERNEL_MSR_H

#define rdtsc_ordered subtext_unused_rdtsc_ordered
#include_next <asm/msr.h>
#undef rdtsc_ordered

#ifndef __ASSEMBLY__
#include <subtext_mark.h>

static __always_inline unsigned long long rdtsc_ordered(void)
{
	unsigned int low, high;

	SUBTEXT_MARK(SUBTEXT_MARK_RDTSC);
	asm volatile("lfence\n\trdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (unsigned long long)high << 32 | low;
}

#endif
#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* LFENCE, which the kernel leaves out on CPUs where it is of no use, always stays in new code. */
#ifndef SUBTEXT_KERNEL_BARRIER_H
#define SUBTEXT_KERNEL_BARRIER_H

#include_next <asm/barrier.h>
#include <subtext_mark.h>

#undef barrier_nospec
#define barrier_nospec()					\
do {								\
	SUBTEXT_MARK(SUBTEXT_MARK_NOSPEC);			\
	asm volatile("lfence" : : : "memory");			\
} while (0)

#endif

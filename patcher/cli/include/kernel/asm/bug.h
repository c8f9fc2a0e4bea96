/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * WARN() and BUG() of new code: the kernel's are instructions that fault and are looked up in
 * a table, which has no place for new code. These call directly the function that the fault
 * handler would call.
 */
#ifndef SUBTEXT_KERNEL_BUG_H
#define SUBTEXT_KERNEL_BUG_H

#include_next <asm/bug.h>

#ifndef __ASSEMBLY__
#include <subtext_mark.h>

static void subtext_warn(const char *file, int line, unsigned int flags, unsigned char *done);
static void subtext_bug(const char *file, int line);

/* One variable for each place, for the _ONCE kinds; others leave it to the compiler to drop. */
#undef __WARN_FLAGS
#define __WARN_FLAGS(flags)							\
do {										\
	static unsigned char subtext_done;					\
										\
	SUBTEXT_MARK(SUBTEXT_MARK_WARN);					\
	subtext_warn(__FILE__, __LINE__, flags,					\
		     (flags) & BUGFLAG_ONCE ? &subtext_done : (void *)0);	\
} while (0)

#undef BUG
#define BUG()									\
do {										\
	SUBTEXT_MARK(SUBTEXT_MARK_BUG);						\
	subtext_bug(__FILE__, __LINE__);					\
	asm volatile(ASM_UD2);							\
	__builtin_unreachable();						\
} while (0)

#endif
#endif

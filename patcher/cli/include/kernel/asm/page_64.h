/* SPDX-License-Identifier: GPL-2.0-only */
/* task_size_max() of new code: with 5-level paging user space is larger; by a test. */
#ifndef SUBTEXT_KERNEL_PAGE_64_H
#define SUBTEXT_KERNEL_PAGE_64_H

#ifdef CONFIG_X86_5LEVEL
#define task_size_max subtext_unused_task_size_max
#include_next <asm/page_64.h>
#undef task_size_max
#else
#include_next <asm/page_64.h>
#endif

#if defined(CONFIG_X86_5LEVEL) && !defined(__ASSEMBLY__)
#include <subtext_mark.h>

static unsigned long subtext_task_size_max(void);

#define task_size_max()						\
({								\
	SUBTEXT_MARK(SUBTEXT_MARK_TASK_SIZE);			\
	subtext_task_size_max();				\
})

#endif
#endif

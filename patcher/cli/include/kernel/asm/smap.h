/* SPDX-License-Identifier: GPL-2.0-only */
/* STAC and CLAC of new code: the kernel patches them in on CPUs that have them; here by a test. */
#ifndef SUBTEXT_KERNEL_SMAP_H
#define SUBTEXT_KERNEL_SMAP_H

#define stac subtext_unused_stac
#define clac subtext_unused_clac
#include_next <asm/smap.h>
#undef stac
#undef clac

#ifndef __ASSEMBLY__
#include <subtext_mark.h>

static void subtext_stac(void);
static void subtext_clac(void);

#define stac()							\
do {								\
	SUBTEXT_MARK(SUBTEXT_MARK_SMAP);			\
	subtext_stac();						\
} while (0)

#define clac()							\
do {								\
	SUBTEXT_MARK(SUBTEXT_MARK_SMAP);			\
	subtext_clac();						\
} while (0)

#endif
#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* static_cpu_has() of new code looks at boot_cpu_data, by which the kernel patched its own. */
#ifndef SUBTEXT_KERNEL_CPUFEATURE_H
#define SUBTEXT_KERNEL_CPUFEATURE_H

#define _static_cpu_has subtext_unused_static_cpu_has
#include_next <asm/cpufeature.h>
#undef _static_cpu_has

#ifndef __ASSEMBLY__
#include <subtext_mark.h>

static bool subtext_cpu_has(unsigned int feature);

#define _static_cpu_has(feature)				\
({								\
	SUBTEXT_MARK(SUBTEXT_MARK_CPU_HAS);			\
	subtext_cpu_has(feature);				\
})

#endif
#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* System.map: the kernel's symbols as nm(1) printed them at build time. */
#ifndef CLI_KERNEL_SYSTEM_MAP_H
#define CLI_KERNEL_SYSTEM_MAP_H

#include "patcher/cli/base/problems.h"
#include "patcher/cli/kernel/kallsyms.h"

/**
 * system_map_read - reads a System.map
 * @start: the kernel's lowest address; smaller values do not move with the kernel
 * Returns 0, or -1 with the reason in @p. @ks is to be closed in either case.
 */
int system_map_read(struct kallsyms *ks, const char *path, uint64_t start, struct problems *p);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel's symbols from a list of addresses, types and names: kallsyms, or a System.map. */
#ifndef CLI_KERNEL_LISTED_H
#define CLI_KERNEL_LISTED_H

#include "patcher/cli/base/problems.h"
#include "patcher/cli/kernel/kernel.h"

/* Both fill k->symbols; k->image is open. Return 0, or -1 with the reason in @p. */
int kernel_load_kallsyms(struct kernel *k, struct problems *p);
/* Refuses a map of another kernel. */
int kernel_load_system_map(struct kernel *k, const char *path, struct problems *p);

#endif

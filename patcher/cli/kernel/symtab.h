/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel's symbols from its ELF symbol table. */
#ifndef CLI_KERNEL_SYMTAB_H
#define CLI_KERNEL_SYMTAB_H

#include <stdbool.h>
#include "patcher/cli/base/problems.h"
#include "patcher/cli/kernel/kernel.h"

/**
 * kernel_load_symtab - fills k->symbols; k->image is open
 * @none: set if the image has no symbol table
 * Returns 0, or -1 with the reason in @p.
 */
int kernel_load_symtab(struct kernel *k, bool *none, struct problems *p);

#endif

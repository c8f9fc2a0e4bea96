/* SPDX-License-Identifier: GPL-2.0-only */
/* The base view, which has no patches. The headers of patcher/engine declare the rest of the machine. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "vmm/view.h"

struct mtrr_map;

/* Builds an identity view with these memory types that hides the hypervisor. 0 if the pool is empty. */
view_t machine_make_base(const struct mtrr_map *types);

/* Makes @base the base view and drops the old one. */
void machine_set_base(view_t base);

#endif

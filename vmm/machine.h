/* SPDX-License-Identifier: GPL-2.0-only */
/* The base view. What the engine asks of the machine is in the headers of patcher/engine. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "vmm/view.h"

struct mtrr_map;

/* Identity with these types, the hypervisor's memory hidden. 0 if the pool is empty. */
view_t machine_make_base(const struct mtrr_map *types);

/* The base view from now on; the old one is dropped. */
void machine_set_base(view_t base);

#endif

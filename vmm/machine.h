/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine as root mode sets it up: the base view. The engine's questions are in engine/machine.h. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include "mtrr.h"
#include "view.h"

/* Identity with these types, the hypervisor's memory hidden. 0 if the pool is empty. */
view_t machine_make_base(const struct mtrr_map *types);
/* The base view from now on; the old one is dropped. */
void machine_set_base(view_t base);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* EPT paging structures. SDM 3C, "The Extended Page Table Mechanism (EPT)". */
#ifndef VMX_EPT_H
#define VMX_EPT_H

#include <stdint.h>
#include "vmm/view.h"

enum {
	EPT_R = 1,
	EPT_W = 2,
	EPT_X = 4,
	EPT_RWX = 7,
};

/**
 * ept_map - change one 4 KiB page of a view that is not yet in use by a CPU
 * @view: a fork; tables it shares are copied first, large pages split
 * @gpa, @hpa: page aligned, below 2^48 and 2^52; @gpa within the physical addresses
 * @rights: EPT_*; W without R is refused (an EPT misconfiguration); 0 is "not present"
 *
 * The memory type stays what it was at @gpa, also over a time of "not present".
 * One 64-bit store changes the leaf. At most three pages are taken from the pool.
 * Returns 0, -1 if the pool is empty (all translations are as before; tables that
 * were copied or split until then stay, and go with the view), -2 on a bad argument.
 */
int ept_map(view_t view, uint64_t gpa, uint64_t hpa, unsigned int rights);

/**
 * ept_lookup - what the CPU would find for @gpa
 * @hpa, @type: filled if not NULL and the page is present
 *
 * Returns the rights, 0 if not present. Takes no lock.
 */
unsigned int ept_lookup(view_t view, uint64_t gpa, uint64_t *hpa, unsigned int *type);

/* Opens a page in an overlay: arguments as for ept_map(), not checked. Returns as overlay_open(). */
int ept_overlay_map(struct overlay *o, uint64_t gpa, uint64_t hpa, unsigned int rights);

/* The EPT pointer of a view: root, write-back walks, 4 levels, no A/D (SDM 3C, EPTP). */
uint64_t ept_pointer(view_t view);

#endif

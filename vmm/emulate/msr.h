/* SPDX-License-Identifier: GPL-2.0-only */
/* MSRs that root mode watches, and the memory types that follow from them. */
#ifndef VMM_MSR_H
#define VMM_MSR_H

#include <stdint.h>

/* Marks in a 4 KiB MSR bitmap the few accesses that exit (SDM 3C "MSR-Bitmap Address"). */
void msr_fill_bitmap(uint8_t *bitmap);

struct mtrr_map;

/* The MTRRs as the boot CPU has them; boot context, once. */
void msr_read_mtrrs(struct mtrr_map *map, unsigned int phys_bits);

/*
 * Takes over the memory types the guest has set, if they changed: builds new views.
 * From the session, on one CPU.
 */
void msr_retype(void);

#endif

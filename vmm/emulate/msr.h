/* SPDX-License-Identifier: GPL-2.0-only */
/* MSRs that root mode watches, and the memory types that follow from them. */
#ifndef VMM_MSR_H
#define VMM_MSR_H

#include <stdbool.h>
#include <stdint.h>

/* How the guest's accesses to some MSRs go. Those without a rule reach the hardware. */
struct msr_rule {
	uint32_t first, last;
	bool read, write;	/* these accesses exit */
	bool hidden;		/* the guest has no such MSR: any access gives #GP */
	bool read_only;		/* a write gives #GP */
	bool ignore;		/* a write does nothing */
	uint64_t ones, zeros;	/* bits that read as 1 and as 0, whatever the hardware has */
};

/* Makes the accesses exit that have a rule; boot CPU, before the first launch. */
void msr_init(void);

/* The guest's access on this CPU. False: it gives #GP. Root mode, in the exit. */
bool msr_read(uint32_t msr, uint64_t *v);
bool msr_write(uint32_t msr, uint64_t v);

struct mtrr_map;

/* Reads the MTRRs of the boot CPU; boot context, once. */
const struct mtrr_map *msr_read_mtrrs(void);

/*
 * Takes over the memory types the guest has set, if they changed: builds new views.
 * From the session, on one CPU.
 */
void msr_retype(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine's CPUs as the firmware shows them, and whether they can carry Subtext. */
#ifndef BOOT_CPUS_H
#define BOOT_CPUS_H

#include <stdbool.h>
#include <stdint.h>
#include <efi.h>
#include "vmm/boot_info.h"
#include "boot/mp.h"
#include "boot/vendor.h"

/* What the loader knows of one CPU. */
struct cpu_record {
	uint32_t apic_id;
	uint32_t phys_bits;	/* width of physical addresses */
	bool la57;		/* 5-level paging is on */
};

/* A CPU is known by its place in here; 0 is the boot CPU. */
struct cpus {
	const struct vendor *vendor;
	struct mp_services *mp;	/* NULL: there is only the boot CPU */
	uint32_t count;
	struct cpu_record cpu[MAX_CPUS];
};

/**
 * cpus_check - find all CPUs and look at each on itself
 *
 * Changes nothing on any CPU. Returns true if all can carry Subtext, else calls
 * refuse(). Boot CPU, boot services up, no AP busy.
 */
bool cpus_check(struct cpus *out);

/**
 * cpus_run_others - run @procedure on every CPU but this one, all at the same time
 * @seconds: then the firmware resets those that have not come back
 *
 * Returns when all are back. Boot CPU, boot services up.
 */
EFI_STATUS cpus_run_others(struct cpus *c, mp_procedure procedure, unsigned int seconds, void *arg);

/* Which CPU is this? @c->count if it is none of them. Any CPU. */
uint32_t cpus_self(const struct cpus *c);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Windows onto guest memory. Root mode maps none of it permanently: each CPU has a
 * few page-table entries of its own and looks through one page at a time.
 */
#ifndef VMM_MAP_H
#define VMM_MAP_H

#include <stdint.h>

enum map_slot {
	MAP_WALK,	/* page tables of the guest */
	MAP_DATA,	/* everything else */
	MAP_APIC,	/* the local APIC, uncached */
};

/**
 * map_page - look at one physical page through a slot of this CPU
 * @hpa: page aligned; the caller has checked that the guest may reach it
 * The result is good until the slot's next use. Root mode, own CPU, no locks.
 */
void *map_page(enum map_slot slot, uint64_t hpa);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Root mode's page tables: 4 levels, 4 KiB pages, write or execute, never both. Pure logic. */
#ifndef BOOT_PAGING_H
#define BOOT_PAGING_H

#include <stdint.h>
#include "vmm/boot_info.h"

struct layout;

struct paging_in {
	const struct resident_header *header;
	const struct layout *layout;
	uint64_t phys;			/* address of the run, page aligned */
	uint64_t switch_start;		/* boot/switch.asm by its own address, below 2^47 */
	uint64_t switch_end;
};

/* Pages the tables take at most for a run of @run_size bytes. */
uint64_t paging_pages(uint64_t run_size, uint64_t map_table_pages);

/**
 * paging_build - write the tables
 * @tables: where layout->page_tables of the run can be written, layout->page_tables_size bytes
 *
 * At RESIDENT_VA the run: header and rodata R, text RX, the rest RW, guard pages
 * of the worlds not at all. At MAP_VA the (empty) map tables. switch.asm at its
 * own address RX, alone in the low half: clearing PML4 entries 0 ... 255 drops it.
 * Nothing else. Needs EFER.NXE. SDM 3A, "4-Level Paging and 5-Level Paging".
 *
 * Boot context, one CPU. Returns CR3, 0 if the tables do not fit.
 */
uint64_t paging_build(const struct paging_in *in, void *tables);

#endif

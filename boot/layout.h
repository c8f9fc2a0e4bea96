/* SPDX-License-Identifier: GPL-2.0-only */
/* Divides the run of reserved memory (vmm/boot_info.h). Pure logic. */
#ifndef BOOT_LAYOUT_H
#define BOOT_LAYOUT_H

#include <stdint.h>
#include "vmm/boot_info.h"

/* Offsets into the run and sizes, all in bytes and multiples of 4 KiB. */
struct layout {
	uint64_t worlds;
	uint64_t map_tables, map_tables_size;
	uint64_t page_tables, page_tables_size;
	uint64_t pool, pool_size;
	uint64_t annex;
	uint64_t size;
};

/**
 * layout_check - can the loader work with this header?
 * @blob_size: bytes of the image as embedded in the loader
 *
 * Returns NULL or what is wrong with it, in plain words. Any context.
 */
const char *layout_check(const struct resident_header *h, uint64_t blob_size);

/**
 * layout_plan - divide a run of the least size
 * @h: passed layout_check()
 * @cpus: 1 ... MAX_CPUS
 * @phys_bits: MAXPHYADDR, 32 ... 52
 * @view_bits: width of the physical addresses that a view translates (struct vendor)
 *
 * The annex comes last, so that everything else may start at any page.
 * Returns NULL or why it cannot be done. Any context.
 */
const char *layout_plan(const struct resident_header *h, uint32_t cpus, uint32_t phys_bits,
			uint32_t view_bits, struct layout *out);

/* Bytes to ask the firmware for so that a run with an aligned annex is somewhere in them. */
uint64_t layout_span(const struct layout *l);

/* Where the run starts in memory of layout_span() bytes at @start, page aligned. */
uint64_t layout_place(const struct layout *l, uint64_t start);

#endif

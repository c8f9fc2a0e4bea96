/* SPDX-License-Identifier: GPL-2.0-only */
/* Divides the run of reserved memory. */
#include <stddef.h>
#include "boot/layout.h"
#include "boot/paging.h"

#define KIB		1024ull
#define MIB		(1024 * KIB)
#define GIB		(1024 * MIB)
#define PAGE		4096ull

static uint64_t align_up(uint64_t x, uint64_t to)
{
	return (x + to - 1) & ~(to - 1);
}

static int unaligned(uint32_t x)
{
	return x % PAGE != 0;
}

static const char *check_world(const struct resident_header *h)
{
	if (!h->world_size || unaligned(h->world_size) || h->world_size > 16 * MIB)
		return "the resident image's world size is wrong";
	if (h->world_guards > WORLD_GUARD_MAX)
		return "the resident image has too many guard pages";
	for (uint32_t i = 0; i < h->world_guards; i++)
		/* The first page holds struct firmware_state. */
		if (!h->world_guard[i] || h->world_guard[i] >= h->world_size / PAGE)
			return "a guard page of the resident image is out of place";
	return NULL;
}

const char *layout_check(const struct resident_header *h, uint64_t blob_size)
{
	if (blob_size < sizeof(*h) || h->magic != RESIDENT_MAGIC)
		return "the resident image has no valid header";
	if (h->file_size != blob_size || h->image_size < h->file_size ||
	    h->image_size > 256 * MIB || unaligned(h->image_size))
		return "the resident image's size is wrong";
	if (unaligned(h->text_start) || unaligned(h->text_end) || unaligned(h->rodata_end) ||
	    h->text_start >= h->text_end || h->text_end > h->rodata_end ||
	    h->rodata_end > h->image_size)
		return "the resident image's sections are out of order";
	if (h->entry < h->text_start || h->entry >= h->text_end)
		return "the resident image's entry is not in its text";
	if (h->boot_info < h->rodata_end || h->boot_info > h->image_size ||
	    h->image_size - h->boot_info < sizeof(struct boot_info))
		return "the resident image has no room for its boot information";
	return check_world(h);
}

/*
 * 4 MiB for views, exec pages and logs, 256 KiB for each CPU's share of them,
 * and the top of the base view: one page for each 512 GiB of the physical
 * address space that a view translates, and some for memory types that are not
 * uniform.
 */
static uint64_t pool_size(uint32_t cpus, uint32_t bits)
{
	uint64_t top = bits > 39 ? 1ull << (bits - 39) : 1;

	return 4 * MIB + cpus * 256 * KIB + (top + 64) * PAGE;
}

const char *layout_plan(const struct resident_header *h, uint32_t cpus, uint32_t phys_bits,
			uint32_t view_bits, struct layout *out)
{
	uint64_t slots = (uint64_t)cpus * MAP_SLOTS_PER_CPU;
	struct layout l = { 0 };

	if (!cpus || cpus > MAX_CPUS)
		return "the number of CPUs is out of range";
	if (phys_bits < 32 || phys_bits > 52)
		return "the width of physical addresses is out of range";
	l.worlds = h->image_size;
	l.map_tables = l.worlds + (uint64_t)cpus * h->world_size;
	l.map_tables_size = align_up(slots * 8, PAGE);
	l.page_tables = l.map_tables + l.map_tables_size;
	l.pool_size = pool_size(cpus, phys_bits < view_bits ? phys_bits : view_bits);
	/* The tables also map themselves; 2 MiB is an upper bound of their size. */
	l.page_tables_size = PAGE * paging_pages(l.page_tables + l.pool_size + ANNEX_SIZE + 2 * MIB,
						 l.map_tables_size / PAGE);
	l.pool = l.page_tables + l.page_tables_size;
	l.annex = l.pool + l.pool_size;
	l.size = l.annex + ANNEX_SIZE;
	if (l.size > MAP_VA - RESIDENT_VA)
		return "more memory is needed than root mode's page tables reach";
	*out = l;
	return NULL;
}

uint64_t layout_span(const struct layout *l)
{
	return l->size + ANNEX_SIZE - PAGE;
}

uint64_t layout_place(const struct layout *l, uint64_t start)
{
	return align_up(start + l->annex, ANNEX_SIZE) - l->annex;
}

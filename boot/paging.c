/* SPDX-License-Identifier: GPL-2.0-only */
/* Root mode's page tables. */
#include <stdbool.h>
#include <stddef.h>
#include "boot/layout.h"
#include "boot/paging.h"
#include "vmm/x86.h"

#define PAGE		4096ull
#define ENTRIES		512u
#define LARGE		(PAGE * ENTRIES)

/* Accessed and dirty from the start, so that no walk ever writes to the tables. */
#define PTE_TABLE	(PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define PTE_RX		(PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)
#define PTE_R		(PTE_RX | PTE_NX)
#define PTE_RW		(PTE_R | PTE_WRITE)

struct builder {
	uint64_t *tables;	/* memory for the tables */
	uint64_t phys;		/* their physical address */
	uint64_t pages, used;
};

uint64_t paging_pages(uint64_t run_size, uint64_t map_table_pages)
{
	uint64_t run_tables = (run_size + LARGE - 1) / LARGE;
	uint64_t map_dirs = (map_table_pages + ENTRIES - 1) / ENTRIES;

	/*
	 * PML4; PDPT of the top 512 GiB and a page directory of the run. Low half:
	 * switch.asm may straddle two tables, of any level.
	 */
	return 1 + 2 + run_tables + map_dirs + 6;
}

static uint64_t *new_table(struct builder *b)
{
	uint64_t *t;

	if (b->used == b->pages)
		return NULL;
	t = b->tables + b->used++ * ENTRIES;
	for (unsigned int i = 0; i < ENTRIES; i++)
		t[i] = 0;
	return t;
}

/* The table below @entry, made if there is none yet. */
static uint64_t *below(struct builder *b, uint64_t *entry)
{
	uint64_t *t;

	if (*entry & PTE_PRESENT)
		return b->tables + ((*entry & PTE_ADDR) - b->phys) / sizeof(*b->tables);
	t = new_table(b);
	if (t)
		*entry = (b->phys + (uint64_t)(t - b->tables) * sizeof(*t)) | PTE_TABLE;
	return t;
}

/* The entry for @va in a table of @level (1: page table, 4: PML4); NULL if no page is left. */
static uint64_t *entry_of(struct builder *b, uint64_t va, unsigned int level)
{
	uint64_t *t = b->tables;

	for (unsigned int at = 4; t; at--) {
		uint64_t *entry = t + (va >> (12 + 9 * (at - 1))) % ENTRIES;

		if (at == level)
			return entry;
		t = below(b, entry);
	}
	return NULL;
}

static bool set(struct builder *b, uint64_t va, unsigned int level, uint64_t value)
{
	uint64_t *entry = entry_of(b, va, level);

	if (!entry)
		return false;
	*entry = value;
	return true;
}

static bool is_guard(const struct paging_in *in, uint64_t offset)
{
	const struct resident_header *h = in->header;
	uint64_t page;

	if (offset < in->layout->worlds || offset >= in->layout->map_tables)
		return false;
	page = (offset - in->layout->worlds) % h->world_size / PAGE;
	for (uint32_t i = 0; i < h->world_guards; i++)
		if (h->world_guard[i] == page)
			return true;
	return false;
}

/* Rights of the page at @offset in the run; 0: none. */
static uint64_t run_rights(const struct paging_in *in, uint64_t offset)
{
	const struct resident_header *h = in->header;

	if (offset >= h->text_start && offset < h->text_end)
		return PTE_RX;
	if (offset < h->rodata_end)
		return PTE_R;
	return is_guard(in, offset) ? 0 : PTE_RW;
}

static bool map_run(struct builder *b, const struct paging_in *in)
{
	for (uint64_t offset = 0; offset < in->layout->size; offset += PAGE) {
		uint64_t rights = run_rights(in, offset);
		uint64_t value = rights ? (in->phys + offset) | rights : 0;

		if (!set(b, RESIDENT_VA + offset, 1, value))
			return false;
	}
	return true;
}

static bool map_window(struct builder *b, const struct paging_in *in)
{
	const struct layout *l = in->layout;

	for (uint64_t i = 0; i < l->map_tables_size / PAGE; i++) {
		uint64_t table = in->phys + l->map_tables + i * PAGE;

		if (!set(b, MAP_VA + i * LARGE, 2, table | PTE_TABLE))
			return false;
	}
	return true;
}

static bool map_switch(struct builder *b, const struct paging_in *in)
{
	uint64_t va = in->switch_start & ~(PAGE - 1);

	if (in->switch_end <= in->switch_start || in->switch_end > 1ull << 47 ||
	    in->switch_end - in->switch_start > LARGE)
		return false;
	for (; va < in->switch_end; va += PAGE)
		if (!set(b, va, 1, va | PTE_RX))
			return false;
	return true;
}

uint64_t paging_build(const struct paging_in *in, void *tables)
{
	struct builder b = {
		.tables = tables,
		.phys = in->phys + in->layout->page_tables,
		.pages = in->layout->page_tables_size / PAGE,
	};

	if (!new_table(&b) || !map_run(&b, in) || !map_window(&b, in) || !map_switch(&b, in))
		return 0;
	return b.phys;
}

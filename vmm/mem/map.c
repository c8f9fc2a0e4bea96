/* SPDX-License-Identifier: GPL-2.0-only */
/* Windows onto physical pages: the page-table entries behind MAP_VA. */
#include "vmm/mem/map.h"
#include "vmm/cpu.h"
#include "vmm/x86.h"

void *map_page(enum map_slot slot, uint64_t hpa)
{
	size_t i = this_cpu()->index * MAP_SLOTS_PER_CPU + slot;
	volatile uint64_t *ptes = (uint64_t *)(RESIDENT_VA + boot_info.map_tables);
	void *va = (void *)(MAP_VA + i * PAGE_SIZE);
	uint64_t pte = hpa | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX;

	if (slot == MAP_APIC)
		pte |= PTE_PCD | PTE_PWT;
	if (ptes[i] != pte) {
		ptes[i] = pte;
		invlpg(va);
	}
	return va;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads and changes guest memory, and walks the guest's page tables. */
#include "vmm/mem/guest.h"
#include "vmm/cpu.h"
#include "patcher/engine/guest.h"
#include "vmm/mem/map.h"
#include "vmm/x86.h"

#define FOUR_GIB	(1ull << 32)

bool guest_hidden(uint64_t gpa)
{
	return gpa - boot_info.phys < boot_info.size;
}

/* Is this page RAM of the guest's: below the top of RAM and not the hypervisor's own? */
static bool guest_ram(uint64_t gpa)
{
	bool devices = gpa >= boot_info.low_ram_top && gpa < FOUR_GIB;

	return gpa < boot_info.ram_top && !devices && !guest_hidden(gpa);
}

/* The page @gpa lies in, or NULL if [gpa, gpa+len) is not within one page of guest RAM. */
static uint8_t *reach(uint64_t gpa, size_t len)
{
	uint64_t offset = gpa & ~PAGE_MASK;

	if (!guest_ram(gpa) || len > PAGE_SIZE - offset)
		return NULL;
	return (uint8_t *)map_page(MAP_DATA, gpa & PAGE_MASK) + offset;
}

int machine_read(uint64_t gpa, void *buf, size_t len)
{
	const uint8_t *p = reach(gpa, len);
	uint8_t *to = buf;

	if (!p)
		return -1;
	while (len) {
		size_t n = 1;

		if (len >= 8 && !((uintptr_t)p & 7)) {
			/* relaxed: the guest may write at any time; a word is read in one piece */
			uint64_t word = __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);

			__builtin_memcpy(to, &word, n = 8);	/* one MOV, no call */
		} else {
			*to = *(const volatile uint8_t *)p;
		}
		p += n;
		to += n;
		len -= n;
	}
	return 0;
}

int machine_cas64(uint64_t gpa, uint64_t expect, uint64_t value)
{
	uint64_t *p = (gpa & 7) ? NULL : (uint64_t *)reach(gpa, 8);

	if (!p)
		return -1;
	/* pairs with the page walks of the guest's CPUs: what the entry leads to is written before */
	return !__atomic_compare_exchange_n(p, &expect, value, false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED);
}

uint64_t guest_walk(uint64_t cr3, unsigned int levels, uint64_t gva, unsigned int stop,
		    uint64_t *where, uint64_t *entry)
{
	uint64_t table = cr3 & PTE_ADDR;

	for (unsigned int level = levels; level > 0; level--) {
		unsigned int shift = 12 + 9 * (level - 1);
		uint64_t at = table + ((gva >> shift) & 511) * 8;

		if (!guest_ram(at))
			return UINT64_MAX;
		*where = at;
		*entry = *((volatile uint64_t *)map_page(MAP_WALK, table) + ((gva >> shift) & 511));
		if (level == stop)
			return 0;
		if (!(*entry & PTE_PRESENT))
			return UINT64_MAX;
		if (level == 1 || (level <= 3 && (*entry & PTE_LARGE))) {
			uint64_t mask = (1ull << shift) - 1;

			return stop ? UINT64_MAX : (*entry & PTE_ADDR & ~mask) | (gva & mask);
		}
		table = *entry & PTE_ADDR;
	}
	return UINT64_MAX;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* A few 4 KiB mappings of the test kernel's own, for faults on purpose. */
#include "guest-tests/guest/kernel/paging.h"
#include "guest-tests/guest/kernel/cpu.h"
#include "guest-tests/guest/kernel/lib.h"
#include "guest-tests/guest/kernel/x86.h"

#define WINDOW		0xffffa00000000000ull	/* an unused entry of the root table */
#define P		1ull
#define W		2ull
#define NX		(1ull << 63)

static uint64_t tables[3][512] __attribute__((aligned(4096)));
static uint8_t pages[3][4096] __attribute__((aligned(4096)));

static uint64_t phys(const void *p)
{
	return boot_data.phys + ((uint64_t)p - (GUEST_LINK_VA + boot_data.slide));
}

void paging_init(void)
{
	uint64_t *root = (uint64_t *)(DIRECT_MAP + boot_data.root);

	tables[2][0] = phys(pages[0]) | P | W | NX;
	tables[2][1] = phys(pages[1]) | P | W | NX;
	tables[2][8] = phys(pages[2]) | P | NX;
	tables[1][0] = phys(tables[2]) | P | W;
	tables[0][0] = phys(tables[1]) | P | W;
	root[(WINDOW >> 39) & 511] = phys(tables[0]) | P | W;
}

uint8_t *paging_window(void)
{
	return (uint8_t *)WINDOW;
}

const uint8_t *paging_read_only(void)
{
	return (const uint8_t *)(WINDOW + 8 * PAGE_SIZE);
}

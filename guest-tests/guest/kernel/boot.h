/* SPDX-License-Identifier: GPL-2.0-only */
/* What the EFI stub hands to the test kernel. Addresses are physical if no comment says otherwise. */
#ifndef GUEST_BOOT_H
#define GUEST_BOOT_H

#include <stdint.h>

#define GUEST_MAGIC		0x4b4e4c5453455447ull	/* "GTSETLNK" */
#define GUEST_MAX_CPUS		16u
#define GUEST_MAX_RESERVED	64u
#define GUEST_LINK_VA		0xffffffff81000000ull
#define GUEST_TEXT_MAX		(2ull << 20)		/* the text segment's own 2 MiB page */
#define DIRECT_MAP		0xffff888000000000ull	/* the first 4 GiB of physical memory */

struct guest_range {
	uint64_t base, size;
};

struct guest_boot {
	uint64_t magic;
	uint64_t phys;			/* of the kernel image, 2 MiB aligned */
	uint64_t size;			/* of the kernel image, multiple of 2 MiB */
	uint64_t slide;			/* run address minus link address */
	uint64_t root;			/* page tables: kernel and direct map */
	uint64_t root_low;		/* the same and an identity map of the first 4 GiB */
	uint64_t trampoline;		/* two pages below 1 MiB */
	uint32_t cpus;
	uint32_t nreserved;
	uint32_t apic_id[GUEST_MAX_CPUS];	/* [0]: the boot CPU */
	struct guest_range reserved[GUEST_MAX_RESERVED];	/* EfiReservedMemoryType */
	char options[256];
};

/* The kernel's entry point, first byte of its text segment; System V ABI, interrupts off. */
typedef void guest_entry(uint64_t boot_phys);

#endif

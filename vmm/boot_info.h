/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What passes between the loader and the resident image.
 *
 * The resident image is linked at RESIDENT_VA and never relocated: the loader
 * takes one run of EfiReservedMemoryType, copies the image to its start, and
 * makes page tables that map the run linearly at RESIDENT_VA. Layout of the run:
 *
 *   image (text, rodata, data, bss)   header.image_size, pages
 *   one world for each CPU            header.world_size each, pages
 *   map tables                        one page table page per 512 map slots
 *   page tables of root mode          made by the loader
 *   pool                              what is left before the annex
 *   annex                             ANNEX_SIZE, 2 MiB aligned (anywhere in the run)
 */
#ifndef VMM_BOOT_INFO_H
#define VMM_BOOT_INFO_H

#include <stdint.h>

#define RESIDENT_MAGIC		0x31534552545854ull	/* "TXTRES1" */
#define RESIDENT_VA		0xffffffff80000000ull
#define MAP_VA			0xffffffffc0000000ull	/* window slots for guest pages, 4 KiB each */
#define MAP_SLOTS_PER_CPU	4u
#define MAX_CPUS		256u
#define ANNEX_SIZE		(2ull << 20)
#define WORLD_GUARD_MAX		8u

/* At offset 0 of the resident image. Offsets are from its start, page aligned unless said. */
struct resident_header {
	uint64_t magic;
	uint32_t image_size;		/* with bss */
	uint32_t file_size;		/* bytes to copy; the rest is zeroed */
	uint32_t text_start, text_end;	/* R-X */
	uint32_t rodata_end;		/* text_end ... rodata_end: R--, NX */
	uint32_t entry;			/* offset of resident_entry(), not aligned */
	uint32_t boot_info;		/* offset of struct boot_info, in bss, not aligned */
	uint32_t world_size;		/* bytes of one CPU's world */
	uint32_t world_guards;		/* how many entries of world_guard[] are in use */
	uint32_t world_guard[WORLD_GUARD_MAX];	/* page numbers in a world that are left unmapped */
};

/* Filled by the loader before the first call. */
struct boot_info {
	uint64_t phys;			/* address of the run: phys + x is at RESIDENT_VA + x */
	uint64_t size;			/* size of the run */
	uint64_t worlds;		/* offsets into the run */
	uint64_t map_tables;		/* the PT pages behind MAP_VA, one after the other */
	uint64_t pool, pool_size;
	uint64_t annex;
	uint64_t cr3;			/* CR3 with root mode's page tables */
	uint64_t leave;			/* address of switch_leave, see boot/switch.h */
	uint64_t tsc_hz, tsc_start;	/* ticks per second; TSC when the loader started */
	uint64_t nonce;			/* random if the CPU or firmware has any, else time */
	uint64_t low_ram_top;		/* end of the highest RAM below 4 GiB; devices follow */
	uint64_t ram_top;		/* end of the highest RAM in the EFI memory map */
	uint32_t cpus;
	uint32_t phys_bits;		/* MAXPHYADDR */
	uint32_t serial_speed;
	uint16_t serial_port;		/* 0: no console */
	uint8_t log_level;
	uint8_t cpuid_leaf;
	uint32_t apic_id[MAX_CPUS];	/* [0] is the boot CPU */
};

/* A segment register as loading its selector leaves it. SDM 3A "Segment Descriptors". */
struct segment {
	uint64_t base;
	uint32_t limit;			/* in bytes */
	uint32_t access;		/* bits 40 ... 55 of the descriptor, those of the limit clear */
	uint16_t selector;
};

#define SEGMENT_UNUSABLE	(1u << 16)	/* the only bit of access if the selector is null */

enum segment_register {
	SEGMENT_ES, SEGMENT_CS, SEGMENT_SS, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS,
	SEGMENT_LDTR, SEGMENT_TR,
	SEGMENTS,
};

/* This CPU as the firmware left it; the loader fills it before each call. */
struct firmware_state {
	uint64_t rip, rsp, rflags;	/* where the guest goes on after launch */
	uint64_t cr0, cr3, cr4, efer;
	uint64_t gdt_base, idt_base;
	uint16_t gdt_limit, idt_limit;
	struct segment segment[SEGMENTS];
};

enum resident_op {
	RESIDENT_INIT,		/* once, on the boot CPU: pool, base view, bitmaps, UART, engine */
	RESIDENT_LAUNCH,	/* on each CPU: arg = index into apic_id[] */
};

enum resident_status {
	RESIDENT_OK,
	RESIDENT_NO_MEMORY,
	RESIDENT_ENABLE_FAILED,		/* virtualization could not be switched on */
	RESIDENT_CONTROL_FAILED,	/* the CPU did not take its control structure */
	RESIDENT_LAUNCH_FAILED,		/* the CPU did not enter the guest */
};

/*
 * What the loader, as a guest, asks of root mode: numbers in RAX of the vendor's call
 * instruction. SEAL comes once, after all launches: from then on nothing of the firmware's is
 * mapped in root mode, there is no undo, and the instruction gives #UD.
 */
#define RESIDENT_CALL_UNDO	0x5375627465787455ull
#define RESIDENT_CALL_SEAL	0x5375627465787453ull

#endif

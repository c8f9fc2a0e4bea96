/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's memory and page tables as the engine sees them. The machine implements this. */
#ifndef ENGINE_GUEST_H
#define ENGINE_GUEST_H

#include <stddef.h>
#include <stdint.h>

/*
 * Copies guest physical RAM. The range must not cross a page. 0, or -1 if it is not RAM
 * of the guest's.
 * machine_read() reads each aligned 8-byte word by one 64-bit access: another CPU may be
 * storing an instruction there, and half of it must never get into an exec page.
 */
int machine_read(uint64_t gpa, void *buf, size_t len);

/**
 * machine_cas64 - put @value where @expect is, in one locked access
 * @gpa: 8-byte aligned
 *
 * For a page-table entry that the guest may be about to fill as well. 0; 1 if
 * something else was there (nothing written); -1 if it is not RAM of the guest's.
 */
int machine_cas64(uint64_t gpa, uint64_t expect, uint64_t value);

/**
 * machine_translate - walk the guest's own page tables (4 or 5 levels, large pages)
 * @gva: canonical or not
 * @gpa: filled on success
 * Uses the address space of the CPU that runs the engine; the kernel's half of it if
 * page-table isolation keeps two. 0, or -1 if it is not mapped there.
 */
int machine_translate(uint64_t gva, uint64_t *gpa);

/*
 * The guest's page-table entry for @gva at @level (1 = PTE, 2 = PDE, 3, 4): where it lies and
 * what it holds. 0 or -1 if the walk ends above.
 */
int machine_guest_entry(uint64_t gva, unsigned int level, uint64_t *gpa, uint64_t *entry);

/* IA32_LSTAR of the guest. 0 if it was never set. */
uint64_t machine_anchor(void);

/* The annex: reserved memory, 2 MiB aligned. Root mode sees it at machine_annex_va(). */
#define MACHINE_ANNEX_SIZE	(2ul << 20)
uint64_t machine_annex_hpa(void);
void *machine_annex_va(void);

#endif

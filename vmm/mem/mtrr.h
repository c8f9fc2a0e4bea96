/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory types of physical memory as the MTRRs say. SDM 3A, section "Memory
 * Type Range Registers (MTRRs)". Pure logic: no locks, any context; while
 * a caller changes a map, no other may read the same map.
 */
#ifndef VMM_MTRR_H
#define VMM_MTRR_H

#include <stdbool.h>
#include <stdint.h>

#define MTRR_MAX_VARIABLE	10u
#define MTRR_ENABLE		(1ull << 11)	/* bit of def_type */

enum memory_type {
	MT_UC = 0,
	MT_WC = 1,
	MT_WT = 4,
	MT_WP = 5,
	MT_WB = 6,
};

/* Raw register values of one CPU. */
struct mtrr_map {
	uint64_t def_type;		/* IA32_MTRR_DEF_TYPE */
	uint64_t cap;			/* IA32_MTRRCAP; VCNT above MTRR_MAX_VARIABLE is cut */
	uint64_t fixed[11];		/* 64K_00000, 16K_80000, 16K_A0000, 4K_C0000 ... 4K_F8000 */
	uint64_t base[MTRR_MAX_VARIABLE];
	uint64_t mask[MTRR_MAX_VARIABLE];
	unsigned int phys_bits;		/* MAXPHYADDR */
};

/* MSR number of fixed[i], 0 <= i < 11. */
uint32_t mtrr_fixed_msr(unsigned int i);

/*
 * Where @map keeps @msr, or NULL if a WRMSR to it changes no memory type (it is not fixed, variable
 * within cap or the default type). The caller may read or write the value there.
 */
uint64_t *mtrr_slot(struct mtrr_map *map, uint32_t msr);

/*
 * Type of the byte at @addr: UC with the MTRRs disabled; fixed before variable;
 * where variable ranges overlap UC wins, WT over WB, and what the SDM leaves
 * undefined is UC, as is a type no register should hold.
 */
enum memory_type mtrr_type(const struct mtrr_map *map, uint64_t addr);

/**
 * mtrr_uniform - has [addr, addr+size) one type?
 * @size: a power of two, 4 KiB or more; @addr is a multiple of it
 * @type: filled with it if so, else with the type of the first page
 *
 * Exact, in a bounded number of steps, as long as masks have no holes (bits
 * clear above a bit set); with holes it may say no where the answer is yes.
 */
bool mtrr_uniform(const struct mtrr_map *map, uint64_t addr, uint64_t size, enum memory_type *type);

#endif

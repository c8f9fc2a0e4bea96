/* SPDX-License-Identifier: GPL-2.0-only */
/* Computes memory types from MTRR values. SDM 3A, "Memory Type Range Registers (MTRRs)". */
#include <stddef.h>
#include "vmm/mem/mtrr.h"
#include "vmm/x86.h"

#define CAP_COUNT		0xffull
#define CAP_FIXED		(1ull << 8)
#define DEF_FIXED_ENABLE	(1ull << 10)
#define MASK_VALID		(1ull << 11)
#define TYPE_BITS		0xffull
#define TYPES_DEFINED		0x73u	/* UC, WC, WT, WP, WB */

#define FIXED_COUNT		11u
#define FIXED_GROUPS		3u
#define FIXED_END		0x100000ull
#define SMALLEST		4096ull

/*
 * Blocks mtrr_uniform() looks at before it gives up and says no. Closing in on
 * ten ranges and all the fixed ones takes less; only masks with holes get there.
 */
#define MAX_BLOCKS		1024u

/* The fixed ranges: each register holds eight types, one per @size bytes. */
static const struct fixed_group {
	uint32_t msr, start, size;
	unsigned int first;		/* in mtrr_map.fixed[] */
} fixed_groups[FIXED_GROUPS] = {
	{ 0x250, 0x00000, 0x10000, 0 },
	{ 0x258, 0x80000, 0x4000, 1 },
	{ 0x268, 0xc0000, 0x1000, 3 },
};

/* The low byte as a type; one no register should hold counts as uncached. */
static enum memory_type safe_type(uint64_t value)
{
	value &= TYPE_BITS;
	return value < 8 && TYPES_DEFINED >> value & 1 ? (enum memory_type)value : MT_UC;
}

static unsigned int variable_count(const struct mtrr_map *map)
{
	unsigned int n = map->cap & CAP_COUNT;

	return n < MTRR_MAX_VARIABLE ? n : MTRR_MAX_VARIABLE;
}

uint32_t mtrr_fixed_msr(unsigned int i)
{
	const struct fixed_group *g = &fixed_groups[FIXED_GROUPS - 1];

	while (i < g->first)
		g--;
	return g->msr + (i - g->first);
}

uint64_t *mtrr_slot(struct mtrr_map *map, uint32_t msr)
{
	uint32_t i = msr - MSR_MTRR_PHYSBASE0;

	if (msr == MSR_MTRR_DEF_TYPE)
		return &map->def_type;
	if (i < 2 * variable_count(map))
		return i & 1 ? &map->mask[i / 2] : &map->base[i / 2];
	for (i = 0; i < FIXED_COUNT && map->cap & CAP_FIXED; i++)
		if (mtrr_fixed_msr(i) == msr)
			return &map->fixed[i];
	return NULL;
}

/* Two ranges with these types overlap: equal types stay, WT wins over WB, all else is UC. */
static enum memory_type join(enum memory_type a, enum memory_type b)
{
	if ((a == MT_WT && b == MT_WB) || (a == MT_WB && b == MT_WT))
		return MT_WT;
	return a == b ? a : MT_UC;
}

/* The fixed range at @addr < 1 MiB: its type, and in @size how much it covers. */
static enum memory_type fixed_type(const struct mtrr_map *map, uint64_t addr, uint64_t *size)
{
	const struct fixed_group *g = &fixed_groups[FIXED_GROUPS - 1];
	unsigned int i;

	while (addr < g->start)
		g--;
	i = (addr - g->start) / g->size;
	*size = g->size;
	return safe_type(map->fixed[g->first + i / 8] >> 8 * (i % 8));
}

/*
 * The type of an aligned block, if it can be told at once. A range misses the block,
 * covers it, or (mask bits below @size) covers part of it. Returns false if a
 * part could have a type of its own.
 */
static bool block_type(const struct mtrr_map *map, uint64_t addr, uint64_t size,
		       enum memory_type *type)
{
	bool covered = false;
	unsigned int partial = 0;	/* bit mask of types */
	uint64_t fixed_size;

	*type = MT_UC;
	if (!(map->def_type & MTRR_ENABLE))
		return true;
	if (addr < FIXED_END && map->def_type & DEF_FIXED_ENABLE && map->cap & CAP_FIXED) {
		*type = fixed_type(map, addr, &fixed_size);
		return size <= fixed_size;
	}
	*type = safe_type(map->def_type);
	for (unsigned int i = 0; i < variable_count(map); i++) {
		uint64_t mask = map->mask[i] & ((1ull << map->phys_bits) - SMALLEST);
		enum memory_type t = safe_type(map->base[i]);

		if (!(map->mask[i] & MASK_VALID) || (addr ^ map->base[i]) & mask & ~(size - 1))
			continue;
		if (mask & (size - 1)) {
			partial |= 1u << t;
		} else {
			*type = covered ? join(*type, t) : t;
			covered = true;
		}
	}
	/* Ignore a range that covers part of the block if it would not change the block's type. */
	for (unsigned int t = MT_UC; t <= MT_WB; t++)
		if (partial >> t & 1 && (covered ? join(*type, t) : t) != *type)
			return false;
	return true;
}

enum memory_type mtrr_type(const struct mtrr_map *map, uint64_t addr)
{
	enum memory_type type;

	block_type(map, addr & ~(SMALLEST - 1), SMALLEST, &type);	/* the smallest block has no parts */
	return type;
}

/* Halves the block until each piece has one type; all pieces have to have the same. */
bool mtrr_uniform(const struct mtrr_map *map, uint64_t addr, uint64_t size, enum memory_type *type)
{
	uint64_t end = addr + size, block = size;
	enum memory_type t;

	*type = mtrr_type(map, addr);
	for (unsigned int n = 0; n < MAX_BLOCKS; n++) {
		if (!block_type(map, addr, block, &t)) {
			block >>= 1;
			continue;
		}
		if (t != *type)
			return false;
		addr += block;
		if (addr == end)
			return true;
		block = addr & -addr;	/* the largest aligned one; it ends at or before the end */
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views as the vendor's back end makes them. What the engine may do with a view, and the kinds of
 * pages, are in patcher/engine/views.h; here is what the rest of root mode needs besides.
 */
#ifndef VMM_VIEW_H
#define VMM_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/engine/views.h"

struct mtrr_map;

/**
 * view_identity - build the view in which every page is PAGE_PLAIN
 * @phys_bits: MAXPHYADDR, 32 ... 52; addresses beyond what the back end's tables translate stay out
 * @types: memory types, see mem/mtrr.h; large pages only where the type is uniform
 *
 * Returns 0 if the pool is empty or @phys_bits is out of range. SDM 3A, "Memory Type Range
 * Registers (MTRRs)".
 */
view_t view_identity(unsigned int phys_bits, const struct mtrr_map *types);

/* Bits of the guest physical addresses that a view translates, at most. */
#define VIEW_GPA_BITS	48u

/* The page of zeros that the guest sees at PAGE_HIDDEN. Set once, before the first view is made. */
extern uint64_t view_zero_page;

/* How the guest accesses memory; several at once in one instruction. */
#define ACCESS_READ	1u
#define ACCESS_WRITE	2u
#define ACCESS_FETCH	4u

/* Does the view let the guest access @gpa in all these ways (ACCESS_*)? Takes no lock. */
bool view_allows(view_t view, uint64_t gpa, unsigned int access);

/*
 * An overlay: a view for one instruction, in tables of its own, that differs from its base
 * in a few pages. It holds no reference to what it shares: the base must live, and
 * stay as it is, while the overlay is in use. One CPU's; no locks, no pool.
 */
struct overlay {
	view_t hpa;		/* its first page is the root; all from pool_alloc() in one run */
	unsigned int pages;	/* OVERLAY_PAGES(of the pages it can open) */
	unsigned int used;
};

/* Pages of tables for an overlay that opens @n pages. */
#define OVERLAY_PAGES(n)	(1u + 3u * (n))

/* As @base, with no page opened. */
void overlay_reset(struct overlay *o, view_t base);

/**
 * overlay_open - the instruction reads and executes @hpa at @gpa, and writes it if @write
 * Both page aligned; not checked. Returns 0, -1 if there are no tables left, -2 if @gpa is beyond
 * the physical addresses.
 */
int overlay_open(struct overlay *o, uint64_t gpa, uint64_t hpa, bool write);

#endif

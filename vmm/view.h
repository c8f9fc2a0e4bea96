/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A view: one translation of guest physical memory, named by its root. Views
 * form a persistent tree: a change copies the path from root to leaf and shares
 * the rest. The entry format is the back end's (vmx/ept.c).
 */
#ifndef VMM_VIEW_H
#define VMM_VIEW_H

#include <stdint.h>

/* Host physical address of the root table; 0 is no view. */
typedef uint64_t view_t;

enum {
	VIEW_R = 1,
	VIEW_W = 2,
	VIEW_X = 4,
	VIEW_RWX = 7,
};

struct mtrr_map;

/*
 * All functions below may run on any CPU in root or boot context, several at once;
 * those that change anything take the lock of all trees, then that of the pool.
 * Who calls with a view holds it, and is alone in changing it.
 */

/**
 * view_identity - build the view in which every GPA is its HPA
 * @phys_bits: MAXPHYADDR, 32 ... 52; all of it is mapped RWX, up to the 48 bits
 *	that four levels translate
 * @types: memory types, see mtrr.h; large pages only where the type is uniform
 *
 * Uses 1 GiB and 2 MiB pages; the first 2 MiB are split. Returns the root, 0 if
 * the pool is empty or @phys_bits is out of range. SDM 3C, "The Extended Page
 * Table Mechanism (EPT)"; SDM 3A, "Memory Type Range Registers".
 */
view_t view_identity(unsigned int phys_bits, const struct mtrr_map *types);

/* A new view that shares everything with @base. Returns 0 if the pool is empty. */
view_t view_fork(view_t base);

/**
 * view_map - change one 4 KiB page of a view that is not yet in use by a CPU
 * @view: a fork; tables it shares are copied first, large pages split
 * @gpa, @hpa: page aligned, below 2^48 and 2^52; @gpa within the physical addresses
 * @rights: VIEW_*; W without R is refused (an EPT misconfiguration); 0 is "not present"
 *
 * The memory type stays what it was at @gpa, also over a time of "not present".
 * One 64-bit store changes the leaf. At most three pages are taken from the pool.
 * Returns 0, -1 if the pool is empty (all translations are as before; tables that
 * were copied or split until then stay, and go with the view), -2 on a bad argument.
 */
int view_map(view_t view, uint64_t gpa, uint64_t hpa, unsigned int rights);

/**
 * view_lookup - what the CPU would find for @gpa
 * @hpa, @type: filled if not NULL and the page is present
 *
 * Returns the rights, 0 if not present. Takes no lock.
 */
unsigned int view_lookup(view_t view, uint64_t gpa, uint64_t *hpa, unsigned int *type);

/*
 * Drops a view; frees every table no other view shares. @view may be 0. No CPU
 * may run on it or hold translations of it (SDM 3C, INVEPT) any more.
 */
void view_put(view_t view);

/*
 * An overlay: a view for a moment, in tables of its own, that differs from its base
 * in a few pages. It holds no reference to what it shares: the base must live, and
 * stay as it is, while the overlay is in use. One CPU's; no locks, no pool.
 */
struct overlay {
	view_t hpa;		/* its first page is the root; all from pool_alloc() in one run */
	unsigned int pages;	/* 1 + 3 for each page it can change */
	unsigned int used;
};

/* As @base, with nothing changed. */
void overlay_reset(struct overlay *o, view_t base);

/*
 * One page more, arguments as view_map(), which are not checked. Returns 0, -1 if
 * there are no tables left, -2 if @gpa is beyond the physical addresses.
 */
int overlay_map(struct overlay *o, uint64_t gpa, uint64_t hpa, unsigned int rights);

/* The EPT pointer of a view: root, write-back walks, 4 levels, no A/D (SDM 3C, EPTP). */
uint64_t view_eptp(view_t view);

#endif

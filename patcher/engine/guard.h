/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of guarded pages and of parts of windows and bodies, two editions each (state.h).
 * Functions may be called by the session, or by any CPU that holds the lock; those that change
 * a table by the session with the lock held.
 */
#ifndef ENGINE_GUARD_H
#define ENGINE_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/engine/txn.h"

#define ENGINE_MAX_PIECES	8192u	/* parts of windows and bodies, all patches together */

/*
 * The part of a window, or of the rest of a function that is replaced, that lies on one
 * page. Sorted by gpa, disjoint.
 */
struct piece {
	uint64_t gpa;
	uint16_t site, len;
	uint8_t slot : 7, body : 1;	/* body: part of the rest: fetches see the guest's bytes */
	uint8_t off;			/* byte in the window; in a body, pages from the window's page */
	bool in[2];			/* is it in edition 0, in edition 1 */
};

/*
 * A guarded page. Sorted by gpa. exec[]: the page that fetches see; @gpa itself
 * while no window is in force yet, or if only writes are of interest; 0 if this edition does
 * not guard the page (or has not made its exec page yet).
 */
struct guard {
	uint64_t gpa;
	uint64_t exec[2];
};

/* The guard of the page @gpa lies on, NULL if there is none. */
struct guard *guard_find(uint64_t gpa);

/**
 * guard_touch - the next edition of this page will differ
 * @pages: counts the pages this transaction touches; may be NULL
 *
 * A page that is not guarded yet gets a guard that shows the page itself.
 * 0 or -1 (table full). Changes the table.
 */
int guard_touch(uint64_t gpa, unsigned int *pages);

/* Phase, some guards: makes the edition that is not in force, whose pages no CPU uses, equal. */
enum outcome guard_settle(struct txn *t);

/* First part of a window or body that ends after @gpa. */
unsigned int piece_after(uint64_t gpa);

/* Each part that has bytes in [@from, @end). */
#define for_pieces(p, from, end) \
	for (struct piece *p = &eng.pieces[piece_after(from)]; \
	     p < &eng.pieces[eng.npieces] && p->gpa < (end); p++)

/* The site a part belongs to. */
struct held_site *piece_site(const struct piece *p);

/* Where the guest has the first byte of a part, if its page tables are as they were. */
uint64_t piece_gva(const struct piece *p);

/* Has this edition a part of a window, or of a body, on the page? */
bool page_has(uint64_t gpa, unsigned int edition, bool body);

/**
 * piece_insert - enter a part of a window or body in its place
 * Returns NULL, or the part that has some of these bytes already (nothing is
 * entered then). The caller has seen that there is room. Changes the table.
 */
struct piece *piece_insert(const struct piece *p);

#endif

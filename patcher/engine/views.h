/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views: translations of guest physical memory, each named by its root. Views form a persistent
 * tree: a change copies the path from the root to the leaf and shares the rest. The machine
 * implements this; its back end knows which bits of which tables make a kind of page.
 */
#ifndef ENGINE_VIEWS_H
#define ENGINE_VIEWS_H

#include <stdbool.h>
#include <stdint.h>

/* 0 is no view. */
typedef uint64_t view_t;

/*
 * What a page of 4 KiB is to the guest. The view translates every page to itself but for those
 * kinds that say otherwise. "Exits" means: the machine steps the access, and reports a write
 * with engine_written() before the guest's next instruction.
 */
enum page_kind {
	PAGE_PLAIN,		/* the guest's own: it reads, writes and executes the page */
	PAGE_WATCHED,		/* the guest executes the page; every data access exits */
	PAGE_PATCHED,		/* fetches see the exec page; every data access exits */
	PAGE_PAYLOAD_TEXT,	/* new code: the guest executes it; every data access exits */
	PAGE_PAYLOAD_DATA,	/* the guest reads and writes it; a fetch exits */
	PAGE_HIDDEN,		/* reads as zeros; writes exit and are lost */
	PAGE_KINDS,
};

/*
 * All functions below may run on any CPU in root or boot context, several at once. view_fork(),
 * view_set() and view_put() take the lock of all trees, then that of the pool; view_get() takes only
 * the pool's. The caller must own the view and be the only one that changes it.
 */

/* A new view that shares everything with @base. Returns 0 if the pool is empty. */
view_t view_fork(view_t base);

/**
 * view_set - change one page of a view that no CPU uses yet
 * @view: a fork
 * @gpa: page aligned, within the physical addresses
 * @kind: what the page is from now on
 * @exec: host physical address of the exec page for PAGE_PATCHED, else ignored
 *
 * The memory type stays that of @gpa. Returns 0; -1 if the pool is empty (every translation
 * is as before); -2 on a bad argument.
 */
int view_set(view_t view, uint64_t gpa, enum page_kind kind, uint64_t exec);

/* Is the page @gpa lies on PAGE_PLAIN in this view? Takes no lock. */
bool view_is_plain(view_t view, uint64_t gpa);

/* Adds an owner; each owner must call view_put(). */
void view_get(view_t view);

/*
 * Drops an owner, and with the last one the view: frees every table that no other view shares. @view
 * may be 0. No CPU may run on it or hold translations of it any more.
 */
void view_put(view_t view);

/* The view of a machine without patches: identity, root mode's memory hidden. The machine's. */
view_t machine_base_view(void);

/**
 * machine_spread - every CPU takes @view at an exit of its own; no CPU waits for another
 * Takes over no reference; the old view must live until machine_spread_done().
 * May be called again before the last spread is done: the last one counts.
 * Each CPU invalidates its translations when it takes the view. A CPU that is about to handle
 * an exit from the old view may find that the engine no longer knows the page
 * (ENGINE_PAGE_NONE): the CPU goes on if engine_view() allows the access.
 */
void machine_spread(view_t view);

/* True when every CPU is on the view of the last machine_spread(), or waits for SIPI. */
bool machine_spread_done(void);

#endif

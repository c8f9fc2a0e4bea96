/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The annex: 2 MiB for payloads, text from the bottom, data from the top. The guest sees it
 * through one page-directory entry that was not present. Session, but for annex_page().
 */
#ifndef ENGINE_ANNEX_H
#define ENGINE_ANNEX_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/engine/engine.h"
#include "patcher/engine/guest.h"
#include "patcher/engine/pages.h"
#include "patcher/engine/ranges.h"
#include "patcher/engine/txn.h"

#define ANNEX_PAGES	(MACHINE_ANNEX_SIZE >> PAGE_SHIFT)

struct annex {
	enum stage entry;		/* stage of the page-directory entry: ANNEX_... */
	uint64_t gva;			/* address at which the guest sees the annex, or is about to */
	uint64_t pde;			/* GPA of the entry */
	struct ranges ranges;		/* pages that no payload uses */
	uint8_t kind[2][ANNEX_PAGES];	/* enum page_kind in each edition; PAGE_PLAIN: not in use */
};

/* Where the guest sees the payload text of a patch; 0 if that is not in use. */
uint64_t annex_text_gva(const struct held *h);

/**
 * annex_check - find out whether another kernel runs (kexec)
 *
 * It does if the guest's tables hold the kernel, but not our entry. Then a payload gets a new
 * place when its patch is applied again, where this kernel has an entry free; the old places stay
 * taken. While a patch with a payload is live nothing is changed, and annex_place() refuses.
 */
void annex_check(void);

/* Phase, one entry: a place for the payload, and an address at which the guest can see it. */
enum outcome annex_place(struct txn *t);

/* Phase, one page or some fixups: the payload into its place, where no CPU can see it yet. */
enum outcome annex_fill(struct txn *t);

/**
 * annex_map - fill the guest's page-directory entry, if this patch is the first to need it
 *
 * To be called when every CPU is on t->guarded: translations that go through
 * the entry are then cached for that view only. If the transaction is refused, these
 * translations are dropped with that view. 0, or -1: the entry is not free any more.
 */
int annex_map(struct txn *t);

/* Undoes annex_map(). An entry that the guest has changed since is the guest's. */
void annex_unmap(void);

/* Marks the annex pages of @h, and the page-directory entry, as kept. At the commit, lock held. */
void annex_keep(struct held *h);

/* After a refusal: takes back the place that the transaction gave to @h. */
void annex_give_back(struct held *h);

/* How many pages the payload has in all, and which the @i-th of them is, text first. */
unsigned int annex_pages_of(const struct held *h);
unsigned int annex_nth_page(const struct held *h, unsigned int i);

/* Maps a page of the annex in a view, as this edition uses it. 0, or view_set()'s error. */
int annex_view(view_t view, unsigned int edition, unsigned int page);

/* What the edition in force has at @gpa, if that is in the annex. Any CPU, lock held. */
enum engine_page annex_page(uint64_t gpa);

#endif

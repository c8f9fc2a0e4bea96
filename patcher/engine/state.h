/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's own data.
 *
 * Every table holds two editions: the one in force (eng.live) and the one being
 * prepared. A commit flips eng.live and is done, however much is in the tables.
 * Outside a transaction both editions are equal.
 *
 * Only the session (the CPU in engine_apply() ... engine_poll()) changes tables,
 * and it holds machine_lock() while it does; exits read them under the lock.
 */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "patcher/engine/annex.h"
#include "patcher/engine/cpus.h"
#include "patcher/engine/engine.h"
#include "patcher/engine/event.h"
#include "patcher/engine/guard.h"
#include "patcher/engine/guest.h"
#include "patcher/engine/pages.h"
#include "patcher/engine/patches.h"
#include "patcher/engine/txn.h"
#include "patcher/engine/views.h"

/* First bytes of instructions. */
#define INT3			0xcc
#define CALL			0xe8
#define JMP			0xe9

struct engine {
	enum stage stage;			/* TXN_... */
	unsigned int live;			/* edition in force: 0 or 1 */
	struct piece *pieces;
	struct guard *guards;
	struct held *held;			/* the slots */
	unsigned int npieces, nguards, nheld;
	view_t base, view;			/* the view without patches; the view in force */
	view_t retired;				/* the view before a rebase, until every CPU has left it */
	struct annex annex;
	struct txn txn;
	struct event_ring events;
	bool own;				/* engine_watch() began the transaction under way */
	unsigned int watch_slot, watch_site;	/* the site at which engine_watch() looks next */
	uint64_t looked, rest;			/* TSC of its last look; ticks from then to the next */
	char symbol[96];			/* the symbol that the last refusal names */
	uint64_t merges, merged_words, window_writes;
};

extern struct engine eng;

static inline unsigned int pages_of(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static inline unsigned int edition_next(void)
{
	return eng.live ^ 1;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stages: how far a held patch is, how far the transaction is, and what a transaction has of
 * the annex. One table says which stage may follow which; docs/how-it-works.md has the same
 * table with the reasons, and a test compares both.
 */
#ifndef ENGINE_STAGES_H
#define ENGINE_STAGES_H

#include <stdbool.h>

enum stage {
	/* a held patch */
	PATCH_GONE,		/* the slot is empty */
	PATCH_RECEIVED,		/* a copy of the file is held, its format is right */
	PATCH_VERIFIED,		/* its pages are guarded; kernel and windows are as it expects */
	PATCH_PREPARED,		/* all memory is taken, all exec pages are written */
	PATCH_LIVE,
	PATCH_LEAVING,		/* live, but memory it needs is gone: the engine will revert it */
	PATCH_REVERTED,		/* out of force; its payload stays, a thread may be inside */

	/* the transaction */
	TXN_IDLE,		/* there is none */
	TXN_CLAIMED,		/* no other one can begin: see txn_claim() */
	TXN_PREPARING,		/* begun; a refusal undoes it */
	TXN_COMMITTED,		/* the new edition is in force; the old one is cleaned up */
	TXN_UNDOING,		/* refused; what it prepared is taken back */

	/* what a patch has of the annex: a place for its payload, the page-directory entry */
	ANNEX_NONE,
	ANNEX_NEW,		/* taken by the transaction under way */
	ANNEX_KEPT,		/* a commit has brought it into use */

	STAGES
};

/* Does the table allow the move? Any context. */
bool stage_may(enum stage from, enum stage to);

/**
 * stage_move - the only way in which a stage changes
 * Returns true if the table allows the move. If not, the engine has a bug: the stage stays as
 * it is, an event "bug" names both stages, and the caller goes no further. Takes the lock.
 */
bool stage_move(enum stage *stage, enum stage to);
/* The same with the lock held. */
bool stage_move_locked(enum stage *stage, enum stage to);

/* A word for docs and lists; "unknown" for anything else. Any context. */
const char *stage_name(enum stage s);

#endif

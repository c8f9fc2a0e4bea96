/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The views of a transaction: first one that guards the pages it touches, then
 * one that shows the next edition's exec pages; and the way back. Phases.
 */
#ifndef ENGINE_PREPARE_H
#define ENGINE_PREPARE_H

#include "patcher/engine/txn.h"

/*
 * One page: makes a view in which the pages that show themselves, the new ones among them, are
 * watched. A view of its own is needed also when the annex is about to appear: see annex_map().
 */
enum outcome prepare_guard(struct txn *t);

/*
 * Every CPU takes that view. From the moment the last one has it, the guest writes nothing to
 * these pages without engine_written().
 */
enum outcome prepare_spread(struct txn *t);

/* One page: the next edition's exec pages and its view. The last unit makes the patch PATCH_PREPARED. */
enum outcome prepare_exec(struct txn *t);

/* After a refusal: every CPU goes back to the view from before. Its tables are untouched. */
enum outcome prepare_undo(struct txn *t);

/* The last phase: drops the view that is not in force, and makes both editions equal. */
enum outcome prepare_settle(struct txn *t);

#endif

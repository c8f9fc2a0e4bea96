/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The views of a transaction: first one that guards the pages it touches, then
 * one that shows the next edition's exec pages; and the way back. Phases.
 */
#ifndef ENGINE_PREPARE_H
#define ENGINE_PREPARE_H

#include "patcher/engine/txn.h"

/*
 * One page: makes a view that watches each guarded page without an exec page in the edition in force,
 * the new ones among them. annex_map() needs a view of its own too.
 */
enum outcome prepare_guard(struct txn *t);

/*
 * Makes every CPU take that view. From then on every guest write to these pages calls
 * engine_written().
 */
enum outcome prepare_spread(struct txn *t);

/* One page: the next edition's exec pages and its view. The last unit makes the patch PATCH_PREPARED. */
enum outcome prepare_exec(struct txn *t);

/* After a refusal: makes every CPU take the view from before again. Its tables are unchanged. */
enum outcome prepare_undo(struct txn *t);

/* The last phase: drops the view that is not in force, and makes both editions equal. */
enum outcome prepare_settle(struct txn *t);

#endif

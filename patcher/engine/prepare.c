/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/prepare.h"
#include "patcher/engine/merge.h"
#include "patcher/engine/rebase.h"
#include "patcher/engine/state.h"

#define SPREAD_SECONDS	4u	/* until a CPU that takes no view is given up */

static void spread(view_t view)
{
	machine_lock();
	view_take(view);
	machine_unlock();
	machine_spread(view);
}

/* Turns view_set()'s error into a refusal. */
static enum outcome refuse_map(int error, uint64_t gpa)
{
	if (error == -1)
		return refuse_what(REFUSE_MEMORY, "views");
	return refuse_at(REFUSE_UNMAPPED, gpa);
}

enum outcome prepare_guard(struct txn *t)
{
	const struct guard *g;
	int error;

	t->of = eng.nguards;
	if (!t->guarded) {
		t->guarded = view_fork(t->before);
		return t->guarded ? UNIT_AGAIN : refuse_what(REFUSE_MEMORY, "views");
	}
	while (t->i < eng.nguards && eng.guards[t->i].exec[eng.live] != eng.guards[t->i].gpa)
		t->i++;
	if (t->i == eng.nguards)
		return UNIT_NEXT;
	g = &eng.guards[t->i++];
	error = view_set(t->guarded, g->gpa, PAGE_WATCHED, 0);
	return error ? refuse_map(error, g->gpa) : UNIT_AGAIN;
}

/* The session may have moved to a CPU whose TSC is behind: the difference is then negative. */
static bool time_is_up(uint64_t since)
{
	return (int64_t)(machine_tsc() - since) >
	       (int64_t)(SPREAD_SECONDS * machine_tsc_hz());
}

enum outcome prepare_spread(struct txn *t)
{
	t->of = 1;
	if (eng.view != t->guarded) {
		t->since = machine_tsc();
		spread(t->guarded);
	}
	if (!machine_spread_done()) {
		if (!time_is_up(t->since))
			return UNIT_WAIT;
		refuse(REFUSE_LATE_CPU)->cpu = UINT32_MAX;
		return UNIT_REFUSED;
	}
	if (annex_map(t))
		return refuse_what(REFUSE_ANNEX, "the guest has taken the page-directory entry");
	return UNIT_NEXT;
}

/* Has the next edition no window and no payload? The view without patches shows it then. */
static bool next_is_empty(void)
{
	for (unsigned int i = 0; i < eng.npieces; i++)
		if (eng.pieces[i].in[edition_next()])
			return false;
	return eng.annex.entry == ANNEX_NONE;
}

/* Enters a page in the next view: patched, with an exec page; watched; or plain again. */
static enum outcome next_page(struct txn *t, struct guard *g)
{
	enum page_kind kind = PAGE_PLAIN;
	uint64_t exec = 0;
	int error;

	if (page_has(g->gpa, edition_next(), false)) {
		kind = PAGE_PATCHED;
		exec = pool_alloc(1);
		if (!exec)
			return refuse_what(REFUSE_MEMORY, "exec pages");
		if (merge_build(g, exec)) {
			pool_put(exec);
			return refuse_at(REFUSE_UNMAPPED, g->gpa);
		}
	} else if (page_has(g->gpa, edition_next(), true)) {
		kind = PAGE_WATCHED;
		machine_lock();
		g->exec[edition_next()] = g->gpa;
		machine_unlock();
	}
	error = view_set(t->after, g->gpa, kind, exec);
	return error ? refuse_map(error, g->gpa) : UNIT_AGAIN;
}

/* Enters the @i-th page of the payload in the next view. */
static enum outcome next_annex(struct txn *t, unsigned int i)
{
	unsigned int page = annex_nth_page(t->held, i);
	int error = annex_view(t->after, edition_next(), page);

	return error ? refuse_map(error, machine_annex_hpa() + ((uint64_t)page << PAGE_SHIFT)) :
	       UNIT_AGAIN;
}

/* All is prepared. A patch that is reverted stays live until the commit. */
static enum outcome prepared(struct txn *t)
{
	if (t->to == PATCH_LIVE && !stage_move(&t->held->stage, PATCH_PREPARED))
		return refuse_stage();
	return UNIT_NEXT;
}

enum outcome prepare_exec(struct txn *t)
{
	t->of = eng.nguards + (t->held->place == ANNEX_NEW ? annex_pages_of(t->held) : 0);
	if (!t->after && next_is_empty()) {
		t->after = eng.base;
		return prepared(t);
	}
	if (!t->after) {
		t->after = view_fork(eng.view);
		return t->after ? UNIT_AGAIN : refuse_what(REFUSE_MEMORY, "views");
	}
	/* Pages that are as before have the same exec page in both editions. */
	while (t->i < eng.nguards && eng.guards[t->i].exec[edition_next()])
		t->i++;
	if (t->i < eng.nguards)
		return next_page(t, &eng.guards[t->i++]);
	if (t->i < t->of)
		return next_annex(t, t->i++ - eng.nguards);
	return prepared(t);
}

enum outcome prepare_undo(struct txn *t)
{
	t->of = 1;
	annex_unmap();
	if (eng.view != t->before)
		spread(t->before);
	return machine_spread_done() ? UNIT_NEXT : UNIT_WAIT;
}

enum outcome prepare_settle(struct txn *t)
{
	enum outcome outcome = guard_settle(t);

	if (outcome != UNIT_NEXT)
		return outcome;
	view_drop(t->guarded);
	view_drop(eng.stage == TXN_COMMITTED ? t->before : t->after);
	return UNIT_NEXT;
}

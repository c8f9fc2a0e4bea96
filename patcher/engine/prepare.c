/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The views of a transaction: first one that guards the pages it touches, then
 * one that shows the next edition's exec pages; and the way back.
 */
#include "patcher/engine/internal.h"

/* Drops a view of ours; the machine owns the one without patches. */
void prepare_drop(view_t view)
{
	if (view && view != eng.base)
		view_put(view);
}

static void take_view(view_t view)
{
	machine_lock();
	eng.view = view;
	machine_unlock();
}

/* Turns view_set()'s error into a refusal. */
static enum step refuse_map(int error, uint64_t gpa)
{
	if (error == -1)
		return refuse_what(REFUSE_MEMORY, "views");
	return refuse_at(REFUSE_UNMAPPED, gpa);
}

/*
 * Phase, one page: a view in which the pages that show themselves, those that are new to us
 * among them, are execute-only. Needed as well when the annex is about to appear, see annex_map().
 */
enum step prepare_guard(struct txn *t)
{
	const struct guard *g;
	int error;

	t->of = eng.nguards;
	if (!t->guarded) {
		t->guarded = view_fork(t->before);
		return t->guarded ? STEP_AGAIN : refuse_what(REFUSE_MEMORY, "views");
	}
	while (t->i < eng.nguards && eng.guards[t->i].exec[eng.live] != eng.guards[t->i].gpa)
		t->i++;
	if (t->i == eng.nguards)
		return STEP_NEXT;
	g = &eng.guards[t->i++];
	error = view_set(t->guarded, g->gpa, PAGE_WATCHED, 0);
	return error ? refuse_map(error, g->gpa) : STEP_AGAIN;
}

/* The session may have moved to a CPU whose TSC is behind: then the time is not up. */
static bool time_is_up(uint64_t since)
{
	return (int64_t)(machine_tsc() - since) >
	       (int64_t)(ENGINE_SPREAD_SECONDS * machine_tsc_hz());
}

/*
 * Phase: every CPU takes the view that guards. From the moment the last one has it,
 * nothing is written to these pages without engine_written().
 */
enum step prepare_spread(struct txn *t)
{
	t->of = 1;
	if (eng.view != t->guarded) {
		take_view(t->guarded);
		t->since = machine_tsc();
		machine_spread(t->guarded);
	}
	if (!machine_spread_done()) {
		if (!time_is_up(t->since))
			return STEP_WAIT;
		refuse(REFUSE_LATE_CPU)->cpu = UINT32_MAX;
		return STEP_REFUSED;
	}
	if (annex_map(t))
		return refuse_what(REFUSE_ANNEX, "the guest has taken the page-directory entry");
	return STEP_NEXT;
}

/* The next edition has no window and no payload: the view without patches will do. */
static bool next_is_empty(void)
{
	for (unsigned int i = 0; i < eng.npieces; i++)
		if (eng.pieces[i].in[edition_next()])
			return false;
	return !eng.annex.mapped;
}

/*
 * The page as the next edition shows it: patched, with an exec page; watched; or the guest's own
 * again.
 */
static enum step next_page(struct txn *t, struct guard *g)
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
	return error ? refuse_map(error, g->gpa) : STEP_AGAIN;
}

/* Maps one page of the payload in the view to come. @n counts its text pages first. */
static enum step next_annex(struct txn *t, unsigned int n, unsigned int text)
{
	unsigned int page = n < text ? t->held->text_page + n : t->held->data_page + n - text;
	int error = annex_view(t->after, edition_next(), page);

	return error ? refuse_map(error, machine_annex_hpa() + ((uint64_t)page << PAGE_SHIFT)) :
	       STEP_AGAIN;
}

/* Phase, one page: the next edition's exec pages and its view. */
enum step prepare_exec(struct txn *t)
{
	unsigned int text, payload = annex_pages_of(t->held, &text);

	t->of = eng.nguards + (t->placing ? payload : 0);
	if (!t->after) {
		if (next_is_empty()) {
			t->after = eng.base;
			return STEP_NEXT;
		}
		t->after = view_fork(eng.view);
		return t->after ? STEP_AGAIN : refuse_what(REFUSE_MEMORY, "views");
	}
	/* Pages that are as before have the same exec page in both editions. */
	while (t->i < eng.nguards && eng.guards[t->i].exec[edition_next()])
		t->i++;
	if (t->i < eng.nguards)
		return next_page(t, &eng.guards[t->i++]);
	if (t->i < t->of)
		return next_annex(t, t->i++ - eng.nguards, text);
	if (t->fresh)
		t->held->state = PATCH_PREPARED;
	return STEP_NEXT;
}

/* Phase after a refusal: every CPU goes back to the view from before. Its tables are untouched. */
enum step prepare_undo(struct txn *t)
{
	t->of = 1;
	annex_unmap(t);
	if (eng.view != t->before) {
		take_view(t->before);
		machine_spread(t->before);
	}
	return machine_spread_done() ? STEP_NEXT : STEP_WAIT;
}

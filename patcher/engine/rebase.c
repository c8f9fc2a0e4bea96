/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/rebase.h"
#include "patcher/engine/state.h"

view_t engine_view(void)
{
	/* Pairs with the store in view_take(): a CPU that reads a view reads its tables too. */
	return __atomic_load_n(&eng.view, __ATOMIC_ACQUIRE);
}

void view_take(view_t view)
{
	/* Pairs with the load in engine_view(), which takes no lock. */
	__atomic_store_n(&eng.view, view, __ATOMIC_RELEASE);
}

void view_drop(view_t view)
{
	if (view && view != eng.base)
		view_put(view);
}

bool rebase_settled(void)
{
	if (!eng.retired)
		return true;
	if (!machine_spread_done())
		return false;
	view_put(eng.retired);
	eng.retired = 0;
	return true;
}

/* Makes a view of all that is in force, from a fork of @base. Returns 0 if the pool is empty. */
static view_t rebuild(view_t base)
{
	view_t view = view_fork(base);
	int error = view ? 0 : -1;

	for (const struct guard *g = eng.guards; !error && g < eng.guards + eng.nguards; g++)
		error = view_set(view, g->gpa, g->exec[eng.live] == g->gpa ? PAGE_WATCHED : PAGE_PATCHED,
				 g->exec[eng.live]);
	for (unsigned int i = 0; !error && i < ANNEX_PAGES; i++)
		error = annex_view(view, eng.live, i);
	if (!error)
		return view;
	view_put(view);
	return 0;
}

/* Does the work of engine_rebase() under the claim. */
static int rebase(view_t base)
{
	view_t view = base;

	if (!rebase_settled())
		return -1;
	if (eng.view != eng.base) {
		view = rebuild(base);
		if (!view)
			return -1;
	} else {
		/* CPUs run on the machine's old base: it must live as long as they do. */
		view_get(eng.view);
	}
	eng.retired = eng.view;
	machine_lock();
	eng.base = base;
	view_take(view);
	machine_unlock();
	machine_spread(view);
	return 0;
}

int engine_rebase(view_t base)
{
	int ret;

	if (!txn_claim())
		return -1;
	ret = rebase(base);
	txn_release();
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The engine's functions for the session: apply, revert, lists and numbers. */
#include "patcher/engine/engine.h"
#include "patcher/engine/rebase.h"
#include "patcher/engine/state.h"
#include "patcher/wire/mem.h"

struct engine eng;

/* The large tables, in one run of the pool. */
struct tables {
	struct piece pieces[ENGINE_MAX_PIECES];
	struct guard guards[ENGINE_MAX_PAGES];
	struct held held[ENGINE_MAX_PATCHES];
	struct event_text events[EVENT_RING];
};

void engine_init(void)
{
	uint64_t run = pool_alloc(pages_of(sizeof(struct tables)));
	struct tables *tables = run ? pool_va(run) : NULL;

	memset(&eng, 0, sizeof(eng));
	eng.stage = TXN_IDLE;
	eng.base = eng.view = machine_base_view();
	eng.annex.entry = ANNEX_NONE;
	ranges_init(&eng.annex.ranges, ANNEX_PAGES);
	/* Without the tables, engine_apply() always refuses with REFUSE_MEMORY. */
	if (!tables)
		return;
	eng.pieces = tables->pieces;
	eng.guards = tables->guards;
	eng.held = tables->held;
	eng.events.lines = tables->events;
	eng.nheld = ENGINE_MAX_PATCHES;
}

/* May a transaction begin now? If so, claims it; else fills @why. */
static bool may_begin(struct refusal *why)
{
	*why = (struct refusal){ .code = eng.nheld ? REFUSE_BUSY : REFUSE_MEMORY };
	if (!eng.nheld || !txn_claim())
		return false;
	if (rebase_settled())
		return true;
	txn_release();
	return false;
}

enum engine_status engine_apply(const void *file, size_t len, struct refusal *why)
{
	struct held *h;

	if (!may_begin(why))
		return ENGINE_REFUSED;
	h = held_take(file, len, why);
	if (!h) {
		txn_release();
		return ENGINE_REFUSED;
	}
	txn_begin(h, PATCH_LIVE);
	return ENGINE_MORE;
}

/* Begins to bring the held patch @id to the stage @to, if it is not there. */
static enum engine_status begin_held(const uint8_t id[8], enum stage to, struct refusal *why)
{
	struct held *h;

	if (!may_begin(why))
		return ENGINE_REFUSED;
	h = held_find(id);
	if (h && held_is_live(h) == (to == PATCH_REVERTED)) {
		txn_begin(h, to);
		return ENGINE_MORE;
	}
	txn_release();
	*why = (struct refusal){ .code = REFUSE_STATE, .what = !h ? "unknown id" :
				 to == PATCH_REVERTED ? "not live" : "already live" };
	return ENGINE_REFUSED;
}

enum engine_status engine_apply_held(const uint8_t id[8], struct refusal *why)
{
	return begin_held(id, PATCH_LIVE, why);
}

enum engine_status engine_revert(const uint8_t id[8], struct refusal *why)
{
	return begin_held(id, PATCH_REVERTED, why);
}

/* The @i-th held patch, counted over the slots in use. */
static struct held *nth_held(unsigned int i)
{
	for (unsigned int slot = 0; slot < eng.nheld; slot++)
		if (eng.held[slot].stage != PATCH_GONE && !i--)
			return &eng.held[slot];
	return NULL;
}

bool engine_info(unsigned int i, struct patch_info *out)
{
	const struct held *h = nth_held(i);

	if (!h)
		return false;
	*out = (struct patch_info){
		.name = h->patch.header->name, .state = held_is_live(h) ? PATCH_LIVE : h->stage,
		.sites = h->patch.nsites, .pages = h->pages, .annex = annex_text_gva(h),
		.text_size = h->patch.header->text.size, .data_size = h->patch.header->data_mem,
		.applied = h->applied, .reverted = h->reverted,
	};
	memcpy(out->id, h->patch.header->id, sizeof(out->id));
	return true;
}

bool engine_site(const uint8_t id[8], unsigned int i, uint64_t *gva, const char **name)
{
	const struct held *h = held_find(id);

	if (!h || i >= h->patch.nsites)
		return false;
	*gva = h->sites[i].gva;
	*name = patch_site_name(&h->patch, i);
	return true;
}

void engine_stats(struct engine_stats *out)
{
	machine_lock();
	*out = (struct engine_stats){
		.merges = eng.merges, .merged_words = eng.merged_words,
		.window_writes = eng.window_writes,
		.guarded_pages = eng.nguards,
		.annex_used = (ANNEX_PAGES - ranges_free(&eng.annex.ranges)) << PAGE_SHIFT,
	};
	for (unsigned int i = 0; i < eng.nheld; i++)
		if (held_is_live(&eng.held[i]))
			out->live_sites += eng.held[i].patch.nsites;
	machine_unlock();
}

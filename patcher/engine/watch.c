/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a module is unloaded, or a new kernel is written over the old one, the pages of a live
 * patch get another use. Then the patch has to go: its windows on these pages at once, because
 * no CPU reaches them by their old address any more; the rest by an ordinary revert that the
 * session begins.
 */
#include "patcher/engine/watch.h"
#include "patcher/engine/merge.h"
#include "patcher/engine/state.h"

#define LOOKS_HZ	10u	/* looks per second; also the poll rate without a session */
#define LOOKS		16u	/* sites per look */

static bool maps(uint64_t gva, uint64_t gpa)
{
	uint64_t now;

	return !machine_translate(gva, &now) && now == gpa;
}

/* Marks the patch for a revert; the event names the first reason only. Lock held. */
static void leave(struct held *h, const char *kind, unsigned int site, uint64_t gva)
{
	if (h->stage == PATCH_LEAVING)
		return;
	event_site(kind, h, site, gva, " id=%*p sites=%u", 8, h->patch.header->id, h->patch.nsites);
	stage_move_locked(&h->stage, PATCH_LEAVING);
}

/*
 * Puts the guest's own bytes into force in the place of this window. Leaves the page @written to the
 * caller, which merges it afterwards. Lock held.
 */
static void retire(struct held *h, unsigned int site, uint64_t written)
{
	struct held_site *w = &h->sites[site];

	w->gone = true;
	leave(h, "retired", site, w->gva);
	if ((w->gpa[0] & PAGE_MASK) != written)
		merge_guard(guard_find(w->gpa[0]));
	if (w->split < w->len && w->gpa[1] != written)
		merge_guard(guard_find(w->gpa[1]));
}

void watch_page(uint64_t gpa)
{
	uint64_t page = 0, gva;
	bool same = true;

	for_pieces(p, gpa, gpa + PAGE_SIZE) {
		if (!p->in[eng.live] || piece_site(p)->gone)
			continue;
		gva = piece_gva(p) & PAGE_MASK;
		if (gva != page)
			same = maps(gva, gpa);
		page = gva;
		if (!same)
			retire(&eng.held[p->slot], p->site, gpa);
	}
}

/* Is a site of a live patch still mapped as it was, and its target? Session. */
static void watch_site(struct held *h, unsigned int site)
{
	struct held_site *w = &h->sites[site];
	uint64_t target = h->patch.sites[site].target;

	machine_lock();
	if (!w->gone && (!maps(w->gva, w->gpa[0]) ||
			 (w->split < w->len && !maps(w->gva + w->split, w->gpa[1]))))
		retire(h, site, UINT64_MAX);
	if (w->target_gpa && !maps(target, w->target_gpa))
		leave(h, "target-gone", site, target);
	machine_unlock();
}

/* Looks at the next sites of live patches; after the last comes the first. */
static void watch_some(void)
{
	for (unsigned int n = 0, slots = 0; n < LOOKS && slots < eng.nheld;) {
		struct held *h = &eng.held[eng.watch_slot];

		if (held_is_live(h) && eng.watch_site < h->patch.nsites) {
			watch_site(h, eng.watch_site++);
			n++;
			continue;
		}
		slots++;
		eng.watch_slot = (eng.watch_slot + 1) % eng.nheld;
		eng.watch_site = 0;
	}
}

void engine_watch(void)
{
	enum engine_status status;
	struct engine_result done;
	struct refusal why;
	uint64_t gpa;

	if (eng.own) {
		status = engine_poll(&done, &why);
		eng.own = status == ENGINE_MORE;
		eng.rest = machine_tsc_hz() / (status == ENGINE_REFUSED ? 1 : LOOKS_HZ);
	}
	if (engine_busy() || machine_tsc() - eng.looked < eng.rest)
		return;
	eng.looked = machine_tsc();
	eng.rest = machine_tsc_hz() / LOOKS_HZ;
	/* Do not judge by page tables that do not map the kernel. */
	if (!machine_translate(machine_anchor(), &gpa))
		watch_some();
	for (unsigned int i = 0; i < eng.nheld && !eng.own; i++)
		if (eng.held[i].stage == PATCH_LEAVING)
			eng.own = engine_revert(eng.held[i].patch.header->id, &why) == ENGINE_MORE;
}

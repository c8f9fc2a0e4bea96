/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is the guest's memory still what a patch is about? When a module is unloaded, or a new
 * kernel is written over the old one, the pages are somebody else's, and the patch has to
 * go: its windows there at once, for nobody gets to them by their address any more; the rest by
 * an ordinary revert that the session begins.
 */
#include "patcher/engine/internal.h"

#define LOOKS_HZ	10u	/* so often a second; without a session polls are no more frequent */
#define LOOKS		16u	/* sites at a time */

static bool maps(uint64_t gva, uint64_t gpa)
{
	uint64_t now;

	return !machine_translate(gva, &now) && now == gpa;
}

/* The patch is to be taken out; told once, with the first reason. Lock held. */
static void leave(struct held *h, unsigned int site, const char *kind, uint64_t gva)
{
	if (!h->leaving)
		event_leaving(kind, h, site, gva);
	h->leaving = true;
}

/*
 * The guest's bytes come into force where this window was; on the page @written, if it is one
 * of the window's, by the merge that comes after. Lock held.
 */
static void retire(struct held *h, unsigned int site, uint64_t written)
{
	struct window *w = &h->windows[site];

	w->gone = true;
	leave(h, site, "retired", w->gva);
	if ((w->gpa[0] & PAGE_MASK) != written)
		merge_guard(guard_find(w->gpa[0]));
	if (w->split < w->len && w->gpa[1] != written)
		merge_guard(guard_find(w->gpa[1]));
}

/**
 * watch_page - the guest wrote to this page: has it still what we know of it?
 * By the page tables of the CPU that wrote. Lock held. O(parts on the page).
 */
void watch_page(uint64_t gpa)
{
	uint64_t page = 0, gva;
	bool same = true;

	for_pieces(p, gpa, gpa + PAGE_SIZE) {
		if (!p->in[eng.live] || piece_window(p)->gone)
			continue;
		gva = piece_gva(p) & PAGE_MASK;
		if (gva != page)
			same = maps(gva, gpa);
		page = gva;
		if (!same)
			retire(&eng.held[p->slot], p->site, gpa);
	}
}

/* Session, any time a patch is live. */
static void watch_site(struct held *h, unsigned int site)
{
	struct window *w = &h->windows[site];
	uint64_t target = h->patch.sites[site].target;

	machine_lock();
	if (!w->gone && (!maps(w->gva, w->gpa[0]) ||
			 (w->split < w->len && !maps(w->gva + w->split, w->gpa[1]))))
		retire(h, site, UINT64_MAX);
	if (w->target_gpa && !maps(target, w->target_gpa))
		leave(h, site, "target-gone", target);
	machine_unlock();
}

/* The next sites of live patches, round and round. */
static void watch_some(void)
{
	for (unsigned int n = 0, slots = 0; n < LOOKS && slots < ENGINE_MAX_PATCHES;) {
		struct held *h = &eng.held[eng.watch_slot];

		if (h->state == PATCH_LIVE && eng.watch_site < h->patch.nsites) {
			watch_site(h, eng.watch_site++);
			n++;
			continue;
		}
		slots++;
		eng.watch_slot = (eng.watch_slot + 1) % ENGINE_MAX_PATCHES;
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
	/* Only tables that hold the kernel tell of its memory. */
	if (!machine_translate(machine_anchor(), &gpa))
		watch_some();
	for (unsigned int i = 0; i < ENGINE_MAX_PATCHES && !eng.own; i++)
		if (eng.held[i].state == PATCH_LIVE && eng.held[i].leaving)
			eng.own = engine_revert(eng.held[i].patch.header->id, &why) == ENGINE_MORE;
}

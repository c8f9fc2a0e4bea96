/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/merge.h"
#include "patcher/engine/probe.h"
#include "patcher/engine/site.h"
#include "patcher/engine/state.h"
#include "patcher/engine/watch.h"
#include "patcher/wire/mem.h"

#define CHUNK_WORDS	32u
#define CHUNK		(CHUNK_WORDS * 8u)

/* Turns a copy of the guest's bytes at @gpa into what fetches see in this edition. Lock held. */
static void render(uint64_t gpa, void *buf, size_t len, unsigned int edition)
{
	uint8_t *to = buf;

	for_pieces(p, gpa, gpa + len) {
		const struct held_site *w = piece_site(p);
		bool shown = p->in[edition] && !p->body && !w->gone;

		for (unsigned int b = 0; shown && b < p->len; b++)
			if (p->gpa + b >= gpa && p->gpa + b < gpa + len)
				to[p->gpa + b - gpa] = w->bytes[p->off + b];
	}
}

/*
 * Stores the words that differ, each by one access: a CPU may be fetching from this page. Release
 * pairs with these fetches, which x86 keeps in order: what the guest wrote first is seen first.
 */
static void store_changed(uint64_t *to, const uint64_t *from, unsigned int words)
{
	for (unsigned int i = 0; i < words; i++) {
		if (to[i] == from[i])
			continue;
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELEASE);
		eng.merged_words++;
	}
}

/* Brings one exec page up to date with the guest's page. Lock held. 0, or -1: not RAM. */
static int merge_page(uint64_t gpa, uint64_t exec, unsigned int edition)
{
	uint64_t words[CHUNK_WORDS];
	uint8_t *to = pool_va(exec);

	for (unsigned int at = 0; at < PAGE_SIZE; at += CHUNK) {
		if (machine_read(gpa + at, words, CHUNK))
			return -1;
		render(gpa + at, words, CHUNK, edition);
		store_changed((uint64_t *)(to + at), words, CHUNK_WORDS);
	}
	return 0;
}

int merge_build(struct guard *g, uint64_t exec)
{
	int ret;

	machine_lock();
	ret = merge_page(g->gpa, exec, edition_next());
	if (!ret)
		g->exec[edition_next()] = exec;
	machine_unlock();
	return ret;
}

void merge_guard(const struct guard *g)
{
	for (unsigned int n = 0; g && n < 2; n++) {
		unsigned int edition = n ? edition_next() : eng.live;
		uint64_t exec = g->exec[edition];

		if (exec && exec != g->gpa && (!n || exec != g->exec[eng.live]))
			merge_page(g->gpa, exec, edition);
	}
}

/* Handles a change of the guest's bytes in the window of this part. Lock held. */
static void window_written(const struct piece *p)
{
	struct held *h = &eng.held[p->slot];
	struct held_site *w = piece_site(p);
	bool was = w->bad;

	if (p->in[eng.live]) {
		eng.window_writes++;
		event_site("window-write", h, p->site, w->gva, " bytes=%*p", w->len, w->seen);
	} else {
		/* there is no commit while any window has wrong bytes */
		w->bad = !site_takes(&h->patch.sites[p->site], w->seen);
		/* Relaxed, pairs with commit_now(). All that write it hold the lock. */
		__atomic_store_n(&eng.txn.nbad, eng.txn.nbad + w->bad - was, __ATOMIC_RELAXED);
	}
}

/* Compares the guest's bytes in windows and bodies on a page with those seen before. Lock held. */
static void look_at_windows(uint64_t gpa)
{
	for_pieces(p, gpa, gpa + PAGE_SIZE) {
		struct held_site *w = piece_site(p);
		uint8_t now[PATCH_WINDOW_MAX];

		if (p->body && p->in[eng.live] && !w->gone)
			probe_look(p);
		if (p->body || !w->watched || w->gone || machine_read(p->gpa, now, p->len) ||
		    !memcmp(now, w->seen + p->off, p->len))
			continue;
		memcpy(w->seen + p->off, now, p->len);
		window_written(p);
	}
}

void engine_written(uint64_t gpa)
{
	const struct guard *g;

	machine_lock();
	g = guard_find(gpa);
	if (g) {
		eng.merges++;
		watch_page(g->gpa);
		merge_guard(g);
		look_at_windows(g->gpa);
	}
	machine_unlock();
}

enum engine_page engine_page(uint64_t gpa)
{
	enum engine_page kind;
	const struct guard *g;

	machine_lock();
	kind = annex_page(gpa);
	g = kind == ENGINE_PAGE_NONE ? guard_find(gpa) : NULL;
	if (g && g->exec[eng.live])
		kind = ENGINE_PAGE_GUARDED;
	machine_unlock();
	return kind;
}

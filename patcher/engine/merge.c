/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exec pages: the guest's page with windows laid over it, made once and kept
 * so by merging what the guest writes.
 */
#include "engine/internal.h"
#include "wire/mem.h"

#define CHUNK_WORDS	32u
#define CHUNK		(CHUNK_WORDS * 8u)

/* The guest's own bytes at @gpa ... become what fetches see in this edition. Lock held. */
void merge_render(uint64_t gpa, void *buf, size_t len, unsigned int edition)
{
	uint8_t *to = buf;

	for (unsigned int i = piece_after(gpa); i < eng.npieces; i++) {
		const struct piece *p = &eng.pieces[i];
		const uint8_t *bytes = eng.held[p->slot].windows[p->site].bytes + p->off;

		if (p->gpa >= gpa + len)
			break;
		for (unsigned int b = 0; p->in[edition] && b < p->len; b++)
			if (p->gpa + b >= gpa && p->gpa + b < gpa + len)
				to[p->gpa + b - gpa] = bytes[b];
	}
}

/* Stores the words that differ, each at once: a CPU may be fetching from this page. */
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
		merge_render(gpa + at, words, CHUNK, edition);
		store_changed((uint64_t *)(to + at), words, CHUNK_WORDS);
	}
	return 0;
}

/**
 * merge_build - fill the exec page of the next edition and enter it
 * From here on engine_written() keeps it up to date. Session. 0, or -1: not RAM.
 */
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

/* The guest changed its bytes in the window of this part. Lock held. */
static void window_written(const struct piece *p)
{
	struct held *h = &eng.held[p->slot];
	struct txn *t = &eng.txn;

	if (p->in[eng.live]) {
		eng.window_writes++;
		event_window(h, p->site);
	} else if (t->phase && t->held == h && !t->changed) {
		struct refusal *why = &t->why_changed;
		const struct patch_site *s = &h->patch.sites[p->site];

		t->changed = true;
		*why = (struct refusal){
			.code = REFUSE_CHANGED,
			.symbol = patch_site_name(&h->patch, p->site),
			.address = h->windows[p->site].gva,
			.nbytes = s->len,
		};
		memcpy(why->expected, s->expect, s->len);
		memcpy(why->found, h->windows[p->site].seen, s->len);
	}
}

/* Compares the guest's bytes in the windows of a page with what they were. Lock held. */
static void look_at_windows(uint64_t gpa)
{
	for (unsigned int i = piece_after(gpa); i < eng.npieces; i++) {
		const struct piece *p = &eng.pieces[i];
		struct window *w = &eng.held[p->slot].windows[p->site];
		uint8_t now[PATCH_WINDOW_MAX];

		if (p->gpa >= gpa + PAGE_SIZE)
			break;
		if (!w->watched || machine_read(p->gpa, now, p->len) ||
		    !memcmp(now, w->seen + p->off, p->len))
			continue;
		memcpy(w->seen + p->off, now, p->len);
		window_written(p);
	}
}

/* Is this an exec page of ours, and not the guest's page shown as it is? */
static bool is_exec(const struct guard *g, unsigned int edition)
{
	return g->exec[edition] && g->exec[edition] != g->gpa;
}

void engine_written(uint64_t gpa)
{
	unsigned int next;
	struct guard *g;

	machine_lock();
	next = edition_next();
	g = guard_find(gpa);
	if (g) {
		eng.merges++;
		if (is_exec(g, eng.live))
			merge_page(g->gpa, g->exec[eng.live], eng.live);
		if (is_exec(g, next) && g->exec[next] != g->exec[eng.live])
			merge_page(g->gpa, g->exec[next], next);
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

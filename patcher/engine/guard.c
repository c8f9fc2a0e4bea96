/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/guard.h"
#include "patcher/engine/search.h"
#include "patcher/engine/state.h"
#include "patcher/wire/mem.h"

#define SETTLE_BATCH	16u

static uint64_t guard_key(const void *guards, unsigned int i)
{
	return ((const struct guard *)guards)[i].gpa;
}

/* First guard at or after @gpa. */
static unsigned int guard_after(uint64_t gpa)
{
	return search(eng.guards, eng.nguards, gpa, guard_key);
}

struct guard *guard_find(uint64_t gpa)
{
	unsigned int i = guard_after(gpa & PAGE_MASK);

	return i < eng.nguards && eng.guards[i].gpa == (gpa & PAGE_MASK) ? &eng.guards[i] : NULL;
}

int guard_touch(uint64_t gpa, unsigned int *pages)
{
	unsigned int i = guard_after(gpa &= PAGE_MASK);
	struct guard *g = &eng.guards[i];

	if (i == eng.nguards || g->gpa != gpa) {
		if (eng.nguards == ENGINE_MAX_PAGES)
			return -1;
		memmove(g + 1, g, (eng.nguards - i) * sizeof(*g));
		eng.nguards++;
		g->gpa = gpa;
		g->exec[eng.live] = gpa;
	} else if (!g->exec[edition_next()]) {
		return 0;
	}
	g->exec[edition_next()] = 0;
	if (pages)
		(*pages)++;
	return 0;
}

static uint64_t piece_end(const void *pieces, unsigned int i)
{
	const struct piece *p = (const struct piece *)pieces + i;

	return p->gpa + p->len;
}

unsigned int piece_after(uint64_t gpa)
{
	return search(eng.pieces, eng.npieces, gpa + 1, piece_end);
}

struct held_site *piece_site(const struct piece *p)
{
	return &eng.held[p->slot].sites[p->site];
}

uint64_t piece_gva(const struct piece *p)
{
	const struct held_site *w = piece_site(p);
	uint64_t page = (w->gva & PAGE_MASK) + ((uint64_t)p->off << PAGE_SHIFT);

	if (!p->body)
		return w->gva + p->off;
	return page > w->gva + w->len ? page : w->gva + w->len;
}

bool page_has(uint64_t gpa, unsigned int edition, bool body)
{
	for_pieces(p, gpa, gpa + PAGE_SIZE)
		if (p->in[edition] && p->body == body)
			return true;
	return false;
}

struct piece *piece_insert(const struct piece *p)
{
	unsigned int i = piece_after(p->gpa);
	struct piece *at = &eng.pieces[i];

	if (i < eng.npieces && at->gpa < p->gpa + p->len)
		return at;
	memmove(at + 1, at, (eng.npieces - i) * sizeof(*at));
	*at = *p;
	eng.npieces++;
	return NULL;
}

/* Drops what the edition in force does not have. Session, lock held. */
static void compact(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < eng.nguards; i++) {
		const struct guard *g = &eng.guards[i];

		if (g->exec[eng.live] && (g->exec[eng.live] != g->gpa ||
					  page_has(g->gpa, eng.live, true)))
			eng.guards[n++] = *g;
	}
	eng.nguards = n;
	n = 0;
	for (unsigned int i = 0; i < eng.npieces; i++) {
		struct piece *p = &eng.pieces[i];

		if (!p->in[eng.live])
			continue;
		p->in[edition_next()] = true;
		eng.pieces[n++] = *p;
	}
	eng.npieces = n;
	memcpy(eng.annex.kind[edition_next()], eng.annex.kind[eng.live], ANNEX_PAGES);
}

/* Makes one guard's editions equal; returns the exec page that is not needed any more, or 0. */
static uint64_t settle_one(struct guard *g)
{
	uint64_t stale, *next = &g->exec[edition_next()];

	machine_lock();
	stale = *next != g->exec[eng.live] && *next != g->gpa ? *next : 0;
	*next = g->exec[eng.live];
	machine_unlock();
	return stale;
}

enum outcome guard_settle(struct txn *t)
{
	t->of = eng.nguards;
	for (unsigned int n = 0; t->i < eng.nguards && n < SETTLE_BATCH; n++) {
		uint64_t stale = settle_one(&eng.guards[t->i++]);

		if (stale)
			pool_put(stale);
	}
	if (t->i < eng.nguards)
		return UNIT_AGAIN;
	machine_lock();
	compact();
	machine_unlock();
	return UNIT_NEXT;
}

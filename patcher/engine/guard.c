/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of guarded pages and of parts of windows and bodies: sorted, two editions each. */
#include "patcher/engine/internal.h"
#include "patcher/wire/mem.h"

#define SETTLE_BATCH	16u

/* First guard at or after @gpa. */
static unsigned int guard_after(uint64_t gpa)
{
	unsigned int lo = 0, hi = eng.nguards;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (eng.guards[mid].gpa < gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The guard of the page @gpa lies on, NULL if there is none. Session, or lock held. */
struct guard *guard_find(uint64_t gpa)
{
	unsigned int i = guard_after(gpa & PAGE_MASK);

	return i < eng.nguards && eng.guards[i].gpa == (gpa & PAGE_MASK) ? &eng.guards[i] : NULL;
}

/**
 * guard_touch - the next edition of this page will differ
 * @pages: counts the pages this transaction touches; may be NULL
 *
 * A page that is not guarded yet gets a guard that shows the page itself.
 * 0 or -1 (table full). Session, lock held.
 */
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

/* First part of a window or body that ends after @gpa. */
unsigned int piece_after(uint64_t gpa)
{
	unsigned int lo = 0, hi = eng.npieces;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (eng.pieces[mid].gpa + eng.pieces[mid].len <= gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct window *piece_window(const struct piece *p)
{
	return &eng.held[p->slot].windows[p->site];
}

/* Where the guest has the first byte of a part, if its page tables are as they were. */
uint64_t piece_gva(const struct piece *p)
{
	const struct window *w = piece_window(p);
	uint64_t page = (w->gva & PAGE_MASK) + ((uint64_t)p->off << PAGE_SHIFT);

	if (!p->body)
		return w->gva + p->off;
	return page > w->gva + w->len ? page : w->gva + w->len;
}

/* Has this edition anything of a window, or of a body, on the page? Session, or lock held. */
bool page_has(uint64_t gpa, unsigned int edition, bool body)
{
	for_pieces(p, gpa, gpa + PAGE_SIZE)
		if (p->in[edition] && p->body == body)
			return true;
	return false;
}

/**
 * piece_insert - enter a part of a window or body in its place
 * Returns NULL, or the part that has some of these bytes already (nothing is
 * entered then). The caller has seen that there is room. Session, lock held.
 */
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
	eng.annex.text[edition_next()] = eng.annex.text[eng.live];
	eng.annex.data[edition_next()] = eng.annex.data[eng.live];
}

/* Makes one guard's editions equal; returns the exec page nobody needs any more, or 0. */
static uint64_t settle_one(struct guard *g)
{
	uint64_t stale, *next = &g->exec[edition_next()];

	machine_lock();
	stale = *next != g->exec[eng.live] && *next != g->gpa ? *next : 0;
	*next = g->exec[eng.live];
	machine_unlock();
	return stale;
}

/* Phase: the edition that is not in force becomes equal to the other. No CPU uses its pages. */
enum step guard_settle(struct txn *t)
{
	t->of = eng.nguards;
	for (unsigned int n = 0; t->i < eng.nguards && n < SETTLE_BATCH; n++) {
		uint64_t stale = settle_one(&eng.guards[t->i++]);

		if (stale)
			pool_put(stale);
	}
	if (t->i < eng.nguards)
		return STEP_AGAIN;
	machine_lock();
	compact();
	machine_unlock();
	return STEP_NEXT;
}

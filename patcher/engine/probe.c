/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/probe.h"
#include "patcher/engine/state.h"
#include "patcher/wire/mem.h"

/* Looks at the instruction of the guest at @gva; true if it is a jump that is a probe. */
static bool look_at(struct held *h, unsigned int site, const struct patch_insn *insn,
		    uint64_t gpa, uint64_t gva)
{
	size_t n = insn - (const struct patch_insn *)h->patch.bodies;
	uint8_t bit = 1 << n % 8, *known = &h->probes[n / 8], now;
	bool probe;

	if (insn->first == PATCH_INSN_ANY || machine_read(gpa, &now, 1))
		return false;
	probe = now != insn->first && (now == INT3 || now == JMP);
	if (probe && !(*known & bit))
		event_site("probe", h, site, gva, " offset=%lu", gva - h->sites[site].gva);
	*known = probe ? *known | bit : *known & ~bit;
	return probe && now == JMP;
}

void probe_look(const struct piece *p)
{
	struct held *h = &eng.held[p->slot];
	const struct patch_insn *insn = patch_body(&h->patch, p->site);
	uint64_t from = piece_gva(p), at = piece_site(p)->gva, covered = 0;

	for (; insn->len && at < from + p->len; at += insn++->len)
		/* the four bytes behind the first one of a jump are its displacement */
		if (at >= from && at >= covered && look_at(h, p->site, insn, p->gpa + (at - from), at))
			covered = at + PATCH_JUMP_LEN;
}

enum outcome probe_find(struct txn *t)
{
	const struct piece *p = &eng.pieces[t->i];
	const struct held_site *w;

	t->of = eng.npieces;
	if (t->i == t->of)
		return UNIT_NEXT;
	t->i++;
	w = piece_site(p);
	if (p->slot != t->slot || w->gone)
		return UNIT_AGAIN;
	machine_lock();
	if (p->body)
		probe_look(p);
	else if (!p->off && memcmp(w->seen, t->held->patch.sites[p->site].expect, w->len))
		event_site("taken", t->held, p->site, w->gva, " bytes=%*p", w->len, w->seen);
	machine_unlock();
	return UNIT_AGAIN;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes in functions that are replaced: an INT3 or a jump that somebody put in the place
 * of an instruction does not fire, for nobody gets there. The patch tells what was there
 * (docs/patch-format.md, "Bodies").
 */
#include "patcher/engine/internal.h"
#include "patcher/wire/mem.h"

/* One instruction of the guest's at @gva: events tell of a probe once, when it appears. */
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
		event_probe(h, site, gva);
	*known = probe ? *known | bit : *known & ~bit;
	return probe && now == JMP;
}

/**
 * probe_look - look at all instructions that begin in this part of a body
 * Lock held. O(instructions of the function up to the end of the page), 64 KiB at most.
 */
void probe_look(const struct piece *p)
{
	struct held *h = &eng.held[p->slot];
	const struct patch_insn *insn = patch_body(&h->patch, p->site);
	uint64_t from = piece_gva(p), at = piece_window(p)->gva, covered = 0;

	for (; insn->len && at < from + p->len; at += insn++->len)
		/* what lies under a jump is no instruction any more */
		if (at >= from && at >= covered && look_at(h, p->site, insn, p->gpa + (at - from), at))
			covered = at + PATCH_JUMP_LEN;
}

/*
 * Phase after the commit, one part of a window or body: tells what of the guest's has no effect
 * any more.
 */
enum step probe_find(struct txn *t)
{
	const struct piece *p = &eng.pieces[t->i];

	t->of = eng.npieces;
	if (t->i == t->of)
		return STEP_NEXT;
	t->i++;
	if (p->slot != t->slot || piece_window(p)->gone)
		return STEP_AGAIN;
	machine_lock();
	if (p->body)
		probe_look(p);
	else if (!p->off && memcmp(piece_window(p)->seen, t->held->patch.sites[p->site].expect,
				   piece_window(p)->len))
		event_window("taken", t->held, p->site);
	machine_unlock();
	return STEP_AGAIN;
}

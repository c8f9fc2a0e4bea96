/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/site.h"
#include "patcher/engine/search.h"
#include "patcher/engine/state.h"
#include "patcher/wire/mem.h"

/* Reads guest virtual memory, any length. 0, or -1 with *bad the address that is not there. */
static int read_guest(uint64_t gva, uint8_t *buf, size_t len, uint64_t *bad)
{
	while (len) {
		size_t n = PAGE_SIZE - (gva & ~PAGE_MASK);
		uint64_t gpa;

		if (n > len)
			n = len;
		if (machine_translate(gva, &gpa) || machine_read(gpa, buf, n)) {
			*bad = gva;
			return -1;
		}
		gva += n;
		buf += n;
		len -= n;
	}
	return 0;
}

static enum outcome check_build_id(const struct held *h)
{
	const struct patch_header *head = h->patch.header;
	uint64_t address = head->build_id_addr + h->slide, bad;
	uint8_t found[PATCH_BUILD_ID_MAX];

	if (read_guest(address, found, head->build_id_len, &bad))
		return refuse_at(REFUSE_UNMAPPED, bad);
	if (!memcmp(found, head->build_id, head->build_id_len))
		return UNIT_NEXT;
	refuse(REFUSE_BUILD_ID)->address = address;
	return refuse_bytes(head->build_id, found, head->build_id_len);
}

enum outcome site_verify(struct txn *t)
{
	uint64_t anchor = machine_anchor(), slide;
	struct held *h = t->held;

	t->of = 1;
	if (!anchor) {
		refuse(REFUSE_NO_ANCHOR);
		return UNIT_REFUSED;
	}
	slide = anchor - h->patch.header->anchor;
	if (slide & ~PAGE_MASK) {
		refuse(REFUSE_BUILD_ID)->what = "IA32_LSTAR is not a whole number of pages from the patch's anchor";
		t->why.address = anchor;
		return UNIT_REFUSED;
	}
	annex_check();
	if (h->place == ANNEX_KEPT && slide != h->slide)
		return refuse_what(REFUSE_STATE, "the kernel has moved since its payload was placed");
	h->slide = slide;
	return check_build_id(h);
}

/* Makes the jump of a window; false if it does not reach. SDM 2A, JMP rel32. */
static bool make_jump(const struct held *h, const struct patch_site *s, struct held_site *w)
{
	uint64_t target = s->target;
	int64_t rel;

	if (s->target_kind == PATCH_TARGET_TEXT)
		target += annex_text_gva(h);
	else if (s->target_kind == PATCH_TARGET_KERNEL)
		target += h->slide;
	rel = (int64_t)(target - (w->gva + PATCH_JUMP_LEN));
	if (rel != (int32_t)rel)
		return false;
	w->bytes[0] = JMP;
	for (unsigned int i = 0; i < 4; i++)
		w->bytes[1 + i] = (uint64_t)rel >> (8 * i);
	return true;
}

/* Has the guest plain RAM at @gva, in the kernel's half? Then *gpa is its address. */
static bool find_ram(uint64_t gva, uint64_t *gpa)
{
	uint8_t byte;

	return gva >> 63 && !machine_translate(gva, gpa) &&
	       view_is_plain(eng.base, *gpa) && !machine_read(*gpa, &byte, 1);
}

/* Enters one piece and the page it lies on. Lock held. */
static enum outcome enter_piece(struct txn *t, struct piece *p)
{
	const struct piece *owner;

	if (eng.npieces == ENGINE_MAX_PIECES)
		return refuse_what(REFUSE_FULL, "windows");
	p->in[edition_next()] = true;
	owner = piece_insert(p);
	if (owner) {
		refuse_site(REFUSE_OVERLAP, t->i);
		t->why.nbytes = 8;
		memcpy(t->why.found, eng.held[owner->slot].patch.header->id, 8);
		return UNIT_REFUSED;
	}
	return guard_touch(p->gpa, p->body ? NULL : &t->held->pages) ?
		refuse_what(REFUSE_FULL, "guarded pages") : UNIT_NEXT;
}

/* Enters @len bytes from @gva on, page by page: a window, or the body behind it. */
static enum outcome enter(struct txn *t, uint64_t gva, size_t len, bool body)
{
	struct held_site *w = &t->held->sites[t->i];
	enum outcome outcome = UNIT_NEXT;

	for (size_t n; len && outcome == UNIT_NEXT; gva += n, len -= n) {
		struct piece p = { .site = t->i, .slot = t->slot, .body = body };

		n = PAGE_SIZE - (gva & ~PAGE_MASK);
		n = p.len = len < n ? len : n;
		p.off = body ? (gva >> PAGE_SHIFT) - (w->gva >> PAGE_SHIFT) : gva - w->gva;
		if (!find_ram(gva, &p.gpa))
			return refuse_site(REFUSE_UNMAPPED, t->i);
		if (!body) {
			w->gpa[p.off != 0] = p.gpa;
			w->split = p.off ? w->split : n;
		}
		machine_lock();
		outcome = enter_piece(t, &p);
		machine_unlock();
	}
	return outcome;
}

static uint64_t order_key(const void *held, unsigned int i)
{
	const struct held *h = held;

	return h->sites[h->order[i]].gva;
}

/* Enters a site into the list sorted by address. */
static void enter_order(struct held *h, unsigned int site)
{
	unsigned int at = search(h, site, h->sites[site].gva, order_key);

	memmove(&h->order[at + 1], &h->order[at], (site - at) * sizeof(*h->order));
	h->order[at] = site;
}

enum outcome site_resolve(struct txn *t)
{
	struct held *h = t->held;
	const struct patch_site *s = &h->patch.sites[t->i];
	struct held_site *w = &h->sites[t->i];
	enum outcome outcome;

	t->of = h->patch.nsites;
	if (t->i == t->of)
		return UNIT_NEXT;
	if (!t->i)
		h->pages = 0;
	*w = (struct held_site){ .gva = s->addr, .len = s->len };
	if (s->place == PATCH_PLACE_KERNEL)
		w->gva += h->slide;
	if (s->len != PATCH_JUMP_LEN || s->insn_len < s->len)
		return refuse_site(REFUSE_WINDOW, t->i);
	if (!make_jump(h, s, w))
		return refuse_site(REFUSE_RANGE, t->i);
	if (s->target_kind == PATCH_TARGET_ABSOLUTE && !find_ram(s->target, &w->target_gpa)) {
		refuse_site(REFUSE_UNMAPPED, t->i);
		t->why.address = s->target;
		return UNIT_REFUSED;
	}
	outcome = enter(t, w->gva, w->len, false);
	if (outcome != UNIT_NEXT)
		return outcome;
	enter_order(h, t->i++);
	return UNIT_AGAIN;
}

enum outcome site_bodies(struct txn *t)
{
	struct held *h = t->held;
	const struct patch_insn *insn;
	enum outcome outcome = UNIT_NEXT;
	size_t len = 0;

	t->of = h->patch.nsites;
	if (t->i == t->of)
		return UNIT_NEXT;
	if (!t->i)
		memset(h->probes, 0, held_probes_size(&h->patch));
	for (insn = patch_body(&h->patch, t->i); insn && insn->len; insn++)
		len += insn->len;
	if (len)
		outcome = enter(t, h->sites[t->i].gva + h->sites[t->i].len,
			     len - h->sites[t->i].len, true);
	t->i++;
	return outcome == UNIT_NEXT ? UNIT_AGAIN : outcome;
}

/* Reads the guest's own bytes of a window. Lock held. */
static int read_window(const struct held_site *w, uint8_t *buf)
{
	if (machine_read(w->gpa[0], buf, w->split))
		return -1;
	return w->split < w->len ? machine_read(w->gpa[1], buf + w->split, w->len - w->split) : 0;
}

bool site_takes(const struct patch_site *s, const uint8_t *bytes)
{
	return !memcmp(bytes, s->expect, s->len) ||
	       ((s->flags & PATCH_SITE_FENTRY) && bytes[0] == CALL);
}

/* Is the guest in the middle of a change? Linux first puts an INT3 there: text_poke_bp(). */
static bool passing(const struct patch_site *s, const struct held_site *w)
{
	return (s->flags & PATCH_SITE_FENTRY) && w->seen[0] == INT3;
}

enum outcome site_refuse_bad(struct txn *t)
{
	const struct held *h = t->held;
	unsigned int i = 0;

	machine_lock();
	while (i + 1 < h->patch.nsites && !h->sites[i].bad)
		i++;
	refuse_site(passing(&h->patch.sites[i], &h->sites[i]) ? REFUSE_BYTES : REFUSE_CHANGED, i);
	refuse_bytes(h->patch.sites[i].expect, h->sites[i].seen, h->sites[i].len);
	machine_unlock();
	if (t->why.code == REFUSE_BYTES)
		t->why.what = "the guest keeps an INT3 there";
	return UNIT_REFUSED;
}

enum outcome site_check(struct txn *t)
{
	struct held *h = t->held;
	const struct patch_site *s = &h->patch.sites[t->i];
	struct held_site *w = &h->sites[t->i];
	enum outcome outcome = UNIT_AGAIN;

	t->of = h->patch.nsites;
	if (t->i == t->of)
		return stage_move(&h->stage, PATCH_VERIFIED) ? UNIT_NEXT : refuse_stage();
	machine_lock();
	w->watched = !read_window(w, w->seen);
	w->bad = w->watched && !site_takes(s, w->seen);
	t->nbad += w->bad;
	if (!w->watched) {
		outcome = refuse_site(REFUSE_UNMAPPED, t->i);
	} else if (w->bad && !passing(s, w)) {
		refuse_site(REFUSE_BYTES, t->i);
		outcome = refuse_bytes(s->expect, w->seen, s->len);
	}
	machine_unlock();
	t->i++;
	return outcome;
}

enum outcome site_withdraw(struct txn *t)
{
	struct piece *p = &eng.pieces[t->i];

	t->of = eng.npieces;
	if (t->i == t->of)
		return UNIT_NEXT;
	t->i++;
	if (p->slot != t->slot)
		return UNIT_AGAIN;
	machine_lock();
	p->in[edition_next()] = false;
	guard_touch(p->gpa, NULL);
	machine_unlock();
	return UNIT_AGAIN;
}

const struct held_site *site_interior(const struct held *h, uint64_t rip)
{
	unsigned int n = h->patch.nsites;
	const struct held_site *w = &h->sites[h->order[n - 1]];

	if (rip <= h->sites[h->order[0]].gva || rip >= w->gva + w->len)
		return NULL;
	/* The last window that begins below @rip: windows do not overlap. */
	w = &h->sites[h->order[search(h, n, rip, order_key) - 1]];
	return rip - w->gva < w->len && !w->gone ? w : NULL;
}

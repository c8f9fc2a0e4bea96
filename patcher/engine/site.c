/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites: is this the kernel the patch was made for, where in the guest are its
 * windows, what is in them, and who stands inside one.
 */
#include "patcher/engine/internal.h"
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

static enum step check_build_id(const struct held *h)
{
	const struct patch_header *head = h->patch.header;
	uint64_t address = head->build_id_addr + h->slide, bad;
	uint8_t found[PATCH_BUILD_ID_MAX];

	if (read_guest(address, found, head->build_id_len, &bad))
		return refuse_at(REFUSE_UNMAPPED, bad);
	if (!memcmp(found, head->build_id, head->build_id_len))
		return STEP_NEXT;
	refuse(REFUSE_BUILD_ID)->address = address;
	return refuse_bytes(head->build_id, found, head->build_id_len);
}

/* Phase: the slide (docs/patch-format.md: anchor against IA32_LSTAR) and the build-id. */
enum step site_verify(struct txn *t)
{
	uint64_t anchor = machine_anchor(), slide;
	struct held *h = t->held;
	enum step step;

	t->of = 1;
	if (!anchor) {
		refuse(REFUSE_NO_ANCHOR);
		return STEP_REFUSED;
	}
	slide = anchor - h->patch.header->anchor;
	if (slide & ~PAGE_MASK) {
		refuse(REFUSE_BUILD_ID)->what = "the anchor is not at a page's distance";
		t->why.address = anchor;
		return STEP_REFUSED;
	}
	annex_check();
	if (h->placed && slide != h->slide)
		return refuse_what(REFUSE_STATE, "the kernel has moved since its payload was placed");
	h->slide = slide;
	step = check_build_id(h);
	if (step == STEP_NEXT && t->fresh)
		h->state = PATCH_VERIFIED;
	return step;
}

/* Writes the jump; false if it does not reach. SDM 2A, JMP rel32. */
static bool make_jump(const struct held *h, const struct patch_site *s, struct window *w)
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

/* Is there plain RAM of the guest's at @gva, in the kernel's half? Then *gpa is where. */
static bool find_ram(uint64_t gva, uint64_t *gpa)
{
	uint8_t byte;

	return gva >> 63 && !machine_translate(gva, gpa) &&
	       view_is_plain(eng.base, *gpa) && !machine_read(*gpa, &byte, 1);
}

/* Enters one piece and the page it lies on. Lock held. */
static enum step enter_piece(struct txn *t, struct piece *p)
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
		return STEP_REFUSED;
	}
	return guard_touch(p->gpa, p->body ? NULL : &t->held->pages) ?
		refuse_what(REFUSE_FULL, "guarded pages") : STEP_NEXT;
}

/* Enters @len bytes from @gva on, page by page: a window, or what of its function is behind it. */
static enum step enter(struct txn *t, uint64_t gva, size_t len, bool body)
{
	struct window *w = &t->held->windows[t->i];
	enum step step = STEP_NEXT;

	for (size_t n; len && step == STEP_NEXT; gva += n, len -= n) {
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
		step = enter_piece(t, &p);
		machine_unlock();
	}
	return step;
}

/* Enters a site into the list sorted by address. */
static void enter_order(struct held *h, unsigned int site)
{
	unsigned int lo = 0, hi = site;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (h->windows[h->order[mid]].gva < h->windows[site].gva)
			lo = mid + 1;
		else
			hi = mid;
	}
	memmove(&h->order[lo + 1], &h->order[lo], (site - lo) * sizeof(*h->order));
	h->order[lo] = site;
}

/* Phase, one site: find it in the guest, check that it can be a window, enter it. */
enum step site_resolve(struct txn *t)
{
	struct held *h = t->held;
	const struct patch_site *s = &h->patch.sites[t->i];
	struct window *w = &h->windows[t->i];
	enum step step;

	t->of = h->patch.nsites;
	if (t->i == t->of)
		return STEP_NEXT;
	if (!t->i)
		h->pages = 0;
	*w = (struct window){ .gva = s->addr, .len = s->len };
	if (s->place == PATCH_PLACE_KERNEL)
		w->gva += h->slide;
	if (s->len != PATCH_JUMP_LEN || s->insn_len < s->len)
		return refuse_site(REFUSE_WINDOW, t->i);
	if (!make_jump(h, s, w))
		return refuse_site(REFUSE_RANGE, t->i);
	if (s->target_kind == PATCH_TARGET_ABSOLUTE && !find_ram(s->target, &w->target_gpa)) {
		refuse_site(REFUSE_UNMAPPED, t->i);
		t->why.address = s->target;
		return STEP_REFUSED;
	}
	step = enter(t, w->gva, w->len, false);
	if (step != STEP_NEXT)
		return step;
	enter_order(h, t->i++);
	return STEP_AGAIN;
}

/*
 * Phase, one site: the rest of its function, as far as the patch tells it. Guest writes there
 * are of interest, see probe.c.
 */
enum step site_bodies(struct txn *t)
{
	struct held *h = t->held;
	const struct patch_insn *insn;
	enum step step = STEP_NEXT;
	size_t len = 0;

	t->of = h->patch.nsites;
	if (t->i == t->of)
		return STEP_NEXT;
	if (!t->i)
		memset(h->probes, 0, held_probes_size(&h->patch));
	for (insn = patch_body(&h->patch, t->i); insn && insn->len; insn++)
		len += insn->len;
	if (len)
		step = enter(t, h->windows[t->i].gva + h->windows[t->i].len,
			     len - h->windows[t->i].len, true);
	t->i++;
	return step == STEP_NEXT ? STEP_AGAIN : step;
}

/* Reads the guest's own bytes of a window. Lock held. */
static int read_window(const struct window *w, uint8_t *buf)
{
	if (machine_read(w->gpa[0], buf, w->split))
		return -1;
	return w->split < w->len ? machine_read(w->gpa[1], buf + w->split, w->len - w->split) : 0;
}

/* Are these bytes of the guest's such as the patch was made for? */
bool site_takes(const struct patch_site *s, const uint8_t *bytes)
{
	return !memcmp(bytes, s->expect, s->len) ||
	       ((s->flags & PATCH_SITE_FENTRY) && bytes[0] == CALL);
}

/* Is the guest in the middle of a change? Linux first puts an INT3 there: text_poke_bp(). */
static bool passing(const struct patch_site *s, const struct window *w)
{
	return (s->flags & PATCH_SITE_FENTRY) && w->seen[0] == INT3;
}

/* Some window has other bytes than it should have, for longer than a change takes. */
enum step site_refuse_bad(struct txn *t)
{
	const struct held *h = t->held;
	unsigned int i = 0;

	machine_lock();
	while (i + 1 < h->patch.nsites && !h->windows[i].bad)
		i++;
	refuse_site(passing(&h->patch.sites[i], &h->windows[i]) ? REFUSE_BYTES : REFUSE_CHANGED, i);
	refuse_bytes(h->patch.sites[i].expect, h->windows[i].seen, h->windows[i].len);
	machine_unlock();
	if (t->why.code == REFUSE_BYTES)
		t->why.what = "an INT3 of the guest's stays there";
	return STEP_REFUSED;
}

/*
 * Phase, one site: are the guest's bytes as expected? Its page is guarded on
 * every CPU by now, so a later write comes by engine_written(), which compares
 * with what is noted here under the same lock. Bytes that are on their way to others
 * are waited for at the commit.
 */
enum step site_check(struct txn *t)
{
	struct held *h = t->held;
	const struct patch_site *s = &h->patch.sites[t->i];
	struct window *w = &h->windows[t->i];
	enum step step = STEP_AGAIN;

	t->of = h->patch.nsites;
	if (t->i == t->of)
		return STEP_NEXT;
	machine_lock();
	w->watched = !read_window(w, w->seen);
	w->bad = w->watched && !site_takes(s, w->seen);
	t->nbad += w->bad;
	if (!w->watched) {
		step = refuse_site(REFUSE_UNMAPPED, t->i);
	} else if (w->bad && !passing(s, w)) {
		refuse_site(REFUSE_BYTES, t->i);
		step = refuse_bytes(s->expect, w->seen, s->len);
	}
	machine_unlock();
	t->i++;
	return step;
}

/* Phase of a revert, one piece: the next edition is without those of the patch. */
enum step site_withdraw(struct txn *t)
{
	struct piece *p = &eng.pieces[t->i];

	t->of = eng.npieces;
	if (t->i == t->of)
		return STEP_NEXT;
	t->i++;
	if (p->slot != t->slot)
		return STEP_AGAIN;
	machine_lock();
	p->in[edition_next()] = false;
	guard_touch(p->gpa, NULL);
	machine_unlock();
	return STEP_AGAIN;
}

/**
 * site_interior - whose window is @rip in, but not at its first byte?
 * NULL if nobody's. O(log sites), and next to nothing for a RIP outside the range of
 * all windows, which is where most are. All CPUs stopped.
 */
const struct window *site_interior(const struct held *h, uint64_t rip)
{
	unsigned int lo = 0, hi = h->patch.nsites;
	const struct window *w = &h->windows[h->order[hi - 1]];

	if (rip <= h->windows[h->order[0]].gva || rip >= w->gva + w->len)
		return NULL;
	/* The last window that begins below @rip: windows do not overlap. */
	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (h->windows[h->order[mid]].gva < rip)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	w = &h->windows[h->order[lo - 1]];
	return rip - w->gva < w->len && !w->gone ? w : NULL;
}

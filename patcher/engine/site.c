/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites: is this the kernel the patch was made for, where in the guest are its
 * windows, what is in them, and who stands inside one.
 */
#include "engine/internal.h"
#include "wire/mem.h"

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
	struct refusal *why;

	if (read_guest(address, found, head->build_id_len, &bad)) {
		refuse(REFUSE_UNMAPPED)->address = bad;
		return STEP_REFUSED;
	}
	if (!memcmp(found, head->build_id, head->build_id_len))
		return STEP_NEXT;
	why = refuse(REFUSE_BUILD_ID);
	why->address = address;
	why->nbytes = head->build_id_len;
	memcpy(why->expected, head->build_id, head->build_id_len);
	memcpy(why->found, found, head->build_id_len);
	return STEP_REFUSED;
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
	if (h->placed && slide != h->slide)
		return refuse_what(REFUSE_STATE, "the kernel has moved since its payload was placed");
	h->slide = slide;
	step = check_build_id(h);
	if (step == STEP_NEXT && t->fresh)
		h->state = PATCH_VERIFIED;
	return step;
}

/* Where the window lies in guest physical memory; false unless it is plain RAM. */
static bool locate(struct window *w)
{
	unsigned int room = PAGE_SIZE - (w->gva & ~PAGE_MASK);
	uint8_t bytes[PATCH_WINDOW_MAX];

	w->split = w->len < room ? w->len : room;
	w->gpa[1] = 0;
	if (machine_translate(w->gva, &w->gpa[0]) ||
	    (w->split < w->len && machine_translate(w->gva + w->split, &w->gpa[1])))
		return false;
	for (unsigned int part = 0; part < 2; part++) {
		if (part && w->split == w->len)
			break;
		if (view_lookup(eng.base, w->gpa[part], NULL, NULL) != VIEW_RWX ||
		    machine_read(w->gpa[part], bytes, part ? w->len - w->split : w->split))
			return false;
	}
	return true;
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
	w->bytes[0] = 0xe9;
	for (unsigned int i = 0; i < 4; i++)
		w->bytes[1 + i] = (uint64_t)rel >> (8 * i);
	return true;
}

/* Enters one part of a window and the page it lies on. Lock held. */
static enum step enter_part(struct txn *t, const struct window *w, unsigned int part)
{
	const struct piece *owner;
	struct piece p = {
		.gpa = w->gpa[part], .site = t->i, .slot = t->slot,
		.off = part ? w->split : 0, .len = part ? w->len - w->split : w->split,
	};

	if (eng.npieces == ENGINE_MAX_PIECES)
		return refuse_what(REFUSE_FULL, "windows");
	p.in[edition_next()] = true;
	owner = piece_insert(&p);
	if (owner) {
		refuse_site(REFUSE_OVERLAP, t->i);
		t->why.nbytes = 8;
		memcpy(t->why.found, eng.held[owner->slot].patch.header->id, 8);
		return STEP_REFUSED;
	}
	if (guard_touch(w->gpa[part], &t->held->pages))
		return refuse_what(REFUSE_FULL, "guarded pages");
	return STEP_NEXT;
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
	if (!locate(w))
		return refuse_site(REFUSE_UNMAPPED, t->i);
	if (!make_jump(h, s, w))
		return refuse_site(REFUSE_RANGE, t->i);
	machine_lock();
	step = enter_part(t, w, 0);
	if (step == STEP_NEXT && w->split < w->len)
		step = enter_part(t, w, 1);
	machine_unlock();
	if (step != STEP_NEXT)
		return step;
	enter_order(h, t->i++);
	return STEP_AGAIN;
}

/* Reads the guest's own bytes of a window. Lock held. */
static int read_window(const struct window *w, uint8_t *buf)
{
	if (machine_read(w->gpa[0], buf, w->split))
		return -1;
	return w->split < w->len ? machine_read(w->gpa[1], buf + w->split, w->len - w->split) : 0;
}

/*
 * Phase, one site: are the guest's bytes as expected? Its page is guarded on
 * every CPU by now, so a later write comes by engine_written(), which compares
 * with what is noted here under the same lock.
 */
enum step site_check(struct txn *t)
{
	struct held *h = t->held;
	const struct patch_site *s = &h->patch.sites[t->i];
	struct window *w = &h->windows[t->i];

	t->of = h->patch.nsites;
	if (t->i == t->of)
		return STEP_NEXT;
	machine_lock();
	w->watched = !read_window(w, w->seen);
	machine_unlock();
	if (!w->watched)
		return refuse_site(REFUSE_UNMAPPED, t->i);
	if (memcmp(w->seen, s->expect, s->len)) {
		refuse_site(REFUSE_BYTES, t->i);
		t->why.nbytes = s->len;
		memcpy(t->why.expected, s->expect, s->len);
		memcpy(t->why.found, w->seen, s->len);
		return STEP_REFUSED;
	}
	t->i++;
	return STEP_AGAIN;
}

/* Takes one part of a window out of the next edition. Lock held. */
static void leave_part(struct txn *t, uint64_t gpa, unsigned int *pages)
{
	unsigned int i = piece_after(gpa);

	if (i < eng.npieces && eng.pieces[i].gpa == gpa && eng.pieces[i].slot == t->slot)
		eng.pieces[i].in[edition_next()] = false;
	guard_touch(gpa, pages);
}

/* Phase of a revert, one site: the next edition is without it. */
enum step site_withdraw(struct txn *t)
{
	const struct window *w = &t->held->windows[t->i];
	unsigned int pages = 0;

	t->of = t->held->patch.nsites;
	if (t->i == t->of)
		return STEP_NEXT;
	machine_lock();
	leave_part(t, w->gpa[0], &pages);
	if (w->split < w->len)
		leave_part(t, w->gpa[1], &pages);
	machine_unlock();
	t->i++;
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
	return rip - w->gva < w->len ? w : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/annex.h"
#include "patcher/engine/state.h"
#include "patcher/wire/mem.h"

#define FIXUP_BATCH	64u
#define REGION		(1ull << 30)	/* what one page directory covers */
#define PDES		512u

/* Present, writable, accessed, dirty, 2 MiB; not global, executable. SDM 3A, "4-Level Paging". */
#define PDE_BITS	0xe3ull

static unsigned int text_pages(const struct held *h)
{
	return pages_of(h->patch.header->text.size);
}

static unsigned int data_pages(const struct held *h)
{
	return pages_of(h->patch.header->data_mem);
}

unsigned int annex_pages_of(const struct held *h)
{
	return text_pages(h) + data_pages(h);
}

unsigned int annex_nth_page(const struct held *h, unsigned int i)
{
	return i < text_pages(h) ? h->text_page + i : h->data_page + i - text_pages(h);
}

static uint64_t page_gva(unsigned int page)
{
	return eng.annex.gva + ((uint64_t)page << PAGE_SHIFT);
}

static uint8_t *page_va(unsigned int page)
{
	return (uint8_t *)machine_annex_va() + ((uint64_t)page << PAGE_SHIFT);
}

uint64_t annex_text_gva(const struct held *h)
{
	return h->place == ANNEX_NONE ? 0 : page_gva(h->text_page);
}

/* Takes a place for the payload; its pages are in use in the next edition. */
static bool take_place(struct held *h)
{
	uint8_t *kind = eng.annex.kind[edition_next()];
	struct ranges *r = &eng.annex.ranges;

	if (!ranges_take(r, text_pages(h), &h->text_page))
		return false;
	if (!ranges_take_top(r, data_pages(h), &h->data_page)) {
		ranges_give(r, h->text_page, text_pages(h));
		return false;
	}
	memset(kind + h->text_page, PAGE_PAYLOAD_TEXT, text_pages(h));
	memset(kind + h->data_page, PAGE_PAYLOAD_DATA, data_pages(h));
	return stage_move(&h->place, ANNEX_NEW);
}

void annex_keep(struct held *h)
{
	if (h->place == ANNEX_NEW)
		stage_move_locked(&h->place, ANNEX_KEPT);
	if (eng.annex.entry == ANNEX_NEW)
		stage_move_locked(&eng.annex.entry, ANNEX_KEPT);
}

void annex_give_back(struct held *h)
{
	if (h->place != ANNEX_NEW)
		return;
	ranges_give(&eng.annex.ranges, h->text_page, text_pages(h));
	ranges_give(&eng.annex.ranges, h->data_page, data_pages(h));
	stage_move(&h->place, ANNEX_NONE);
}

/*
 * Entry number @n of the search: outward from the anchor, the higher address first, in
 * the same page directory. 0 if there is none on that side.
 */
static uint64_t candidate(uint64_t anchor, unsigned int n)
{
	uint64_t distance = (n / 2 + 1) * MACHINE_ANNEX_SIZE;
	uint64_t gva = (anchor & ~(MACHINE_ANNEX_SIZE - 1)) + (n & 1 ? -distance : distance);

	return (gva ^ anchor) & ~(REGION - 1) ? 0 : gva;
}

/* Has the guest our entry? *known: its tables hold a page directory for that address. */
static bool entry_is_ours(bool *known)
{
	uint64_t pde, entry;

	*known = !machine_guest_entry(eng.annex.gva, 2, &pde, &entry);
	return *known && pde == eng.annex.pde && entry == (machine_annex_hpa() | PDE_BITS);
}

void annex_check(void)
{
	bool known;

	if (eng.annex.entry == ANNEX_NONE || entry_is_ours(&known) || !known)
		return;
	for (unsigned int i = 0; i < eng.nheld; i++)
		if (held_is_live(&eng.held[i]) && eng.held[i].place == ANNEX_KEPT)
			return;
	for (unsigned int i = 0; i < eng.nheld; i++)
		if (eng.held[i].place == ANNEX_KEPT)
			stage_move(&eng.held[i].place, ANNEX_NONE);
	stage_move(&eng.annex.entry, ANNEX_NONE);
}

enum outcome annex_place(struct txn *t)
{
	uint64_t gva, pde, entry;
	bool known;

	t->of = 2 * PDES;
	if (!held_has_payload(t->held))
		return UNIT_NEXT;
	if (t->held->place == ANNEX_NONE && !take_place(t->held))
		return refuse_what(REFUSE_ANNEX, "no room");
	if (eng.annex.entry != ANNEX_NONE)
		return entry_is_ours(&known) ? UNIT_NEXT :
		       refuse_what(REFUSE_ANNEX, "the guest has changed the page-directory entry");
	if (t->i == t->of)
		return refuse_what(REFUSE_ANNEX, "no free page-directory entry");
	gva = candidate(machine_anchor(), t->i++);
	if (!gva || machine_guest_entry(gva, 2, &pde, &entry) || entry)
		return UNIT_AGAIN;
	eng.annex.gva = gva;
	eng.annex.pde = pde;
	return UNIT_NEXT;
}

/* Writes one page of the annex: the bytes of @from (@size in all) from byte @at on, then @pad. */
static void fill_page(unsigned int page, const uint8_t *from, uint64_t size, uint64_t at, int pad)
{
	size_t n = at >= size ? 0 : size - at < PAGE_SIZE ? size - at : PAGE_SIZE;

	if (n)
		memcpy(page_va(page), from + at, n);
	memset(page_va(page) + n, pad, PAGE_SIZE - n);
}

static void store_le(uint8_t *to, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		to[i] = value >> (8 * i);
}

static uint64_t fixup_value(const struct held *h, const struct patch_fixup *f)
{
	const uint64_t base[] = {
		[PATCH_BASE_KERNEL] = h->slide,
		[PATCH_BASE_TEXT] = page_gva(h->text_page),
		[PATCH_BASE_DATA] = page_gva(h->data_page),
		[PATCH_BASE_ABSOLUTE] = 0,
	};

	return base[f->base & 3] + (uint64_t)f->value;
}

/* Writes one field of the payload, which the guest sees at *gva; false if its value is too large. */
static bool fixup(const struct held *h, const struct patch_fixup *f, uint64_t *gva)
{
	unsigned int page = f->in_data ? h->data_page : h->text_page;
	bool wide = f->type == PATCH_FIXUP_ABS64 || f->type == PATCH_FIXUP_PC64;
	uint64_t value = fixup_value(h, f);

	*gva = page_gva(page) + f->offset;
	if (f->type == PATCH_FIXUP_PC32 || f->type == PATCH_FIXUP_PC64)
		value -= *gva;
	if (!wide && value != (f->type == PATCH_FIXUP_ABS32 ? (uint64_t)(uint32_t)value :
			       (uint64_t)(int64_t)(int32_t)value))
		return false;
	store_le(page_va(page) + f->offset, value, wide ? 8 : 4);
	return true;
}

static enum outcome fixup_batch(struct txn *t, unsigned int first)
{
	const struct patch *p = &t->held->patch;
	uint64_t gva;

	for (unsigned int i = first; i < p->nfixups && i < first + FIXUP_BATCH; i++) {
		if (fixup(t->held, &p->fixups[i], &gva))
			continue;
		refuse_at(REFUSE_RANGE, gva);
		t->why.field = "fixups";
		t->why.index = i;
		return UNIT_REFUSED;
	}
	t->i++;
	return UNIT_AGAIN;
}

enum outcome annex_fill(struct txn *t)
{
	const struct held *h = t->held;
	const struct patch_header *head = h->patch.header;
	unsigned int text = text_pages(h), all = annex_pages_of(h);

	t->of = all + (h->patch.nfixups + FIXUP_BATCH - 1) / FIXUP_BATCH;
	/* A patch that is applied again goes on with the data it had. */
	if (h->place != ANNEX_NEW || t->i >= t->of)
		return UNIT_NEXT;
	if (t->i >= all)
		return fixup_batch(t, (t->i - all) * FIXUP_BATCH);
	if (t->i < text)
		fill_page(h->text_page + t->i, h->patch.text, head->text.size,
			  (uint64_t)t->i << PAGE_SHIFT, INT3);
	else
		fill_page(h->data_page + t->i - text, h->patch.data, head->data.size,
			  (uint64_t)(t->i - text) << PAGE_SHIFT, 0);
	t->i++;
	return UNIT_AGAIN;
}

int annex_map(struct txn *t)
{
	if (!held_has_payload(t->held) || eng.annex.entry != ANNEX_NONE)
		return 0;
	if (machine_cas64(eng.annex.pde, 0, machine_annex_hpa() | PDE_BITS))
		return -1;
	stage_move(&eng.annex.entry, ANNEX_NEW);
	return 0;
}

void annex_unmap(void)
{
	if (eng.annex.entry == ANNEX_NEW)
		stage_move(&eng.annex.entry, machine_cas64(eng.annex.pde, machine_annex_hpa() | PDE_BITS, 0) ?
			   ANNEX_KEPT : ANNEX_NONE);
}

int annex_view(view_t view, unsigned int edition, unsigned int page)
{
	enum page_kind kind = eng.annex.kind[edition][page];

	if (kind == PAGE_PLAIN)
		return 0;
	return view_set(view, machine_annex_hpa() + ((uint64_t)page << PAGE_SHIFT), kind, 0);
}

enum engine_page annex_page(uint64_t gpa)
{
	uint64_t offset = gpa - machine_annex_hpa();
	enum page_kind kind;

	if (offset >= MACHINE_ANNEX_SIZE)
		return ENGINE_PAGE_NONE;
	kind = eng.annex.kind[eng.live][offset >> PAGE_SHIFT];
	return kind == PAGE_PAYLOAD_TEXT ? ENGINE_PAGE_ANNEX_TEXT :
	       kind == PAGE_PAYLOAD_DATA ? ENGINE_PAGE_ANNEX_DATA : ENGINE_PAGE_ANNEX_FREE;
}

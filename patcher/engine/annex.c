/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The annex: 2 MiB for payloads, text from the bottom, data from the top. The
 * guest sees it through one page-directory entry that was not present.
 */
#include "patcher/engine/internal.h"
#include "patcher/wire/mem.h"

#define FIXUP_BATCH	64u
#define REGION		(1ull << 30)	/* what one page directory covers */
#define PDES		512u

/* Present, writable, accessed, dirty, 2 MiB; not global, executable. SDM 3A, "4-Level Paging". */
#define PDE_BITS	0xe3ull

static unsigned int total_pages(void)
{
	return machine_annex_size() >> PAGE_SHIFT;
}

/* Pages of a patch's payload in all; *text of them are text. */
unsigned int annex_pages_of(const struct held *h, unsigned int *text)
{
	*text = pages_of(h->patch.header->text.size);
	return *text + pages_of(h->patch.header->data_mem);
}

static uint64_t page_gva(unsigned int page)
{
	return eng.annex.gva + ((uint64_t)page << PAGE_SHIFT);
}

/* Where the guest sees the payload text of a patch. */
uint64_t annex_text_gva(const struct held *h)
{
	return page_gva(h->text_page);
}

/* Takes pages for the payload in the next edition. */
static bool reserve(struct held *h)
{
	unsigned int next = edition_next(), text, all = annex_pages_of(h, &text);
	struct annex *a = &eng.annex;

	if (a->text[next] + a->data[next] + all > total_pages())
		return false;
	h->text_page = a->text[next];
	a->text[next] += text;
	a->data[next] += all - text;
	h->data_page = total_pages() - a->data[next];
	h->placed = true;
	return true;
}

/*
 * Entry number @n of the search: outward from the anchor, the higher address first, in
 * the same page directory. 0 if there is none on that side.
 */
static uint64_t candidate(uint64_t anchor, unsigned int n)
{
	uint64_t distance = (n / 2 + 1) * ANNEX_PDE_SPAN;
	uint64_t gva = (anchor & ~(ANNEX_PDE_SPAN - 1)) + (n & 1 ? -distance : distance);

	return (gva ^ anchor) & ~(REGION - 1) ? 0 : gva;
}

/**
 * annex_check - has the guest our page-directory entry still?
 *
 * If not, another kernel runs (kexec): what was placed stays where it is, and payloads are placed
 * anew where this kernel has an entry free. Unless a live patch has a payload, or these tables
 * do not hold the kernel: then annex.mapped stays, and lost is set. Session.
 */
void annex_check(void)
{
	uint64_t pde, entry;
	bool found;

	if (!eng.annex.mapped)
		return;
	found = !machine_guest_entry(eng.annex.gva, 2, &pde, &entry);
	eng.annex.lost = !found || pde != eng.annex.pde ||
			 entry != (machine_annex_hpa() | PDE_BITS);
	if (!eng.annex.lost || !found)
		return;
	for (unsigned int i = 0; i < ENGINE_MAX_PATCHES; i++)
		if (eng.held[i].state == PATCH_LIVE && eng.held[i].placed)
			return;
	for (unsigned int i = 0; i < ENGINE_MAX_PATCHES; i++)
		eng.held[i].placed = false;
	eng.annex.mapped = false;
}

/* Phase, one entry: room for the payload, and an address at which the guest can see it. */
enum step annex_place(struct txn *t)
{
	uint64_t gva, pde, entry;

	t->of = 2 * PDES;
	if (!held_has_payload(t->held))
		return STEP_NEXT;
	if (!t->held->placed) {
		if (!reserve(t->held))
			return refuse_what(REFUSE_ANNEX, "no room");
		t->placing = true;
	}
	if (eng.annex.mapped)
		return !eng.annex.lost ? STEP_NEXT :
		       refuse_what(REFUSE_ANNEX, "the guest has changed the page-directory entry");
	if (t->i == t->of)
		return refuse_what(REFUSE_ANNEX, "no free page-directory entry");
	gva = candidate(machine_anchor(), t->i++);
	if (!gva || machine_guest_entry(gva, 2, &pde, &entry) || entry)
		return STEP_AGAIN;
	eng.annex.gva = gva;
	eng.annex.pde = pde;
	return STEP_NEXT;
}

/* One page of the annex as the guest will find it: @size bytes from @from, then @pad. */
static void fill_page(unsigned int page, const uint8_t *from, uint64_t size, uint64_t at, int pad)
{
	uint8_t *to = (uint8_t *)machine_annex_va() + ((uint64_t)page << PAGE_SHIFT);
	size_t n = at >= size ? 0 : size - at < PAGE_SIZE ? size - at : PAGE_SIZE;

	if (n)
		memcpy(to, from + at, n);
	memset(to + n, pad, PAGE_SIZE - n);
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

/* Writes one field of the payload; false if the value does not fit it. */
static bool fixup(const struct held *h, const struct patch_fixup *f)
{
	unsigned int page = f->in_data ? h->data_page : h->text_page;
	uint8_t *to = (uint8_t *)machine_annex_va() + ((uint64_t)page << PAGE_SHIFT) + f->offset;
	uint64_t value = fixup_value(h, f);
	bool wide = f->type == PATCH_FIXUP_ABS64 || f->type == PATCH_FIXUP_PC64;

	if (f->type == PATCH_FIXUP_PC32 || f->type == PATCH_FIXUP_PC64)
		value -= page_gva(page) + f->offset;
	if (!wide && value != (f->type == PATCH_FIXUP_ABS32 ? (uint64_t)(uint32_t)value :
			       (uint64_t)(int64_t)(int32_t)value))
		return false;
	store_le(to, value, wide ? 8 : 4);
	return true;
}

static enum step fixup_batch(struct txn *t, unsigned int first)
{
	const struct patch *p = &t->held->patch;

	for (unsigned int i = first; i < p->nfixups && i < first + FIXUP_BATCH; i++) {
		struct refusal *why;

		if (fixup(t->held, &p->fixups[i]))
			continue;
		why = refuse(REFUSE_RANGE);
		why->field = "fixups";
		why->index = i;
		why->address = page_gva(p->fixups[i].in_data ? t->held->data_page :
					t->held->text_page) + p->fixups[i].offset;
		return STEP_REFUSED;
	}
	t->i++;
	return STEP_AGAIN;
}

/* Phase, one page or some fixups: the payload into the annex, where no CPU can see it yet. */
enum step annex_fill(struct txn *t)
{
	const struct held *h = t->held;
	const struct patch_header *head = h->patch.header;
	unsigned int text, all = annex_pages_of(h, &text);

	t->of = all + (h->patch.nfixups + FIXUP_BATCH - 1) / FIXUP_BATCH;
	/* A revived patch goes on with the data it had. */
	if (!t->placing || t->i >= t->of)
		return STEP_NEXT;
	if (t->i >= all)
		return fixup_batch(t, (t->i - all) * FIXUP_BATCH);
	if (t->i < text)
		fill_page(h->text_page + t->i, h->patch.text, head->text.size,
			  (uint64_t)t->i << PAGE_SHIFT, INT3);
	else
		fill_page(h->data_page + t->i - text, h->patch.data, head->data.size,
			  (uint64_t)(t->i - text) << PAGE_SHIFT, 0);
	t->i++;
	return STEP_AGAIN;
}

/**
 * annex_map - fill the guest's page-directory entry, if this patch is the first to need it
 *
 * To be called when every CPU is on t->guarded: translations that go through
 * the entry are then cached for that view only and die with it, should the
 * transaction be refused. 0, or -1: the entry is not free any more. Session.
 */
int annex_map(struct txn *t)
{
	if (!held_has_payload(t->held) || eng.annex.mapped)
		return 0;
	if (machine_cas64(eng.annex.pde, 0, machine_annex_hpa() | PDE_BITS))
		return -1;
	eng.annex.mapped = t->mapped_annex = true;
	return 0;
}

/* Undoes annex_map(). An entry that the guest has changed since is the guest's. Session. */
void annex_unmap(struct txn *t)
{
	if (!t->mapped_annex || machine_cas64(eng.annex.pde, machine_annex_hpa() | PDE_BITS, 0))
		return;
	eng.annex.mapped = t->mapped_annex = false;
}

/* Maps one page of the annex in a view, as this edition uses it. 0, or view_set()'s error. */
int annex_view(view_t view, unsigned int edition, unsigned int page)
{
	uint64_t hpa = machine_annex_hpa() + ((uint64_t)page << PAGE_SHIFT);

	if (page < eng.annex.text[edition])
		return view_set(view, hpa, PAGE_PAYLOAD_TEXT, 0);
	if (page >= total_pages() - eng.annex.data[edition])
		return view_set(view, hpa, PAGE_PAYLOAD_DATA, 0);
	return 0;
}

/* What the edition in force has at @gpa, if that is in the annex. Lock held. */
enum engine_page annex_page(uint64_t gpa)
{
	uint64_t offset = gpa - machine_annex_hpa();

	if (offset >= machine_annex_size())
		return ENGINE_PAGE_NONE;
	if (offset >> PAGE_SHIFT < eng.annex.text[eng.live])
		return ENGINE_PAGE_ANNEX_TEXT;
	if (offset >> PAGE_SHIFT >= total_pages() - eng.annex.data[eng.live])
		return ENGINE_PAGE_ANNEX_DATA;
	return ENGINE_PAGE_ANNEX_FREE;
}

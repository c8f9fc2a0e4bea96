/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/patches.h"
#include "patcher/engine/state.h"
#include "patcher/wire/mem.h"

static size_t sites_size(unsigned int nsites)
{
	return nsites * sizeof(struct held_site);
}

size_t held_probes_size(const struct patch *p)
{
	return (p->header->bodies.size / sizeof(struct patch_insn) + 7) / 8;
}

static size_t tables_pages(const struct patch *p)
{
	return pages_of(sites_size(p->nsites) + p->nsites * sizeof(uint16_t) +
			held_probes_size(p));
}

struct held *held_find(const uint8_t id[8])
{
	for (unsigned int i = 0; i < eng.nheld; i++) {
		struct held *h = &eng.held[i];

		if (h->stage != PATCH_GONE && !memcmp(h->patch.header->id, id, 8))
			return h;
	}
	return NULL;
}

bool held_has_payload(const struct held *h)
{
	return h->patch.header->text.size || h->patch.header->data_mem;
}

void held_drop(struct held *h)
{
	/* After a bug a table may still refer to this memory: keep it. */
	if (!stage_move(&h->stage, PATCH_GONE))
		return;
	if (h->tables)
		pool_free(h->tables, tables_pages(&h->patch));
	if (h->file)
		pool_free(h->file, pages_of(h->patch.header->file_size));
	*h = (struct held){ .stage = PATCH_GONE };
}

/* Returns a free slot. If need be, drops a reverted patch that has no payload; else NULL. */
static struct held *free_slot(void)
{
	struct held *old = NULL;

	for (unsigned int i = 0; i < eng.nheld; i++) {
		struct held *h = &eng.held[i];

		if (h->stage == PATCH_GONE)
			return h;
		if (!old && h->stage == PATCH_REVERTED && !held_has_payload(h))
			old = h;
	}
	if (old)
		held_drop(old);
	return old;
}

static bool parse_copy(const void *copy, size_t len, struct patch *out, struct refusal *why)
{
	struct patch_error err;

	if (!patch_parse(copy, len, out, &err))
		return true;
	*why = (struct refusal){
		.code = REFUSE_FORMAT, .field = err.field, .what = err.what, .index = err.index,
	};
	return false;
}

static struct held *refused(struct refusal *why, enum refusal_code code, const char *field,
			    const char *what)
{
	*why = (struct refusal){ .code = code, .field = field, .what = what };
	return NULL;
}

/* Judges a file whose id is held already: accepts only the same file, and only after a revert. */
static struct held *held_again(struct held *h, const void *copy, size_t len, struct refusal *why)
{
	if (h->patch.header->file_size != len || memcmp(h->patch.header, copy, len))
		return refused(why, REFUSE_FORMAT, "id", "another patch with this id is held");
	return h->stage == PATCH_REVERTED ? h : refused(why, REFUSE_STATE, NULL, "already live");
}

/* Enters a parsed copy into a slot. NULL without a slot or memory: the caller still owns the copy. */
static struct held *enter(uint64_t file, const struct patch *patch, struct refusal *why)
{
	uint64_t tables = pool_alloc(tables_pages(patch));
	struct held *h = tables ? free_slot() : NULL;

	if (!tables)
		return refused(why, REFUSE_MEMORY, NULL, NULL);
	if (!h) {
		pool_free(tables, tables_pages(patch));
		return refused(why, REFUSE_FULL, NULL, "patches");
	}
	stage_move(&h->stage, PATCH_RECEIVED);
	h->place = ANNEX_NONE;
	h->patch = *patch;
	h->file = file;
	h->tables = tables;
	h->sites = pool_va(tables);
	h->order = (uint16_t *)((uint8_t *)h->sites + sites_size(patch->nsites));
	h->probes = (uint8_t *)(h->order + patch->nsites);
	return h;
}

struct held *held_take(const void *file, size_t len, struct refusal *why)
{
	struct held *h = NULL;
	struct patch patch;
	uint64_t copy;

	if (!len || len > PATCH_MAX_FILE)
		return refused(why, REFUSE_FORMAT, "file_size", "out of range");
	copy = pool_alloc(pages_of(len));
	if (!copy)
		return refused(why, REFUSE_MEMORY, NULL, NULL);
	memcpy(pool_va(copy), file, len);
	if (parse_copy(pool_va(copy), len, &patch, why)) {
		struct held *same = held_find(patch.header->id);

		h = same ? held_again(same, pool_va(copy), len, why) : enter(copy, &patch, why);
	}
	if (!h || h->file != copy)
		pool_free(copy, pages_of(len));
	return h;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The patches that are held: a copy of each file, and where its sites are in the guest. */
#include "patcher/engine/internal.h"
#include "patcher/wire/mem.h"

static size_t windows_size(unsigned int nsites)
{
	return nsites * sizeof(struct window);
}

/* Bytes of the bits that tell known probes: one for each pair of the bodies. */
size_t held_probes_size(const struct patch *p)
{
	return (p->header->bodies.size / sizeof(struct patch_insn) + 7) / 8;
}

static size_t tables_pages(const struct patch *p)
{
	return pages_of(windows_size(p->nsites) + p->nsites * sizeof(uint16_t) +
			held_probes_size(p));
}

/* The held patch whose id begins with @id, NULL if there is none. Session. */
struct held *held_find(const uint8_t id[8])
{
	for (unsigned int i = 0; i < ENGINE_MAX_PATCHES; i++) {
		struct held *h = &eng.held[i];

		if (h->state != PATCH_FREE && !memcmp(h->patch.header->id, id, 8))
			return h;
	}
	return NULL;
}

/* Does it have anything in the annex? Only then can somebody still run its code after a revert. */
bool held_has_payload(const struct held *h)
{
	return h->patch.header->text.size || h->patch.header->data_mem;
}

/* Gives back the memory of a patch that no table refers to. Session. */
void held_drop(struct held *h)
{
	if (h->tables)
		pool_free(h->tables, tables_pages(&h->patch));
	if (h->file)
		pool_free(h->file, pages_of(h->patch.header->file_size));
	*h = (struct held){ .state = PATCH_FREE };
}

/* A free slot, or one whose patch is reverted and has left nothing behind; else NULL. */
static struct held *free_slot(void)
{
	struct held *old = NULL;

	for (unsigned int i = 0; i < ENGINE_MAX_PATCHES; i++) {
		struct held *h = &eng.held[i];

		if (h->state == PATCH_FREE)
			return h;
		if (!old && h->state == PATCH_REVERTED && !held_has_payload(h))
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

/* The patch with this id is held already: may the file revive it? */
static struct held *held_again(struct held *h, const void *copy, size_t len, struct refusal *why)
{
	*why = (struct refusal){ .code = REFUSE_NONE };
	if (h->patch.header->file_size != len || memcmp(h->patch.header, copy, len))
		*why = (struct refusal){ .code = REFUSE_FORMAT, .field = "id",
					 .what = "another patch with this id is held" };
	else if (h->state != PATCH_REVERTED)
		*why = (struct refusal){ .code = REFUSE_STATE, .what = "already live" };
	return why->code == REFUSE_NONE ? h : NULL;
}

/* Enters a parsed copy into a slot. NULL if there is no slot or no memory: still the caller's. */
static struct held *enter(uint64_t file, const struct patch *patch, struct refusal *why)
{
	uint64_t tables = pool_alloc(tables_pages(patch));
	struct held *h = tables ? free_slot() : NULL;

	if (h) {
		h->state = PATCH_RECEIVED;
		h->patch = *patch;
		h->file = file;
		h->tables = tables;
		h->windows = pool_va(tables);
		h->order = (uint16_t *)((uint8_t *)h->windows + windows_size(patch->nsites));
		h->probes = (uint8_t *)(h->order + patch->nsites);
		return h;
	}
	*why = (struct refusal){ .code = REFUSE_MEMORY };
	if (tables) {
		*why = (struct refusal){ .code = REFUSE_FULL, .what = "patches" };
		pool_free(tables, tables_pages(patch));
	}
	return NULL;
}

/**
 * held_take - hold a copy of a patch file
 * Returns a new patch (PATCH_RECEIVED), or the reverted one that the file is
 * (PATCH_REVERTED); NULL with @why filled and nothing changed. Session.
 */
struct held *held_take(const void *file, size_t len, struct refusal *why)
{
	struct held *h = NULL;
	struct patch patch;
	uint64_t copy;

	if (!len || len > PATCH_MAX_FILE) {
		*why = (struct refusal){ .code = REFUSE_FORMAT, .field = "file_size",
					 .what = "out of range" };
		return NULL;
	}
	copy = pool_alloc(pages_of(len));
	if (!copy) {
		*why = (struct refusal){ .code = REFUSE_MEMORY };
		return NULL;
	}
	memcpy(pool_va(copy), file, len);
	if (parse_copy(pool_va(copy), len, &patch, why)) {
		struct held *same = held_find(patch.header->id);

		h = same ? held_again(same, pool_va(copy), len, why) : enter(copy, &patch, why);
	}
	if (!h || h->file != copy)
		pool_free(copy, pages_of(len));
	return h;
}

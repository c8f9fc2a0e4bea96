/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The patches that are held: a copy of each file, and where its sites are in the guest. All
 * functions belong to the session.
 */
#ifndef ENGINE_PATCHES_H
#define ENGINE_PATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/engine/refusal.h"
#include "patcher/engine/stages.h"
#include "patcher/wire/patch.h"

/* A site of a held patch, found in the guest: its window. */
struct held_site {
	uint64_t gva;
	uint64_t gpa[2];			/* of its first byte on either page */
	uint8_t bytes[PATCH_WINDOW_MAX];	/* the jump: what fetches see when it is live */
	uint8_t seen[PATCH_WINDOW_MAX];		/* the guest's own bytes when last looked at */
	uint8_t len, split;			/* bytes in all; bytes on the first page */
	bool watched;				/* seen[] is valid: compare after guest writes */
	bool bad;				/* seen[] is not what the patch takes; see txn.nbad */
	bool gone;				/* not mapped there any more: not in force */
	uint64_t target_gpa;			/* where a jump into a module leads; 0: not watched */
};

struct held {
	enum stage stage;			/* PATCH_... */
	struct patch patch;			/* points into the copy of the file */
	uint64_t file, tables;			/* pool runs: the file; sites, order, probes */
	struct held_site *sites;		/* one per site of the patch */
	uint16_t *order;			/* sites sorted by gva, for the RIP check */
	uint8_t *probes;			/* a bit for each pair of the bodies: a probe is there */
	uint64_t slide;
	unsigned int pages;			/* number of pages that carry its windows */
	enum stage place;			/* stage of the payload's place: ANNEX_... */
	unsigned int text_page, data_page;	/* the place: first page of each in the annex */
	uint32_t applied, reverted;		/* how often each happened */
};

/* Is the patch in force, whether or not it is about to be reverted? */
static inline bool held_is_live(const struct held *h)
{
	return h->stage == PATCH_LIVE || h->stage == PATCH_LEAVING;
}

/* The held patch whose id begins with @id, NULL if there is none. */
struct held *held_find(const uint8_t id[8]);

/**
 * held_take - hold a copy of a patch file
 * Returns a new patch (PATCH_RECEIVED), or the held one (PATCH_REVERTED) that has the same
 * file; NULL with @why filled and nothing changed.
 */
struct held *held_take(const void *file, size_t len, struct refusal *why);

/* Frees the slot and the memory of a patch that no table refers to. */
void held_drop(struct held *h);

/* Has the patch a place in the annex? Only then can a thread still run its code after a revert. */
bool held_has_payload(const struct held *h);

/* Bytes of held.probes. */
size_t held_probes_size(const struct patch *p);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The patch engine: a patch's life from received to live and back. Called by
 * one session at a time (the CPU that polls the serial line); engine_written()
 * and engine_page() are called by any CPU from its exits.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "patcher/engine/refusal.h"
#include "patcher/engine/stages.h"
#include "patcher/engine/views.h"
#include "patcher/wire/patch.h"

#define ENGINE_MAX_PATCHES	64u
#define ENGINE_MAX_PAGES	2048u	/* guarded pages */
#define ENGINE_STEP_LIMIT	64u	/* instructions that a commit steps one CPU to leave a window */

/* What a finished transaction did. */
struct engine_result {
	uint8_t id[8];
	const char *name;
	unsigned int sites, pages, cpus, steps;
	uint64_t pause;			/* TSC ticks, first CPU stopped to last let go */
	uint64_t slide;
	uint64_t annex;			/* GVA of the payload text, 0 if there is none */
};

enum engine_status {
	ENGINE_DONE,
	ENGINE_MORE,		/* call engine_poll() again, from a later exit */
	ENGINE_REFUSED,
};

/*
 * The functions up to engine_stats(), but for those that say otherwise, belong to
 * the session: root mode, the CPU that polls the line, one call at a time, no lock
 * held; engine_poll() stops the other CPUs where it must.
 */

/* Boot context, once, after pool_init() and machine_base_view(). Takes 49 pages of the pool. */
void engine_init(void);

/**
 * engine_apply - begin to make a patch live
 * @file, @len: the whole patch file; copied before it is looked at, any length
 * @why: filled when refused
 *
 * A file that is held and reverted is revived as by engine_apply_held().
 * ENGINE_MORE: call engine_poll() until it says otherwise. ENGINE_REFUSED:
 * nothing has changed. Copies and checks the file in one go: 512 KiB at most.
 */
enum engine_status engine_apply(const void *file, size_t len, struct refusal *why);
/* Likewise for a reverted patch, by the first 8 bytes of its id. Its data is as it was left. */
enum engine_status engine_apply_held(const uint8_t id[8], struct refusal *why);
/* Begins to revert a live patch. Its payload stays in the annex, because a thread may be in it. */
enum engine_status engine_revert(const uint8_t id[8], struct refusal *why);

/**
 * engine_poll - one slice of the transaction under way, about 100 us
 * @done: filled with ENGINE_DONE; done->name is valid as long as the patch is held
 * @why: filled with ENGINE_REFUSED: all is as it was before the transaction
 *
 * The slice in which all CPUs are stopped begins with the stop. After
 * ENGINE_DONE or ENGINE_REFUSED there is no transaction any more.
 */
enum engine_status engine_poll(struct engine_result *done, struct refusal *why);

/* Is a transaction under way? */
bool engine_busy(void);

/**
 * engine_watch - revert patches whose memory the guest uses for something else
 *
 * To be called at every poll, whether a transaction is under way or not: looks at some sites
 * of live patches and, when the guest's page tables do not lead to one any more, reverts its
 * patch by a transaction of its own, whose slices are this call and later ones.
 */
void engine_watch(void);

/* The phase of the transaction under way, and how much of it is done. NULL if there is none. */
const char *engine_phase(unsigned int *done, unsigned int *of);

/*
 * Gives up the transaction under way. Returns false, with the reason in @why, if there is no
 * transaction or if it has committed. After true, engine_poll() undoes all and ends with
 * REFUSE_ABORTED.
 */
bool engine_abort(struct refusal *why);

struct patch_info {
	uint8_t id[8];
	const char *name;
	enum stage state;		/* PATCH_...; one that is PATCH_LEAVING is shown as PATCH_LIVE */
	unsigned int sites, pages;
	uint64_t annex, text_size, data_size;
	uint32_t applied, reverted;	/* how often each happened */
};

/*
 * The @i-th held patch (0 ...), the one under way included; false past the last.
 * out->name is valid as long as the patch is held.
 */
bool engine_info(unsigned int i, struct patch_info *out);
/* Site @i of a held patch: where it is and what it is called. False: no such patch or site. */
bool engine_site(const uint8_t id[8], unsigned int i, uint64_t *gva, const char **name);
/* The view that CPUs run on, or are about to take. Any CPU. */
view_t engine_view(void);

/* What a page is to the engine, and so what an access reaches that the view does not allow. */
enum engine_page {
	ENGINE_PAGE_NONE,	/* not the engine's, or no longer: go on if engine_view() allows it */
	ENGINE_PAGE_GUARDED,	/* step on the guest's own page; engine_written() if it writes */
	ENGINE_PAGE_ANNEX_TEXT,	/* step on the page; a write goes to a scratch page and is lost */
	ENGINE_PAGE_ANNEX_DATA,	/* readable and writable: only an instruction fetch can have got here */
	ENGINE_PAGE_ANNEX_FREE,	/* reads as zero, writes are lost */
};
/* Any CPU, not under the engine's lock, which it takes. O(log pages). */
enum engine_page engine_page(uint64_t gpa);

/*
 * A CPU finished a step that may have written to the page @gpa lies on: merge before its next
 * instruction. Any CPU, not under the engine's lock, which it takes; any @gpa.
 */
void engine_written(uint64_t gpa);

/**
 * engine_rebase - the memory types changed: all guards and windows on a new base
 * @base: the new base view, the machine's; on 0 the machine may drop its old one at once
 *
 * Any CPU. On 0 engine_view() is the new view and machine_spread() has begun (the
 * caller must not call it as well: a transaction may have begun meanwhile); the
 * engine drops its old view when that is done. -1: a transaction or the last rebase
 * is still under way, or the pool is empty; nothing changed and the caller tries
 * again at a later exit.
 */
int engine_rebase(view_t base);

/* ---- events, a ring; the oldest is lost when it is full and the loss is an event ---- */
struct event_text {
	uint32_t number;
	char text[120];		/* "kind key=value ..." */
};
/* Takes the oldest; false if there is none. */
bool engine_next_event(struct event_text *out);

/* The first three count since boot; the others are values of now. */
struct engine_stats {
	uint64_t merges, merged_words, window_writes;
	unsigned int guarded_pages, live_sites;
	size_t annex_used;
};
void engine_stats(struct engine_stats *out);

#endif

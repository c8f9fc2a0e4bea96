/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's own data and what its files offer each other.
 *
 * Every table holds two editions: the one in force (eng.live) and the one being
 * prepared. A commit flips eng.live and is done, however much is in the tables.
 * Outside a transaction both editions are equal.
 *
 * Only the session (the CPU in engine_apply() ... engine_poll()) changes tables,
 * and it holds machine_lock() while it does; exits read them under the lock.
 */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "patcher/engine/cpus.h"
#include "patcher/engine/engine.h"
#include "patcher/engine/guest.h"
#include "patcher/engine/pages.h"
#include "patcher/engine/views.h"

#define ENGINE_MAX_PIECES	8192u	/* parts of windows and bodies, all patches together */
#define ENGINE_STOP_TRIES	8u	/* polls at which a late CPU is forgiven */
#define ENGINE_POKE_TRIES	1000u	/* and at which the guest may be in the middle of a window */
#define ENGINE_SPREAD_SECONDS	4u	/* until a CPU that takes no view is given up */
#define ANNEX_PDE_SPAN		(2ull << 20)

/* First bytes of instructions. */
#define INT3			0xcc
#define CALL			0xe8
#define JMP			0xe9

/* A site of a held patch, found in the guest. */
struct window {
	uint64_t gva;
	uint64_t gpa[2];			/* of its first byte; of its first byte on the next page */
	uint8_t bytes[PATCH_WINDOW_MAX];	/* the jump: what fetches see when it is live */
	uint8_t seen[PATCH_WINDOW_MAX];		/* the guest's own bytes when last looked at */
	uint8_t len, split;			/* bytes; of these on the first page */
	bool watched;				/* seen[] is valid: compare after guest writes */
	bool bad;				/* seen[] is not what the patch takes; see txn.nbad */
	bool gone;				/* not mapped there any more: not in force */
	uint64_t target_gpa;			/* where a jump into a module leads; 0: not watched */
};

/*
 * The part of a window, or of the rest of a function that is replaced, that lies on one
 * page. Sorted by gpa, disjoint.
 */
struct piece {
	uint64_t gpa;
	uint16_t site, len;
	uint8_t slot : 7, body : 1;		/* body: of the rest; fetches see the guest's bytes */
	uint8_t off;				/* in the window; of a body: pages from the window's */
	bool in[2];				/* which edition has it */
};

/*
 * A guarded page. Sorted by gpa. exec[]: the page that fetches see; @gpa itself
 * while no window is in force yet, or if only writes are of interest; 0 if this edition does
 * not guard the page (or has not made its exec page yet).
 */
struct guard {
	uint64_t gpa;
	uint64_t exec[2];
};

struct held {
	enum patch_state state;
	struct patch patch;			/* points into the copy of the file */
	uint64_t file, tables;			/* pool runs: the file; windows, order, probes */
	struct window *windows;			/* one per site */
	uint16_t *order;			/* sites sorted by gva, for the RIP check */
	uint8_t *probes;			/* a bit for each pair of the bodies: a probe is there */
	uint64_t slide;
	unsigned int pages;			/* that carry its windows */
	bool placed;				/* payload is in the annex */
	bool leaving;				/* something it needs is gone: to be reverted by us */
	unsigned int text_page, data_page;	/* first of each in the annex */
	uint32_t applied, reverted;
};

struct annex {
	uint64_t gva;				/* where the guest sees it, or is about to */
	uint64_t pde;				/* GPA of the page-directory entry */
	bool mapped, lost;			/* the entry is written; somebody changed it */
	unsigned int text[2], data[2];		/* pages used from the bottom and from the top */
};

enum step {
	STEP_AGAIN,	/* more of the same */
	STEP_NEXT,	/* phase done */
	STEP_WAIT,	/* nothing to do before the next poll */
	STEP_REFUSED,	/* txn.why says why */
};

struct txn;

/* One unit of work: a site, a page. Programs end with an empty phase. */
struct phase {
	const char *name;
	enum step (*unit)(struct txn *t);
};

struct txn {
	const struct phase *phase;		/* NULL: none under way */
	struct held *held;
	unsigned int slot;
	bool fresh;				/* the file came with this transaction */
	bool committed, undoing;
	unsigned int i, of;			/* units of the phase, done and all */
	view_t before, guarded, after;		/* in force at the start; with guards; with windows */
	bool placing;				/* the payload gets its place in the annex */
	bool mapped_annex;			/* wrote the page-directory entry */
	unsigned int nbad;			/* checked windows with wrong bytes: no commit */
	uint64_t since;				/* TSC when the spread began */
	unsigned int tries, steps;
	uint64_t pause;
	struct refusal why;
};

struct engine {
	bool busy;				/* claimed by a transaction or a rebase */
	unsigned int live;			/* edition in force: 0 or 1 */
	struct piece *pieces;
	struct guard *guards;
	unsigned int npieces, nguards;
	view_t base, view;			/* without patches; in force */
	view_t retired;				/* after a rebase, until every CPU left it */
	struct annex annex;
	struct held held[ENGINE_MAX_PATCHES];
	struct txn txn;
	bool own;				/* the transaction under way was begun by engine_watch() */
	unsigned int watch_slot, watch_site;	/* looked at next */
	uint64_t looked, rest;			/* TSC when it last looked; ticks until it does again */
	char symbol[96];			/* of the last refusal */
	uint64_t merges, merged_words, window_writes;
};

extern struct engine eng;

static inline unsigned int pages_of(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static inline unsigned int edition_next(void)
{
	return eng.live ^ 1;
}

/* engine.c */
struct refusal *refuse(enum refusal_code code);		/* clears and fills txn.why */
enum step refuse_what(enum refusal_code code, const char *what);
enum step refuse_at(enum refusal_code code, uint64_t address);
enum step refuse_site(enum refusal_code code, unsigned int site);
enum step refuse_bytes(const void *expected, const void *found, unsigned int n);

/* patches.c */
struct held *held_find(const uint8_t id[8]);
struct held *held_take(const void *file, size_t len, struct refusal *why);
void held_drop(struct held *h);
bool held_has_payload(const struct held *h);
size_t held_probes_size(const struct patch *p);

/* site.c: phases, and the RIP check */
enum step site_verify(struct txn *t);
enum step site_resolve(struct txn *t);
enum step site_check(struct txn *t);
enum step site_refuse_bad(struct txn *t);
bool site_takes(const struct patch_site *s, const uint8_t *bytes);
enum step site_bodies(struct txn *t);
enum step site_withdraw(struct txn *t);
const struct window *site_interior(const struct held *h, uint64_t rip);

/* guard.c: the two tables */
struct guard *guard_find(uint64_t gpa);
int guard_touch(uint64_t gpa, unsigned int *pages);
unsigned int piece_after(uint64_t gpa);
/* Each part that has bytes in [@from, @end). Session, or lock held. */
#define for_pieces(p, from, end) \
	for (struct piece *p = &eng.pieces[piece_after(from)]; \
	     p < &eng.pieces[eng.npieces] && p->gpa < (end); p++)
struct window *piece_window(const struct piece *p);
uint64_t piece_gva(const struct piece *p);
bool page_has(uint64_t gpa, unsigned int edition, bool body);
struct piece *piece_insert(const struct piece *p);
enum step guard_settle(struct txn *t);

/* watch.c */
void watch_page(uint64_t gpa);

/* probe.c: a phase, and a look after a write */
enum step probe_find(struct txn *t);
void probe_look(const struct piece *p);

/* merge.c */
int merge_build(struct guard *g, uint64_t exec);
void merge_guard(const struct guard *g);

/* prepare.c: phases that build views */
enum step prepare_guard(struct txn *t);
enum step prepare_spread(struct txn *t);
enum step prepare_exec(struct txn *t);
enum step prepare_undo(struct txn *t);
void prepare_drop(view_t view);

/* annex.c */
void annex_check(void);
enum step annex_place(struct txn *t);
enum step annex_fill(struct txn *t);
int annex_map(struct txn *t);
void annex_unmap(struct txn *t);
uint64_t annex_text_gva(const struct held *h);
unsigned int annex_pages_of(const struct held *h, unsigned int *text);
int annex_view(view_t view, unsigned int edition, unsigned int page);
enum engine_page annex_page(uint64_t gpa);

/* commit.c */
enum step commit_now(struct txn *t);

/* event.c; @locked: the caller holds machine_lock() */
void event_add(const char *text, bool locked);
void event_patch(const char *kind, const struct held *h, const struct txn *t);
void event_refused(const struct held *h, const struct refusal *why);
void event_window(const char *kind, const struct held *h, unsigned int site);
void event_probe(const struct held *h, unsigned int site, uint64_t gva);
void event_leaving(const char *kind, const struct held *h, unsigned int site, uint64_t gva);

#endif

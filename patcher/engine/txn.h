/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The transaction: a program of phases, run in slices. A phase that refuses before the commit
 * has the whole transaction undone. Session, but for txn_claim() and txn_release().
 */
#ifndef ENGINE_TXN_H
#define ENGINE_TXN_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/engine/refusal.h"
#include "patcher/engine/stages.h"
#include "patcher/engine/views.h"

struct held;
struct txn;

/* What a phase has done with one unit of its work. */
enum outcome {
	UNIT_AGAIN,	/* more of the same */
	UNIT_NEXT,	/* phase done */
	UNIT_WAIT,	/* nothing to do before the next poll */
	UNIT_REFUSED,	/* txn.why says why */
};

/* One unit of work: a site, a page. Programs end with an empty phase. */
struct phase {
	const char *name;
	enum outcome (*unit)(struct txn *t);
};

struct txn {
	const struct phase *phase;
	struct held *held;
	unsigned int slot;
	enum stage to;			/* the patch's stage after it: PATCH_LIVE or PATCH_REVERTED */
	unsigned int i, of;		/* units of this phase: done, in all */
	view_t before, guarded, after;	/* views: in force at the start; with guards; with windows */
	unsigned int nbad;		/* checked windows with wrong bytes: no commit */
	uint64_t since;			/* TSC when the spread began */
	unsigned int tries, steps;
	uint64_t pause;
	struct refusal why;
};

/*
 * Keeps out other transactions and rebases; false if one is under way. txn_begin() makes a
 * transaction of the claim, txn_release() ends either. Any CPU, not under the lock.
 */
bool txn_claim(void);
void txn_release(void);

/* Begins to bring @h to the stage @to: PATCH_LIVE or PATCH_REVERTED. The claim is the caller's. */
void txn_begin(struct held *h, enum stage to);

/* Clears txn.why and begins to fill it, for a phase that returns UNIT_REFUSED. */
struct refusal *refuse(enum refusal_code code);

/* Fill txn.why and return UNIT_REFUSED. */
enum outcome refuse_what(enum refusal_code code, const char *what);
enum outcome refuse_at(enum refusal_code code, uint64_t address);
enum outcome refuse_site(enum refusal_code code, unsigned int site);
/* Adds @n bytes, 32 at most, to the refusal begun just now. */
enum outcome refuse_bytes(const void *expected, const void *found, unsigned int n);
/* The patch's stage cannot change as the transaction needs it. */
enum outcome refuse_stage(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Why the engine refused. */
#ifndef ENGINE_REFUSAL_H
#define ENGINE_REFUSAL_H

#include <stdint.h>
#include "patcher/wire/text.h"

/* Each has a word in docs/protocol.md (code=...). */
enum refusal_code {
	REFUSE_NONE,
	REFUSE_FORMAT,		/* bad-patch: field, what, index */
	REFUSE_NO_ANCHOR,	/* no-anchor: LSTAR is not set yet */
	REFUSE_BUILD_ID,	/* build-id: address, expected, found */
	REFUSE_UNMAPPED,	/* unmapped: symbol, address */
	REFUSE_BYTES,		/* bytes: symbol, address, expected, found, perhaps what */
	REFUSE_WINDOW,		/* window: symbol, address; spans more than one instruction */
	REFUSE_OVERLAP,		/* overlap: symbol, address, owner (in found[]: id of the other patch) */
	REFUSE_RANGE,		/* range: address, symbol or index; a jump or fixup does not reach */
	REFUSE_ANNEX,		/* annex: what; no room or no free page-directory entry */
	REFUSE_MEMORY,		/* memory: the pool is empty */
	REFUSE_LATE_CPU,	/* late-cpu: cpu (APIC id) */
	REFUSE_STRAGGLER,	/* straggler: cpu (APIC id), rip, symbol */
	REFUSE_CHANGED,		/* changed: symbol, address, expected, found; written since the check */
	REFUSE_STATE,		/* state: what; unknown id, already live, not live */
	REFUSE_BUSY,		/* busy: another transaction is under way */
	REFUSE_FULL,		/* full: what; no patch slot, or too many windows or pages */
	REFUSE_ABORTED,		/* aborted on request */
	REFUSE_CODES		/* how many there are */
};

struct refusal {
	enum refusal_code code;
	const char *field, *what;	/* static strings */
	const char *symbol;		/* valid until the next transaction begins; NULL if there is none */
	uint32_t index, cpu;
	uint64_t address, rip;
	uint8_t expected[32], found[32];
	uint8_t nbytes;			/* how many of expected/found count */
};

/* Appends code= and all keys that belong to this refusal. Any context. */
void refusal_text(const struct refusal *why, struct text *t);

#endif

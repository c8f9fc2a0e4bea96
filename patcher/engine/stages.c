/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/stages.h"
#include "patcher/engine/cpus.h"
#include "patcher/engine/event.h"

#define TO(stage)	(1u << (stage))

static const struct {
	const char *name;
	unsigned int to;	/* a bit for each stage that may follow */
} stages[STAGES] = {
	[PATCH_GONE] = { "gone", TO(PATCH_RECEIVED) },
	[PATCH_RECEIVED] = { "received", TO(PATCH_VERIFIED) | TO(PATCH_GONE) },
	[PATCH_VERIFIED] = { "verified", TO(PATCH_PREPARED) | TO(PATCH_REVERTED) | TO(PATCH_GONE) },
	[PATCH_PREPARED] = { "prepared", TO(PATCH_LIVE) | TO(PATCH_REVERTED) | TO(PATCH_GONE) },
	[PATCH_LIVE] = { "live", TO(PATCH_LEAVING) | TO(PATCH_REVERTED) },
	[PATCH_LEAVING] = { "leaving", TO(PATCH_REVERTED) },
	[PATCH_REVERTED] = { "reverted", TO(PATCH_VERIFIED) | TO(PATCH_GONE) },

	[TXN_IDLE] = { "idle", TO(TXN_CLAIMED) },
	[TXN_CLAIMED] = { "claimed", TO(TXN_IDLE) | TO(TXN_PREPARING) },
	[TXN_PREPARING] = { "preparing", TO(TXN_COMMITTED) | TO(TXN_UNDOING) },
	[TXN_COMMITTED] = { "committed", TO(TXN_IDLE) },
	[TXN_UNDOING] = { "undoing", TO(TXN_IDLE) },

	[ANNEX_NONE] = { "none", TO(ANNEX_NEW) },
	[ANNEX_NEW] = { "new", TO(ANNEX_KEPT) | TO(ANNEX_NONE) },
	[ANNEX_KEPT] = { "kept", TO(ANNEX_NONE) },
};

bool stage_may(enum stage from, enum stage to)
{
	return from < STAGES && to < STAGES && stages[from].to & TO(to);
}

const char *stage_name(enum stage s)
{
	return s < STAGES ? stages[s].name : "unknown";
}

bool stage_move_locked(enum stage *stage, enum stage to)
{
	if (stage_may(*stage, to)) {
		/* Relaxed, pairs with stage() of txn.c, which reads without the lock. */
		__atomic_store_n(stage, to, __ATOMIC_RELAXED);
		return true;
	}
	event_add("bug from=%s to=%s", stage_name(*stage), stage_name(to));
	return false;
}

bool stage_move(enum stage *stage, enum stage to)
{
	bool moved;

	machine_lock();
	moved = stage_move_locked(stage, to);
	machine_unlock();
	return moved;
}

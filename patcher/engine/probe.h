/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes in functions that are replaced: an INT3 or a jump that the guest has put in the place
 * of an instruction does not fire, because no CPU executes it. The patch has the first bytes of
 * the instructions that were there (docs/patch-format.md, "Bodies").
 */
#ifndef ENGINE_PROBE_H
#define ENGINE_PROBE_H

#include "patcher/engine/guard.h"
#include "patcher/engine/txn.h"

/*
 * Phase after the commit, one part of a window or body: events for what the guest has there that
 * has no effect any more, a tracer's call in the window or a probe in the body.
 */
enum outcome probe_find(struct txn *t);

/**
 * probe_look - look at all instructions that begin in this part of a body
 * An event names each probe once, when it appears. Lock held. O(instructions of the function up to
 * the end of the page), 64 KiB at most.
 */
void probe_look(const struct piece *p);

#endif

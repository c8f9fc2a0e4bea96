/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sites: is this the kernel the patch was made for, where in the guest are its
 * windows, what is in them, and which RIP is inside one. Phases, but for two functions.
 */
#ifndef ENGINE_SITE_H
#define ENGINE_SITE_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/engine/patches.h"
#include "patcher/engine/txn.h"

/* All in one unit: the slide (docs/patch-format.md: anchor against IA32_LSTAR), the build-id. */
enum outcome site_verify(struct txn *t);

/* One site: finds it in the guest, checks that it can be a window, enters it. */
enum outcome site_resolve(struct txn *t);

/*
 * One site: enters the rest of its function, if the patch has it. probe_look() checks each write
 * there.
 */
enum outcome site_bodies(struct txn *t);

/*
 * One site: are the guest's bytes as expected? Its page is guarded on every CPU by now, so a
 * later write comes by engine_written(), which compares with what is noted here under the same
 * lock. The commit waits for bytes that the guest is about to change to others. The last unit
 * makes the patch PATCH_VERIFIED.
 */
enum outcome site_check(struct txn *t);

/* Refuses because the bytes of some window stay wrong for longer than a change of the guest takes. */
enum outcome site_refuse_bad(struct txn *t);

/* One piece, in a revert: takes a piece of the patch out of the next edition. */
enum outcome site_withdraw(struct txn *t);

/* Does the site accept these bytes (the expected ones, or the tracer's call)? Pure. */
bool site_takes(const struct patch_site *s, const uint8_t *bytes);

/**
 * site_interior - the window that has @rip inside, but not at its first byte
 * NULL if there is none. O(log sites), and next to nothing for a RIP outside the range of
 * all windows, which is where most are. All CPUs stopped.
 */
const struct held_site *site_interior(const struct held *h, uint64_t rip);

#endif

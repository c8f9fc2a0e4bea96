/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ENGINE_COMMIT_H
#define ENGINE_COMMIT_H

#include "patcher/engine/txn.h"

/*
 * The phase in which the next edition comes into force, on all CPUs at one point. All is
 * prepared: while the CPUs stand still nothing is done that grows with the number of sites, but
 * for the binary search of their RIPs. A CPU that does not stop in time is waited for at a few
 * polls, a window in which the guest is changing bytes at more.
 */
enum outcome commit_now(struct txn *t);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The commit: all CPUs take the next edition at one moment. */
#ifndef ENGINE_COMMIT_H
#define ENGINE_COMMIT_H

#include "patcher/engine/txn.h"

/*
 * Phase: stops all CPUs, steps them out of the windows and switches them to the next edition. Earlier
 * phases have prepared it: while the CPUs are stopped, only the binary search of their RIPs grows with
 * the number of sites. A CPU that is late is waited for at up to 8 polls, a window that the guest is
 * changing at up to 1,000.
 */
enum outcome commit_now(struct txn *t);

#endif

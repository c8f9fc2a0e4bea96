/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exec pages: the guest's page with windows laid over it, made once and then updated at each
 * guest write.
 */
#ifndef ENGINE_MERGE_H
#define ENGINE_MERGE_H

#include <stdint.h>
#include "patcher/engine/guard.h"

/**
 * merge_build - fill the exec page of the next edition and enter it
 * From here on engine_written() keeps it up to date. Session. 0, or -1: not RAM.
 */
int merge_build(struct guard *g, uint64_t exec);

/* Brings the exec pages of both editions of a guard up to date; @g may be NULL. Lock held. */
void merge_guard(const struct guard *g);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The view in force, and the view without patches below it: see engine_rebase(). */
#ifndef ENGINE_REBASE_H
#define ENGINE_REBASE_H

#include <stdbool.h>
#include "patcher/engine/views.h"

/* Makes @view the view in force, which CPUs take from now on. Lock held. */
void view_take(view_t view);

/* Drops a view of the engine's; the machine owns the one without patches. @view may be 0. */
void view_drop(view_t view);

/* Drops the view from before the last rebase. False if a CPU still runs on it. With the claim. */
bool rebase_settled(void);

#endif

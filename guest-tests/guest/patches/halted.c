/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenario 3: an entry that a CPU halts in. */
#include <subtext.h>
#include "guest-tests/guest/kernel/targets.h"

static uint32_t new_halt_inside(void)
{
	return RESULT_NEW;
}

SUBTEXT_REPLACE(halt_inside, new_halt_inside);

/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenario 3: an entry that a CPU loops in. */
#include <subtext.h>
#include "guest-tests/guest/kernel/targets.h"

static uint32_t new_straggle(void)
{
	return RESULT_NEW;
}

SUBTEXT_REPLACE(straggle, new_straggle);

/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenario 1: two functions, one of them with ENDBR64 in front. */
#include <subtext.h>
#include "guest-tests/guest/kernel/targets.h"

static uint32_t new_target(uint64_t *calls)
{
	++*calls;
	return RESULT_NEW;
}

static uint32_t new_target_endbr(uint64_t *calls)
{
	++*calls;
	return RESULT_NEW;
}

SUBTEXT_REPLACE(target, new_target);
SUBTEXT_REPLACE(target_endbr, new_target_endbr);

/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenario 4: entries on the two pages the guest keeps rewriting. */
#include <subtext.h>
#include "guest-tests/guest/kernel/targets.h"

static uint32_t new_page_one(void)
{
	return RESULT_NEW;
}

static uint32_t new_page_two(void)
{
	return RESULT_NEW;
}

SUBTEXT_REPLACE(page_one, new_page_one);
SUBTEXT_REPLACE(page_two, new_page_two);

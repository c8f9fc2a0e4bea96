/* SPDX-License-Identifier: GPL-2.0-only */
/* Built with -fcf-protection=branch: the window lies behind ENDBR64. */
#include "guest-tests/guest/kernel/targets.h"

PATCHABLE uint32_t target_endbr(uint64_t *calls)
{
	++*calls;
	return RESULT_OLD;
}

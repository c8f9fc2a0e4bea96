/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenario 2 and the bench: the first COUNT functions in one patch. */
#include <subtext.h>
#include "guest-tests/guest/kernel/functions.h"

#define NEW(a, b, c) \
	uint32_t f##a##b##c(void); \
	static uint32_t new_f##a##b##c(void) \
	{ \
		return FN_RESULT((a) * 100u + (b) * 10u + (c), 1u); \
	} \
	SUBTEXT_REPLACE(f##a##b##c, new_f##a##b##c);

#if COUNT == 1
NEW(0, 0, 0)
#elif COUNT == 10
EACH10(NEW, 0, 0)
#elif COUNT == 100
EACH100(NEW, 0)
#elif COUNT == 300
EACH100(NEW, 0) EACH100(NEW, 1) EACH100(NEW, 2)
#else
#error COUNT is 1, 10, 100 or 300
#endif

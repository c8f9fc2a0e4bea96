/* SPDX-License-Identifier: GPL-2.0-only */
/* Several hundred functions to be patched together. */
#include "guest-tests/guest/kernel/functions.h"

/* Each function lies in 256 bytes of its own, so that 300 of them spread over 19 pages. */
#define FN(a, b, c) \
	uint32_t f##a##b##c(void); \
	PATCHABLE __attribute__((section(".text.functions"), aligned(256))) uint32_t f##a##b##c(void) \
	{ \
		return FN_RESULT((a) * 100u + (b) * 10u + (c), 0u); \
	}

#define ALL(M) EACH100(M, 0) EACH100(M, 1) EACH100(M, 2) EACH10(M, 3, 0) EACH10(M, 3, 1)
#define NAME(a, b, c) f##a##b##c,

ALL(FN)

function_fn *const function_table[FUNCTIONS] = { ALL(NAME) };

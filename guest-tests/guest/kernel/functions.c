/* SPDX-License-Identifier: GPL-2.0-only */
/* Several hundred functions to be patched together. */
#define GENERATION	0u
#define FN_SECTION	".text.functions"
#define FN_ALIGN	256
#include "functions.h"

#define ALL(M) EACH100(M, 0) EACH100(M, 1) EACH100(M, 2) EACH10(M, 3, 0) EACH10(M, 3, 1)
#define NAME(a, b, c) f##a##b##c,

ALL(FN)

function_fn *const function_table[FUNCTIONS] = { ALL(NAME) };

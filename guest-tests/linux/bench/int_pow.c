// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the bench: int_pow(), from another number than that in bench_ways.c.
 */
#include <linux/math.h>
#include <linux/types.h>
#include <subtext.h>
#include "int_pow_from.h"

static u64 new_int_pow(u64 base, unsigned int exp)
{
	return int_pow_from(3, base, exp);
}
SUBTEXT_REPLACE(int_pow, new_int_pow);

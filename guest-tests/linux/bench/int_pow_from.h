/* SPDX-License-Identifier: GPL-2.0-only */
/* For the bench: what each way puts in the place of int_pow() does the same. */
#ifndef INT_POW_FROM_H
#define INT_POW_FROM_H

#include <linux/types.h>

/* The kernel's int_pow(), which begins with 1. */
static __always_inline u64 int_pow_from(u64 result, u64 base, unsigned int exp)
{
	while (exp) {
		if (exp & 1)
			result *= base;
		exp >>= 1;
		base *= base;
	}
	return result;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays: growing, sorting by a number, finding in a sorted one. */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"

void *array_grow(void *array, size_t n, size_t size)
{
	/* Room doubles whenever it is used up: at 0, 1, 2, 4, ... elements. */
	if ((n & (n - 1)) == 0)
		array = xrealloc(array, (n ? 2 * n : 1) * size);
	memset((char *)array + n * size, 0, size);
	return array;
}

int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_u64(const void *a, const void *b, void *offset)
{
	uint64_t x, y;

	memcpy(&x, (const char *)a + *(size_t *)offset, sizeof(x));
	memcpy(&y, (const char *)b + *(size_t *)offset, sizeof(y));
	return compare_u64(x, y);
}

void sort_by_u64(void *array, size_t n, size_t size, size_t offset)
{
	if (n)
		qsort_r(array, n, size, by_u64, &offset);
}

size_t lower_bound(const void *array, size_t n, size_t size,
		   bool (*before)(const void *element, const void *key), const void *key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (before((const char *)array + mid * size, key))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

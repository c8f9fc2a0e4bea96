/* SPDX-License-Identifier: GPL-2.0-only */
/* The binary search of all sorted tables. */
#ifndef ENGINE_SEARCH_H
#define ENGINE_SEARCH_H

#include <stdint.h>

/*
 * The first of @n entries whose key is @key or more, @n if there is none. key_of(@table, i) is
 * the key of entry i; keys do not decrease. Pure.
 */
static inline unsigned int search(const void *table, unsigned int n, uint64_t key,
				  uint64_t (*key_of)(const void *table, unsigned int i))
{
	unsigned int low = 0;

	while (low < n) {
		unsigned int middle = (low + n) / 2;

		if (key_of(table, middle) < key)
			low = middle + 1;
		else
			n = middle;
	}
	return low;
}

#endif

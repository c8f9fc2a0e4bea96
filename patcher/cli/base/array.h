/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays: growing, sorting by a number, finding in a sorted one. */
#ifndef CLI_BASE_ARRAY_H
#define CLI_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/**
 * ARRAY_ADD - a new element at the end of an array
 * @array: pointer to the first element, NULL while there is none. All its elements must have been
 *	added by this macro. To be freed
 * @n: number of elements, which is increased
 * Returns a pointer to the new element, which is zero. Elements may move.
 */
#define ARRAY_ADD(array, n)								\
	((array) = array_grow(array, n, sizeof(*(array))), &(array)[(n)++])

/* For ARRAY_ADD(): @array with room for @n + 1 elements of @size bytes; the last one is zero. */
void *array_grow(void *array, size_t n, size_t size);

/* Sorts an array by @field, a uint64_t of its elements. */
#define SORT_BY(array, n, field)							\
	sort_by_u64(array, n, sizeof(*(array)), offsetof(__typeof__(*(array)), field))

/* For SORT_BY(): by the uint64_t that is @offset bytes into each element. */
void sort_by_u64(void *array, size_t n, size_t size, size_t offset);

/* As comparators of qsort() return it: negative, 0 or positive. */
int compare_u64(uint64_t a, uint64_t b);

/**
 * lower_bound - binary search
 * @array: @n elements of @size bytes, in such an order that @before is true for the first ones and
 *	false for all others
 * Returns the index of the first element for which @before(element, @key) is false; @n if there
 * is none.
 */
size_t lower_bound(const void *array, size_t n, size_t size,
		   bool (*before)(const void *element, const void *key), const void *key);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages of a run are free, as ranges; no page is touched. Pure: the caller keeps
 * two CPUs from using one struct at the same time.
 */
#ifndef ENGINE_RANGES_H
#define ENGINE_RANGES_H

#include <stdbool.h>
#include <stdint.h>

/* 64 patches take two ranges each; free pages lie between and around them. */
#define RANGES_MAX	129u

struct range {
	uint16_t first, n;
};

/* Sorted by page. Between two free ranges there is at least one taken page. */
struct ranges {
	unsigned int pages, count;
	struct range free[RANGES_MAX];
};

/* All @pages are free, 65535 at most. */
void ranges_init(struct ranges *r, unsigned int pages);

/**
 * ranges_take - take the lowest @n contiguous pages that are free
 * Returns false, and leaves all as it is, if there is no such run. 0 pages are always
 * there: *@first is then 0.
 */
bool ranges_take(struct ranges *r, unsigned int n, unsigned int *first);

/* As ranges_take(), but takes the highest such run. */
bool ranges_take_top(struct ranges *r, unsigned int n, unsigned int *first);

/**
 * ranges_give - give back @n pages from page @first
 * They may be a part of what one call took, or of several. Returns false, and leaves all as
 * it is, if one of them is free or does not exist, or if there would be more than
 * RANGES_MAX free ranges.
 */
bool ranges_give(struct ranges *r, unsigned int first, unsigned int n);

/* How many pages are free. */
unsigned int ranges_free(const struct ranges *r);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#include "patcher/engine/ranges.h"
#include "patcher/wire/mem.h"

void ranges_init(struct ranges *r, unsigned int pages)
{
	r->pages = pages;
	r->count = pages ? 1 : 0;
	r->free[0] = (struct range){ 0, pages };
}

/* The first page behind a range. */
static unsigned int end_of(const struct range *f)
{
	return f->first + f->n;
}

static void drop(struct ranges *r, unsigned int i)
{
	struct range *f = &r->free[i];

	memmove(f, f + 1, (--r->count - i) * sizeof(*f));
}

static void insert(struct ranges *r, unsigned int i, unsigned int first, unsigned int n)
{
	struct range *f = &r->free[i];

	memmove(f + 1, f, (r->count++ - i) * sizeof(*f));
	*f = (struct range){ first, n };
}

/* Takes the pages [@first, @first + @n), which lie at the start or the end of free range @i. */
static bool take_from(struct ranges *r, unsigned int i, unsigned int first, unsigned int n)
{
	struct range *f = &r->free[i];

	if (f->first == first)
		f->first += n;
	f->n -= n;
	if (!f->n)
		drop(r, i);
	return true;
}

bool ranges_take(struct ranges *r, unsigned int n, unsigned int *first)
{
	*first = 0;
	if (!n)
		return true;
	for (unsigned int i = 0; i < r->count; i++)
		if (r->free[i].n >= n)
			return take_from(r, i, *first = r->free[i].first, n);
	return false;
}

bool ranges_take_top(struct ranges *r, unsigned int n, unsigned int *first)
{
	*first = 0;
	if (!n)
		return true;
	for (unsigned int i = r->count; i-- > 0;)
		if (r->free[i].n >= n)
			return take_from(r, i, *first = end_of(&r->free[i]) - n, n);
	return false;
}

bool ranges_give(struct ranges *r, unsigned int first, unsigned int n)
{
	unsigned int i = 0, end = first + n;
	struct range *below, *above;

	if (first > r->pages || n > r->pages - first)
		return false;
	if (!n)
		return true;
	while (i < r->count && r->free[i].first < first)
		i++;
	below = i ? &r->free[i - 1] : NULL;
	above = i < r->count ? &r->free[i] : NULL;
	if ((below && end_of(below) > first) || (above && above->first < end))
		return false;
	below = below && end_of(below) == first ? below : NULL;
	above = above && above->first == end ? above : NULL;
	if (!below && !above && r->count == RANGES_MAX)
		return false;
	if (!below && !above)
		insert(r, i, first, n);
	else if (!below)
		*above = (struct range){ first, n + above->n };
	else
		below->n += n + (above ? above->n : 0);
	if (below && above)
		drop(r, i);
	return true;
}

unsigned int ranges_free(const struct ranges *r)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < r->count; i++)
		n += r->free[i].n;
	return n;
}

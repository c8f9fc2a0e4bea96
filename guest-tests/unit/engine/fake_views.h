/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The views that the engine asks for, on the host: patcher/engine/views.h. A view is a page of the
 * fake pool, its root, that names a page for each 2 MiB in which a page is not plain; forks
 * share these until they change. It asserts that no view is changed or freed that a CPU runs on.
 */
#ifndef FAKE_VIEWS_H
#define FAKE_VIEWS_H

#include "patcher/engine/views.h"

#define FAKE_LEAF_SPAN	(2ul << 20)		/* what one page below the root describes */
#define FAKE_LEAVES	511u
#define FAKE_PHYS_END	(FAKE_LEAVES * FAKE_LEAF_SPAN)

/* There is no view. */
void fake_views_start(void);

/* A view without a parent, all plain. Returns 0 if the pool is empty. */
view_t fake_view_new(unsigned int type);

/* What the page @gpa lies on is. @exec is filled for PAGE_PATCHED if it is not NULL. */
enum page_kind fake_view_kind(view_t view, uint64_t gpa, uint64_t *exec);

/* The memory type of the view's oldest ancestor. */
unsigned int fake_view_type(view_t view);

/* How many pages are PAGE_PATCHED. */
unsigned int fake_view_patched(view_t view);

/*
 * A sum over the whole view, for "is it as it was?". Asserts that its pages and the exec
 * pages are not free.
 */
uint64_t fake_view_sum(view_t view);

/* Pages of the pool that are parts of views now. */
unsigned int fake_view_pages(void);

/* The machine's: does a CPU run on this view, or may it at any moment? */
bool fake_view_used(view_t view);

#endif

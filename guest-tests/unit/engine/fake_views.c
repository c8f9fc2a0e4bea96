/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "guest-tests/unit/engine/fake_pages.h"
#include "guest-tests/unit/engine/fake_views.h"

#define LEAF_PAGES	(FAKE_LEAF_SPAN / PAGE_SIZE)

struct root {
	uint64_t type;
	uint64_t leaf[FAKE_LEAVES];		/* HPA; 0: all of it is plain */
};

/* Per page its kind and the exec page's address. */
struct leaf {
	uint64_t entry[LEAF_PAGES];
};

_Static_assert(sizeof(struct root) == PAGE_SIZE && sizeof(struct leaf) == PAGE_SIZE, "one page");
_Static_assert(PAGE_PLAIN == 0, "a page of zeros is a leaf of plain pages");

static unsigned int npages;

void fake_views_start(void)
{
	npages = 0;
}

unsigned int fake_view_pages(void)
{
	return npages;
}

/* A zeroed page, or a copy of the page at @from; 0 if the pool is empty. */
static uint64_t take_page(uint64_t from)
{
	uint64_t hpa = pool_alloc(1);

	if (!hpa)
		return 0;
	npages++;
	if (from)
		memcpy(pool_va(hpa), pool_va(from), PAGE_SIZE);
	return hpa;
}

static void put_page(uint64_t hpa)
{
	npages -= pool_put(hpa);
}

/* The page of a view; it must be in use. */
static void *page_at(uint64_t hpa)
{
	assert_true(fake_page_owners(hpa) > 0);
	return pool_va(hpa);
}

view_t fake_view_new(unsigned int type)
{
	view_t view = take_page(0);

	if (view)
		((struct root *)page_at(view))->type = type;
	return view;
}

view_t view_fork(view_t base)
{
	const struct root *root = page_at(base);
	view_t view = take_page(base);

	for (unsigned int i = 0; view && i < FAKE_LEAVES; i++)
		if (root->leaf[i])
			fake_page_get(root->leaf[i]);
	return view;
}

void view_get(view_t view)
{
	fake_page_get(view);
}

void view_put(view_t view)
{
	if (view && fake_page_owners(view) == 1) {
		const struct root *root = page_at(view);

		assert_false(fake_view_used(view));
		for (unsigned int i = 0; i < FAKE_LEAVES; i++)
			if (root->leaf[i])
				put_page(root->leaf[i]);
	}
	if (view)
		put_page(view);
}

/* The leaf behind *@slot, owned by this view alone. NULL if the pool is empty. */
static struct leaf *own_leaf(uint64_t *slot)
{
	uint64_t old = *slot, hpa;

	if (old && fake_page_owners(old) == 1)
		return page_at(old);
	hpa = take_page(old);
	if (!hpa)
		return NULL;
	if (old)
		put_page(old);
	*slot = hpa;
	return page_at(hpa);
}

int view_set(view_t view, uint64_t gpa, enum page_kind kind, uint64_t exec)
{
	struct root *root = page_at(view);
	struct leaf *leaf;

	assert_true(kind < PAGE_KINDS && !(gpa & ~PAGE_MASK));
	assert_int_equal(fake_page_owners(view), 1);
	assert_false(fake_view_used(view));
	if (kind == PAGE_PATCHED)
		assert_true(fake_page_owners(exec) == 1 && !(exec & ~PAGE_MASK));
	if (gpa >= FAKE_PHYS_END)
		return -2;
	leaf = own_leaf(&root->leaf[gpa / FAKE_LEAF_SPAN]);
	if (!leaf)
		return -1;
	leaf->entry[gpa / PAGE_SIZE % LEAF_PAGES] = kind == PAGE_PATCHED ? exec | kind : kind;
	return 0;
}

enum page_kind fake_view_kind(view_t view, uint64_t gpa, uint64_t *exec)
{
	const struct root *root = page_at(view);
	uint64_t hpa, entry;

	assert_true(gpa < FAKE_PHYS_END);
	hpa = root->leaf[gpa / FAKE_LEAF_SPAN];
	entry = hpa ? ((struct leaf *)page_at(hpa))->entry[gpa / PAGE_SIZE % LEAF_PAGES] : PAGE_PLAIN;
	if (exec)
		*exec = entry & PAGE_MASK;
	return entry & ~PAGE_MASK;
}

bool view_is_plain(view_t view, uint64_t gpa)
{
	return gpa < FAKE_PHYS_END && fake_view_kind(view, gpa, NULL) == PAGE_PLAIN;
}

unsigned int fake_view_type(view_t view)
{
	return ((struct root *)page_at(view))->type;
}

unsigned int fake_view_patched(view_t view)
{
	const struct root *root = page_at(view);
	unsigned int n = 0;

	for (unsigned int i = 0; i < FAKE_LEAVES; i++) {
		const struct leaf *leaf = root->leaf[i] ? page_at(root->leaf[i]) : NULL;

		for (unsigned int k = 0; leaf && k < LEAF_PAGES; k++)
			n += (leaf->entry[k] & ~PAGE_MASK) == PAGE_PATCHED;
	}
	return n;
}

static uint64_t add_words(uint64_t sum, const void *page)
{
	const uint64_t *words = page;

	for (unsigned int i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		sum = (sum ^ words[i]) * 1099511628211ul;
	return sum;
}

uint64_t fake_view_sum(view_t view)
{
	const struct root *root = page_at(view);
	uint64_t sum = add_words(14695981039346656037ul, root);

	for (unsigned int i = 0; i < FAKE_LEAVES; i++) {
		const struct leaf *leaf = root->leaf[i] ? page_at(root->leaf[i]) : NULL;

		if (!leaf)
			continue;
		sum = add_words(sum, leaf);
		for (unsigned int n = 0; n < LEAF_PAGES; n++)
			if (leaf->entry[n] & PAGE_MASK)
				assert_true(fake_page_owners(leaf->entry[n] & PAGE_MASK) > 0);
	}
	return sum;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The kinds of pages as EPT rights: execute-only is what lets fetches and data accesses differ. */
#include "vmm/mem/pool.h"
#include "vmm/view.h"
#include "vmm/vmx/ept.h"

uint64_t view_zero_page;

static const uint8_t rights_of[PAGE_KINDS] = {
	[PAGE_PLAIN]		= EPT_RWX,
	[PAGE_WATCHED]		= EPT_X,
	[PAGE_PATCHED]		= EPT_X,
	[PAGE_PAYLOAD_TEXT]	= EPT_X,
	[PAGE_PAYLOAD_DATA]	= EPT_R | EPT_W,
	[PAGE_HIDDEN]		= EPT_R,
};

_Static_assert(ACCESS_READ == EPT_R && ACCESS_WRITE == EPT_W && ACCESS_FETCH == EPT_X, "same bits");

int view_set(view_t view, uint64_t gpa, enum page_kind kind, uint64_t exec)
{
	uint64_t hpa = kind == PAGE_PATCHED ? exec : kind == PAGE_HIDDEN ? view_zero_page : gpa;

	return kind < PAGE_KINDS ? ept_map(view, gpa, hpa, rights_of[kind]) : -2;
}

bool view_allows(view_t view, uint64_t gpa, unsigned int access)
{
	return (ept_lookup(view, gpa, NULL, NULL) & access) == access;
}

bool view_is_plain(view_t view, uint64_t gpa)
{
	return view_allows(view, gpa, ACCESS_READ | ACCESS_WRITE | ACCESS_FETCH);
}

void view_get(view_t view)
{
	pool_get(view);
}

int overlay_open(struct overlay *o, uint64_t gpa, uint64_t hpa, bool write)
{
	return ept_overlay_map(o, gpa, hpa, EPT_R | EPT_X | (write ? EPT_W : 0u));
}

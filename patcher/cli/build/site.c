/* SPDX-License-Identifier: GPL-2.0-only */
/* The site of one replacement, as the patch file has it. */
#include <string.h>
#include "patcher/cli/build/bodies.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/site.h"
#include "patcher/cli/code/window.h"

static enum patch_target target_kind(const struct value *v)
{
	return v->base == PATCH_BASE_TEXT ? PATCH_TARGET_TEXT :
		v->base == PATCH_BASE_ABSOLUTE ? PATCH_TARGET_ABSOLUTE : PATCH_TARGET_KERNEL;
}

void fill_site(struct build *b, struct replacement *r, const struct old_function *old,
	       const struct entry_window *w)
{
	r->old_size = old->size;
	r->window_offset = (uint32_t)(w->addr - old->addr);
	r->site = (struct patch_site){
		.addr = w->addr,
		.target = (uint64_t)r->new.value,
		.flags = old->fentry ? PATCH_SITE_FENTRY : 0,
		.name = (uint32_t)bytes_add(&b->sites.names, old->name, strlen(old->name) + 1),
		.target_kind = (uint8_t)target_kind(&r->new),
		.place = (uint8_t)old->place,
		.len = PATCH_JUMP_LEN,
		.insn_len = w->insn_len,
	};
	memcpy(r->site.expect, w->bytes, PATCH_JUMP_LEN);
	tables_body(old->tables, old->code + r->window_offset, old->size - r->window_offset,
		    w->addr, &r->body);
}

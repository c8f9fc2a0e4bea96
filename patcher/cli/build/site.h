/* SPDX-License-Identifier: GPL-2.0-only */
/* The site of one replacement, once its window is found. */
#ifndef CLI_BUILD_SITE_H
#define CLI_BUILD_SITE_H

#include <stdbool.h>
#include <stdint.h>
#include "patcher/cli/build/replace.h"
#include "patcher/cli/code/window.h"
#include "patcher/cli/kernel/tables.h"
#include "patcher/wire/patch.h"

struct build;

/* A function whose entry is rewritten. */
struct old_function {
	const char *name;	/* as it is shown to people */
	uint64_t addr, size;
	const uint8_t *code;	/* as it is in the running guest */
	enum patch_place place;	/* what its address is */
	bool fentry;		/* the kernel's tracer has a place at its entry */
	const struct kernel_tables *tables;	/* about its code */
};

/* Fills r->site, r->window_offset, r->old_size and r->body. */
void fill_site(struct build *b, struct replacement *r, const struct old_function *old,
	       const struct entry_window *w);

#endif

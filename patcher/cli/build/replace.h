/* SPDX-License-Identifier: GPL-2.0-only */
/* Which new function takes the place of which old one. */
#ifndef CLI_BUILD_REPLACE_H
#define CLI_BUILD_REPLACE_H

#include "patcher/cli/base/bytes.h"
#include "patcher/cli/build/symbols.h"
#include "patcher/wire/patch.h"

struct build;

/* One function that takes the place of another. */
struct replacement {
	char *old_name;		/* as kernel_find() wants it */
	char *new_name;		/* for people */
	struct value new;
	uint64_t new_size;	/* 0 if not known */
	/* Filled by build_sites() */
	struct patch_site site;
	uint32_t window_offset;	/* from the start of the old function */
	uint64_t old_size;
	struct bytes body;	/* struct patch_insn of the old function, from the window on */
};

/* Adds one to b->replace, which takes over both names. The rest of it is zero. */
struct replacement *add_replacement(struct build *b, char *old_name, char *new_name);

/*
 * Finds the new functions of --replace, adds the records of SUBTEXT_REPLACE(). Returns 0, or -1
 * with the reasons in b->problems.
 */
int build_replacements(struct build *b);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build`: names that SUBTEXT_SYMBOL() of the sources binds (include/subtext.h). They count
 * as --symbol does, after those of the command line.
 */
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/records.h"
#include "patcher/cli/build/sections.h"
#include "patcher/cli/include/subtext.h"

#define RECORD_SIZE sizeof(struct subtext_symbol)

static int bad_record(struct build *b, const struct object *o, const char *why)
{
	return problem(&b->problems, CLI_INPUT, "symbol-record",
		       "%s: section " SYMBOLS_SECTION ": %s", o->path, why);
}

static bool is_text(const char *s)
{
	return s[0] && memchr(s, 0, SUBTEXT_SYMBOL_NAME_MAX);
}

static int take_record(struct build *b, const struct object *o, const struct subtext_symbol *rec)
{
	const struct override *before;

	if (!is_text(rec->alias) || !is_text(rec->target))
		return bad_record(b, o, "was not written by SUBTEXT_SYMBOL()");
	if (!override_target(rec->target))
		return problem(&b->problems, CLI_INPUT, "symbol-record",
			       "%s: SUBTEXT_SYMBOL(%s, \"%s\"): that is not an address", o->path,
			       rec->alias, rec->target);
	before = find_override(b, rec->alias);
	if (before && !before->given && strcmp(before->target, rec->target))
		return problem(&b->problems, CLI_INPUT, "bound-twice",
			       "%s: SUBTEXT_SYMBOL() binds '%s' to '%s', elsewhere to '%s'",
			       o->path, rec->alias, rec->target, before->target);
	if (before)
		return 0;
	*ARRAY_ADD(b->overrides, b->noverrides) =
		(struct override){ xstrdup(rec->alias), xstrdup(rec->target), false };
	return 0;
}

static void object_records(struct build *b, const struct object *o)
{
	struct subtext_symbol rec;
	size_t section = 0;

	while ((section = object_section(o, SYMBOLS_SECTION, section))) {
		Elf_Data *d = object_data(o, section);

		if (!d || d->d_size % RECORD_SIZE) {
			bad_record(b, o, "was not written by SUBTEXT_SYMBOL()");
			continue;
		}
		for (size_t at = 0; at < d->d_size; at += RECORD_SIZE) {
			memcpy(&rec, (uint8_t *)d->d_buf + at, RECORD_SIZE);
			take_record(b, o, &rec);
		}
	}
}

int build_symbol_records(struct build *b)
{
	for (size_t i = 0; i < b->nobjects; i++)
		object_records(b, &b->objects[i]);
	return b->problems.n ? -1 : 0;
}

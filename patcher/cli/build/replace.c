/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build`: which new function takes the place of which old one.
 * From the records of SUBTEXT_REPLACE() (include/subtext.h) and from --replace.
 */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/replace.h"
#include "patcher/cli/build/sections.h"
#include "patcher/cli/include/subtext.h"

#define RECORD_SIZE sizeof(struct subtext_replace)

static int bad_record(struct build *b, const struct object *o, const char *why)
{
	return problem(&b->problems, CLI_INPUT, "replace-record",
		       "%s: section " REPLACE_SECTION ": %s", o->path, why);
}

struct replacement *add_replacement(struct build *b, char *old_name, char *new_name)
{
	struct replacement *r = ARRAY_ADD(b->replace, b->nreplace);

	r->old_name = old_name;
	r->new_name = new_name;
	return r;
}

/* The new function of a record is its first field, a relocation. */
static int take_record(struct build *b, const struct object *o, const GElf_Rela *rela,
		       Elf_Data *records)
{
	struct subtext_replace rec;
	struct replacement *r;
	struct function f = { 0 };
	struct value v;

	if (GELF_R_TYPE(rela->r_info) != R_X86_64_64 || rela->r_offset % RECORD_SIZE ||
	    rela->r_offset + RECORD_SIZE > records->d_size)
		return bad_record(b, o, "was not written by SUBTEXT_REPLACE()");
	memcpy(&rec, (uint8_t *)records->d_buf + rela->r_offset, RECORD_SIZE);
	if (!rec.old_name[0] || rec.old_name[sizeof(rec.old_name) - 1])
		return bad_record(b, o, "the name of an old function is empty or too long");
	if (resolve_symbol(b, o, GELF_R_SYM(rela->r_info), &v))
		return -1;
	v.value += rela->r_addend;
	if (v.base == PATCH_BASE_TEXT)
		function_at(b, (uint64_t)v.value, &f);
	r = add_replacement(b, xstrdup(rec.old_name), xstrdup(f.name ? f.name : "new code"));
	r->new = v;
	r->new_size = f.size;
	return 0;
}

static int take_records(struct build *b, struct object *o, Elf_Scn *rela_scn, Elf_Data *records)
{
	Elf_Data *relas = elf_getdata(rela_scn, NULL);
	GElf_Rela rela;
	size_t n = 0;

	while (relas && gelf_getrela(relas, (int)n, &rela)) {
		take_record(b, o, &rela, records);
		n++;
	}
	if (n * RECORD_SIZE != records->d_size)
		return bad_record(b, o, "was not written by SUBTEXT_REPLACE()");
	return 0;
}

/* Finds the relocations of the record sections: each such section has its own. */
static void object_records(struct build *b, struct object *o)
{
	Elf_Scn *scn = NULL;
	Elf_Data *records;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(o->elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_RELA ||
		    sh.sh_info >= o->nsections)
			continue;
		if (strcmp(o->places[sh.sh_info].name, REPLACE_SECTION))
			continue;
		records = object_data(o, sh.sh_info);
		if (records)
			take_records(b, o, scn, records);
	}
}

/* --replace OLD=NEW: NEW is a function of the objects, or else of the kernel. */
static int name_new(struct build *b, struct replacement *r)
{
	const struct kernel_symbol *s;
	struct function f;
	bool missing;

	if (function_named(b, r->new_name, &f)) {
		r->new = f.value;
		r->new_size = f.size;
		return 0;
	}
	if (!resolve_kernel(b, r->new_name, false, &r->new, &s, &missing))
		return 0;
	if (!missing)
		return -1;
	return problem(&b->problems, CLI_INPUT, "undefined-symbol",
		       "--replace %s=%s: there is no function '%s' in the object files, nor in "
		       "the kernel", r->old_name, r->new_name, r->new_name);
}

/* The jump must lead to code. */
static int check_new(struct build *b, const struct replacement *r)
{
	const struct kernel_symbol *s;
	uint64_t offset;

	if (r->new.base == PATCH_BASE_TEXT)
		return 0;
	if (r->new.base == PATCH_BASE_KERNEL) {
		s = kernel_symbol_at(&b->kernel, (uint64_t)r->new.value, &offset);
		if (s && s->executable)
			return 0;
	}
	return problem(&b->problems, CLI_INPUT, "not-code",
		       "'%s', which is to take the place of '%s', is not a function", r->new_name,
		       r->old_name);
}

int build_replacements(struct build *b)
{
	size_t named = b->nreplace;

	for (size_t i = 0; i < named; i++)
		name_new(b, &b->replace[i]);
	for (size_t i = 0; i < b->nobjects; i++)
		object_records(b, &b->objects[i]);
	if (b->problems.n)
		return -1;
	for (size_t i = 0; i < b->nreplace; i++)
		check_new(b, &b->replace[i]);
	if (!b->nreplace)
		problem(&b->problems, CLI_INPUT, "nothing-replaced",
			"the object files replace no function; mark one with "
			"SUBTEXT_REPLACE(old, new) of <subtext.h>, or use --replace OLD=NEW");
	if (b->nreplace > PATCH_MAX_SITES)
		problem(&b->problems, CLI_INPUT, "too-large", "%zu functions replaced, %u are "
			"possible in one patch", b->nreplace, PATCH_MAX_SITES);
	return b->problems.n ? -1 : 0;
}

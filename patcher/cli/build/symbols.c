/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`: what the names in object files refer to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/hints.h"
#include "patcher/cli/build/module.h"
#include "patcher/cli/build/symbols.h"

/* A symbol that @o itself defines. */
static int own_symbol(struct build *b, const struct object *o, const GElf_Sym *sym,
		      struct value *out)
{
	const char *name = object_symbol_name(o, sym);
	const struct place *pl;

	if (sym->st_shndx == SHN_ABS) {
		*out = (struct value){ PATCH_BASE_ABSOLUTE, (int64_t)sym->st_value };
		return 0;
	}
	if (sym->st_shndx == SHN_COMMON)
		return problem(&b->problems, CLI_INPUT, "common-symbol",
			       "%s: '%s' is a common symbol; compile with -fno-common", o->path,
			       name);
	if (sym->st_shndx >= o->nsections)
		return problem(&b->problems, CLI_INPUT, "bad-object",
			       "%s: symbol '%s' is in a section that does not exist", o->path,
			       name);
	pl = &o->places[sym->st_shndx];
	if (pl->kind == PLACE_NONE)
		return problem(&b->problems, CLI_INPUT, "left-out-section",
			       "%s: '%s' lies in section %s, which is not part of the patch (%s)",
			       o->path, name, pl->name, pl->dropped ? pl->dropped : "it is empty");
	out->base = pl->kind == PLACE_TEXT ? PATCH_BASE_TEXT : PATCH_BASE_DATA;
	out->value = (int64_t)(pl->offset + sym->st_value);
	return 0;
}

/* Where one definition of a name is. */
struct definition {
	const struct object *o;
	GElf_Sym sym;
	bool weak;
};

static bool is_definition(const struct object *o, const GElf_Sym *sym, const char *name)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);

	return sym->st_shndx != SHN_UNDEF && type != STT_SECTION && type != STT_FILE &&
		!strcmp(object_symbol_name(o, sym), name);
}

/* Takes the better of two definitions: strong before weak, two strong ones are a problem. */
static void better(struct build *b, const char *name, struct definition *best, bool *have,
		   const struct definition *d)
{
	if (*have && !best->weak && !d->weak)
		problem(&b->problems, CLI_INPUT, "defined-twice",
			"'%s' is defined in %s and in %s", name, best->o->path, d->o->path);
	if (!*have || (best->weak && !d->weak))
		*best = *d;
	*have = true;
}

/* All definitions of @name; local ones only if @locals. */
static bool find_definition(struct build *b, const char *name, bool locals,
			    struct definition *best)
{
	bool have = false;

	for (size_t i = 0; i < b->nobjects; i++) {
		struct definition d = { .o = &b->objects[i] };

		for (size_t j = 1; object_symbol(d.o, j, &d.sym); j++) {
			unsigned int bind = GELF_ST_BIND(d.sym.st_info);

			if (!is_definition(d.o, &d.sym, name) || (bind == STB_LOCAL && !locals))
				continue;
			d.weak = bind == STB_WEAK;
			better(b, name, best, &have, &d);
		}
	}
	return have;
}

bool override_target(const char *target)
{
	char *end;

	if (strncmp(target, "0x", 2))
		return true;
	errno = 0;
	strtoull(target, &end, 16);
	return !errno && !*end && end != target + 2;
}

const struct override *find_override(const struct build *b, const char *name)
{
	for (size_t i = 0; i < b->noverrides; i++)
		if (!strcmp(b->overrides[i].name, name))
			return &b->overrides[i];
	return NULL;
}

/* The symbol of the kernel that starts at an address of --symbol, or NULL. */
static const struct kernel_symbol *symbol_starting_at(const struct kernel *k, uint64_t addr)
{
	uint64_t offset;
	const struct kernel_symbol *s = kernel_symbol_at(k, addr, &offset);

	return s && offset == 0 ? s : NULL;
}

int resolve_kernel(struct build *b, const char *spec, bool global_wins, struct value *out,
		   const struct kernel_symbol **found, bool *missing)
{
	const struct override *ov = find_override(b, spec);
	const struct kernel_symbol *s;
	char *end;

	*missing = false;
	if (ov && !strncmp(ov->target, "0x", 2)) {
		out->base = PATCH_BASE_KERNEL;
		out->value = (int64_t)strtoull(ov->target, &end, 16);
		*found = symbol_starting_at(&b->kernel, (uint64_t)out->value);
		return 0;
	}
	s = kernel_find(&b->kernel, ov ? ov->target : spec, global_wins, missing, &b->problems);
	*found = s;
	if (!s)
		return -1;
	if (s->freed)
		return problem(&b->problems, CLI_INPUT, "init-section",
			       "'%s' lies in a part of the kernel (%s) that is freed after boot",
			       s->name, *s->section ? s->section : "init");
	out->base = s->absolute ? PATCH_BASE_ABSOLUTE : PATCH_BASE_KERNEL;
	out->value = (int64_t)s->addr;
	return 0;
}

/* Once for each symbol; `subtext inspect` shows them. */
static void note_used(struct build *b, const char *name, const struct value *v,
		      const struct kernel_symbol *s)
{
	for (size_t i = 0; i < b->nused; i++)
		if (b->used[i].addr == (uint64_t)v->value && !strcmp(b->used[i].name, name))
			return;
	*ARRAY_ADD(b->used, b->nused) = (struct used_symbol){
		.name = xstrdup(name),
		.addr = (uint64_t)v->value,
		.size = s ? s->size : 0,
		.absolute = v->base == PATCH_BASE_ABSOLUTE,
	};
}

/* What include/kernel/subtext_extable.h asks for. */
static bool own_table(const struct build *b, const char *name, struct value *out)
{
	bool end = !strcmp(name, "subtext_extable_end");

	if (!b->opt.exception_table || (!end && strcmp(name, "subtext_extable")))
		return false;
	*out = (struct value){ PATCH_BASE_DATA,
			       (int64_t)(end ? b->payload.table_end : b->payload.table_start) };
	return true;
}

static int undefined_symbol(struct build *b, const struct object *o, const GElf_Sym *sym,
			    struct value *out)
{
	const char *name = object_symbol_name(o, sym);
	const struct override *ov = find_override(b, name);
	const struct kernel_symbol *s;
	struct definition d;
	bool missing;

	if (find_definition(b, name, false, &d))
		return own_symbol(b, d.o, &d.sym, out);
	if (own_table(b, name, out))
		return 0;
	if (!ov && module_symbol(b, name, true, out))
		return b->problems.n ? -1 : 0;
	if (!resolve_kernel(b, name, true, out, &s, &missing)) {
		note_used(b, s ? s->name : name, out, s);
		return 0;
	}
	if (!missing)
		return -1;
	if (module_symbol(b, ov ? ov->target : name, false, out))
		return b->problems.n ? -1 : 0;
	if (GELF_ST_BIND(sym->st_info) == STB_WEAK) {
		*out = (struct value){ PATCH_BASE_ABSOLUTE, 0 };
		return 0;
	}
	return hint_undefined(b, o, name);
}

int resolve_symbol(struct build *b, const struct object *o, size_t i, struct value *out)
{
	struct definition d;
	GElf_Sym sym;

	if (!object_symbol(o, i, &sym))
		return problem(&b->problems, CLI_INPUT, "bad-object",
			       "%s: a relocation refers to symbol %zu, which does not exist",
			       o->path, i);
	if (i == 0) {
		*out = (struct value){ PATCH_BASE_ABSOLUTE, 0 };
		return 0;
	}
	if (sym.st_shndx == SHN_UNDEF)
		return undefined_symbol(b, o, &sym, out);
	/* A weak definition gives way to a strong one elsewhere. */
	if (GELF_ST_BIND(sym.st_info) != STB_LOCAL &&
	    find_definition(b, object_symbol_name(o, &sym), false, &d))
		return own_symbol(b, d.o, &d.sym, out);
	return own_symbol(b, o, &sym, out);
}

bool function_named(struct build *b, const char *name, struct function *out)
{
	struct definition d;

	if (!find_definition(b, name, true, &d) || own_symbol(b, d.o, &d.sym, &out->value))
		return false;
	out->name = object_symbol_name(d.o, &d.sym);
	out->size = d.sym.st_size;
	return true;
}

/* Where a function of the objects starts in the payload text; false for all other symbols. */
static bool function_start(const struct object *o, const GElf_Sym *sym, uint64_t *start)
{
	const struct place *pl;

	if (GELF_ST_TYPE(sym->st_info) != STT_FUNC || sym->st_shndx >= o->nsections)
		return false;
	pl = &o->places[sym->st_shndx];
	*start = pl->offset + sym->st_value;
	return pl->kind == PLACE_TEXT;
}

static bool find_function(struct build *b, uint64_t offset, bool within, struct function *out)
{
	uint64_t start;
	GElf_Sym sym;

	for (size_t i = 0; i < b->nobjects; i++) {
		const struct object *o = &b->objects[i];

		for (size_t j = 1; object_symbol(o, j, &sym); j++) {
			if (!function_start(o, &sym, &start) || offset < start ||
			    (within ? offset - start >= sym.st_size : offset != start))
				continue;
			out->name = object_symbol_name(o, &sym);
			out->size = sym.st_size;
			out->value = (struct value){ PATCH_BASE_TEXT, (int64_t)start };
			return true;
		}
	}
	return false;
}

bool function_at(struct build *b, uint64_t offset, struct function *out)
{
	return find_function(b, offset, false, out);
}

bool function_around(struct build *b, uint64_t offset, struct function *out)
{
	return find_function(b, offset, true, out);
}

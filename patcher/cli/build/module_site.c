/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build --module`: the entries of old functions that lie in a module. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/bodies.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/module.h"
#include "patcher/cli/build/module_site.h"
#include "patcher/cli/build/site.h"
#include "patcher/cli/code/window.h"

static void refuse(struct build *b, const char *name, uint64_t addr, const char *code,
		   const char *why)
{
	problem(&b->problems, CLI_INPUT, code, "'%s' (0x%" PRIx64 ") of module %s cannot be "
		"replaced: %s", name, addr, b->module->name, why);
}

/* One relocation of code: direct jumps and calls to places in the module that are known. */
static void relocate(const struct build *b, uint8_t *code, size_t size, uint64_t base,
		     const GElf_Rela *r)
{
	unsigned int type = GELF_R_TYPE(r->r_info);
	uint64_t target = module_leads_to(b->module, r);
	int32_t rel;

	if ((type != R_X86_64_PC32 && type != R_X86_64_PLT32) || r->r_offset > size ||
	    size - r->r_offset < sizeof(rel) || !target)
		return;
	rel = (int32_t)(target - base - r->r_offset);
	memcpy(code + r->r_offset, &rel, sizeof(rel));
}

static bool calls_tracer(const struct build *b, const GElf_Rela *r)
{
	GElf_Sym sym;

	return object_symbol(&b->module->file, GELF_R_SYM(r->r_info), &sym) &&
		!strcmp(object_symbol_name(&b->module->file, &sym), "__fentry__");
}

static uint8_t *load_code(const struct build *b, size_t section, Elf_Data *d)
{
	Elf_Data *relas = elf_getdata(object_relocations(&b->module->file, section, NULL), NULL);
	uint8_t *code = xalloc(d->d_size);
	GElf_Rela r;

	memcpy(code, d->d_buf, d->d_size);
	for (int i = 0; relas && gelf_getrela(relas, i, &r); i++) {
		relocate(b, code, d->d_size, b->module->base[section], &r);
		if (calls_tracer(b, &r) && r.r_offset >= 1 && r.r_offset + 4 <= d->d_size &&
		    code[r.r_offset - 1] == 0xe8)
			memcpy(code + r.r_offset - 1, patch_nop5, PATCH_JUMP_LEN);
	}
	return code;
}

/*
 * A function's code as it is in the guest, as far as it matters here: jumps within the module
 * lead to where they do, calls of the tracer are NOPs. NULL if the file does not have all of it.
 */
static const uint8_t *function_code(struct build *b, const GElf_Sym *f)
{
	Elf_Data *d = object_data(&b->module->file, f->st_shndx);
	uint8_t **code;

	if (!d || !d->d_buf || !f->st_size || f->st_value > d->d_size ||
	    f->st_size > d->d_size - f->st_value)
		return NULL;
	code = &b->module->code[f->st_shndx];
	if (!*code)
		*code = load_code(b, f->st_shndx, d);
	return *code + f->st_value;
}

/* Whether one function jumps, or a symbol points, into the window. */
static int check_other(struct build *b, const GElf_Sym *f, struct entry_window *w)
{
	uint64_t addr = module_address(b->module, f);
	const uint8_t *code;

	if (!addr)
		return 0;
	if (addr > w->addr && addr < w->addr + PATCH_JUMP_LEN)
		return window_refuse(w, "symbol-in-window", "the symbol '%s' lies in its window",
				     object_symbol_name(&b->module->file, f));
	code = GELF_ST_TYPE(f->st_info) == STT_FUNC ? function_code(b, f) : NULL;
	return code ? window_check_part(w, code, f->st_size, addr) : 0;
}

static int check_others(struct build *b, struct entry_window *w)
{
	GElf_Sym f;
	int ret = 0;

	for (size_t i = 1; !ret && object_symbol(&b->module->file, i, &f); i++)
		if (GELF_ST_TYPE(f.st_info) != STT_SECTION)
			ret = check_other(b, &f, w);
	return ret;
}

static void fill_module_site(struct build *b, struct replacement *r, const GElf_Sym *f,
			     const struct entry_window *w)
{
	char *name = xprintf("%s:%s", b->module->name, object_symbol_name(&b->module->file, f));
	const struct old_function old = {
		.name = name,
		.addr = module_address(b->module, f),
		.size = f->st_size,
		.code = function_code(b, f),
		.place = PATCH_PLACE_ABSOLUTE,
		.fentry = true,
		.tables = &b->module->tables,
	};

	fill_site(b, r, &old, w);
	free(name);
}

/* Only functions with the tracer's NOP: nothing else in the guest writes to such an entry. */
static int find_window(struct build *b, const GElf_Sym *f, struct entry_window *w)
{
	uint64_t addr = module_address(b->module, f);
	const uint8_t *code = function_code(b, f);

	memset(w, 0, sizeof(*w));
	if (!code)
		return window_refuse(w, "unknown-size", "its symbol has no size");
	if (window_find(code, f->st_size, addr, w))
		return -1;
	if (memcmp(w->bytes, patch_nop5, PATCH_JUMP_LEN))
		return window_refuse(w, "no-fentry", "it has no NOP for the kernel's tracer at its "
				     "entry");
	return check_others(b, w) || tables_check_window(&b->module->tables, w) ? -1 : 0;
}

bool module_site(struct build *b, struct replacement *r)
{
	struct entry_window w;
	const char *name;
	uint64_t addr;
	GElf_Sym f;

	if (!module_find(b, r->old_name, &f))
		return false;
	if (!f.st_shndx)
		return true;
	name = object_symbol_name(&b->module->file, &f);
	addr = module_address(b->module, &f);
	if (GELF_ST_TYPE(f.st_info) != STT_FUNC)
		refuse(b, name, addr, "not-code", "it is not a function");
	else if (find_window(b, &f, &w))
		refuse(b, name, addr, w.code, w.why);
	else
		fill_module_site(b, r, &f, &w);
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build --module`: the entries of old functions that lie in a module. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/build/module.h"

static const uint8_t nop5[PATCH_JUMP_LEN] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

static void refuse(struct build *b, const char *name, uint64_t addr, const char *code,
		   const char *why)
{
	problem(&b->problems, CLI_INPUT, code, "'%s' (0x%" PRIx64 ") of module %s cannot be "
		"replaced: %s", name, addr, b->mod->name, why);
}

/* One relocation of code: direct jumps and calls to places in the module that are known. */
static void relocate(const struct build *b, uint8_t *code, size_t size, uint64_t base,
		     const GElf_Rela *r)
{
	unsigned int type = GELF_R_TYPE(r->r_info);
	uint64_t target = module_leads_to(b->mod, r);
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

	return object_symbol(&b->mod->file, GELF_R_SYM(r->r_info), &sym) &&
		!strcmp(object_symbol_name(&b->mod->file, &sym), "__fentry__");
}

static uint8_t *load_code(const struct build *b, size_t section, Elf_Data *d)
{
	Elf_Data *relas = elf_getdata(object_relocations(&b->mod->file, section, NULL), NULL);
	uint8_t *code = xalloc(d->d_size);
	GElf_Rela r;

	memcpy(code, d->d_buf, d->d_size);
	for (int i = 0; relas && gelf_getrela(relas, i, &r); i++) {
		relocate(b, code, d->d_size, b->mod->base[section], &r);
		if (calls_tracer(b, &r) && r.r_offset >= 1 && r.r_offset + 4 <= d->d_size &&
		    code[r.r_offset - 1] == 0xe8)
			memcpy(code + r.r_offset - 1, nop5, sizeof(nop5));
	}
	return code;
}

/*
 * A function's code as it is in the guest, as far as it matters here: jumps within the module
 * lead to where they do, calls of the tracer are NOPs. NULL if the file does not have all of it.
 */
static const uint8_t *function_code(struct build *b, const GElf_Sym *f)
{
	Elf_Data *d = elf_rawdata(elf_getscn(b->mod->file.elf, f->st_shndx), NULL);
	uint8_t **code;

	if (!d || !d->d_buf || !f->st_size || f->st_value > d->d_size ||
	    f->st_size > d->d_size - f->st_value)
		return NULL;
	code = &b->mod->code[f->st_shndx];
	if (!*code)
		*code = load_code(b, f->st_shndx, d);
	return *code + f->st_value;
}

/* Whether one function jumps, or a symbol points, into the window. */
static int check_other(struct build *b, const GElf_Sym *f, struct window *w)
{
	uint64_t addr = module_address(b->mod, f);
	const uint8_t *code;

	if (!addr)
		return 0;
	if (addr > w->addr && addr < w->addr + PATCH_JUMP_LEN)
		return window_refuse(w, "symbol-in-window", "the symbol '%s' lies in its window",
				     object_symbol_name(&b->mod->file, f));
	code = GELF_ST_TYPE(f->st_info) == STT_FUNC ? function_code(b, f) : NULL;
	return code ? window_check_part(w, code, f->st_size, addr) : 0;
}

static int check_others(struct build *b, struct window *w)
{
	GElf_Sym f;
	int ret = 0;

	for (size_t i = 1; !ret && object_symbol(&b->mod->file, i, &f); i++)
		if (GELF_ST_TYPE(f.st_info) != STT_SECTION)
			ret = check_other(b, &f, w);
	return ret;
}

static void fill_site(struct build *b, struct replacement *r, const char *name, uint64_t addr,
		      const uint8_t *code, const struct window *w)
{
	char *full = xprintf("%s:%s", b->mod->name, name);

	r->window_offset = (uint32_t)(w->addr - addr);
	r->site = (struct patch_site){
		.addr = w->addr,
		.target = (uint64_t)r->new.value,
		.name = (uint32_t)bytes_add(&b->strings, full, strlen(full) + 1),
		.flags = PATCH_SITE_FENTRY,
		.target_kind = (uint8_t)build_target_kind(&r->new),
		.place = PATCH_PLACE_ABSOLUTE,
		.len = PATCH_JUMP_LEN,
		.insn_len = w->insn_len,
	};
	memcpy(r->site.expect, w->bytes, PATCH_JUMP_LEN);
	free(full);
	tables_body(&b->mod->tables, code + r->window_offset, r->old_size - r->window_offset,
		    w->addr, &r->body);
}

/* Only what the tracer can take: nothing else of the guest's then is at the entry. */
static int find_window(struct build *b, const GElf_Sym *f, struct window *w)
{
	uint64_t addr = module_address(b->mod, f);
	const uint8_t *code = function_code(b, f);

	memset(w, 0, sizeof(*w));
	if (!code)
		return window_refuse(w, "unknown-size", "its symbol does not tell its size");
	if (window_find(code, f->st_size, addr, w))
		return -1;
	if (memcmp(w->bytes, nop5, sizeof(nop5)))
		return window_refuse(w, "no-fentry", "it has no NOP for the kernel's tracer at its "
				     "entry");
	return check_others(b, w) || tables_check_window(&b->mod->tables, w) ? -1 : 0;
}

bool module_site(struct build *b, struct replacement *r)
{
	const char *name;
	struct window w;
	uint64_t addr;
	GElf_Sym f;

	if (!module_find(b, r->old_name, &f))
		return false;
	if (!f.st_shndx)
		return true;
	name = object_symbol_name(&b->mod->file, &f);
	addr = module_address(b->mod, &f);
	r->old_size = f.st_size;
	if (GELF_ST_TYPE(f.st_info) != STT_FUNC)
		refuse(b, name, addr, "not-code", "it is not a function");
	else if (find_window(b, &f, &w))
		refuse(b, name, addr, w.code, w.why);
	else
		fill_site(b, r, name, addr, function_code(b, &f), &w);
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build --module`: the module's file, and where its sections lie in the guest. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/module.h"
#include "patcher/cli/build/module_tables.h"

struct module *build_module(struct build *b)
{
	if (!b->module) {
		b->module = xalloc(sizeof(*b->module));
		b->module->file.fd = -1;
	}
	return b->module;
}

static int bad_module(struct build *b, const char *why)
{
	return problem(&b->problems, CLI_INPUT, "bad-module", "%s: %s", b->module->path, why);
}

/* ---- the file ---- */

static int open_file(struct build *b)
{
	struct object *o = &b->module->file;
	const char *why;

	o->path = xstrdup(b->module->path);
	o->file = xstrdup(b->module->path);
	if (object_open(o, &why) && o->fd < 0)
		return problem(&b->problems, CLI_INPUT, "unreadable", "cannot open %s: %s",
			       o->path, why);
	if (!o->places)
		return bad_module(b, "is not a module (.ko) for x86-64; a compressed one has to be "
				  "unpacked first");
	if (!o->symbols)
		return bad_module(b, why);
	if (object_name_places(o))
		return bad_module(b, elf_errmsg(-1));
	return 0;
}

/* The value of "KEY=..." of .modinfo, or NULL. */
static const char *modinfo(const struct object *o, const char *key)
{
	Elf_Data *d = object_data(o, object_section(o, ".modinfo", 0));
	size_t n = strlen(key);
	const char *at, *end;

	if (!d || !d->d_size || ((const char *)d->d_buf)[d->d_size - 1])
		return NULL;
	end = (const char *)d->d_buf + d->d_size;
	for (at = d->d_buf; at < end; at += strlen(at) + 1)
		if (!strncmp(at, key, n) && at[n] == '=')
			return at + n + 1;
	return NULL;
}

static int identify(struct build *b)
{
	struct module *m = b->module;
	const char *name = modinfo(&m->file, "name"), *magic = modinfo(&m->file, "vermagic");
	size_t n = magic ? strcspn(magic, " ") : 0;

	if (!name || !n)
		return bad_module(b, "is not a module (.ko): its .modinfo lacks the name or the "
				  "kernel");
	m->name = xstrdup(name);
	if (b->version.release && (strncmp(magic, b->version.release, n) || b->version.release[n]))
		return problem(&b->problems, CLI_INPUT, "other-kernel",
			       "%s is a module for kernel %.*s, not for %s", m->path, (int)n, magic,
			       b->version.release);
	return 0;
}

/* ---- where its sections are ---- */

/* Whether a section is in the guest's memory after the module has been initialised. */
static bool stays(const struct object *o, size_t section)
{
	GElf_Shdr sh;

	return section < o->nsections && gelf_getshdr(elf_getscn(o->elf, section), &sh) &&
		(sh.sh_flags & SHF_ALLOC) && strncmp(o->places[section].name, ".init", 5);
}

/* Locates @section by @name, which is @offset bytes into it. Ignores names that are not unique. */
static int locate_by(struct build *b, size_t section, uint64_t offset, const char *name)
{
	struct module *m = b->module;
	const struct guest_symbol *g = guest_symbols_of(&m->guest, m->name, name);
	uint64_t *base = &m->base[section], at;

	if (!g || guest_symbols_next(&m->guest, g))
		return 0;
	at = g->addr - offset;
	if (*base && *base != at)
		return problem(&b->problems, CLI_INPUT, "other-module", "the module %s that the guest "
			       "has loaded is not %s: '%s' lies elsewhere in it", m->name, m->path,
			       name);
	*base = at;
	return 0;
}

static int locate(struct build *b)
{
	struct module *m = b->module;
	bool any = false;
	GElf_Sym sym;

	m->base = xalloc(m->file.nsections * sizeof(*m->base));
	m->code = xalloc(m->file.nsections * sizeof(*m->code));
	for (size_t i = 1; i < m->file.nsections; i++) {
		if (stays(&m->file, i) && locate_by(b, i, 0, m->file.places[i].name))
			return -1;
		any |= m->base[i] != 0;
	}
	for (size_t i = 1; object_symbol(&m->file, i, &sym); i++) {
		unsigned int type = GELF_ST_TYPE(sym.st_info);

		if (type == STT_SECTION || type == STT_FILE || !stays(&m->file, sym.st_shndx))
			continue;
		if (locate_by(b, sym.st_shndx, sym.st_value, object_symbol_name(&m->file, &sym)))
			return -1;
		any |= m->base[sym.st_shndx] != 0;
	}
	return any ? 0 : problem(&b->problems, CLI_INPUT, "not-loaded",
				 "%s has no symbols of module %s: it is not loaded, or its lines are "
				 "missing", m->symbols_path, m->name);
}

int module_open(struct build *b)
{
	struct module *m = b->module;

	if (!m)
		return 0;
	if (guest_symbols_open(&m->guest, m->symbols_path, &b->problems) ||
	    guest_symbols_slide(&m->guest, &b->kernel, &b->guest.slide_known, &b->guest.slide,
				&b->problems))
		return -1;
	return open_file(b) || identify(b) || locate(b) || module_tables(b) ? -1 : 0;
}

void module_close(struct build *b)
{
	struct module *m = b->module;

	if (!m)
		return;
	guest_symbols_close(&m->guest);
	for (size_t i = 0; m->code && i < m->file.nsections; i++)
		free(m->code[i]);
	kernel_tables_close(&m->tables);
	object_close(&m->file);
	free(m->name);
	free(m->base);
	free(m->code);
	free(m);
	b->module = NULL;
}

/* ---- symbols ---- */

uint64_t module_address(const struct module *m, const GElf_Sym *sym)
{
	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= m->file.nsections ||
	    !m->base[sym->st_shndx])
		return 0;
	return m->base[sym->st_shndx] + sym->st_value;
}

uint64_t module_leads_to(const struct module *m, const GElf_Rela *r)
{
	uint64_t addr;
	GElf_Sym sym;

	if (!object_symbol(&m->file, GELF_R_SYM(r->r_info), &sym))
		return 0;
	addr = module_address(m, &sym);
	return addr ? addr + (uint64_t)r->r_addend : 0;
}

/* "name" or "name@N": *n is 0, or which of those of that name. To be freed. */
static char *split_spec(const char *spec, unsigned long *n)
{
	const char *at = strchr(spec, '@');
	char *end;

	*n = 0;
	if (!at)
		return xstrdup(spec);
	*n = strtoul(at + 1, &end, 10);
	return *end || end == at + 1 ? NULL : xprintf("%.*s", (int)(at - spec), spec);
}

/*
 * Counts the symbols of that name that stay in memory, or with @freed those that do not. *found is
 * set to the @n-th, or for 0 to the last one.
 */
static unsigned long candidates(const struct build *b, const char *name, unsigned long n,
				bool freed, GElf_Sym *found)
{
	const struct object *o = &b->module->file;
	unsigned long seen = 0;
	GElf_Sym sym;

	for (size_t i = 1; object_symbol(o, i, &sym); i++) {
		unsigned int type = GELF_ST_TYPE(sym.st_info);

		if (sym.st_shndx == SHN_UNDEF || sym.st_shndx >= o->nsections ||
		    type == STT_SECTION || type == STT_FILE ||
		    strcmp(object_symbol_name(o, &sym), name) || stays(o, sym.st_shndx) == freed)
			continue;
		seen++;
		if (!n || seen <= n)
			*found = sym;
	}
	return seen;
}

static void list_candidates(struct build *b, const char *name, unsigned long seen)
{
	GElf_Sym sym;

	problem(&b->problems, CLI_INPUT, "ambiguous-symbol",
		"'%s' is ambiguous, module %s has %lu of that name; use name@N:", name,
		b->module->name, seen);
	for (unsigned long i = 1; i <= seen; i++) {
		candidates(b, name, i, false, &sym);
		problem(&b->problems, CLI_INPUT, "ambiguous-symbol", "  %s@%lu  0x%" PRIx64 " in %s",
			name, i, b->module->base[sym.st_shndx] + sym.st_value,
			b->module->file.places[sym.st_shndx].name);
	}
}

/* False if there is none; with st_shndx 0 if b->problems has a reason why it cannot be used. */
static bool find_named(struct build *b, const char *name, unsigned long n, GElf_Sym *sym)
{
	unsigned long seen = candidates(b, name, n, false, sym);

	if (!seen && candidates(b, name, 0, true, sym))
		problem(&b->problems, CLI_INPUT, "init-section", "'%s' is in section %s of module %s, "
			"which is freed when it has been initialised", name,
			b->module->file.places[sym->st_shndx].name, b->module->name);
	else if (!seen || n > seen)
		return false;
	else if (seen > 1 && !n)
		list_candidates(b, name, seen);
	else if (!b->module->base[sym->st_shndx])
		problem(&b->problems, CLI_INPUT, "no-address", "the address of '%s' in the guest is "
			"not known: %s has no symbol of section %s of module %s", name,
			b->module->symbols_path, b->module->file.places[sym->st_shndx].name,
			b->module->name);
	else
		return true;
	sym->st_shndx = 0;
	return true;
}

bool module_find(struct build *b, const char *spec, GElf_Sym *sym)
{
	bool found = false;
	unsigned long n;
	char *name;

	if (!b->module)
		return false;
	name = split_spec(spec, &n);
	if (name)
		found = find_named(b, name, n, sym);
	free(name);
	return found;
}

/* A symbol of another module, which this one may use if it is exported. */
static bool foreign(struct build *b, const char *name, struct value *out)
{
	const struct guest_symbol *g;
	struct problems none = { 0 };

	g = guest_symbols_find(&b->module->guest, name, &none);
	problems_free(&none);
	if (!g || !*g->module)
		return false;
	*out = (struct value){ PATCH_BASE_ABSOLUTE, (int64_t)g->addr };
	return true;
}

bool module_symbol(struct build *b, const char *name, bool own, struct value *out)
{
	GElf_Sym sym;

	if (!b->module)
		return false;
	if (!module_find(b, name, &sym))
		return !own && foreign(b, name, out);
	*out = (struct value){ PATCH_BASE_ABSOLUTE, (int64_t)module_address(b->module, &sym) };
	return true;
}

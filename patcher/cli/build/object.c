/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening relocatable object files, and finding sections and symbols in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/object.h"

static bool is_object(Elf *elf, const char **why)
{
	GElf_Ehdr eh;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh))
		*why = "is not an ELF object file";
	else if (gelf_getclass(elf) != ELFCLASS64 || eh.e_machine != EM_X86_64)
		*why = "is not compiled for x86-64";
	else if (eh.e_type != ET_REL)
		*why = "is linked already; give the object file (gcc -c)";
	else
		return true;
	return false;
}

static bool find_symbols(struct object *o)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(o->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB)
			break;
	o->symbols = scn ? elf_getdata(scn, NULL) : NULL;
	if (!o->symbols || !sh.sh_entsize)
		return false;
	o->nsymbols = o->symbols->d_size / sh.sh_entsize;
	o->symbol_strings = sh.sh_link;
	return true;
}

int object_open(struct object *o, const char **why)
{
	elf_version(EV_CURRENT);
	o->fd = open(o->file, O_RDONLY | O_CLOEXEC);
	if (o->fd < 0) {
		*why = strerror(errno);
		return -1;
	}
	o->elf = elf_begin(o->fd, ELF_C_READ_MMAP, NULL);
	if (o->elf && !is_object(o->elf, why))
		return -1;
	if (!o->elf || elf_getshdrnum(o->elf, &o->nsections)) {
		*why = elf_errmsg(-1);
		return -1;
	}
	o->places = xalloc(o->nsections * sizeof(*o->places));
	*why = "has no symbol table";
	return find_symbols(o) ? 0 : -1;
}

static void open_input(struct build *b, struct object *o)
{
	const char *why;

	if (!object_open(o, &why))
		return;
	if (o->fd < 0)
		problem(&b->problems, CLI_INPUT, "unreadable", "cannot open %s: %s", o->path, why);
	else
		problem(&b->problems, CLI_INPUT, "bad-object", "%s: %s", o->path, why);
}

int build_open(struct build *b)
{
	b->objects = xalloc(b->ninputs * sizeof(*b->objects));
	for (size_t i = 0; i < b->ninputs; i++) {
		const struct build_input *in = &b->inputs[i];

		b->objects[i].path = xstrdup(in->path);
		b->objects[i].file = xstrdup(in->object ? in->object : in->path);
		b->objects[i].fd = -1;
	}
	b->nobjects = b->ninputs;
	for (size_t i = 0; i < b->nobjects; i++)
		open_input(b, &b->objects[i]);
	return b->problems.n ? -1 : 0;
}

int object_name_places(struct object *o)
{
	size_t strings;
	GElf_Shdr sh;

	if (elf_getshdrstrndx(o->elf, &strings))
		return -1;
	for (size_t i = 0; i < o->nsections; i++) {
		const char *name = gelf_getshdr(elf_getscn(o->elf, i), &sh) ?
			elf_strptr(o->elf, strings, sh.sh_name) : NULL;

		o->places[i].name = name ? name : "?";
	}
	return 0;
}

size_t object_section(const struct object *o, const char *name, size_t after)
{
	for (size_t i = after + 1; i < o->nsections; i++)
		if (!strcmp(o->places[i].name, name))
			return i;
	return 0;
}

Elf_Data *object_data(const struct object *o, size_t section)
{
	return section ? elf_rawdata(elf_getscn(o->elf, section), NULL) : NULL;
}

Elf_Scn *object_relocations(const struct object *o, size_t section, Elf_Scn *scn)
{
	GElf_Shdr sh;

	while ((scn = elf_nextscn(o->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_RELA && sh.sh_info == section)
			break;
	return scn;
}

void object_close(struct object *o)
{
	elf_end(o->elf);
	if (o->fd >= 0)
		close(o->fd);
	free(o->places);
	free(o->path);
	free(o->file);
}

bool object_symbol(const struct object *o, size_t i, GElf_Sym *sym)
{
	return i < o->nsymbols && gelf_getsym(o->symbols, (int)i, sym);
}

const char *object_symbol_name(const struct object *o, const GElf_Sym *sym)
{
	const char *s;

	if (GELF_ST_TYPE(sym->st_info) == STT_SECTION)
		s = sym->st_shndx < o->nsections ? o->places[sym->st_shndx].name : NULL;
	else
		s = elf_strptr(o->elf, o->symbol_strings, sym->st_name);
	return s ? s : "?";
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`, stage 1: opening relocatable object files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/module.h"

static int bad_object(struct build *b, const struct object *o, const char *why)
{
	return problem(&b->problems, CLI_INPUT, "bad-object", "%s: %s", o->path, why);
}

static int check_header(struct build *b, const struct object *o)
{
	GElf_Ehdr eh;

	if (elf_kind(o->elf) != ELF_K_ELF || !gelf_getehdr(o->elf, &eh))
		return bad_object(b, o, "is not an ELF object file");
	if (gelf_getclass(o->elf) != ELFCLASS64 || eh.e_machine != EM_X86_64)
		return bad_object(b, o, "is not compiled for x86-64");
	if (eh.e_type != ET_REL)
		return bad_object(b, o, "is linked already; give the object file (gcc -c)");
	return 0;
}

static int open_elf(struct build *b, struct object *o)
{
	elf_version(EV_CURRENT);
	o->fd = open(o->file, O_RDONLY | O_CLOEXEC);
	if (o->fd < 0)
		return problem(&b->problems, CLI_INPUT, "unreadable", "cannot open %s: %s",
			       o->path, strerror(errno));
	o->elf = elf_begin(o->fd, ELF_C_READ_MMAP, NULL);
	if (!o->elf)
		return bad_object(b, o, elf_errmsg(-1));
	return check_header(b, o);
}

int object_symbols(struct object *o)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(o->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB)
			break;
	o->symbols = scn ? elf_getdata(scn, NULL) : NULL;
	if (!o->symbols || !sh.sh_entsize)
		return -1;
	o->nsymbols = o->symbols->d_size / sh.sh_entsize;
	o->symbol_strings = sh.sh_link;
	return 0;
}

static int open_object(struct build *b, struct object *o)
{
	if (open_elf(b, o))
		return -1;
	if (elf_getshdrnum(o->elf, &o->nsections))
		return bad_object(b, o, elf_errmsg(-1));
	o->places = xalloc(o->nsections * sizeof(*o->places));
	return object_symbols(o) ? bad_object(b, o, "has no symbol table") : 0;
}

int build_kernel(struct build *b)
{
	const struct kernel_options o = { .system_map = b->system_map };

	return kernel_open_with(&b->kernel, b->kernel_path, &o, &b->problems);
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
		open_object(b, &b->objects[i]);
	return b->problems.n ? -1 : 0;
}

size_t object_section(const struct object *o, const char *name)
{
	for (size_t i = 1; i < o->nsections; i++)
		if (!strcmp(o->places[i].name, name))
			return i;
	return 0;
}

Elf_Scn *object_relocations(const struct object *o, size_t section, Elf_Scn *scn)
{
	GElf_Shdr sh;

	while ((scn = elf_nextscn(o->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_RELA && sh.sh_info == section)
			break;
	return scn;
}

static void close_object(struct object *o)
{
	elf_end(o->elf);
	if (o->fd >= 0)
		close(o->fd);
	free(o->places);
	free(o->path);
	free(o->file);
}

static void close_inputs(struct build *b)
{
	for (size_t i = 0; i < b->ninputs; i++) {
		free(b->inputs[i].path);
		free(b->inputs[i].stem);
		free(b->inputs[i].object);
	}
	for (size_t i = 0; i < b->nincludes; i++)
		free(b->includes[i]);
	free(b->inputs);
	free(b->includes);
	free(b->headers);
	free(b->keep);
	free(b->banner);
	free(b->release);
}

void build_close(struct build *b)
{
	for (size_t i = 0; i < b->nobjects; i++)
		close_object(&b->objects[i]);
	for (size_t i = 0; i < b->noverrides; i++) {
		free(b->overrides[i].name);
		free(b->overrides[i].target);
	}
	for (size_t i = 0; i < b->nreplace; i++) {
		free(b->replace[i].old_name);
		free(b->replace[i].new_name);
		free(b->replace[i].body.data);
	}
	build_remove_work(b);
	close_inputs(b);
	for (size_t i = 0; i < b->nused; i++)
		free(b->used[i].name);
	free(b->used);
	free(b->objects);
	free(b->overrides);
	free(b->replace);
	free(b->fixups);
	free(b->text.data);
	free(b->data.data);
	free(b->strings.data);
	free(b->meta.data);
	free(b->notes.data);
	free(b->file.data);
	module_close(b);
	kernel_tables_close(&b->tables);
	kernel_close(&b->kernel);
	problems_free(&b->problems);
	problems_free(&b->warnings);
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

/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel's symbols from its ELF symbol table. */
#include <string.h>
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/kernel.h"
#include "patcher/cli/kernel/symtab.h"

/* Values in these sections are offsets into each CPU's own area, which KASLR does not move. */
static bool is_percpu(const char *section)
{
	return !strcmp(section, ".data..percpu");
}

static void place_symbol(struct kernel *k, struct kernel_symbol *s, unsigned int shndx)
{
	const struct elf_section *sec;

	s->section = "";
	if (shndx == SHN_ABS) {
		s->absolute = true;
		return;
	}
	if (shndx >= SHN_LORESERVE || shndx >= k->image.nsections)
		return;
	sec = &k->image.sections[shndx];
	s->section = sec->name;
	s->executable = sec->flags & SHF_EXECINSTR;
	s->absolute = is_percpu(s->section);
	s->freed = kernel_section_freed(s->section);
	s->type = s->executable ? 'T' : sec->type == SHT_NOBITS ? 'B' :
		sec->flags & SHF_WRITE ? 'D' : 'R';
}

static void add_symbol(struct kernel *k, const Elf64_Sym *sym, const char *name, const char *file)
{
	struct kernel_symbol *s = &k->symbols[k->nsymbols++];
	unsigned int type = ELF64_ST_TYPE(sym->st_info), bind = ELF64_ST_BIND(sym->st_info);

	s->addr = sym->st_value;
	s->size = sym->st_size;
	s->name = name;
	s->local = bind == STB_LOCAL;
	s->file = s->local ? file : "";
	s->function = type == STT_FUNC;
	s->object = type == STT_OBJECT || type == STT_TLS || type == STT_GNU_IFUNC;
	s->type = 'A';
	place_symbol(k, s, sym->st_shndx);
	if (s->absolute)
		s->type = 'A';
	else if (bind == STB_WEAK)
		s->type = s->object ? 'V' : 'W';
	if (s->local)
		s->type = (char)(s->type | 0x20);
}

static void add_symbols(struct kernel *k, const struct elf_section *table,
			const struct elf_section *strings)
{
	size_t n = table->size / sizeof(Elf64_Sym);
	const char *file = "";
	Elf64_Sym sym;

	k->symbols = xalloc(n * sizeof(*k->symbols));
	for (size_t i = 1; i < n; i++) {
		const char *name;
		unsigned int type;

		memcpy(&sym, table->data + i * sizeof(sym), sizeof(sym));
		name = elf_string(strings, sym.st_name);
		type = ELF64_ST_TYPE(sym.st_info);
		if (type == STT_FILE)
			file = name;
		else if (*name && sym.st_shndx != SHN_UNDEF && type != STT_SECTION)
			add_symbol(k, &sym, name, file);
	}
}

int kernel_load_symtab(struct kernel *k, bool *none, struct problems *p)
{
	const struct elf_section *table = NULL;

	for (size_t i = 1; i < k->image.nsections && !table; i++)
		if (k->image.sections[i].type == SHT_SYMTAB)
			table = &k->image.sections[i];
	*none = !table;
	if (!table)
		return 0;
	if (table->link >= k->image.nsections || table->entsize != sizeof(Elf64_Sym))
		return not_a_kernel(k, p, "is damaged: its symbol table has no strings");
	add_symbols(k, table, &k->image.sections[table->link]);
	k->source = KERNEL_SYMTAB;
	kernel_sort_symbols(k);
	return 0;
}

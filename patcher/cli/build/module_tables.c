/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build --module`: the module's own tables about its code, from the relocations of
 * their sections.
 */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/module.h"
#include "patcher/cli/build/module_tables.h"

/* The first field of each entry refers to the code that the entry is for. */
struct table_section {
	const char *name;
	enum kernel_table table;
	uint8_t size;		/* of an entry; 0: as many as there are pairs of relocations */
	int8_t target;		/* offset of another place of the module in it; -1: none */
};

/* Linux: asm/extable.h, jump_label.h, static_call_types.h, alternative.h, paravirt_types.h, objtool. */
static const struct table_section sections[] = {
	{ "__ex_table",		TABLE_EXCEPTION,	12,	4 },
	{ "__jump_table",	TABLE_JUMP_LABEL,	16,	4 },
	{ ".static_call_sites",	TABLE_STATIC_CALL,	8,	-1 },
	{ ".altinstructions",	TABLE_ALTERNATIVE,	0,	-1 },
	{ ".parainstructions",	TABLE_PARAVIRT,		16,	-1 },
	{ ".retpoline_sites",	TABLE_RETPOLINE,	4,	-1 },
	{ ".return_sites",	TABLE_RETURN,		4,	-1 },
	{ ".call_sites",	TABLE_CALL,		4,	-1 },
	{ ".ibt_endbr_seal",	TABLE_IBT_SEAL,		4,	-1 },
	{ ".smp_locks",		TABLE_SMP_LOCK,		4,	-1 },
};

static const struct table_section *table_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (!strcmp(name, sections[i].name))
			return &sections[i];
	return NULL;
}

static struct table_entry *add_entry(struct kernel_table_list *l, uint64_t addr, uint32_t len)
{
	struct table_entry *e = ARRAY_ADD(l->entries, l->n);

	e->addr = addr;
	e->len = len;
	return e;
}

/* An alternative ends with the lengths of what it replaces and of the replacement, a byte each. */
static uint32_t length_at(const struct table_section *s, const Elf_Data *d, size_t end)
{
	uint8_t len = s->table == TABLE_ALTERNATIVE ? ((const uint8_t *)d->d_buf)[end - 2] : 1;

	return len ? len : 1;
}

/* Relocations come in the order of their places, as assembler and linker write them. */
static int read_section(struct build *b, const struct table_section *s, Elf_Data *d, Elf_Data *relas)
{
	struct kernel_table_list *l = &b->module->tables.t[s->table];
	size_t n = relas->d_size / sizeof(Elf64_Rela), size = s->size;
	struct table_entry *last = NULL;
	GElf_Rela r;

	if (!size)
		size = n ? d->d_size / ((n + 1) / 2) : 0;
	/* Padding is before paravirt's entries, not behind: the last one may be shorter. */
	if (size < 4 || (d->d_size % size && s->table != TABLE_PARAVIRT))
		return problem(&b->problems, CLI_INPUT, "bad-module", "%s: section %s does not look as "
			       "it should", b->module->path, s->name);
	for (int i = 0; gelf_getrela(relas, i, &r); i++) {
		size_t at = r.r_offset % size;
		uint64_t to = r.r_offset < d->d_size ? module_leads_to(b->module, &r) : 0;

		if (at == 0)
			last = to ? add_entry(l, to, length_at(s, d, r.r_offset + size)) : NULL;
		else if (last && (int)at == s->target)
			last->target = to;
	}
	return 0;
}

int module_tables(struct build *b)
{
	const struct object *o = &b->module->file;

	for (size_t i = 1; i < o->nsections; i++) {
		const struct table_section *s = table_named(o->places[i].name);
		Elf_Data *d, *relas;

		if (!s)
			continue;
		d = object_data(o, i);
		relas = elf_getdata(object_relocations(o, i, NULL), NULL);
		if (d && d->d_buf && relas && read_section(b, s, d, relas))
			return -1;
	}
	for (size_t t = 0; t < TABLES; t++)
		kernel_table_sort(&b->module->tables.t[t]);
	return 0;
}

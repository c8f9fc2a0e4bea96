/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build`: relocations. What does not depend on where the
 * payload will lie is filled in; the rest becomes fixups for the hypervisor.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/reloc.h"

struct reloc_type {
	uint32_t type;
	const char *name;
	enum patch_fixup_type fixup;
	uint8_t size;		/* of the field */
	bool relative;		/* to the field's address */
};

/* psABI, table "Relocation Types". PLT32 is PC32 where there is no procedure linkage table. */
static const struct reloc_type known[] = {
	{ R_X86_64_64,		"R_X86_64_64",		PATCH_FIXUP_ABS64,	8, false },
	{ R_X86_64_32S,		"R_X86_64_32S",		PATCH_FIXUP_ABS32S,	4, false },
	{ R_X86_64_32,		"R_X86_64_32",		PATCH_FIXUP_ABS32,	4, false },
	{ R_X86_64_PC32,	"R_X86_64_PC32",	PATCH_FIXUP_PC32,	4, true },
	{ R_X86_64_PLT32,	"R_X86_64_PLT32",	PATCH_FIXUP_PC32,	4, true },
	{ R_X86_64_PC64,	"R_X86_64_PC64",	PATCH_FIXUP_PC64,	8, true },
};

/* Refused; the message has the name of the type and what to do instead. */
static const struct {
	uint32_t type;
	const char *name, *way_out;
} other[] = {
	{ R_X86_64_GOT32,	"R_X86_64_GOT32",	"compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_GOTPCREL,	"R_X86_64_GOTPCREL",	"compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_GOTPCRELX,	"R_X86_64_GOTPCRELX",	"compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_REX_GOTPCRELX, "R_X86_64_REX_GOTPCRELX",
	  "compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_GOTPC32,	"R_X86_64_GOTPC32",	"compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_GOTPC64,	"R_X86_64_GOTPC64",	"compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_GOTOFF64,	"R_X86_64_GOTOFF64",	"compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_GOT64,	"R_X86_64_GOT64",	"compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_PLTOFF64,	"R_X86_64_PLTOFF64",	"compile with -fno-pic -mcmodel=kernel" },
	{ R_X86_64_TPOFF32,	"R_X86_64_TPOFF32",	"do not use thread-local variables" },
	{ R_X86_64_TPOFF64,	"R_X86_64_TPOFF64",	"do not use thread-local variables" },
	{ R_X86_64_GOTTPOFF,	"R_X86_64_GOTTPOFF",	"do not use thread-local variables" },
	{ R_X86_64_TLSGD,	"R_X86_64_TLSGD",	"do not use thread-local variables" },
	{ R_X86_64_TLSLD,	"R_X86_64_TLSLD",	"do not use thread-local variables" },
	{ R_X86_64_DTPOFF32,	"R_X86_64_DTPOFF32",	"do not use thread-local variables" },
	{ R_X86_64_8,		"R_X86_64_8",		"an address does not fit into one byte" },
	{ R_X86_64_16,		"R_X86_64_16",		"an address does not fit into two bytes" },
	{ R_X86_64_PC8,		"R_X86_64_PC8",		"the field is too small" },
	{ R_X86_64_PC16,	"R_X86_64_PC16",	"the field is too small" },
	{ R_X86_64_SIZE32,	"R_X86_64_SIZE32",	"sizes of symbols are not supported" },
	{ R_X86_64_SIZE64,	"R_X86_64_SIZE64",	"sizes of symbols are not supported" },
};

static const struct reloc_type *find_type(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].type == type)
			return &known[i];
	return NULL;
}

static int refuse_type(struct build *b, const struct object *o, const struct place *pl,
		       uint32_t type, uint64_t offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		if (other[i].type == type)
			return problem(&b->problems, CLI_INPUT, "relocation",
				       "%s: %s+0x%" PRIx64 ": relocation %s: %s", o->path,
				       pl->name, offset, other[i].name, other[i].way_out);
	return problem(&b->problems, CLI_INPUT, "relocation",
		       "%s: %s+0x%" PRIx64 ": relocation type %u is not supported", o->path,
		       pl->name, offset, type);
}

/* True if the distance is known now: the field and what it points to move together. */
static bool same_section(const struct place *pl, const struct reloc_type *t,
			 const struct value *v)
{
	return t->relative && v->base == (pl->kind == PLACE_TEXT ? PATCH_BASE_TEXT :
					  PATCH_BASE_DATA);
}

/* Values that move with nothing are checked here; the hypervisor checks the others. */
static bool fits(const struct reloc_type *t, int64_t v)
{
	if (t->size == 8)
		return true;
	return t->fixup == PATCH_FIXUP_ABS32 ? v >= 0 && v <= UINT32_MAX :
		v >= INT32_MIN && v <= INT32_MAX;
}

/* A value known now; the x86 stores the low bytes first, as this host does. */
static int fill_in(struct build *b, const struct object *o, const struct place *pl,
		   const struct reloc_type *t, uint64_t offset, int64_t v)
{
	struct bytes *to = pl->kind == PLACE_TEXT ? &b->payload.text : &b->payload.data;

	if (!fits(t, v))
		return problem(&b->problems, CLI_INPUT, "relocation",
			       "%s: %s+0x%" PRIx64 ": the value 0x%" PRIx64 " does not fit a %s",
			       o->path, pl->name, offset, (uint64_t)v, t->name);
	memcpy(to->data + pl->offset + offset, &v, t->size);
	return 0;
}

static int relocate(struct build *b, const struct object *o, const struct place *pl,
		    uint64_t size, const GElf_Rela *r)
{
	const struct reloc_type *t = find_type(GELF_R_TYPE(r->r_info));
	struct value v;

	if (GELF_R_TYPE(r->r_info) == R_X86_64_NONE)
		return 0;
	if (!t)
		return refuse_type(b, o, pl, GELF_R_TYPE(r->r_info), r->r_offset);
	if (r->r_offset > size || t->size > size - r->r_offset || pl->kind == PLACE_BSS)
		return problem(&b->problems, CLI_INPUT, "bad-object",
			       "%s: a relocation lies outside of section %s", o->path, pl->name);
	if (resolve_symbol(b, o, GELF_R_SYM(r->r_info), &v))
		return -1;
	v.value += r->r_addend;
	if (same_section(pl, t, &v))
		return fill_in(b, o, pl, t, r->r_offset,
			       v.value - (int64_t)(pl->offset + r->r_offset));
	if (v.base == PATCH_BASE_ABSOLUTE && !t->relative)
		return fill_in(b, o, pl, t, r->r_offset, v.value);
	*ARRAY_ADD(b->fixups, b->nfixups) = (struct patch_fixup){
		.value = v.value,
		.offset = (uint32_t)(pl->offset + r->r_offset),
		.type = (uint8_t)t->fixup,
		.base = (uint8_t)v.base,
		.in_data = pl->kind != PLACE_TEXT,
	};
	return 0;
}

static void relocate_section(struct build *b, const struct object *o, Elf_Scn *scn,
			     const GElf_Shdr *sh)
{
	const struct place *pl = &o->places[sh->sh_info];
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Shdr target;
	GElf_Rela r;

	if (!d || !gelf_getshdr(elf_getscn(o->elf, sh->sh_info), &target))
		return;
	for (size_t i = 0; gelf_getrela(d, (int)i, &r); i++)
		relocate(b, o, pl, target.sh_size, &r);
}

int build_relocate(struct build *b)
{
	GElf_Shdr sh;

	for (size_t i = 0; i < b->nobjects; i++) {
		const struct object *o = &b->objects[i];
		Elf_Scn *scn = NULL;

		while ((scn = elf_nextscn(o->elf, scn)))
			if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_RELA &&
			    sh.sh_info < o->nsections && o->places[sh.sh_info].kind != PLACE_NONE)
				relocate_section(b, o, scn, &sh);
	}
	if (b->nfixups > PATCH_MAX_FIXUPS)
		problem(&b->problems, CLI_INPUT, "too-large", "%zu places of the new code need an "
			"address of the kernel, %u are possible in one patch", b->nfixups,
			PATCH_MAX_FIXUPS);
	return b->problems.n ? -1 : 0;
}

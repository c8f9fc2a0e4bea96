/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build`: constructs of new code that the kernel's own build would register in tables.
 * Alternatives are judged one by one; what the headers in include/kernel do in another way is
 * counted. Both become lines of meta, which `subtext inspect` shows.
 */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/sections.h"
#include "patcher/cli/build/special.h"
#include "patcher/cli/include/kernel/subtext_mark.h"

/* A line of meta for `subtext inspect`: what was done about a special section. */
static void note(struct build *b, const char *what, const char *how, size_t count,
		 const char *why)
{
	char *s = xprintf("special=%s %s %zu %s\n", what, how, count, why);

	bytes_add_text(&b->notes, s);
	free(s);
}

/* ---- relocations of one section ---- */

/* Calls @take for each relocation of section @index. */
static void each_reloc(struct build *b, const struct object *o, size_t index,
		       void (*take)(struct build *b, const struct object *o, const GElf_Rela *r,
				    void *arg), void *arg)
{
	Elf_Scn *scn = NULL;
	Elf_Data *d;
	GElf_Rela r;

	while ((scn = object_relocations(o, index, scn))) {
		d = elf_getdata(scn, NULL);
		for (size_t i = 0; d && gelf_getrela(d, (int)i, &r); i++)
			take(b, o, &r, arg);
	}
}

/* The function that the place lies in which a relocation refers to; "?" if that is not known. */
static const char *in_function(struct build *b, const struct object *o, const GElf_Rela *r)
{
	struct function f;
	struct value v;

	if (resolve_symbol(b, o, GELF_R_SYM(r->r_info), &v) || v.base != PATCH_BASE_TEXT ||
	    !function_around(b, (uint64_t)(v.value + r->r_addend), &f))
		return "?";
	return f.name;
}

/* ---- names with counts: "a, b (2), c" ---- */

struct tally {
	struct {
		const char *name;
		size_t n;
	} of[32];
	size_t nnames, n;
};

static void count(struct tally *t, const char *name)
{
	size_t i = 0;

	t->n++;
	while (i < t->nnames && strcmp(t->of[i].name, name))
		i++;
	if (i == ARRAY_SIZE(t->of))
		return;
	if (i == t->nnames)
		t->of[t->nnames++].name = name;
	t->of[i].n++;
}

static char *tally_text(const struct tally *t)
{
	char *s = xstrdup(""), *longer;

	for (size_t i = 0; i < t->nnames; i++) {
		longer = t->of[i].n == 1 ?
			xprintf("%s%s%s", s, i ? ", " : "", t->of[i].name) :
			xprintf("%s%s%s (%zu)", s, i ? ", " : "", t->of[i].name, t->of[i].n);
		free(s);
		s = longer;
	}
	return s;
}

static void note_tally(struct build *b, const char *what, const char *how, const char *why,
		       const struct tally *t)
{
	char *where = tally_text(t), *text = xprintf("%s; in %s", why, where);

	note(b, what, how, t->n, text);
	free(text);
	free(where);
}

/* ---- marks of include/kernel ---- */

static const struct {
	const char *what, *why;
} mark_words[] = {
	[SUBTEXT_MARK_JUMP_LABEL] = { "jump-label", "the key is read each time" },
	[SUBTEXT_MARK_CPU_HAS] = { "static_cpu_has", "boot_cpu_data is read each time" },
	[SUBTEXT_MARK_WARN] = { "WARN", "calls __warn() instead of a fault and a table" },
	[SUBTEXT_MARK_BUG] = { "BUG", "prints file and line, then UD2, without a table" },
	[SUBTEXT_MARK_SMAP] = { "STAC/CLAC", "by a test of boot_cpu_data each time" },
	[SUBTEXT_MARK_NOSPEC] = { "barrier_nospec", "LFENCE on every CPU" },
	[SUBTEXT_MARK_RDTSC] = { "rdtsc_ordered", "LFENCE and RDTSC on every CPU" },
	[SUBTEXT_MARK_TASK_SIZE] = { "TASK_SIZE_MAX", "by a test of boot_cpu_data each time" },
};

#define MARK_KINDS (ARRAY_SIZE(mark_words))
#define MARK_SIZE 8		/* 4 bytes where, 4 bytes kind */

struct marks {
	struct tally of[MARK_KINDS];
	const uint8_t *data;
	size_t size;
};

static void take_mark(struct build *b, const struct object *o, const GElf_Rela *r, void *arg)
{
	struct marks *m = arg;
	uint32_t kind;

	if (r->r_offset % MARK_SIZE || r->r_offset + MARK_SIZE > m->size)
		return;
	memcpy(&kind, m->data + r->r_offset + 4, sizeof(kind));
	if (kind > 0 && kind < MARK_KINDS)
		count(&m->of[kind], in_function(b, o, r));
}

static void take_marks(struct build *b)
{
	struct marks m = { 0 };

	for (size_t i = 0; i < b->nobjects; i++) {
		const struct object *o = &b->objects[i];
		size_t section = object_section(o, MARKS_SECTION, 0);
		Elf_Data *d = object_data(o, section);

		if (!d)
			continue;
		m.data = d->d_buf;
		m.size = d->d_size;
		each_reloc(b, o, section, take_mark, &m);
	}
	for (size_t i = 1; i < MARK_KINDS; i++)
		if (m.of[i].n)
			note_tally(b, mark_words[i].what, "applied", mark_words[i].why, &m.of[i]);
}

/* ---- alternatives ---- */

struct alternatives {
	const uint8_t *data;
	size_t size, entry;	/* bytes of each entry */
	const struct subtext_feature *features;
	size_t nfeatures;
	struct {
		const struct subtext_feature *feature;
		struct tally in;
	} stay[32];
	size_t nstay;
};

/*
 * struct alt_instr (asm/alternative.h) has had 12, 13 and 14 bytes; always two 4-byte
 * offsets first, to the instruction and to its replacement, then the feature's number, whose
 * bit 15 means "without the feature".
 */
#define ALT_FEATURE 8
#define ALT_NOT 0x8000u

static const struct subtext_feature *feature_of(const struct alternatives *a, size_t at)
{
	uint16_t number;

	memcpy(&number, a->data + at + ALT_FEATURE, sizeof(number));
	for (size_t i = 0; i < a->nfeatures; i++)
		if (a->features[i].number == (number & ~ALT_NOT))
			return &a->features[i];
	return NULL;
}

static void stays(struct alternatives *a, const struct subtext_feature *f, const char *function)
{
	size_t i = 0;

	while (i < a->nstay && a->stay[i].feature != f)
		i++;
	if (i == ARRAY_SIZE(a->stay))
		return;
	a->stay[i].feature = f;
	if (i == a->nstay)
		a->nstay++;
	count(&a->stay[i].in, function);
}

static void refuse_alternative(struct build *b, const struct object *o, const char *function,
			       const struct alternatives *a, size_t at,
			       const struct subtext_feature *f)
{
	uint16_t number;

	memcpy(&number, a->data + at + ALT_FEATURE, sizeof(number));
	number &= (uint16_t)~ALT_NOT;
	if (f)
		problem(&b->problems, CLI_INPUT, "alternative",
			"%s: %s: an alternative for CPU feature %.28s is not applied to new code: "
			"%.96s", o->path, function, f->name, f->why);
	else
		problem(&b->problems, CLI_INPUT, "alternative",
			"%s: %s: an alternative for CPU feature %u*32+%u (asm/cpufeatures.h) is "
			"not known, and new code gets none applied", o->path, function, number / 32,
			number % 32);
}

static void take_alternative(struct build *b, const struct object *o, const GElf_Rela *r,
			     void *arg)
{
	struct alternatives *a = arg;
	const struct subtext_feature *f;
	const char *function;

	if (r->r_offset % a->entry || r->r_offset + a->entry > a->size)
		return;
	f = feature_of(a, r->r_offset);
	function = in_function(b, o, r);
	if (f && f->stays)
		stays(a, f, function);
	else
		refuse_alternative(b, o, function, a, r->r_offset, f);
}

/* Size of an entry, by the number of relocations: each entry has two. 0 if that does not fit. */
static size_t entry_size(const struct object *o, size_t section, size_t size)
{
	Elf_Scn *scn = NULL;
	Elf_Data *d;
	size_t n = 0;

	while ((scn = object_relocations(o, section, scn))) {
		d = elf_getdata(scn, NULL);
		n += d ? d->d_size / sizeof(Elf64_Rela) : 0;
	}
	if (!n || n % 2 || size % (n / 2) || size / (n / 2) < ALT_FEATURE + 4)
		return 0;
	return size / (n / 2);
}

static void object_alternatives(struct build *b, const struct object *o, struct alternatives *a)
{
	size_t section = object_section(o, ".altinstructions", 0);
	Elf_Data *d = object_data(o, section);
	Elf_Data *f = object_data(o, object_section(o, FEATURES_SECTION, 0));

	if (!d || !d->d_size)
		return;
	a->data = d->d_buf;
	a->size = d->d_size;
	a->entry = entry_size(o, section, d->d_size);
	a->features = f ? f->d_buf : NULL;
	a->nfeatures = f ? f->d_size / sizeof(struct subtext_feature) : 0;
	if (!a->entry || !a->nfeatures)
		problem(&b->problems, CLI_INPUT, "section",
			"%s: section .altinstructions: %s", o->path, a->entry ?
			"alternatives of an object file that was compiled elsewhere cannot be "
			"judged; give the C source" : "is not laid out as in any known kernel");
	else
		each_reloc(b, o, section, take_alternative, a);
}

static void take_alternatives(struct build *b)
{
	struct alternatives a = { 0 };

	for (size_t i = 0; i < b->nobjects; i++)
		object_alternatives(b, &b->objects[i], &a);
	for (size_t i = 0; i < a.nstay; i++) {
		const struct subtext_feature *f = a.stay[i].feature;
		char *what = xprintf("alternative-%.28s", f->name);
		char *why = xprintf("%.96s", f->why);

		note_tally(b, what, "original", why, &a.stay[i].in);
		free(what);
		free(why);
	}
}

/* ---- sections that were left out or kept ---- */

static void note_sections(struct build *b)
{
	for (size_t i = 0; i < b->nobjects; i++)
		for (size_t j = 1; j < b->objects[i].nsections; j++) {
			const struct place *pl = &b->objects[i].places[j];

			if (pl->noted && pl->dropped)
				note(b, pl->name, "left-out", 1, pl->dropped);
			else if (pl->noted)
				note(b, pl->name, "kept", 1, pl->noted);
		}
}

/* ---- sections that are refused ---- */

static void count_function(struct build *b, const struct object *o, const GElf_Rela *r, void *arg)
{
	const char *name = in_function(b, o, r);

	if (strcmp(name, "?"))
		count(arg, name);
}

/* Each entry of such a table refers to the code that it is for; some entries do so twice. */
static void refuse_in_code(struct build *b, const struct object *o, size_t section)
{
	const struct place *pl = &o->places[section];
	struct tally in = { 0 };
	char *where;

	each_reloc(b, o, section, count_function, &in);
	for (size_t i = 0; i < in.nnames; i++)
		in.of[i].n = 1;
	where = tally_text(&in);
	if (in.n)
		problem(&b->problems, CLI_INPUT, "section", "%s: section %s, for %s: %s", o->path,
			pl->name, where, pl->refused);
	else
		problem(&b->problems, CLI_INPUT, "section", "%s: section %s: %s", o->path,
			pl->name, pl->refused);
	free(where);
}

static void refuse_sections(struct build *b)
{
	for (size_t i = 0; i < b->nobjects; i++)
		for (size_t j = 1; j < b->objects[i].nsections; j++)
			if (b->objects[i].places[j].refused)
				refuse_in_code(b, &b->objects[i], j);
}

/* ---- the patch's own exception table ---- */

static void take_entry(struct build *b, const struct object *o, const GElf_Rela *r, void *arg)
{
	/* The first field of an entry refers to the instruction that may fault. */
	if (r->r_offset % 12 == 0)
		count(arg, in_function(b, o, r));
}

static void note_table(struct build *b)
{
	struct tally in = { 0 };

	for (size_t i = 0; i < b->nobjects; i++)
		for (size_t j = 1; j < b->objects[i].nsections; j++)
			if (b->objects[i].places[j].table)
				each_reloc(b, &b->objects[i], j, take_entry, &in);
	if (in.n)
		note_tally(b, "__ex_table", "applied", "the patch replaces the kernel's "
			   "search_exception_tables() by one that finds them", &in);
}

int build_special(struct build *b)
{
	refuse_sections(b);
	take_marks(b);
	note_table(b);
	take_alternatives(b);
	note_sections(b);
	return b->problems.n ? -1 : 0;
}

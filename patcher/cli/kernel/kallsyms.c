/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading Linux's symbol table, once it is found: names, types, addresses. */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/elf.h"
#include "patcher/cli/kernel/kallsyms.h"
#include "patcher/cli/kernel/kallsyms_find.h"

/* In entries that are looked at: many times what a large kernel needs. */
#define BUDGET (512ull << 20)
#define NAMES_MAX (256u << 20)

/* ---- names ---- */

/* The first character of the first token is the type. Returns the length of the name, or -1. */
static int expand(const struct kallsyms_place *pl, const uint8_t *tokens, size_t n,
		  char out[KALLSYMS_NAME_MAX + 2])
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const char *token = kallsyms_token(pl, tokens[i]);
		size_t add = strlen(token);

		if (add > KALLSYMS_NAME_MAX + 1 - len)
			return -1;
		memcpy(out + len, token, add);
		len += add;
	}
	out[len] = '\0';
	return (int)len - 1;
}

/* Names are kept as offsets first, because the buffer moves. */
static bool read_names(struct kallsyms *ks, const struct kallsyms_place *pl)
{
	char name[KALLSYMS_NAME_MAX + 2];
	size_t *offsets = xalloc(pl->n * sizeof(*offsets));
	size_t at = pl->names, n;
	const uint8_t *tokens;
	bool ok = true;

	for (uint32_t i = 0; ok && i < pl->n; i++) {
		int len = kallsyms_next(pl, &at, pl->names_end, &tokens, &n) ?
			expand(pl, tokens, n, name) : -1;

		ok = len > 0 && ks->names.len < NAMES_MAX;
		if (ok) {
			ks->symbols[i].type = name[0];
			offsets[i] = bytes_add(&ks->names, name + 1, (size_t)len + 1);
		}
	}
	for (uint32_t i = 0; ok && i < pl->n; i++)
		ks->symbols[i].name = (const char *)ks->names.data + offsets[i];
	free(offsets);
	return ok;
}

/* ---- addresses ---- */

/* Where the kernel lies, per-CPU data excepted. */
struct range {
	uint64_t from, to;
};

static struct range kernel_range(const struct elf_image *image)
{
	struct range r = { elf_image_start(image), 0 };

	for (size_t i = 0; i < image->nsegments; i++) {
		const struct elf_segment *s = &image->segments[i];

		if (s->type == PT_LOAD && s->addr + s->memsz > r.to)
			r.to = s->addr + s->memsz;
	}
	return r;
}

struct addresses {
	const uint8_t *table;
	uint64_t base;
	uint64_t place;		/* the table's own address */
};

static uint64_t plain_address(const struct addresses *a, size_t i)
{
	return kallsyms_u64(a->table + 8 * i);
}

static uint64_t offset_address(const struct addresses *a, size_t i)
{
	return a->base + kallsyms_u32(a->table + 4 * i);
}

/* CONFIG_KALLSYMS_ABSOLUTE_PERCPU: negative ones count down from the base, others are absolute. */
static uint64_t signed_address(const struct addresses *a, size_t i)
{
	int32_t v = (int32_t)kallsyms_u32(a->table + 4 * i);

	return v >= 0 ? (uint64_t)v : a->base - 1 - (uint64_t)(int64_t)v;
}

/* Since 7.0: each is a distance from its own address. */
static uint64_t relative_address(const struct addresses *a, size_t i)
{
	return a->place + 4 * i + (uint64_t)(int64_t)(int32_t)kallsyms_u32(a->table + 4 * i);
}

static const struct kind {
	size_t width;
	bool base;		/* a base address follows the table */
	size_t unit;		/* only with parts at multiples of this; 0: any */
	uint64_t (*address)(const struct addresses *a, size_t i);
} kinds[] = {
	{ 4, true, 0, signed_address },
	{ 4, true, 0, offset_address },
	{ 4, false, 4, relative_address },
	{ 8, false, 0, plain_address },
};

/*
 * All must be in order, and those above the per-CPU ones inside the kernel or at its end: a table
 * that is read as another kind fails this. (Linux sorts by address before it writes the table.)
 */
static bool take_addresses(struct kallsyms *ks, const struct kind *kind,
			   const struct addresses *a, const struct range *r)
{
	uint64_t last = 0;
	size_t within = 0, above = 0;

	for (size_t i = 0; i < ks->n; i++) {
		uint64_t addr = kind->address(a, i);

		if (addr < last)
			return false;
		last = addr;
		ks->symbols[i].addr = addr;
		ks->symbols[i].absolute = addr < r->from;
		above += addr >= r->from;
		within += addr >= r->from && addr <= r->to;
	}
	return within && within == above;
}

/* Size of the table with all that belongs to it. */
static size_t whole(const struct kallsyms_place *pl, const struct kind *kind)
{
	return kallsyms_align(pl, kind->width * pl->n) + (kind->base ? 8 : 0);
}

static bool try_kind(struct kallsyms *ks, const struct kallsyms_place *pl, size_t at,
		     const struct kind *kind, const struct range *r)
{
	size_t size = whole(pl, kind);
	struct addresses a = { .table = pl->data + at, .place = pl->addr + at };

	if (at > pl->len || size > pl->len - at)
		return false;
	if (kind->base)
		a.base = kallsyms_u64(a.table + size - 8);
	return take_addresses(ks, kind, &a, r);
}

/* Before the number of symbols (until 6.3), or behind the token index (since 6.4). */
static bool read_addresses(struct kallsyms *ks, const struct kallsyms_place *pl,
			   const struct range *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t size = whole(pl, &kinds[i]);

		if (kinds[i].unit && kinds[i].unit != pl->unit)
			continue;
		if (size <= pl->num_syms && try_kind(ks, pl, pl->num_syms - size, &kinds[i], r))
			return true;
		if (try_kind(ks, pl, pl->token_index + 512, &kinds[i], r))
			return true;
	}
	return false;
}

/* ---- all of it ---- */

/* _text must be the start of the kernel: a wrong base would move all symbols. */
static bool check_start(const struct kallsyms *ks, const struct range *r)
{
	for (size_t i = 0; i < ks->n; i++)
		if (!strcmp(ks->symbols[i].name, "_text"))
			return ks->symbols[i].addr == r->from;
	return true;
}

static bool read_place(struct kallsyms *ks, const struct kallsyms_place *pl,
		       const struct range *r)
{
	ks->n = pl->n;
	ks->symbols = xalloc(ks->n * sizeof(*ks->symbols));
	if (read_addresses(ks, pl, r) && read_names(ks, pl) && check_start(ks, r))
		return true;
	kallsyms_close(ks);
	return false;
}

static bool read_segment(struct kallsyms *ks, const struct elf_segment *s, size_t unit,
			 const struct range *r, struct kallsyms_budget *budget)
{
	struct kallsyms_place pl = {
		.data = s->data, .len = s->filesz, .addr = s->addr, .unit = unit,
	};
	size_t from = 0;

	while (kallsyms_find(&pl, &from, budget))
		if (read_place(ks, &pl, r))
			return true;
	return false;
}

int kallsyms_read(struct kallsyms *ks, const struct elf_image *image)
{
	struct range r = kernel_range(image);
	struct kallsyms_budget budget = { BUDGET };

	memset(ks, 0, sizeof(*ks));
	for (size_t unit = 8; unit >= 4; unit /= 2)
		for (size_t i = 0; i < image->nsegments; i++) {
			const struct elf_segment *s = &image->segments[i];

			if (s->type == PT_LOAD && s->addr % 8 == 0 &&
			    read_segment(ks, s, unit, &r, &budget))
				return 0;
		}
	return -1;
}

void kallsyms_close(struct kallsyms *ks)
{
	free(ks->symbols);
	free(ks->names.data);
	memset(ks, 0, sizeof(*ks));
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding a kernel's symbols by name and by address. */
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/kallsyms.h"
#include "patcher/cli/kernel/kernel.h"
#include "patcher/cli/kernel/symbols.h"

/* Which symbols of one name are meant: all, those of one source file, or the N-th. */
struct choice {
	char name[KALLSYMS_NAME_MAX + 1];
	const char *file;	/* NULL: any */
	unsigned long nth;	/* 0: any */
};

static bool parse_choice(const char *spec, struct choice *c)
{
	const char *at = strchr(spec, '@');
	size_t len = at ? (size_t)(at - spec) : strlen(spec);
	char *end;

	memset(c, 0, sizeof(*c));
	if (len == 0 || len >= sizeof(c->name))
		return false;
	memcpy(c->name, spec, len);
	if (!at)
		return true;
	c->nth = strtoul(at + 1, &end, 10);
	if (*end || end == at + 1) {
		c->nth = 0;
		c->file = at + 1;
	}
	return true;
}

/* For a search in by_name. */
struct name_key {
	const struct kernel_symbol *symbols;
	const char *name;
};

static bool sorts_before(const void *element, const void *key)
{
	const struct name_key *k = key;

	return strcmp(k->symbols[*(const size_t *)element].name, k->name) < 0;
}

size_t kernel_first_named(const struct kernel *k, const char *name)
{
	const struct name_key key = { k->symbols, name };

	return lower_bound(k->by_name, k->nsymbols, sizeof(*k->by_name), sorts_before, &key);
}

/* "file.c" means "dir/file.c" too. */
static bool same_file(const char *have, const char *want)
{
	size_t h = strlen(have), w = strlen(want);

	return h >= w && !strcmp(have + h - w, want) && (h == w || have[h - w - 1] == '/');
}

struct candidates {
	const struct kernel_symbol **s;
	size_t n;
};

/* All of that name, one per address, in order of address. */
static void gather(const struct kernel *k, const struct choice *c, struct candidates *out)
{
	size_t i = kernel_first_named(k, c->name);

	for (; i < k->nsymbols; i++) {
		const struct kernel_symbol *s = &k->symbols[k->by_name[i]];

		if (strcmp(s->name, c->name))
			break;
		if (out->n && out->s[out->n - 1]->addr == s->addr)
			continue;
		*ARRAY_ADD(out->s, out->n) = s;
	}
}

static void keep_file(struct candidates *all, const char *file)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (same_file(all->s[i]->file, file))
			all->s[n++] = all->s[i];
	all->n = n;
}

static void keep_nth(struct candidates *all, unsigned long nth)
{
	if (nth > all->n) {
		all->n = 0;
		return;
	}
	all->s[0] = all->s[nth - 1];
	all->n = 1;
}

static void keep_global(struct candidates *all)
{
	const struct kernel_symbol *global = NULL;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (!all->s[i]->local) {
			global = all->s[i];
			n++;
		}
	if (n == 1) {
		all->s[0] = global;
		all->n = 1;
	}
}

/* By what a user can choose a candidate: its source file or, in kallsyms, its neighbours. */
static char *describe(const struct kernel *k, const struct kernel_symbol *s)
{
	const struct kernel_symbol *before = s, *after = s, *end = k->symbols + k->nsymbols;

	if (k->source == KERNEL_SYMTAB)
		return xprintf("%s%s", s->local ? "local, " : "global",
			       s->local ? *s->file ? s->file : "no source file" : "");
	while (before > k->symbols && before->addr == s->addr)
		before--;
	while (after < end && after->addr == s->addr)
		after++;
	return xprintf("%c %s, %llu bytes, between %s and %s", s->type,
		       *s->section ? s->section : "-", (unsigned long long)s->size,
		       before->addr == s->addr ? "the start" : before->name,
		       after == end ? "the end" : after->name);
}

static void ambiguous(const struct kernel *k, const char *spec, const struct candidates *all,
		      struct problems *p)
{
	char *list = xstrdup(""), *longer, *text;

	for (size_t i = 0; i < all->n; i++) {
		const struct kernel_symbol *s = all->s[i];

		text = describe(k, s);
		longer = xprintf("%s\n  %s@%zu  0x%llx  %s", list, s->name, i + 1,
				 (unsigned long long)s->addr, text);
		free(text);
		free(list);
		list = longer;
	}
	problem(p, CLI_INPUT, "ambiguous-symbol",
		"'%s' is ambiguous, the kernel has %zu of that name; use %sname@N:%s", spec, all->n,
		k->source == KERNEL_SYMTAB ? "name@file or " : "", list);
	free(list);
}

const struct kernel_symbol *kernel_find(const struct kernel *k, const char *spec,
					bool global_wins, bool *missing, struct problems *p)
{
	const struct kernel_symbol *found = NULL;
	struct candidates all = { 0 };
	struct choice c;

	if (parse_choice(spec, &c))
		gather(k, &c, &all);
	if (c.file)
		keep_file(&all, c.file);
	if (c.nth)
		keep_nth(&all, c.nth);
	if (global_wins && all.n > 1)
		keep_global(&all);
	*missing = all.n == 0;
	if (all.n == 1)
		found = all.s[0];
	else if (all.n > 1)
		ambiguous(k, spec, &all, p);
	free(all.s);
	return found;
}

bool kernel_symbol_addr(const struct kernel *k, const char *name, uint64_t *addr)
{
	struct problems ignored = { 0 };
	const struct kernel_symbol *s;
	bool missing;

	s = kernel_find(k, name, true, &missing, &ignored);
	problems_free(&ignored);
	if (s)
		*addr = s->addr;
	return s;
}

/*
 * Functions and objects before plain labels of the same address; among equals the order of
 * kallsyms, whose first one is the kernel's own choice in a trace.
 */
static int by_address(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return compare_u64(x->addr, y->addr);
	if ((x->function || x->object) != (y->function || y->object))
		return x->function || x->object ? -1 : 1;
	if (x->order != y->order)
		return compare_u64(x->order, y->order);
	return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b, void *symbols)
{
	const struct kernel_symbol *s = symbols;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int c = strcmp(s[x].name, s[y].name);

	return c ? c : compare_u64(x, y);
}

void kernel_sort_symbols(struct kernel *k)
{
	qsort(k->symbols, k->nsymbols, sizeof(*k->symbols), by_address);
	k->by_name = xalloc(k->nsymbols * sizeof(*k->by_name));
	for (size_t i = 0; i < k->nsymbols; i++)
		k->by_name[i] = i;
	qsort_r(k->by_name, k->nsymbols, sizeof(*k->by_name), by_name, k->symbols);
}

bool kernel_section_freed(const char *name)
{
	return !strncmp(name, ".init", 5) || !strncmp(name, ".exit", 5);
}

static bool lies_before(const void *element, const void *addr)
{
	const struct kernel_symbol *s = element;

	return s->addr < *(const uint64_t *)addr;
}

/* Index of the first symbol whose address is not below @addr. */
static size_t first_from(const struct kernel *k, uint64_t addr)
{
	return lower_bound(k->symbols, k->nsymbols, sizeof(*k->symbols), lies_before, &addr);
}

/* Without absolute symbols, which are constants and not addresses. */
const struct kernel_symbol *kernel_symbol_within(const struct kernel *k, uint64_t from,
						 uint64_t to)
{
	for (size_t i = first_from(k, from); i < k->nsymbols && k->symbols[i].addr < to; i++)
		if (!k->symbols[i].absolute)
			return &k->symbols[i];
	return NULL;
}

const struct kernel_symbol *kernel_symbol_at(const struct kernel *k, uint64_t addr,
					     uint64_t *offset)
{
	size_t i = addr == UINT64_MAX ? k->nsymbols : first_from(k, addr + 1);
	uint64_t at;

	while (i > 0 && k->symbols[i - 1].absolute)
		i--;
	if (i == 0)
		return NULL;
	/* The sort puts the best name for an address first. */
	at = k->symbols[i - 1].addr;
	i = first_from(k, at);
	*offset = addr - at;
	return &k->symbols[i];
}

uint64_t kernel_function_size(const struct kernel *k, const struct kernel_symbol *s)
{
	const struct kernel_symbol *next;

	if (s->size)
		return s->size;
	for (size_t i = first_from(k, s->addr + 1); i < k->nsymbols; i++) {
		next = &k->symbols[i];
		if (!next->absolute)
			return strcmp(next->section, s->section) ? 0 : next->addr - s->addr;
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext symbols`: what a kernel image says of its symbols and of its own tables. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/kernel/tables.h"

enum { OPT_TABLES = 0x100, OPT_SYSTEM_MAP, OPT_NO_CACHE };

struct args {
	const char *kernel;
	struct kernel_options options;
	bool tables;
	char **names;
	size_t nnames;
};

static const struct argp_option options[] = {
	{ "kernel", 'k', "KERNEL", 0, "vmlinuz or vmlinux", 0 },
	{ "system-map", OPT_SYSTEM_MAP, "FILE", 0,
	  "Take the symbols from this System.map instead of the kernel", 0 },
	{ "tables", OPT_TABLES, NULL, 0,
	  "Also what the kernel's own tables (exceptions, jump labels, ftrace, ...) say about each "
	  "symbol; without NAME, how much is in them", 0 },
	{ "no-cache", OPT_NO_CACHE, NULL, 0,
	  "Unpack the kernel anew, and leave no copy in the cache", 0 },
	{ 0 }
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'k':
		a->kernel = arg;
		return 0;
	case OPT_SYSTEM_MAP:
		a->options.system_map = arg;
		return 0;
	case OPT_TABLES:
		a->tables = true;
		return 0;
	case OPT_NO_CACHE:
		a->options.no_cache = true;
		return 0;
	case ARGP_KEY_ARG:
		a->names = xrealloc(a->names, (a->nnames + 1) * sizeof(*a->names));
		a->names[a->nnames++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->kernel)
			argp_error(state, "--kernel is missing: vmlinuz or vmlinux");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "[NAME|PATTERN|0xADDRESS...]",
	.doc = "Prints a kernel's symbols: address, type as in /proc/kallsyms, name, size."
	       "\vAddresses are those the kernel was linked for; it runs at these plus the slide "
	       "that `subtext apply' tells. PATTERN is as for the shell, to be quoted.",
};

/* ---- which ones ---- */

struct selection {
	const struct kernel_symbol **s;
	size_t n;
};

static void take(struct selection *sel, const struct kernel_symbol *s)
{
	if ((sel->n & (sel->n - 1)) == 0)
		sel->s = xrealloc(sel->s, (2 * sel->n + 1) * sizeof(*sel->s));
	sel->s[sel->n++] = s;
}

/* The function or object that an address lies in. */
static bool take_address(struct selection *sel, const struct kernel *k, const char *text)
{
	const struct kernel_symbol *s;
	uint64_t addr, offset;
	char *end;

	addr = strtoull(text, &end, 16);
	s = *end ? NULL : kernel_symbol_at(k, addr, &offset);
	if (!s || (offset && offset >= kernel_function_size(k, s)))
		return false;
	take(sel, s);
	return true;
}

static bool take_pattern(struct selection *sel, const struct kernel *k, const char *pattern)
{
	size_t before = sel->n;

	for (size_t i = 0; i < k->nsymbols; i++)
		if (!fnmatch(pattern, k->symbols[i].name, 0))
			take(sel, &k->symbols[i]);
	return sel->n > before;
}

static int select_symbols(struct selection *sel, const struct kernel *k, const struct args *a,
			  struct problems *p)
{
	if (!a->nnames && !a->tables)
		take_pattern(sel, k, "*");
	for (size_t i = 0; i < a->nnames; i++) {
		const char *name = a->names[i];

		if (!(strncmp(name, "0x", 2) ? take_pattern(sel, k, name)
					     : take_address(sel, k, name)))
			problem(p, CLI_INPUT, "undefined-symbol", "%s has no symbol %s '%s'",
				k->path, strncmp(name, "0x", 2) ? "like" : "at", name);
	}
	return p->n ? -1 : 0;
}

/* ---- text ---- */

static void print_entry(enum kernel_table table, const struct table_entry *e,
			const struct kernel_symbol *s)
{
	printf("\t+%-6" PRIu64 " %s", e->addr > s->addr ? e->addr - s->addr : 0,
	       kernel_table_name(table));
	if (e->len > 1)
		printf(", %" PRIu32 " bytes", e->len);
	if (e->target)
		printf(", leads to 0x%" PRIx64, e->target);
	putchar('\n');
}

/* ORC is left out: it has something to say about every few bytes of all code. */
static void print_entries(const struct kernel *k, const struct kernel_tables *t,
			  const struct kernel_symbol *s)
{
	uint64_t to = s->addr + kernel_function_size(k, s);

	for (unsigned int i = 0; i < TABLE_ORC; i++) {
		const struct table_entry *e = kernel_table_touching(t, i, s->addr, to);

		for (; e; e = kernel_table_next(t, i, e, s->addr, to))
			print_entry(i, e, s);
	}
}

static void print_summary(const struct kernel *k, const struct kernel_tables *t)
{
	printf("%s: %zu symbols, %zu relocations, build-id ", k->path, k->nsymbols, k->nrelocs);
	for (uint32_t i = 0; i < k->build_id_len; i++)
		printf("%02x", k->build_id[i]);
	printf(" at 0x%" PRIx64 "\n", k->build_id_addr);
	for (unsigned int i = 0; i < TABLES; i++)
		if (t->t[i].present)
			printf("%9zu  %s\n", t->t[i].n, kernel_table_name(i));
}

static void print_text(const struct cli *cli, const struct kernel *k,
		       const struct kernel_tables *t, const struct selection *sel, bool tables)
{
	if (tables && !sel->n)
		print_summary(k, t);
	for (size_t i = 0; i < sel->n; i++) {
		const struct kernel_symbol *s = sel->s[i];

		printf("%016" PRIx64 " %c %s %" PRIu64, s->addr, s->type, s->name, s->size);
		if (cli->verbose)
			printf(" %s%s%s", *s->section ? s->section : "-", *s->file ? " " : "",
			       s->file);
		putchar('\n');
		if (tables && !s->absolute)
			print_entries(k, t, s);
	}
}

/* ---- JSON ---- */

static json_t *json_entries(const struct kernel *k, const struct kernel_tables *t,
			    const struct kernel_symbol *s)
{
	json_t *all = json_array(), *o;
	uint64_t to = s->addr + kernel_function_size(k, s);

	for (unsigned int i = 0; i < TABLE_ORC; i++) {
		const struct table_entry *e = kernel_table_touching(t, i, s->addr, to);

		for (; e; e = kernel_table_next(t, i, e, s->addr, to)) {
			o = json_pack("{s:s,s:o,s:I,s:I}", "table", kernel_table_code(i), "address",
				      json_hex(e->addr), "len", (json_int_t)e->len, "info",
				      (json_int_t)e->info);
			if (e->target)
				json_object_set_new(o, "target", json_hex(e->target));
			json_array_append_new(all, o);
		}
	}
	return all;
}

static json_t *json_symbol(const struct kernel_symbol *s)
{
	char type[2] = { s->type, '\0' };

	return json_pack("{s:s,s:o,s:I,s:s,s:s,s:s,s:b,s:b,s:b}", "name", s->name, "address",
			 json_hex(s->addr), "size", (json_int_t)s->size, "type", type, "section",
			 s->section, "file", s->file, "executable", s->executable, "absolute",
			 s->absolute, "freed", s->freed);
}

static json_t *json_counts(const struct kernel_tables *t)
{
	json_t *o = json_object();

	for (unsigned int i = 0; i < TABLES; i++)
		if (t->t[i].present)
			json_object_set_new(o, kernel_table_code(i),
					    json_integer((json_int_t)t->t[i].n));
	return o;
}

static json_t *to_json(const struct kernel *k, const struct kernel_tables *t,
		       const struct selection *sel, bool tables)
{
	static const char *const sources[] = {
		[KERNEL_SYMTAB] = "symtab",
		[KERNEL_KALLSYMS] = "kallsyms",
		[KERNEL_SYSTEM_MAP] = "system-map",
	};
	json_t *all = json_array(), *o;

	for (size_t i = 0; i < sel->n; i++) {
		o = json_symbol(sel->s[i]);
		if (tables && !sel->s[i]->absolute)
			json_object_set_new(o, "entries", json_entries(k, t, sel->s[i]));
		json_array_append_new(all, o);
	}
	o = json_pack("{s:s,s:s,s:s,s:o,s:o,s:I,s:I,s:o}", "kernel", k->path, "packing",
		      k->file.packing ? k->file.packing : "none", "source", sources[k->source],
		      "build_id", json_bytes(k->build_id, k->build_id_len), "build_id_address",
		      json_hex(k->build_id_addr), "count", (json_int_t)k->nsymbols, "relocations",
		      (json_int_t)k->nrelocs, "symbols", all);
	if (tables)
		json_object_set_new(o, "tables", json_counts(t));
	return o;
}

static int run(struct cli *cli, const struct args *a, struct kernel *k, struct kernel_tables *t,
	       struct problems *p)
{
	struct selection sel = { 0 };
	int ret;

	if (kernel_open_with(k, a->kernel, &a->options, p))
		return out_problems(cli, p, NULL);
	if (a->tables && kernel_tables_open(t, k, p))
		return out_problems(cli, p, NULL);
	if (select_symbols(&sel, k, a, p)) {
		ret = out_problems(cli, p, NULL);
	} else {
		if (!cli->json)
			print_text(cli, k, t, &sel, a->tables);
		ret = out_done(cli, cli->json ? to_json(k, t, &sel, a->tables) : NULL);
	}
	free(sel.s);
	return ret;
}

int cmd_symbols(struct cli *cli, int argc, char **argv)
{
	struct kernel_tables t = { 0 };
	struct problems p = { 0 };
	struct kernel k = { 0 };
	struct args a = { 0 };
	int ret;

	args_parse(&argp, cli, argc, argv, &a);
	ret = run(cli, &a, &k, &t, &p);
	kernel_tables_close(&t);
	kernel_close(&k);
	problems_free(&p);
	free(a.names);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext symbols`: the symbols of a kernel image, and its tables about its own code. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/commands/commands.h"
#include "patcher/cli/kernel/tables.h"

struct symbols_args {
	const char *kernel;
	struct kernel_options options;
	bool tables;
	const char **names;
	size_t nnames;
};

static const struct args_option options[] = {
	{ "kernel", 'k', "KERNEL", "vmlinuz or vmlinux",
	  ARGS_TEXT, ARGS_FIELD(struct symbols_args, kernel) },
	{ "system-map", 0, "FILE", "Take the symbols from this System.map instead of the kernel",
	  ARGS_TEXT, ARGS_FIELD(struct symbols_args, options.system_map) },
	{ "tables", 0, NULL,
	  "Also the entries of the kernel's own tables (exceptions, jump labels, ftrace, ...) for "
	  "each symbol; without NAME, how many there are",
	  ARGS_SWITCH, ARGS_FIELD(struct symbols_args, tables) },
	{ "no-cache", 0, NULL, "Unpack the kernel anew, and leave no copy in the cache",
	  ARGS_SWITCH, ARGS_FIELD(struct symbols_args, options.no_cache) },
	{ 0 }
};

static void take_name(struct argp_state *state, void *input, const char *arg)
{
	struct symbols_args *a = input;

	(void)state;
	*ARRAY_ADD(a->names, a->nnames) = arg;
}

static void check_args(struct argp_state *state, const void *input)
{
	const struct symbols_args *a = input;

	if (!a->kernel)
		argp_error(state, "--kernel is missing: vmlinuz or vmlinux");
}

static const struct args_spec spec = {
	.options = options,
	.argument = take_name,
	.check = check_args,
	.usage = "[NAME|PATTERN|0xADDRESS...]",
	.doc = "Prints a kernel's symbols: address, type as in /proc/kallsyms, name, size."
	       "\vAddresses are those the kernel was linked for; it runs at these plus the slide "
	       "that `subtext apply' prints. PATTERN is as for the shell, to be quoted.",
};

/* ---- which ones ---- */

struct selection {
	const struct kernel_symbol **s;
	size_t n;
};

static void take(struct selection *sel, const struct kernel_symbol *s)
{
	*ARRAY_ADD(sel->s, sel->n) = s;
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

static int select_symbols(struct selection *sel, const struct kernel *k,
			  const struct symbols_args *a, struct problems *p)
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

/* ORC is left out: it has an entry for every few bytes of code. */
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
	char id[2 * PATCH_BUILD_ID_MAX + 1];

	printf("%s: %zu symbols, %zu relocations, build-id %s at 0x%" PRIx64 "\n", k->path,
	       k->nsymbols, k->nrelocs, put_hex(id, k->build_id, k->build_id_len),
	       k->build_id_addr);
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

static int run(struct cli *cli, const struct symbols_args *a, struct kernel *k,
	       struct kernel_tables *t, struct problems *p)
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
	struct symbols_args a = { 0 };
	int ret;

	args_parse(&spec, cli, argc, argv, &a);
	ret = run(cli, &a, &k, &t, &p);
	kernel_tables_close(&t);
	kernel_close(&k);
	problems_free(&p);
	free(a.names);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`: options, the stages in order, the summary. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/compile.h"
#include "patcher/cli/build/file.h"
#include "patcher/cli/build/module.h"
#include "patcher/cli/build/output.h"
#include "patcher/cli/build/records.h"
#include "patcher/cli/build/reloc.h"
#include "patcher/cli/build/sections.h"
#include "patcher/cli/build/sites.h"
#include "patcher/cli/build/special.h"
#include "patcher/cli/code/disasm.h"
#include "patcher/cli/commands/commands.h"

/* ---- options ---- */

/* Splits "LEFT=RIGHT", both of which must be there. */
static void split(struct argp_state *state, const char *arg, const char *option, char **left,
		  char **right)
{
	const char *eq = strchr(arg, '=');

	if (!eq || eq == arg || !eq[1])
		argp_error(state, "%s takes two names with '=' between them, not '%s'", option,
			   arg);
	*right = xstrdup(eq + 1);
	*left = xprintf("%.*s", (int)(eq - arg), arg);
}

static void add_replace(struct argp_state *state, void *input, const char *arg)
{
	char *old_name, *new_name;

	split(state, arg, "--replace", &old_name, &new_name);
	add_replacement(input, old_name, new_name);
}

static void add_override(struct argp_state *state, void *input, const char *arg)
{
	struct build *b = input;
	struct override *o = ARRAY_ADD(b->overrides, b->noverrides);

	o->given = true;
	split(state, arg, "--symbol", &o->name, &o->target);
	if (!override_target(o->target))
		argp_error(state, "--symbol: '%s' is not an address", o->target);
}

static void add_input(struct argp_state *state, void *input, const char *arg)
{
	struct build *b = input;

	(void)state;
	ARRAY_ADD(b->inputs, b->ninputs)->path = xstrdup(arg);
}

static void add_include(struct argp_state *state, void *input, const char *arg)
{
	struct build *b = input;

	(void)state;
	*ARRAY_ADD(b->opt.includes, b->opt.nincludes) = arg;
}

static void set_module(struct argp_state *state, void *input, const char *arg)
{
	(void)state;
	build_module(input)->path = arg;
}

static void set_symbols(struct argp_state *state, void *input, const char *arg)
{
	(void)state;
	build_module(input)->symbols_path = arg;
}

#define OPT(field) ARGS_FIELD(struct build, opt.field)
#define CALL(function) ARGS_CALL, 0, 0, 0, function

static const struct args_option options[] = {
	{ "kernel", 'k', "KERNEL", "The kernel the patch is for: vmlinuz or vmlinux",
	  ARGS_TEXT, OPT(kernel_path) },
	{ "headers", 'H', "DIR",
	  "Where modules for the kernel are built (default: /lib/modules/RELEASE/build or "
	  "/usr/src/linux-headers-RELEASE)", ARGS_TEXT_ONCE, OPT(headers) },
	{ "include", 'I', "DIR", "Look for headers here too", CALL(add_include) },
	{ "keep", 0, "DIR", "Compile in DIR and leave all of it there", ARGS_TEXT_ONCE, OPT(keep) },
	{ "module", 'm', "MODULE.ko", "A module that the guest has loaded: its functions can be "
	  "replaced, its variables used. Needs --symbols", CALL(set_module) },
	{ "symbols", 's', "FILE",
	  "The guest's /proc/kallsyms, or the lines of it that belong to the module",
	  CALL(set_symbols) },
	{ "output", 'o', "OUT.patch", "Where to write the patch (default: as the first file)",
	  ARGS_TEXT, OPT(out) },
	{ "name", 'n', "NAME", "Name of the patch (default: OUT without .patch)",
	  ARGS_TEXT, OPT(name) },
	{ "replace", 0, "OLD=NEW",
	  "Replace function OLD of the kernel by NEW of the objects; as SUBTEXT_REPLACE() in the "
	  "source. OLD may be name@file.c or name@N", CALL(add_replace) },
	{ "symbol", 0, "NAME=WHAT",
	  "What NAME in the objects refers to: 0xADDRESS, or another name, name@file.c or name@N",
	  CALL(add_override) },
	{ "exception-table", 0, NULL,
	  "Replace search_exception_tables() too, so that the kernel finds the exception-table "
	  "entries of the new code; for one patch at a time", ARGS_SWITCH, OPT(exception_table) },
	{ "untraced", 0, NULL,
	  "Replace functions that have no place of the kernel's tracer (assembly, notrace), too, if "
	  "their first instruction is long enough", ARGS_SWITCH, OPT(untraced) },
	{ "system-map", 0, "FILE", "Take the kernel's symbols from this System.map",
	  ARGS_TEXT, OPT(system_map) },
	{ "anchor", 0, "SYMBOL", "What IA32_LSTAR points to (default: entry_SYSCALL_64)",
	  ARGS_TEXT, OPT(anchor) },
	{ 0 }
};

static void check_args(struct argp_state *state, const void *input)
{
	const struct build *b = input;

	if (!b->ninputs)
		argp_error(state, "which sources (.c) or object files (.o)?");
	if (b->module && !b->module->symbols_path)
		argp_error(state, "--symbols is missing: where the module lies in the guest");
	if (b->module && !b->module->path)
		argp_error(state, "--symbols has the addresses of a module: which --module?");
	if (!b->opt.kernel_path)
		argp_error(state, "--kernel is missing: the kernel the patch is for");
}

static const struct args_spec spec = {
	.options = options,
	.argument = add_input,
	.check = check_args,
	.usage = "SOURCE.c|OBJECT.o... --kernel KERNEL",
	.doc = "Makes a patch out of C sources, which are compiled as the kernel itself was, or "
	       "out of object files that were compiled for it."
	       "\vIf there is any problem, nothing is written, and each problem is named.",
};

/* ---- stages ---- */

/* "dir/fix.c" -> "fix.patch", in the current folder. */
static char *default_output(const char *input)
{
	const char *slash = strrchr(input, '/'), *base = slash ? slash + 1 : input;
	const char *dot = strrchr(base, '.');

	return xprintf("%.*s.patch", (int)(dot && dot > base ? dot - base : (long)strlen(base)),
		       base);
}

static int run_stages(struct build *b)
{
	if (build_check_name(b) || build_kernel(b) || build_compile(b) || module_open(b) ||
	    build_open(b) || build_layout(b) || build_symbol_records(b))
		return -1;
	/* Both run: all problems of new code and of the replaced functions are reported at once. */
	if (build_special(b) | build_replacements(b))
		return -1;
	/* Both run: missing symbols and problems of windows, too. */
	if (build_relocate(b) | build_sites(b))
		return -1;
	return build_file(b) || build_write(b) ? -1 : 0;
}

/* ---- summary ---- */

static json_t *json_sites(const struct build *b)
{
	json_t *all = json_array();

	for (size_t i = 0; i < b->nreplace; i++) {
		const struct replacement *r = &b->replace[i];

		json_array_append_new(all, json_pack("{s:s,s:s,s:o,s:i,s:o}",
			"old", (char *)b->sites.names.data + r->site.name, "new", r->new_name,
			"window", json_hex(r->site.addr), "insn_len", (int)r->site.insn_len,
			"expect", json_bytes(r->site.expect, r->site.len)));
	}
	return all;
}

static json_t *json_left_out(const struct build *b)
{
	json_t *all = json_array();

	for (size_t i = 0; i < b->nobjects; i++)
		for (size_t j = 0; j < b->objects[i].nsections; j++) {
			const struct place *pl = &b->objects[i].places[j];

			if (pl->dropped)
				json_array_append_new(all, json_pack("{s:s,s:s,s:s}",
					"object", b->objects[i].path, "section", pl->name,
					"reason", pl->dropped));
		}
	return all;
}

static json_t *summary_json(const struct build *b)
{
	const struct patch_header *h = (const struct patch_header *)b->output.file.data;

	return json_pack("{s:s,s:s,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o}",
		"file", b->opt.out, "name", b->opt.name, "id", json_bytes(h->id, sizeof(h->id)),
		"build_id", json_bytes(h->build_id, h->build_id_len),
		"size", (json_int_t)b->output.file.len, "text", (json_int_t)b->payload.text.len,
		"data", (json_int_t)b->payload.data.len,
		"data_mem", (json_int_t)b->payload.data_mem,
		"fixups", (json_int_t)b->nfixups, "anchor", json_hex(h->anchor),
		"sites", json_sites(b), "left_out", json_left_out(b),
		"warnings", json_strings(b->warnings.text, b->warnings.n));
}

static void print_site(const struct build *b, const struct replacement *r)
{
	char text[INSN_TEXT_MAX] = "?", byte[3];
	uint8_t len;

	disasm_text(r->site.expect, r->site.len, r->site.addr, text, &len);
	printf("  %s+%u (0x%" PRIx64 ") -> %s, in place of",
	       (char *)b->sites.names.data + r->site.name, r->window_offset, r->site.addr,
	       r->new_name);
	for (unsigned int i = 0; i < r->site.len; i++)
		printf(" %s", put_hex(byte, &r->site.expect[i], 1));
	if (r->site.insn_len == r->site.len)
		printf(" (%s)", text);
	putchar('\n');
}

/* Lines "special=WHAT HOW COUNT WHY" of meta. */
static void print_notes(const struct build *b)
{
	const char *s = (const char *)b->notes.data, *end = s + b->notes.len;

	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s)), *value = strchr(s, '=') + 1;

		printf("  %.*s\n", (int)(nl - value), value);
		s = nl + 1;
	}
}

static void print_summary(const struct cli *cli, const struct build *b)
{
	const struct patch_header *h = (const struct patch_header *)b->output.file.data;
	char id[2 * 8 + 1];

	printf("%s: patch %s, id %s, %zu bytes: text %zu, data %llu, %zu fixups, %zu %s\n",
	       b->opt.out, b->opt.name, put_hex(id, h->id, 8), b->output.file.len,
	       b->payload.text.len, (unsigned long long)b->payload.data_mem, b->nfixups,
	       b->nreplace, b->nreplace == 1 ? "site" : "sites");
	for (size_t i = 0; i < b->nreplace; i++)
		print_site(b, &b->replace[i]);
	print_notes(b);
	if (!cli->verbose)
		return;
	for (size_t i = 0; i < b->nobjects; i++)
		for (size_t j = 0; j < b->objects[i].nsections; j++)
			if (b->objects[i].places[j].dropped)
				printf("  left out: %s of %s: %s\n", b->objects[i].places[j].name,
				       b->objects[i].path, b->objects[i].places[j].dropped);
}

int cmd_build(struct cli *cli, int argc, char **argv)
{
	struct build b = { .opt.anchor = "entry_SYSCALL_64", .cli = cli };
	char *name = NULL, *out = NULL;
	int ret;

	args_parse(&spec, cli, argc, argv, &b);
	if (!b.opt.out)
		b.opt.out = out = default_output(b.inputs[0].path);
	if (!b.opt.name)
		b.opt.name = name = build_default_name(b.opt.out);
	if (run_stages(&b)) {
		ret = out_problems(cli, &b.problems, NULL);
	} else {
		for (size_t i = 0; i < b.warnings.n && !cli->json; i++)
			fprintf(stderr, "subtext: warning: %s\n", b.warnings.text[i]);
		if (!cli->json)
			print_summary(cli, &b);
		ret = out_done(cli, cli->json ? summary_json(&b) : NULL);
	}
	build_close(&b);
	free(name);
	free(out);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`: options, the stages in order, the summary. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/module.h"
#include "patcher/cli/code/disasm.h"

enum { OPT_REPLACE = 0x100, OPT_SYMBOL, OPT_ANCHOR, OPT_KEEP, OPT_EXTABLE, OPT_UNTRACED, OPT_MAP };

static const struct argp_option options[] = {
	{ "kernel", 'k', "KERNEL", 0, "The kernel the patch is for: vmlinuz or vmlinux", 0 },
	{ "headers", 'H', "DIR", 0,
	  "Where modules for the kernel are built (default: /lib/modules/RELEASE/build or "
	  "/usr/src/linux-headers-RELEASE)", 0 },
	{ "include", 'I', "DIR", 0, "Look for headers here too", 0 },
	{ "keep", OPT_KEEP, "DIR", 0, "Compile in DIR and leave all of it there", 0 },
	{ "module", 'm', "MODULE.ko", 0, "A module that the guest has loaded: its functions can be "
	  "replaced, its variables used. Needs --symbols", 0 },
	{ "symbols", 's', "FILE", 0,
	  "The guest's /proc/kallsyms, or the lines of it that belong to the module", 0 },
	{ "output", 'o', "OUT.patch", 0,
	  "Where to write the patch (default: as the first file)", 0 },
	{ "name", 'n', "NAME", 0, "Name of the patch (default: OUT without .patch)", 0 },
	{ "replace", OPT_REPLACE, "OLD=NEW", 0,
	  "Replace function OLD of the kernel by NEW of the objects; as SUBTEXT_REPLACE() in the "
	  "source. OLD may be name@file.c or name@N", 0 },
	{ "symbol", OPT_SYMBOL, "NAME=WHAT", 0,
	  "What NAME in the objects refers to: 0xADDRESS, or another name, name@file.c or name@N",
	  0 },
	{ "exception-table", OPT_EXTABLE, NULL, 0,
	  "Replace search_exception_tables() too, so that the kernel finds the exception-table "
	  "entries of the new code; for one patch at a time", 0 },
	{ "untraced", OPT_UNTRACED, NULL, 0,
	  "Replace functions that have no place of the kernel's tracer (assembly, notrace), too, if "
	  "their first instruction is long enough", 0 },
	{ "system-map", OPT_MAP, "FILE", 0,
	  "Take the kernel's symbols from this System.map", 0 },
	{ "anchor", OPT_ANCHOR, "SYMBOL", 0,
	  "What IA32_LSTAR points to (default: entry_SYSCALL_64)", 0 },
	{ 0 }
};

/* Splits "LEFT=RIGHT"; both must be there. */
static void split(struct argp_state *state, const char *arg, const char *option, char **left,
		  char **right)
{
	const char *eq = strchr(arg, '=');

	if (!eq || eq == arg || !eq[1])
		argp_error(state, "%s takes two names with '=' between them, not '%s'", option,
			   arg);
	*right = xstrdup(eq + 1);
	*left = xstrdup(arg);
	(*left)[eq - arg] = '\0';
}

static void add_replace(struct argp_state *state, struct build *b, const char *arg)
{
	struct replacement *r;

	b->replace = xrealloc(b->replace, (b->nreplace + 1) * sizeof(*b->replace));
	r = &b->replace[b->nreplace++];
	memset(r, 0, sizeof(*r));
	split(state, arg, "--replace", &r->old_name, &r->new_name);
}

static void add_override(struct argp_state *state, struct build *b, const char *arg)
{
	struct override *o;

	b->overrides = xrealloc(b->overrides, (b->noverrides + 1) * sizeof(*b->overrides));
	o = &b->overrides[b->noverrides++];
	o->given = true;
	split(state, arg, "--symbol", &o->name, &o->target);
	if (!override_target(o->target))
		argp_error(state, "--symbol: '%s' is not an address", o->target);
}

static void add_input(struct build *b, const char *arg)
{
	b->inputs = xrealloc(b->inputs, (b->ninputs + 1) * sizeof(*b->inputs));
	b->inputs[b->ninputs++] = (struct build_input){ .path = xstrdup(arg) };
}

static void add_include(struct build *b, const char *arg)
{
	b->includes = xrealloc(b->includes, (b->nincludes + 1) * sizeof(*b->includes));
	b->includes[b->nincludes++] = xstrdup(arg);
}

static void set_once(struct argp_state *state, char **to, const char *arg, const char *option)
{
	if (*to)
		argp_error(state, "%s twice", option);
	*to = xstrdup(arg);
}

static struct module *the_module(struct build *b)
{
	if (!b->mod)
		b->mod = xalloc(sizeof(*b->mod));
	return b->mod;
}

static void check_args(struct argp_state *state, const struct build *b)
{
	if (!b->ninputs)
		argp_error(state, "which sources (.c) or object files (.o)?");
	if (b->mod && !b->mod->symbols_path)
		argp_error(state, "--symbols is missing: where the module lies in the guest");
	if (b->mod && !b->mod->path)
		argp_error(state, "--symbols tells where a module lies: which --module?");
	if (!b->kernel_path)
		argp_error(state, "--kernel is missing: the kernel the patch is for");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct build *b = state->input;

	switch (key) {
	case 'k':
		b->kernel_path = arg;
		return 0;
	case 'H':
		set_once(state, &b->headers, arg, "--headers");
		return 0;
	case 'I':
		add_include(b, arg);
		return 0;
	case OPT_KEEP:
		set_once(state, &b->keep, arg, "--keep");
		return 0;
	case 'm':
		the_module(b)->path = arg;
		b->module = true;
		return 0;
	case 's':
		the_module(b)->symbols_path = arg;
		return 0;
	case 'o':
		b->out = arg;
		return 0;
	case 'n':
		b->name = arg;
		return 0;
	case OPT_REPLACE:
		add_replace(state, b, arg);
		return 0;
	case OPT_SYMBOL:
		add_override(state, b, arg);
		return 0;
	case OPT_UNTRACED:
		b->untraced = true;
		return 0;
	case OPT_EXTABLE:
		b->exception_table = true;
		return 0;
	case OPT_MAP:
		b->system_map = arg;
		return 0;
	case OPT_ANCHOR:
		b->anchor_name = arg;
		return 0;
	case ARGP_KEY_ARG:
		add_input(b, arg);
		return 0;
	case ARGP_KEY_END:
		check_args(state, b);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "SOURCE.c|OBJECT.o... --kernel KERNEL",
	.doc = "Makes a patch out of C sources, which are compiled as the kernel itself was, or "
	       "out of object files that were compiled for it."
	       "\vNothing is written if anything is in the way: each problem is named.",
};

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
	/* Both report: what is in the way of the new code, and of the replacing. */
	if (build_special(b) | build_replacements(b))
		return -1;
	/* Likewise: what is wrong with the windows, and which symbols are missing. */
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
			"old", (char *)b->strings.data + r->site.name, "new", r->new_name,
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

static json_t *json_texts(const struct problems *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n; i++)
		json_array_append_new(all, json_string(p->text[i]));
	return all;
}

static json_t *summary_json(const struct build *b)
{
	const struct patch_header *h = (const struct patch_header *)b->file.data;

	return json_pack("{s:s,s:s,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o}",
		"file", b->out, "name", b->name, "id", json_bytes(h->id, sizeof(h->id)),
		"build_id", json_bytes(h->build_id, h->build_id_len),
		"size", (json_int_t)b->file.len, "text", (json_int_t)b->text.len,
		"data", (json_int_t)b->data.len, "data_mem", (json_int_t)b->data_mem,
		"fixups", (json_int_t)b->nfixups, "anchor", json_hex(h->anchor),
		"sites", json_sites(b), "left_out", json_left_out(b),
		"warnings", json_texts(&b->warnings));
}

static void print_site(const struct build *b, const struct replacement *r)
{
	char text[INSN_TEXT_MAX] = "?";
	uint8_t len;

	disasm_text(r->site.expect, r->site.len, r->site.addr, text, &len);
	printf("  %s+%u (0x%" PRIx64 ") -> %s, in place of", (char *)b->strings.data + r->site.name,
	       r->window_offset, r->site.addr, r->new_name);
	for (unsigned int i = 0; i < r->site.len; i++)
		printf(" %02x", r->site.expect[i]);
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
	const struct patch_header *h = (const struct patch_header *)b->file.data;

	printf("%s: patch %s, id ", b->out, b->name);
	for (unsigned int i = 0; i < 8; i++)
		printf("%02x", h->id[i]);
	printf(", %zu bytes: text %zu, data %llu, %zu fixups, %zu %s\n", b->file.len, b->text.len,
	       (unsigned long long)b->data_mem, b->nfixups, b->nreplace,
	       b->nreplace == 1 ? "site" : "sites");
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
	struct build b = { .anchor_name = "entry_SYSCALL_64", .cli = cli };
	char *name = NULL, *out = NULL;
	int ret;

	args_parse(&argp, cli, argc, argv, &b);
	if (!b.out)
		b.out = out = default_output(b.inputs[0].path);
	if (!b.name)
		b.name = name = build_default_name(b.out);
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
